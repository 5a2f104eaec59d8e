//! What was found, as a document.

use gait_artifact::{
    Timestamp,
    relationship::{Edge, NodeRef, Relationship},
    scout::{InventoryItem, InventorySnapshot, SCHEMA_VERSION, SNAPSHOT_SCHEMA_ID},
};
use gait_canon::Hasher;

use super::Surface;
use crate::item::Item;

/// How many digits of the digest name a snapshot.
const ID_DIGITS: usize = 12;

impl Surface {
    /// What was found in `workspace`, as a document with the time it was made.
    #[must_use]
    pub fn record(&self, workspace: &str, now: Timestamp, producer_version: &str) -> InventorySnapshot {
        let snapshot_id = self.snapshot_id(workspace);
        InventorySnapshot {
            schema_id: SNAPSHOT_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: now.to_utc(),
            producer_version: producer_version.to_owned(),
            items: self.items.iter().map(|item| record(item, &snapshot_id)).collect(),
            snapshot_id,
            workspace: workspace.to_owned(),
        }
    }

    /// Names what was found and where it was looked for; says nothing of when.
    fn snapshot_id(&self, workspace: &str) -> String {
        let mut hasher = Hasher::new();
        let mut text = |text: &str, end: &[u8]| {
            hasher.update(text.as_bytes());
            hasher.update(end);
        };
        text(workspace, &[0]);
        for item in &self.items {
            for field in [
                &item.id,
                item.kind.as_str(),
                &item.name,
                &item.locator,
                item.risk.as_str(),
            ] {
                text(field, &[0]);
            }
            item.tags.iter().for_each(|tag| text(tag, &[0]));
            text("", &[0xFF]);
        }
        format!("snap_{}", &hasher.finish().to_string()[..ID_DIGITS])
    }
}

fn record(item: &Item, snapshot_id: &str) -> InventoryItem {
    InventoryItem {
        id: item.id.clone(),
        kind: item.kind.to_string(),
        name: item.name.clone(),
        locator: item.locator.clone(),
        risk_level: item.risk.to_string(),
        tags: item.tags.iter().cloned().collect(),
        last_seen_run: String::new(),
        relationship: relationship(item, snapshot_id),
    }
}

fn relationship(item: &Item, snapshot_id: &str) -> Option<Relationship> {
    let tool = NodeRef::new("tool", &item.id);
    let file = NodeRef::new("resource", &item.locator);
    let links = Relationship {
        parent_ref: Some(NodeRef::new("evidence", snapshot_id)),
        entity_refs: vec![file.clone(), tool.clone()],
        edges: vec![Edge {
            kind: "derived_from".to_owned(),
            from: tool,
            to: file,
        }],
        parent_record_id: snapshot_id.to_owned(),
        ..Relationship::default()
    };
    links.normalized()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_follows_from_what_was_found_and_where() {
        let surface = |names: &[&str]| Surface {
            items: names
                .iter()
                .map(|name| Item::mcp_server(name, "mcp.json"))
                .collect(),
        };
        let id = |surface: &Surface, workspace: &str, day: i64| {
            let now = Timestamp::from_unix(day * 86_400, 0);
            surface.record(workspace, now, "1").snapshot_id
        };
        let (one, other) = (surface(&["a", "b"]), surface(&["a"]));
        assert_eq!(id(&one, "x", 1), id(&one, "x", 2));
        assert_ne!(id(&one, "x", 1), id(&one, "y", 1));
        assert_ne!(id(&one, "x", 1), id(&other, "x", 1));
    }
}
