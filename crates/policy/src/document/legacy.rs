//! Fields of an earlier proposal for the language, which are refused with directions.

use crate::yaml::{Document, Location, Value};

/// A top-level field of the older form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyField {
    /// Its name.
    pub field: &'static str,
    /// What takes its place; empty when nothing does.
    pub replacement_fields: &'static [&'static str],
    /// What to do beyond renaming.
    pub note: Option<&'static str>,
}

const FIELDS: &[LegacyField] = &[
    LegacyField {
        field: "version",
        replacement_fields: &["schema_id", "schema_version"],
        note: Some("write schema_id: gait.gate.policy and schema_version: 1.0.0"),
    },
    LegacyField {
        field: "name",
        replacement_fields: &[],
        note: Some("a policy as a whole has no name; names belong to rules"),
    },
    LegacyField {
        field: "boundaries",
        replacement_fields: &["rules", "mcp_trust"],
        note: None,
    },
    LegacyField {
        field: "defaults",
        replacement_fields: &["default_verdict", "fail_closed"],
        note: None,
    },
    LegacyField {
        field: "trust_sources",
        replacement_fields: &["mcp_trust.snapshot"],
        note: Some("collect what is trusted in a local snapshot file first"),
    },
    LegacyField {
        field: "unknown_server",
        replacement_fields: &["mcp_trust.action"],
        note: Some("servers missing from the snapshot are unknown, and the action decides about them"),
    },
];

/// Fields of the older form in a document, in the order of the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{location}: these fields belong to an older form that is not supported: {}", self.directions())]
pub struct LegacyFields {
    /// Where the first of them stands in the text.
    pub location: Location,
    /// The fields.
    pub fields: Vec<LegacyField>,
}

impl LegacyFields {
    fn directions(&self) -> String {
        let direction = |field: &LegacyField| {
            let mut text = field.field.to_owned();
            if !field.replacement_fields.is_empty() {
                text.push_str(" -> ");
                text.push_str(&field.replacement_fields.join(", "));
            }
            if let Some(note) = field.note {
                text.extend([" (", note, ")"]);
            }
            text
        };
        self.fields.iter().map(direction).collect::<Vec<_>>().join("; ")
    }
}

/// Refuses a document with a legacy field at its root, whatever else is wrong with it.
pub(super) fn refuse(document: &Document<'_>) -> Result<(), LegacyFields> {
    let Some(entries) = document.root().and_then(Value::entries) else {
        return Ok(());
    };
    let is_legacy = |key: &str| FIELDS.iter().any(|field| field.field == key.trim());
    let Some((key, at, _)) = entries.clone().find(|(key, ..)| is_legacy(key)) else {
        return Ok(());
    };
    let present = |field: &&LegacyField| entries.clone().any(|(key, ..)| key.trim() == field.field);
    Err(LegacyFields {
        location: at.location(key.to_owned()),
        fields: FIELDS.iter().filter(present).copied().collect(),
    })
}
