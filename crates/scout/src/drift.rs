//! How two snapshots differ.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use gait_artifact::{
    scout::{InventoryItem, InventorySnapshot, SNAPSHOT_SCHEMA_ID},
    text,
};
use gait_canon::json::{self, Reader};
use gait_disk::{ReadError, read::read_bounded};
use serde::Serialize;

/// The largest snapshot that is read, in bytes.
const MAX_SNAPSHOT_BYTES: usize = 64 << 20;
/// The most JSON values of a snapshot. An item has some thirty of them.
const MAX_VALUES: usize = 1 << 23;

/// Why a snapshot can't be compared.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The file can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is no snapshot.
    #[error("parse snapshot {}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: json::Error,
    },
    /// It says that it is something else.
    #[error("{} is no snapshot: its schema_id is {schema_id:?}", path.display())]
    SchemaId {
        /// The file.
        path: PathBuf,
        /// What it says it is.
        schema_id: String,
    },
}

/// Reads the snapshot in a file: members that are unknown are ignored, absent ones are empty. It may lack a schema id, but
/// not have another.
pub fn read(path: &Path) -> Result<InventorySnapshot, SnapshotError> {
    let bytes = read_bounded(path, MAX_SNAPSHOT_BYTES)?;
    let reader = Reader::new().max_values(MAX_VALUES).ignore_unknown_members();
    let snapshot: InventorySnapshot = reader.read(&bytes).map_err(|source| SnapshotError::Json {
        path: path.to_owned(),
        source,
    })?;
    match text::trim(&snapshot.schema_id) {
        "" | SNAPSHOT_SCHEMA_ID => Ok(snapshot),
        _ => Err(SnapshotError::SchemaId {
            path: path.to_owned(),
            schema_id: snapshot.schema_id,
        }),
    }
}

/// How one snapshot differs from another, each list sorted by id.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Drift {
    /// The snapshot on the left.
    pub left_snapshot_id: String,
    /// The snapshot on the right.
    pub right_snapshot_id: String,
    /// What only the right one has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub added: Vec<DriftItem>,
    /// What only the left one has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<DriftItem>,
    /// What both have, and not alike.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub changed: Vec<ChangedItem>,
    /// How many are added.
    pub added_count: usize,
    /// How many are removed.
    pub removed_count: usize,
    /// How many are changed.
    pub changed_count: usize,
}

/// An item that only one snapshot has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DriftItem {
    /// Its id.
    pub id: String,
    /// `tool` or `mcp_server`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The file it is in.
    pub locator: String,
    /// How much harm it could do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub risk_level: String,
}

/// An item that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChangedItem {
    /// Its id.
    pub id: String,
    /// What it is now.
    pub kind: String,
    /// Its name now.
    pub name: String,
    /// The file it was in.
    pub before_locator: String,
    /// The file it is in.
    pub after_locator: String,
    /// How much harm it could do.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub before_risk_level: String,
    /// How much harm it could do now.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub after_risk_level: String,
    /// The names of all members that changed. Not part of documents, where they have no place.
    #[serde(skip)]
    pub members: Vec<&'static str>,
}

impl Drift {
    /// How `right` differs from `left`. Of several items with one id the last counts.
    #[must_use]
    pub fn between(left: &InventorySnapshot, right: &InventorySnapshot) -> Self {
        let (before, after) = (by_id(left), by_id(right));
        let only_in = |these: &BTreeMap<&str, &InventoryItem>, others: &BTreeMap<&str, &InventoryItem>| {
            let items = these.iter().filter(|(id, _)| !others.contains_key(*id));
            items.map(|(_, item)| DriftItem::of(item)).collect::<Vec<_>>()
        };
        let (added, removed) = (only_in(&after, &before), only_in(&before, &after));
        let changed: Vec<_> = before
            .iter()
            .filter_map(|(id, before)| ChangedItem::between(before, after.get(id)?))
            .collect();
        Self {
            left_snapshot_id: left.snapshot_id.clone(),
            right_snapshot_id: right.snapshot_id.clone(),
            added_count: added.len(),
            removed_count: removed.len(),
            changed_count: changed.len(),
            added,
            removed,
            changed,
        }
    }

    /// Whether both have the same items.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.added_count == 0 && self.removed_count == 0 && self.changed_count == 0
    }
}

fn by_id(snapshot: &InventorySnapshot) -> BTreeMap<&str, &InventoryItem> {
    let items = snapshot.items.iter();
    items.map(|item| (item.id.as_str(), item)).collect()
}

impl DriftItem {
    fn of(item: &InventoryItem) -> Self {
        Self {
            id: item.id.clone(),
            kind: item.kind.clone(),
            name: item.name.clone(),
            locator: item.locator.clone(),
            risk_level: item.risk_level.clone(),
        }
    }
}

impl ChangedItem {
    /// What changed; nothing when both are alike. When an item was last seen and what it is linked to does not count.
    fn between(before: &InventoryItem, after: &InventoryItem) -> Option<Self> {
        let tags = |item: &InventoryItem| text::list(item.tags.iter().map(String::as_str));
        let members: Vec<_> = [
            ("kind", before.kind != after.kind),
            ("name", before.name != after.name),
            ("locator", before.locator != after.locator),
            ("risk_level", before.risk_level != after.risk_level),
            ("tags", before.tags != after.tags && tags(before) != tags(after)),
        ]
        .into_iter()
        .filter_map(|(member, differs)| differs.then_some(member))
        .collect();
        (!members.is_empty()).then(|| Self {
            id: after.id.clone(),
            kind: after.kind.clone(),
            name: after.name.clone(),
            before_locator: before.locator.clone(),
            after_locator: after.locator.clone(),
            before_risk_level: before.risk_level.clone(),
            after_risk_level: after.risk_level.clone(),
            members,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn item(id: &str, name: &str, tags: &[&str]) -> InventoryItem {
        InventoryItem {
            id: id.to_owned(),
            name: name.to_owned(),
            tags: tags.iter().map(|tag| (*tag).to_owned()).collect(),
            ..InventoryItem::default()
        }
    }

    fn snapshot(items: Vec<InventoryItem>) -> InventorySnapshot {
        InventorySnapshot {
            items,
            ..InventorySnapshot::default()
        }
    }

    #[test]
    fn members_that_changed_are_named() {
        let before = snapshot(vec![
            item("a", "a", &["x", "y"]),
            item("b", "b", &["x"]),
            item("c", "c", &[]),
        ]);
        let mut seen = item("a", "a", &["y", "x", " x "]);
        seen.last_seen_run = "run_1".to_owned();
        let after = snapshot(vec![
            seen,
            item("c", "old", &[]),
            item("c", "C", &["new"]),
            item("d", "d", &[]),
        ]);
        let drift = Drift::between(&before, &after);
        assert_eq!((drift.added[0].id.as_str(), drift.added_count), ("d", 1));
        assert_eq!((drift.removed[0].id.as_str(), drift.removed_count), ("b", 1));
        assert_eq!(drift.changed.len(), 1);
        assert_eq!(drift.changed[0].members, ["name", "tags"]);
    }

    #[test]
    fn only_snapshots_are_read() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("snap.json");
        let read_text = |text: &str| {
            std::fs::write(&path, text).unwrap();
            read(&path)
        };
        assert!(read_text(r#"{"x":1,"items":[{"id":"a","relationship":{"x":1}}]}"#).is_ok());
        assert!(read_text(r#"{"schema_id":"gait.scout.inventory_snapshot","items":null}"#).is_ok());
        let other = read_text(r#"{"schema_id":"gait.gate.trace"}"#);
        assert!(matches!(other, Err(SnapshotError::SchemaId { .. })));
        for text in ["", "[]", r#"{"items":{}}"#, r#"{"items":[{"id":7}]}"#, "{} {}"] {
            assert!(
                matches!(read_text(text), Err(SnapshotError::Json { .. })),
                "{text}"
            );
        }
        assert!(matches!(read(directory.path()), Err(SnapshotError::Read(_))));
    }

    prop_compose! {
        fn any_snapshot()(items in prop::collection::vec(("[a-d]", "[ab]", prop::collection::vec("[xy]", 0..3)), 0..8)) -> InventorySnapshot {
            let items = items.iter().map(|(id, name, tags)| {
                let tags: Vec<_> = tags.iter().map(String::as_str).collect();
                item(id, name, &tags)
            });
            snapshot(items.collect())
        }
    }

    proptest! {
        #[test]
        fn nothing_differs_from_itself(snapshot in any_snapshot()) {
            prop_assert!(Drift::between(&snapshot, &snapshot).is_empty());
        }

        #[test]
        fn the_way_back_undoes_the_way_there(left in any_snapshot(), right in any_snapshot()) {
            let (there, back) = (Drift::between(&left, &right), Drift::between(&right, &left));
            prop_assert_eq!(there.added, back.removed);
            prop_assert_eq!(there.removed, back.added);
            let ids = |changed: &[ChangedItem]| -> Vec<(String, Vec<&'static str>)> {
                changed.iter().map(|item| (item.id.clone(), item.members.clone())).collect()
            };
            prop_assert_eq!(ids(&there.changed), ids(&back.changed));
        }
    }
}
