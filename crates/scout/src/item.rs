//! What a scan finds: tools and servers, each once.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use gait_artifact::text;
use gait_canon::Digest;

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ItemKind {
    /// A server of the model context protocol.
    McpServer,
    /// A function that an agent framework calls.
    Tool,
}

impl ItemKind {
    /// The text in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::McpServer => "mcp_server",
            Self::Tool => "tool",
        }
    }
}

impl fmt::Display for ItemKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How much harm an item could do, judged by its name alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RiskLevel {
    /// Nothing in the name tells of harm.
    Low,
    /// It changes or sends something.
    High,
    /// It destroys something or moves money.
    Critical,
}

impl RiskLevel {
    /// The text in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }

    fn of_name(name: &str) -> Self {
        const CRITICAL: [&str; 6] = ["delete", "drop", "destroy", "wire", "payment", "transfer"];
        const HIGH: [&str; 7] = [
            "write",
            "update",
            "export",
            "send",
            "email",
            "remove",
            "overwrite",
        ];
        let name = text::lower(name);
        let holds = |words: &[&str]| words.iter().any(|word| name.contains(word));
        if holds(&CRITICAL) {
            Self::Critical
        } else if holds(&HIGH) {
            Self::High
        } else {
            Self::Low
        }
    }
}

impl fmt::Display for RiskLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One thing that a scan found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// `tool:TAG:NAME` or `mcp_server:NAME`.
    pub id: String,
    /// What it is.
    pub kind: ItemKind,
    /// Its name as written.
    pub name: String,
    /// The file it was found in, with `/` separators; the first by bytes when there are several.
    pub locator: String,
    /// How much harm it could do.
    pub risk: RiskLevel,
    /// What marked it, e.g. `framework:langchain`.
    pub tags: BTreeSet<String>,
}

impl Item {
    /// A tool that `framework` calls.
    pub(crate) fn tool(framework: &str, name: &str, locator: &str) -> Self {
        let tag = format!("framework:{framework}");
        Self::new(
            ItemKind::Tool,
            format!("tool:{tag}:{}", identifier(name)),
            name,
            locator,
            tag,
        )
    }

    /// A server that a configuration names.
    pub(crate) fn mcp_server(name: &str, locator: &str) -> Self {
        Self::new(
            ItemKind::McpServer,
            format!("mcp_server:{}", identifier(name)),
            name,
            locator,
            "mcp".to_owned(),
        )
    }

    fn new(kind: ItemKind, id: String, name: &str, locator: &str, tag: String) -> Self {
        Self {
            id,
            kind,
            name: name.to_owned(),
            locator: locator.to_owned(),
            risk: RiskLevel::of_name(name),
            tags: BTreeSet::from([tag]),
        }
    }
}

/// Items by id, merged as they are found, with the place of the file that gave each its name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Items(BTreeMap<String, (u64, Item)>);

impl Items {
    /// Adds an item of the file at `place` among all files. Of several with one id the first name, the smallest locator, the
    /// highest risk and all tags stay, in whatever order they are added.
    pub(crate) fn add(&mut self, place: u64, item: Item) {
        let Some((first, known)) = self.0.get_mut(&item.id) else {
            self.0.insert(item.id.clone(), (place, item));
            return;
        };
        if place < *first {
            *first = place;
            known.name = item.name;
        }
        if item.locator < known.locator {
            known.locator = item.locator;
        }
        known.risk = known.risk.max(item.risk);
        known.tags.extend(item.tags);
    }

    /// Adds all items of `other`, whose files are others.
    pub(crate) fn merge(&mut self, other: Self) {
        for (place, item) in other.0.into_values() {
            self.add(place, item);
        }
    }

    /// All items, sorted by id.
    pub(crate) fn into_vec(self) -> Vec<Item> {
        self.0.into_values().map(|(_, item)| item).collect()
    }
}

/// A name as part of an id: lower case, every other character an underscore; the digest of a name without letters.
pub(crate) fn identifier(name: &str) -> String {
    let letter = |c: char| {
        if c.is_ascii_lowercase() || c.is_ascii_digit() {
            c
        } else {
            '_'
        }
    };
    let id: String = text::trim_lower(name).chars().map(letter).collect();
    match id.trim_matches('_') {
        "" => Digest::of(name.as_bytes()).to_string()[..16].to_owned(),
        id => id.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_plain() {
        for (name, id) in [
            ("GitHub Main", "github_main"),
            ("payments-db", "payments_db"),
            (" a.b ", "a_b"),
            ("_x_", "x"),
            ("größe", "gr__e"),
            ("", "e3b0c44298fc1c14"),
        ] {
            assert_eq!(identifier(name), id, "{name}");
        }
        assert_eq!(identifier("___").len(), 16);
    }

    #[test]
    fn risk_is_read_from_the_name() {
        for (name, risk) in [
            ("WireMoney", RiskLevel::Critical),
            ("update_and_delete", RiskLevel::Critical),
            ("sendMail", RiskLevel::High),
            ("read", RiskLevel::Low),
        ] {
            assert_eq!(RiskLevel::of_name(name), risk, "{name}");
        }
    }

    #[test]
    fn items_of_one_id_are_merged() {
        let mut items = Items::default();
        items.add(1, Item::tool("langchain", "read", "a.py"));
        items.add(0, Item::tool("langchain", "Read", "b.py"));
        items.add(0, Item::tool("langchain", "READ", "b.py"));
        items.add(2, Item::mcp_server("read", "mcp.json"));
        let items = items.into_vec();
        assert_eq!(items.len(), 2);
        assert_eq!(items[1].id, "tool:framework:langchain:read");
        assert_eq!(
            (items[1].name.as_str(), items[1].locator.as_str()),
            ("Read", "a.py")
        );
    }
}
