//! The kill switch: entries that stop calls at once, whatever the policy says.

use gait_canon::{digest::short_id, json};
use serde::{Deserialize, Serialize};

use crate::{text, time::Timestamp};

/// The schema id of the state.
pub const SCHEMA_ID: &str = "gait.gate.kill_switch_state";
/// The schema id of a line of the journal.
pub const JOURNAL_SCHEMA_ID: &str = "gait.gate.kill_switch_journal";
/// The schema version of both.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// Stands in for the version of a program that did not name one.
const UNKNOWN_PRODUCER: &str = "0.0.0-dev";

/// Every entry of one kill switch (`gait.gate.kill_switch_state`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_state))]
#[serde(default, deny_unknown_fields)]
pub struct KillSwitchState {
    /// `gait.gate.kill_switch_state`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the state was first written.
    pub created_at: Timestamp,
    /// When the state was last changed.
    pub updated_at: Timestamp,
    /// Version of the program that wrote it first.
    pub producer_version: String,
    /// The entries, sorted by id.
    pub entries: Vec<KillSwitchEntry>,
}

impl KillSwitchState {
    /// A state without entries.
    #[must_use]
    pub fn empty(producer_version: &str, now: Timestamp) -> Self {
        Self {
            schema_id: SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: now.to_utc(),
            updated_at: now.to_utc(),
            producer_version: producer_version.to_owned(),
            entries: Vec::new(),
        }
    }
}

/// One switch. It stops the calls that match all of its selectors; an empty selector matches every call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_entry))]
#[serde(default, deny_unknown_fields)]
pub struct KillSwitchEntry {
    /// Names the entry; need not be unique.
    pub entry_id: String,
    /// Whether the switch is on.
    pub enabled: bool,
    /// The agent to stop.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_id: String,
    /// The identity to stop, case-sensitive.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identity: String,
    /// The tool to stop, lower case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tool_name: String,
    /// The kind of target to stop, e.g. `path`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target_kind: String,
    /// The target to stop, exactly.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub target_value: String,
    /// The deployment environment to stop, lower case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// Stops calls that act on a path equal to or below one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub path_prefixes: Vec<String>,
    /// Stops calls of a workspace equal to or below one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub workspace_prefixes: Vec<String>,
    /// Why the switch was set.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub reason: String,
    /// Who set it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub actor: String,
    /// When it was set.
    pub created_at: Timestamp,
    /// From when on it no longer counts; unset means never.
    pub expires_at: Timestamp,
}

impl KillSwitchEntry {
    /// Whether the entry says which calls it stops.
    #[must_use]
    pub fn has_selector(&self) -> bool {
        let texts = [
            &self.agent_id,
            &self.identity,
            &self.tool_name,
            &self.target_kind,
            &self.target_value,
            &self.environment,
        ];
        texts.iter().any(|text| !text.is_empty())
            || !self.path_prefixes.is_empty()
            || !self.workspace_prefixes.is_empty()
    }

    /// Whether the switch is on at `now`.
    #[must_use]
    pub fn is_on(&self, now: Timestamp) -> bool {
        self.enabled && (self.expires_at.is_zero() || self.expires_at > now)
    }

    /// The id of an entry that was given none: 24 hex digits made from its selectors, reason and creation time.
    #[must_use]
    pub fn derived_id(&self) -> String {
        let parts = [
            self.agent_id.as_str(),
            &self.identity,
            &self.tool_name,
            &self.target_kind,
            &self.target_value,
            &self.environment,
            &self.path_prefixes.join(","),
            &self.workspace_prefixes.join(","),
            &self.reason,
            &self.created_at.to_string(),
        ];
        short_id(&parts.join("\0"))
    }
}

/// The kinds of target an entry can stop.
const TARGET_KINDS: [&str; 9] = [
    "bucket", "host", "other", "path", "queue", "repo", "table", "topic", "url",
];

/// Why a state or an entry can't be used.
#[derive(Debug, thiserror::Error)]
pub enum InvalidKillSwitch {
    /// The text is not the JSON of a state.
    #[error("parse kill switch state: {0}")]
    Parse(#[from] json::Error),
    /// Another kind of document.
    #[error("kill switch state schema_id must be {SCHEMA_ID}")]
    SchemaId,
    /// Another version.
    #[error("kill switch state schema_version must be {SCHEMA_VERSION}")]
    SchemaVersion,
    /// A time is not set.
    #[error("kill switch {0} is required")]
    MissingTime(&'static str),
    /// No target is of that kind.
    #[error("kill switch entry target_kind is unsupported: {0}")]
    TargetKind(String),
    /// The entry does not say what it stops.
    #[error("kill switch entry requires at least one scope selector")]
    NoSelector,
}

impl KillSwitchState {
    /// Reads a state and brings it into normal form. Unknown members are refused: a misspelt selector must not go
    /// unnoticed.
    pub fn read(bytes: &[u8]) -> Result<Self, InvalidKillSwitch> {
        let mut state: Self = json::read(bytes)?;
        state.normalize()?;
        Ok(state)
    }

    fn normalize(&mut self) -> Result<(), InvalidKillSwitch> {
        if !is_blank_or(&mut self.schema_id, SCHEMA_ID) {
            return Err(InvalidKillSwitch::SchemaId);
        }
        if !is_blank_or(&mut self.schema_version, SCHEMA_VERSION) {
            return Err(InvalidKillSwitch::SchemaVersion);
        }
        for (time, name) in [
            (&mut self.created_at, "state created_at"),
            (&mut self.updated_at, "state updated_at"),
        ] {
            *time = required(*time, name)?;
        }
        text::trim_in_place(&mut self.producer_version);
        if self.producer_version.is_empty() {
            UNKNOWN_PRODUCER.clone_into(&mut self.producer_version);
        }
        self.entries.iter_mut().try_for_each(KillSwitchEntry::normalize)?;
        self.sort();
        Ok(())
    }

    /// Sorts the entries by id; those with the same id keep their order.
    pub fn sort(&mut self) {
        self.entries
            .sort_by(|left, right| left.entry_id.cmp(&right.entry_id));
    }
}

impl KillSwitchEntry {
    /// Brings the entry into normal form and gives it an id if it has none.
    ///
    /// An entry with an id and no selector is kept: it stops every call, as whoever wrote it must expect.
    pub fn normalize(&mut self) -> Result<(), InvalidKillSwitch> {
        for part in [
            &mut self.entry_id,
            &mut self.agent_id,
            &mut self.identity,
            &mut self.target_value,
            &mut self.reason,
            &mut self.actor,
        ] {
            text::trim_in_place(part);
        }
        for part in [&mut self.tool_name, &mut self.target_kind, &mut self.environment] {
            text::trim_lower_in_place(part);
        }
        clean_prefixes(&mut self.path_prefixes);
        clean_prefixes(&mut self.workspace_prefixes);
        self.created_at = required(self.created_at, "entry created_at")?;
        self.expires_at = self.expires_at.to_utc();
        if !self.target_kind.is_empty() && !TARGET_KINDS.contains(&self.target_kind.as_str()) {
            return Err(InvalidKillSwitch::TargetKind(self.target_kind.clone()));
        }
        if self.entry_id.is_empty() {
            if !self.has_selector() {
                return Err(InvalidKillSwitch::NoSelector);
            }
            self.entry_id = self.derived_id();
        }
        Ok(())
    }
}

/// Whether `text` is `expected`, which a blank text becomes.
fn is_blank_or(text: &mut String, expected: &str) -> bool {
    if text::is_blank(text) {
        expected.clone_into(text);
    }
    text == expected
}

fn required(time: Timestamp, name: &'static str) -> Result<Timestamp, InvalidKillSwitch> {
    if time.is_zero() {
        Err(InvalidKillSwitch::MissingTime(name))
    } else {
        Ok(time.to_utc())
    }
}

/// Cleans every prefix, drops those that mean no place, sorts the rest and removes duplicates.
fn clean_prefixes(prefixes: &mut Vec<String>) {
    for prefix in prefixes.iter_mut() {
        *prefix = text::clean_path(text::trim(prefix));
    }
    prefixes.retain(|prefix| prefix != ".");
    prefixes.sort_unstable();
    prefixes.dedup();
}

/// One line of the journal: a call that a switch stopped (`gait.gate.kill_switch_journal`).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_journal))]
#[serde(default, deny_unknown_fields)]
pub struct KillSwitchJournalEntry {
    /// `gait.gate.kill_switch_journal`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// Creation time of the decision, which is that of the intent.
    pub created_at: Timestamp,
    /// Version of the program that stopped the call.
    pub producer_version: String,
    /// What stopped it: `gate_eval`.
    pub source: String,
    /// The trace of the decision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
    /// The job the call belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub job_id: String,
    /// The tool; `script` for scripts.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tool_name: String,
    /// The agent that called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_id: String,
    /// The identity that called.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub identity: String,
    /// Why, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// The entries that matched, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matched_entry_ids: Vec<String>,
}

#[cfg(feature = "schema")]
fn published_state(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema).artifact(SCHEMA_ID, SCHEMA_VERSION);
}

#[cfg(feature = "schema")]
fn published_journal(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .artifact(JOURNAL_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["trace_id", "job_id", "tool_name", "agent_id", "identity"])
        .filled(&["reason_codes", "matched_entry_ids"]);
}

#[cfg(feature = "schema")]
fn published_entry(schema: &mut schemars::Schema) {
    crate::members::Members::of(schema)
        .filled(&[
            "entry_id",
            "agent_id",
            "identity",
            "tool_name",
            "target_kind",
            "target_value",
        ])
        .filled(&["environment", "path_prefixes", "workspace_prefixes"])
        .optional(&["expires_at"]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_alone_selects_nothing() {
        let entry = KillSwitchEntry {
            entry_id: "e".to_owned(),
            ..KillSwitchEntry::default()
        };
        assert!(!entry.has_selector());
        assert!(
            KillSwitchEntry {
                path_prefixes: vec!["/srv".to_owned()],
                ..entry
            }
            .has_selector()
        );
    }

    #[test]
    fn derived_ids_depend_on_selectors_and_time() {
        let entry = KillSwitchEntry {
            identity: "a".to_owned(),
            ..KillSwitchEntry::default()
        };
        let moved = KillSwitchEntry {
            agent_id: "a".to_owned(),
            ..KillSwitchEntry::default()
        };
        let later = KillSwitchEntry {
            created_at: Timestamp::EPOCH_1980,
            ..entry.clone()
        };
        assert_eq!(entry.derived_id().len(), 24);
        assert_ne!(entry.derived_id(), moved.derived_id());
        assert_ne!(entry.derived_id(), later.derived_id());
    }

    #[test]
    fn an_entry_ends_at_its_expiry() {
        let at: Timestamp = "2026-06-01T12:00:00Z".parse().unwrap();
        let entry = KillSwitchEntry {
            enabled: true,
            expires_at: at,
            ..KillSwitchEntry::default()
        };
        assert!(entry.is_on("2026-06-01T11:59:59Z".parse().unwrap()));
        assert!(!entry.is_on(at));
        assert!(
            KillSwitchEntry {
                expires_at: Timestamp::ZERO,
                ..entry.clone()
            }
            .is_on(at)
        );
        assert!(
            !KillSwitchEntry {
                enabled: false,
                expires_at: Timestamp::ZERO,
                ..entry
            }
            .is_on(at)
        );
    }

    const STATE: &str = r#"{"schema_id":" ","created_at":"2026-01-01T01:00:00+01:00","updated_at":"2026-01-01T00:00:00Z",
        "entries":[
            {"entry_id":" b ","enabled":true,"tool_name":" Fs.Write ","target_kind":"PATH","environment":"PROD",
             "path_prefixes":["/srv//x/"," ","./","/a/../srv/x","/"],"created_at":"2026-01-01T01:00:00+01:00"},
            {"entry_id":"a","created_at":"2026-01-01T00:00:00Z","expires_at":"0001-01-01T00:00:00Z"},
            {"identity":"z","created_at":"2026-01-01T00:00:00Z"}]}"#;

    #[test]
    fn reading_gives_normal_form() {
        let state = KillSwitchState::read(STATE.as_bytes()).unwrap();
        assert_eq!(
            (state.schema_id.as_str(), state.schema_version.as_str()),
            (SCHEMA_ID, "1.0.0")
        );
        assert_eq!(state.producer_version, "0.0.0-dev");
        assert_eq!(state.created_at.to_string(), "2026-01-01T00:00:00Z");
        let entry = state.entries.iter().find(|entry| entry.entry_id == "b").unwrap();
        assert_eq!(
            (entry.tool_name.as_str(), entry.target_kind.as_str()),
            ("fs.write", "path")
        );
        assert_eq!(entry.path_prefixes, ["/", "/srv/x"]);
        assert_eq!(entry.environment, "prod");
        let derived = state.entries.iter().find(|entry| entry.identity == "z").unwrap();
        assert_eq!(derived.entry_id, derived.derived_id());
        let again = KillSwitchState::read(json::pretty(&state).unwrap().as_bytes()).unwrap();
        assert_eq!(again, state);
    }

    #[test]
    fn unusable_states_are_refused() {
        let times = r#""created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z""#;
        for (text, error) in [
            ("{".to_owned(), "parse kill switch state"),
            ("{}".to_owned(), "kill switch state created_at is required"),
            (
                r#"{"created_at":"2026-01-01T00:00:00Z"}"#.to_owned(),
                "kill switch state updated_at is required",
            ),
            (
                format!(r#"{{"schema_id":"x",{times}}}"#),
                "schema_id must be gait.gate.kill_switch_state",
            ),
            (
                format!(r#"{{"schema_version":"2",{times}}}"#),
                "schema_version must be 1.0.0",
            ),
            (
                format!(r#"{{{times},"entries":[{{"entry_id":"a"}}]}}"#),
                "entry created_at is required",
            ),
            (
                format!(r#"{{{times},"entries":[{{"created_at":"2026-01-01T00:00:00Z"}}]}}"#),
                "scope selector",
            ),
            (
                format!(
                    r#"{{{times},"entries":[{{"target_kind":"planet","created_at":"2026-01-01T00:00:00Z"}}]}}"#
                ),
                "target_kind is unsupported: planet",
            ),
            (
                format!(r#"{{{times},"entries":[{{"tool":"x"}}]}}"#),
                "parse kill switch state",
            ),
        ] {
            let message = KillSwitchState::read(text.as_bytes()).unwrap_err().to_string();
            assert!(message.contains(error), "{text} gave {message}");
        }
    }
}
