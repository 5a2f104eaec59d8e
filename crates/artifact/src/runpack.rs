//! The records of a runpack: what an agent did in one run, in a form that anyone can verify offline.
//!
//! Readers are lenient, as the field's files demand: members they do not know are ignored and absent ones are empty.
//! Writers put members in the order of these structs and leave the empty ones out where that is said.

use std::fmt;
use std::marker::PhantomData;

use gait_canon::{Signature, json::Object};
use serde::de::{Deserializer, Error, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::{
    members::Members,
    vocabulary::{EVIDENCE_MODES, IMMUTABILITIES},
};
use crate::{relationship::Relationship, time::Timestamp};

/// The schema version of every record of a runpack.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// The schema id of a manifest.
pub const MANIFEST_SCHEMA_ID: &str = "gait.runpack.manifest";
/// The schema id of a run.
pub const RUN_SCHEMA_ID: &str = "gait.runpack.run";
/// The schema id of an intent line.
pub const INTENT_SCHEMA_ID: &str = "gait.runpack.intent";
/// The schema id of a result line.
pub const RESULT_SCHEMA_ID: &str = "gait.runpack.result";
/// The schema id of the references.
pub const REFS_SCHEMA_ID: &str = "gait.runpack.refs";

/// The most events that a run is read with. No writer puts an event into 40 bytes, so that no file within the limit of 100 MiB
/// holds as many; empty objects would, and each costs more memory than its text.
pub const MAX_EVENTS: usize = (100 << 20) / 40;
/// The most references that a run is read with, by the same reasoning at 100 bytes each.
pub const MAX_RECEIPTS: usize = (100 << 20) / 100;

/// Archive path of the manifest.
pub const MANIFEST_PATH: &str = "manifest.json";
/// Archive path of the run.
pub const RUN_PATH: &str = "run.json";
/// Archive path of the intents.
pub const INTENTS_PATH: &str = "intents.jsonl";
/// Archive path of the results.
pub const RESULTS_PATH: &str = "results.jsonl";
/// Archive path of the references.
pub const REFS_PATH: &str = "refs.json";
/// The files every manifest declares, sorted.
pub const DATA_PATHS: [&str; 4] = [INTENTS_PATH, REFS_PATH, RESULTS_PATH, RUN_PATH];

/// `run.json`: the run itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_run))]
#[serde(default)]
pub struct Run {
    /// `gait.runpack.run`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the run began.
    pub created_at: Timestamp,
    /// Version of the program that recorded it.
    pub producer_version: String,
    /// Id of the run.
    pub run_id: String,
    /// Where it ran.
    pub env: RunEnv,
    /// What happened, in order; absent lists are written as `null`.
    #[serde(deserialize_with = "events")]
    #[cfg_attr(feature = "schema", schemars(with = "Vec<TimelineEvent>"))]
    pub timeline: Option<Vec<TimelineEvent>>,
}

/// Where a run ran.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct RunEnv {
    /// Operating system, such as `linux`.
    pub os: String,
    /// Processor architecture, such as `amd64`.
    pub arch: String,
    /// Runtime of the recording program.
    pub runtime: String,
}

/// One event of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default)]
pub struct TimelineEvent {
    /// What happened.
    pub event: String,
    /// When.
    pub ts: Timestamp,
    /// What it happened to.
    #[serde(rename = "ref", skip_serializing_if = "String::is_empty")]
    pub reference: String,
    /// Its links to other records.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Box<Relationship>>,
}

/// A line of `intents.jsonl`: a call that was meant to be made.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_intent))]
#[serde(default)]
pub struct IntentRecord {
    /// `gait.runpack.intent`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When.
    pub created_at: Timestamp,
    /// Version of the program that recorded it.
    pub producer_version: String,
    /// The run.
    pub run_id: String,
    /// Id of the intent within the run.
    pub intent_id: String,
    /// The tool.
    pub tool_name: String,
    /// SHA-256 of the canonical arguments.
    pub args_digest: String,
    /// The arguments, only when captured raw.
    #[serde(skip_serializing_if = "is_empty")]
    pub args: Option<Object>,
}

/// A line of `results.jsonl`: what came of an intent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_result))]
#[serde(default)]
pub struct ResultRecord {
    /// `gait.runpack.result`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When.
    pub created_at: Timestamp,
    /// Version of the program that recorded it.
    pub producer_version: String,
    /// The run.
    pub run_id: String,
    /// The intent.
    pub intent_id: String,
    /// How it went, such as `ok`.
    pub status: String,
    /// SHA-256 of the canonical result.
    pub result_digest: String,
    /// The result, only when captured raw.
    #[serde(skip_serializing_if = "is_empty")]
    pub result: Option<Object>,
}

/// `refs.json`: what the run looked at.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_refs))]
#[serde(default)]
pub struct Refs {
    /// `gait.runpack.refs`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When.
    pub created_at: Timestamp,
    /// Version of the program that recorded it.
    pub producer_version: String,
    /// The run.
    pub run_id: String,
    /// Digest of the context set.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context_set_digest: String,
    /// `best_effort` or `required`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context_evidence_mode: String,
    /// Number of references.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub context_ref_count: i64,
    /// The references.
    #[serde(deserialize_with = "receipts")]
    pub receipts: Vec<Receipt>,
}

/// One thing a run looked at, by digest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_receipt))]
#[serde(default)]
pub struct Receipt {
    /// Id of the reference.
    pub ref_id: String,
    /// The kind of source.
    pub source_type: String,
    /// Where the source is.
    pub source_locator: String,
    /// SHA-256 of the query that found it.
    pub query_digest: String,
    /// SHA-256 of what it said.
    pub content_digest: String,
    /// When it was retrieved.
    pub retrieved_at: Timestamp,
    /// How much of it was redacted.
    pub redaction_mode: String,
    /// `unknown`, `mutable` or `immutable`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub immutability: String,
    /// How long it counts as fresh, in seconds.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub freshness_sla_seconds: i64,
    /// How sensitive it is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sensitivity_label: String,
    /// How it was retrieved.
    #[serde(skip_serializing_if = "is_empty")]
    pub retrieval_params: Option<Object>,
}

/// `manifest.json`: what the archive holds, by digest, and who vouches for it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_manifest))]
#[serde(default)]
pub struct Manifest {
    /// `gait.runpack.manifest`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When the run began.
    pub created_at: Timestamp,
    /// Version of the program that recorded the run.
    pub producer_version: String,
    /// Id of the run.
    pub run_id: String,
    /// `reference` or `raw`.
    pub capture_mode: String,
    /// The files and their digests, sorted by path; an absent list stays `null`.
    #[cfg_attr(feature = "schema", schemars(with = "Vec<ManifestFile>"))]
    pub files: Option<Vec<ManifestFile>>,
    /// SHA-256 of the canonical manifest with this member empty and without signatures.
    pub manifest_digest: String,
    /// Signatures over the manifest, this digest included.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub signatures: Vec<Signature>,
}

/// A file of the archive and its digest.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_file))]
#[serde(default)]
pub struct ManifestFile {
    /// Path in the archive.
    pub path: String,
    /// SHA-256 of the content.
    pub sha256: String,
}

/// A list that is refused before it is longer than `LIMIT`.
struct AtMost<T, const LIMIT: usize>(Vec<T>);

impl<'de, T: Deserialize<'de>, const LIMIT: usize> Deserialize<'de> for AtMost<T, LIMIT> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Items<T, const LIMIT: usize>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>, const LIMIT: usize> Visitor<'de> for Items<T, LIMIT> {
            type Value = Vec<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a list of at most {LIMIT} items")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
                let mut list = Vec::new();
                while let Some(item) = items.next_element()? {
                    if list.len() == LIMIT {
                        return Err(A::Error::custom(format_args!("more than {LIMIT} items")));
                    }
                    list.push(item);
                }
                Ok(list)
            }
        }
        deserializer
            .deserialize_seq(Items::<T, LIMIT>(PhantomData))
            .map(Self)
    }
}

fn events<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<TimelineEvent>>, D::Error> {
    let list = Option::<AtMost<TimelineEvent, MAX_EVENTS>>::deserialize(deserializer)?;
    Ok(list.map(|list| list.0))
}

fn receipts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Receipt>, D::Error> {
    AtMost::<Receipt, MAX_RECEIPTS>::deserialize(deserializer).map(|list| list.0)
}

#[expect(clippy::ref_option, reason = "serde hands members over by reference")]
fn is_empty(object: &Option<Object>) -> bool {
    object.as_ref().is_none_or(Object::is_empty)
}

/// What run ids look like where nobody chose them; readers accept any.
#[cfg(feature = "schema")]
const RUN_ID_PATTERN: &str = "^run_[A-Za-z0-9_-]+$";

#[cfg(feature = "schema")]
fn published_run(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(RUN_SCHEMA_ID, SCHEMA_VERSION)
        .with("run_id", "pattern", RUN_ID_PATTERN)
        .closed();
}

#[cfg(feature = "schema")]
fn published_intent(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(INTENT_SCHEMA_ID, SCHEMA_VERSION)
        .with("run_id", "pattern", RUN_ID_PATTERN)
        .digests(&["args_digest"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_result(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(RESULT_SCHEMA_ID, SCHEMA_VERSION)
        .with("run_id", "pattern", RUN_ID_PATTERN)
        .words("status", &["ok", "error"])
        .digests(&["result_digest"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_refs(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(REFS_SCHEMA_ID, SCHEMA_VERSION)
        .with("run_id", "pattern", RUN_ID_PATTERN)
        .digests(&["context_set_digest"])
        .words("context_evidence_mode", EVIDENCE_MODES)
        .at_least(0, &["context_ref_count"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_receipt(schema: &mut schemars::Schema) {
    Members::of(schema)
        .digests(&["query_digest", "content_digest"])
        .words("immutability", IMMUTABILITIES)
        .at_least(0, &["freshness_sla_seconds"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_manifest(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(MANIFEST_SCHEMA_ID, SCHEMA_VERSION)
        .with("run_id", "pattern", RUN_ID_PATTERN)
        .words("capture_mode", &["reference", "raw"])
        .digests(&["manifest_digest"])
        .closed();
}

#[cfg(feature = "schema")]
fn published_file(schema: &mut schemars::Schema) {
    Members::of(schema).digests(&["sha256"]).closed();
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    /// What a hostile list may cost depends on it.
    #[test]
    fn items_of_long_lists_are_small() {
        assert!(size_of::<TimelineEvent>() <= 80);
        assert!(size_of::<Receipt>() <= 288);
    }

    #[test]
    fn lists_end_somewhere() {
        let list = |count: usize| format!("[{}1]", "1,".repeat(count - 1));
        let read = |count| json::read::<AtMost<u8, 3>>(list(count).as_bytes()).map(|list| list.0.len());
        assert_eq!(read(3), Ok(3));
        assert!(read(4).unwrap_err().to_string().contains("more than 3 items"));
        assert!(json::read::<AtMost<u8, 3>>(b"{}").is_err());
    }

    #[test]
    fn absent_timelines_stay_absent() {
        for text in ["{}", r#"{"timeline":null}"#] {
            assert_eq!(
                json::read::<Run>(text.as_bytes()).unwrap().timeline,
                None,
                "{text}"
            );
        }
        let empty = json::read::<Run>(br#"{"timeline":[]}"#).unwrap();
        assert_eq!(empty.timeline, Some(Vec::new()));
        assert_eq!(
            json::read::<Refs>(br#"{"receipts":null}"#).unwrap(),
            Refs::default()
        );
    }
}
