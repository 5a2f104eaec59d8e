//! Advice about retired spellings and fields.

use gait_canon::json::{Object, Value};
use gait_policy::document::LegacyField;

/// Advice for something that was renamed: `migration` of JSON errors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Migration {
    /// A retired spelling of a command.
    Command {
        /// The retired spelling.
        deprecated: &'static str,
        /// What replaced it.
        replacement: &'static str,
    },
    /// A retired spelling of a flag.
    Flag {
        /// The retired spelling.
        deprecated: &'static str,
        /// What replaced it.
        replacement: &'static str,
    },
    /// Retired keys of a policy document.
    PolicyFields(Vec<LegacyField>),
}

impl Migration {
    pub(super) fn to_json(&self) -> Value {
        let texts =
            |items: &[&str]| Value::from(items.iter().map(|item| Value::from(*item)).collect::<Vec<_>>());
        let mut object = Object::new();
        match self {
            Self::Command {
                deprecated,
                replacement,
            } => {
                object.insert("kind", "command");
                object.insert("deprecated_command", *deprecated);
                object.insert("replacement_command", *replacement);
            }
            Self::Flag {
                deprecated,
                replacement,
            } => {
                object.insert("kind", "flag");
                object.insert("deprecated_flag", *deprecated);
                object.insert("replacement_flag", *replacement);
            }
            Self::PolicyFields(fields) => {
                let names: Vec<_> = fields.iter().map(|field| field.field).collect();
                let replacements = fields.iter().map(|field| {
                    let mut entry = Object::new();
                    entry.insert("field", field.field);
                    if !field.replacement_fields.is_empty() {
                        entry.insert("replacement_fields", texts(field.replacement_fields));
                    }
                    if let Some(note) = field.note {
                        entry.insert("note", note);
                    }
                    Value::from(entry)
                });
                object.insert("kind", "policy_fields");
                object.insert("deprecated_fields", texts(&names));
                object.insert("field_replacements", replacements.collect::<Vec<_>>());
            }
        }
        object.into()
    }

    pub(super) fn hint(&self) -> String {
        match self {
            Self::Command { replacement, .. } | Self::Flag { replacement, .. } => {
                format!("use `{replacement}` instead")
            }
            Self::PolicyFields(_) => {
                "rewrite the retired keys as `migration.field_replacements` says".to_owned()
            }
        }
    }
}
