//! The records of a session: a journal of decisions that grows while an agent works, and the chain of its checkpoints.
//!
//! A journal is JSON lines ([`JournalLine`]): a header, then events and checkpoints in the order they happened. Each
//! checkpoint stands for a runpack over the events since the last one and carries the digest of its predecessor, so
//! that the chain of checkpoints vouches for the whole session.

use gait_canon::Digest;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::{members::Members, verdict::Verdict};
use crate::{relationship::Relationship, text, time::Timestamp};

/// The schema version of every record of a session.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// The schema id of a journal's header.
pub const JOURNAL_SCHEMA_ID: &str = "gait.runpack.session_journal";
/// The schema id of an event.
pub const EVENT_SCHEMA_ID: &str = "gait.runpack.session_event";
/// The schema id of a checkpoint.
pub const CHECKPOINT_SCHEMA_ID: &str = "gait.runpack.session_checkpoint";
/// The schema id of a chain.
pub const CHAIN_SCHEMA_ID: &str = "gait.runpack.session_chain";
/// The schema id of a state.
pub const STATE_SCHEMA_ID: &str = "gait.runpack.session_state";
/// The schema id of a lock's content.
pub const LOCK_SCHEMA_ID: &str = "gait.runpack.session_lock";

/// The record type of a journal's header.
pub const HEADER: &str = "header";
/// The record type of an event.
pub const EVENT: &str = "event";
/// The record type of a checkpoint.
pub const CHECKPOINT: &str = "checkpoint";

/// A line of a journal: its type, and the record under the name of that type.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct JournalLine {
    /// `header`, `event` or `checkpoint`.
    pub record_type: String,
    /// The header, in the first line.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub header: Option<JournalHeader>,
    /// An event.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub event: Option<SessionEvent>,
    /// A checkpoint.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checkpoint: Option<SessionCheckpoint>,
}

impl From<JournalHeader> for JournalLine {
    fn from(header: JournalHeader) -> Self {
        Self {
            record_type: HEADER.to_owned(),
            header: Some(header),
            ..Self::default()
        }
    }
}

impl From<SessionEvent> for JournalLine {
    fn from(event: SessionEvent) -> Self {
        Self {
            record_type: EVENT.to_owned(),
            event: Some(event),
            ..Self::default()
        }
    }
}

impl From<SessionCheckpoint> for JournalLine {
    fn from(checkpoint: SessionCheckpoint) -> Self {
        Self {
            record_type: CHECKPOINT.to_owned(),
            checkpoint: Some(checkpoint),
            ..Self::default()
        }
    }
}

/// Which session a journal belongs to; its first line.
///
/// The same type is the whole journal as one document, with its events and checkpoints inside. In a journal of lines
/// they follow as lines of their own, and what a header says about them is not looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_journal))]
#[serde(default)]
pub struct JournalHeader {
    /// `gait.runpack.session_journal`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the journal was made.
    pub created_at: Timestamp,
    /// Version of the program that made it.
    pub producer_version: String,
    /// Id of the session.
    pub session_id: String,
    /// Id of the run that the session is about.
    pub run_id: String,
    /// When the session began.
    pub started_at: Timestamp,
    /// Empty in a header that starts a journal, absent (`null`) after compaction.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<SessionEvent>"))]
    pub events: Option<Vec<SessionEvent>>,
    /// Empty in headers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub checkpoints: Vec<SessionCheckpoint>,
}

/// A decision about one call, as the session remembers it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_event))]
#[serde(default)]
pub struct SessionEvent {
    /// `gait.runpack.session_event`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the event was recorded.
    pub created_at: Timestamp,
    /// Version of the program that recorded it.
    pub producer_version: String,
    /// The session.
    pub session_id: String,
    /// The run.
    pub run_id: String,
    /// Place in the session, from 1, without gaps.
    pub sequence: i64,
    /// Id of the intent that was decided.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_id: String,
    /// The tool.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tool_name: String,
    /// Digest of the intent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_digest: String,
    /// Digest of the policy that decided.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_digest: String,
    /// Schema id of the policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_id: String,
    /// Schema version of the policy.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub policy_version: String,
    /// The rules that matched.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub matched_rule_ids: Vec<String>,
    /// Id of the trace of the decision.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_id: String,
    /// Where the trace was written.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub trace_path: String,
    /// The verdict.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub verdict: String,
    /// Why.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub reason_codes: Vec<String>,
    /// What was violated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub violations: Vec<String>,
    /// Links to other records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Relationship>,
    /// Version of the safety invariants that held.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub safety_invariant_version: String,
    /// Digest of the safety invariants that held.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub safety_invariant_hash: String,
}

/// A runpack over a range of events, linked to the checkpoint before it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_checkpoint))]
#[serde(default)]
pub struct SessionCheckpoint {
    /// `gait.runpack.session_checkpoint`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the checkpoint was made.
    pub created_at: Timestamp,
    /// Version of the program that made it.
    pub producer_version: String,
    /// The session.
    pub session_id: String,
    /// The run that the session is about.
    pub run_id: String,
    /// Place in the chain, from 1.
    pub checkpoint_index: i64,
    /// Sequence of the first event.
    pub sequence_start: i64,
    /// Sequence of the last event.
    pub sequence_end: i64,
    /// Where the runpack was written.
    pub runpack_path: String,
    /// Digest of the runpack's manifest.
    pub manifest_digest: String,
    /// [`checkpoint_digest`](Self::checkpoint_digest) of the checkpoint before; empty in the first.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub prev_checkpoint_digest: String,
    /// Digest of this link of the chain, see [`computed_digest`](Self::computed_digest).
    pub checkpoint_digest: String,
    /// Links to other records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Relationship>,
    /// Version of the safety invariants that held at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub safety_invariant_version: String,
    /// Digest of the safety invariants that held at the end.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub safety_invariant_hash: String,
}

/// Why a chain gives no checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoCheckpoint {
    /// There is none.
    #[error("session chain has no checkpoints")]
    Empty,
    /// The reference is neither `latest` nor a number.
    #[error("invalid checkpoint: {0}")]
    Unnamed(String),
    /// None has this index.
    #[error("checkpoint {0} not found")]
    NotFound(i64),
}

impl SessionChain {
    /// The checkpoint that `reference` names: the last (`latest` or blank), or the first with the index it begins with.
    pub fn checkpoint(&self, reference: &str) -> Result<&SessionCheckpoint, NoCheckpoint> {
        let reference = text::trim(reference);
        if reference.is_empty() || reference.eq_ignore_ascii_case("latest") {
            return self.checkpoints.last().ok_or(NoCheckpoint::Empty);
        }
        let digits = reference.strip_prefix('+').unwrap_or(reference);
        let end = digits
            .find(|digit: char| !digit.is_ascii_digit())
            .unwrap_or(digits.len());
        let index = digits[..end].parse().ok().filter(|index: &i64| *index > 0);
        let index = index.ok_or_else(|| NoCheckpoint::Unnamed(reference.to_owned()))?;
        self.checkpoints
            .iter()
            .find(|checkpoint| checkpoint.checkpoint_index == index)
            .ok_or(NoCheckpoint::NotFound(index))
    }
}

impl SessionCheckpoint {
    /// What [`checkpoint_digest`](Self::checkpoint_digest) must be: the SHA-256 of the manifest digest, the digest of the
    /// previous checkpoint, the index and the two sequences, joined by colons, numbers in decimal.
    #[must_use]
    pub fn computed_digest(&self) -> Digest {
        let Self {
            manifest_digest,
            prev_checkpoint_digest,
            checkpoint_index,
            sequence_start,
            sequence_end,
            ..
        } = self;
        let link = format!(
            "{manifest_digest}:{prev_checkpoint_digest}:{checkpoint_index}:{sequence_start}:{sequence_end}"
        );
        Digest::of(link.as_bytes())
    }

    /// The id of the run that the checkpoint's runpack records: the session's run, `_cp_` and the index in at least four
    /// digits.
    #[must_use]
    pub fn runpack_run_id(&self) -> String {
        format!("{}_cp_{:04}", self.run_id, self.checkpoint_index)
    }
}

/// All checkpoints of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_chain))]
#[serde(default)]
pub struct SessionChain {
    /// `gait.runpack.session_chain`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the journal was made.
    pub created_at: Timestamp,
    /// Version of the program that made the journal.
    pub producer_version: String,
    /// The session.
    pub session_id: String,
    /// The run that the session is about.
    pub run_id: String,
    /// The checkpoints, oldest first.
    pub checkpoints: Vec<SessionCheckpoint>,
}

/// What is known of a journal without reading it.
///
/// A cache beside the journal: it counts only while [`journal_size_bytes`](Self::journal_size_bytes) is the journal's
/// size, and the journal always wins.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_state))]
#[serde(default)]
pub struct SessionState {
    /// `gait.runpack.session_state`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the state was written.
    pub updated_at: Timestamp,
    /// Version of the program that made the journal.
    pub producer_version: String,
    /// The session.
    pub session_id: String,
    /// The run that the session is about.
    pub run_id: String,
    /// When the journal was made.
    pub created_at: Timestamp,
    /// When the session began.
    pub started_at: Timestamp,
    /// Events in the journal; fewer than there were once it is compacted.
    pub event_count: i64,
    /// The highest sequence given out so far.
    pub last_sequence: i64,
    /// Checkpoints in the journal.
    pub checkpoint_count: i64,
    /// Index of the last checkpoint.
    pub last_checkpoint_index: i64,
    /// Sequence of the last event that is part of a checkpoint.
    pub last_checkpoint_sequence: i64,
    /// Digest of the last checkpoint.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub last_checkpoint_digest: String,
    /// Size of the journal in bytes when the state was written.
    pub journal_size_bytes: i64,
}

/// What the lock file of a journal tells about its holder. Members are written in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_lock))]
#[serde(default)]
pub struct SessionLock {
    /// When the lock was taken, in whole seconds.
    pub created_at: Timestamp,
    /// The process that holds it.
    pub pid: u32,
    /// `gait.runpack.session_lock`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
}

#[cfg(feature = "schema")]
fn published_journal(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(JOURNAL_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["session_id", "run_id"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_event(schema: &mut schemars::Schema) {
    let verdicts = Verdict::ALL.map(Verdict::as_str);
    Members::of(schema)
        .artifact(EVENT_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["session_id", "run_id", "policy_id", "policy_version"])
        .filled(&["matched_rule_ids", "safety_invariant_version"])
        .at_least(1, &["sequence"])
        .digests(&["intent_digest", "policy_digest", "safety_invariant_hash"])
        .words("verdict", &verdicts)
        .closed();
}

#[cfg(feature = "schema")]
fn published_checkpoint(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(CHECKPOINT_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["session_id", "run_id", "runpack_path", "safety_invariant_version"])
        .at_least(1, &["checkpoint_index", "sequence_start", "sequence_end"])
        .digests(&["manifest_digest", "prev_checkpoint_digest", "checkpoint_digest"])
        .digests(&["safety_invariant_hash"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_chain(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(CHAIN_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["session_id", "run_id"])
        .not_empty(&["checkpoints"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_state(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(STATE_SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["session_id", "run_id"])
        .at_least(0, &["event_count", "last_sequence", "checkpoint_count"])
        .at_least(0, &["last_checkpoint_index", "last_checkpoint_sequence"])
        .at_least(0, &["journal_size_bytes"])
        .digests(&["last_checkpoint_digest"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_lock(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(LOCK_SCHEMA_ID, SCHEMA_VERSION)
        .closed();
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    #[test]
    fn a_checkpoint_is_linked_by_its_digest() {
        let mut checkpoint = SessionCheckpoint {
            run_id: "run_fix".into(),
            checkpoint_index: 1,
            sequence_start: 1,
            sequence_end: 3,
            manifest_digest: "01abdc1245c2bd43766d250a147c088b52bcfcfbf24ec8377a36a974d0882325".into(),
            ..SessionCheckpoint::default()
        };
        assert_eq!(
            checkpoint.computed_digest().to_string(),
            "e5672a5b6a3383c75a1a7bf154ac020dfdcaf005e85670ebba9f0176829f6470"
        );
        assert_eq!(checkpoint.runpack_run_id(), "run_fix_cp_0001");
        checkpoint.checkpoint_index = 12_345;
        assert_eq!(checkpoint.runpack_run_id(), "run_fix_cp_12345");
    }

    #[test]
    fn a_line_reads_back() {
        for line in [
            JournalLine::from(JournalHeader {
                events: Some(Vec::new()),
                ..JournalHeader::default()
            }),
            JournalLine::from(JournalHeader::default()),
            JournalLine::from(SessionEvent {
                sequence: 1,
                tool_name: "tool.<read>".into(),
                ..SessionEvent::default()
            }),
            JournalLine::from(SessionCheckpoint::default()),
        ] {
            let text = json::compact_in_order(&json::to_value(&line).unwrap());
            assert_eq!(json::read::<JournalLine>(text.as_bytes()).unwrap(), line);
        }
    }

    #[test]
    fn unknown_members_are_ignored() {
        let line = br#"{"record_type":"event","event":{"sequence":7,"new":[1]},"also_new":null}"#;
        let line: JournalLine = json::read(line).unwrap();
        assert_eq!(line.event.map(|event| event.sequence), Some(7));
    }
}
