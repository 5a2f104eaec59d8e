//! The tool inventory: what an outside catalogue knows of each tool.

use std::collections::BTreeMap;

use gait_canon::json::{self, Reader, Value};
use serde::Deserialize;

use crate::text;

/// Tools by name, with their classes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inventory {
    entries: BTreeMap<String, InventoryEntry>,
}

/// What the inventory knows of one tool. Every text is trimmed and in lower case; an unknown one is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct InventoryEntry {
    /// The class of data the tool handles, e.g. `pii`.
    pub data_class: String,
    /// The endpoint class of the tool, e.g. `fs.write`.
    pub endpoint_class: String,
    /// How autonomously the tool acts.
    pub autonomy_level: String,
}

/// Why an inventory could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InventoryError {
    /// It is not JSON, or an entry is not of the expected shape.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// It is neither a list of tools nor an object with one under `items`.
    #[error("an inventory is an array of tools or an object with an array under items")]
    NotAList,
}

/// One tool as the document has it. Catalogues say more of a tool; what isn't listed here is ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Item {
    tool_name: String,
    data_class: String,
    endpoint_class: String,
    autonomy_level: String,
}

impl Inventory {
    /// Reads an inventory: an array of tools, or an object with that array under `items`.
    ///
    /// Tools without a name are skipped; of several entries for one name the last counts.
    pub fn read(bytes: &[u8]) -> Result<Self, InventoryError> {
        let document = Reader::new().parse(bytes)?;
        let list = if document.as_object().is_some() {
            document.get("items")
        } else {
            Some(&document)
        };
        let list @ Value::Array(_) = list.unwrap_or(&Value::Null) else {
            return Err(InventoryError::NotAList);
        };
        let items: Vec<Item> = json::from_value(list)?;
        let entries = items
            .into_iter()
            .map(Item::normalized)
            .filter(|(name, _)| !name.is_empty())
            .collect();
        Ok(Self { entries })
    }

    /// What is known of `tool_name`, given in lower case.
    #[must_use]
    pub fn get(&self, tool_name: &str) -> Option<&InventoryEntry> {
        self.entries.get(tool_name)
    }
}

impl Item {
    fn normalized(mut self) -> (String, InventoryEntry) {
        for text in [
            &mut self.tool_name,
            &mut self.data_class,
            &mut self.endpoint_class,
            &mut self.autonomy_level,
        ] {
            text::trim_lower_in_place(text);
        }
        let entry = InventoryEntry {
            data_class: self.data_class,
            endpoint_class: self.endpoint_class,
            autonomy_level: self.autonomy_level,
        };
        (self.tool_name, entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_read_alike() {
        let list = r#"[{"tool_name":" Tool.READ ","data_class":" PII ","extra":1},{"tool_name":" "},{"tool_name":"b"},
            {"tool_name":"B","autonomy_level":"High"}]"#;
        let read = Inventory::read(list.as_bytes()).unwrap();
        assert_eq!(read.get("tool.read").unwrap().data_class, "pii");
        assert_eq!(read.get("b").unwrap().autonomy_level, "high");
        assert_eq!(read.get(""), None);
        let wrapped = format!(r#"{{"version":2,"items":{list}}}"#);
        assert_eq!(Inventory::read(wrapped.as_bytes()), Ok(read));
    }

    #[test]
    fn other_shapes_are_refused() {
        for text in [
            "",
            "null",
            "7",
            r#""x""#,
            "{}",
            r#"{"items":null}"#,
            r#"{"items":{}}"#,
            "[[]]",
            r#"[{"tool_name":1}]"#,
        ] {
            assert!(Inventory::read(text.as_bytes()).is_err(), "{text}");
        }
    }
}
