//! What is known of MCP servers: how a call names its server, and the snapshot that says which servers are trusted.

use gait_canon::json::Object;
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::time::Timestamp;

/// The schema id of a trust snapshot.
pub const TRUST_SNAPSHOT_SCHEMA_ID: &str = "gait.mcp.trust_snapshot";
/// The schema version of a trust snapshot.
pub const TRUST_SNAPSHOT_SCHEMA_VERSION: &str = "1.0.0";

/// The schema id of a call's result.
pub const CALL_RESULT_SCHEMA_ID: &str = "gait.mcp.call_result";
/// The schema version of a call's result.
pub const CALL_RESULT_SCHEMA_VERSION: &str = "1.0.0";

/// The MCP server behind a call, as the caller or an operator describes it. Nothing of it is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_server))]
#[serde(default, deny_unknown_fields)]
pub struct McpServer {
    /// Id of the server; the same in every letter case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server_id: String,
    /// Name of the server; identifies it where there is no id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server_name: String,
    /// Who publishes it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub publisher: String,
    /// Where it was obtained, such as `registry`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Where it is reached.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
}

/// What an operator has found out about MCP servers (`gait.mcp.trust_snapshot`).
///
/// A server that is not listed is not trusted.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_snapshot))]
#[serde(default, deny_unknown_fields)]
pub struct TrustSnapshot {
    /// `gait.mcp.trust_snapshot`, or blank.
    pub schema_id: String,
    /// `1.0.0`, or blank.
    pub schema_version: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// Version of the program that made it.
    pub producer_version: String,
    /// One entry for each server.
    pub entries: Vec<TrustEntry>,
}

/// What is known of one MCP server.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_entry))]
#[serde(default, deny_unknown_fields)]
pub struct TrustEntry {
    /// Id of the server; the same in every letter case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server_id: String,
    /// Name of the server; identifies it where there is no id.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server_name: String,
    /// Who publishes it, in lower case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub publisher: String,
    /// Where it was obtained, in lower case.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// Where it is reached.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint: String,
    /// `trusted`, `allow`, `pass` or empty when it is trusted; anything else when it is not.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// When this was found out.
    pub updated_at: Timestamp,
    /// How much it is trusted, 0 to 1.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub score: f64,
    /// The file that backs the entry.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence_path: String,
    /// What verifying its registry entry gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub registry_verification: Option<RegistryVerification>,
}

/// What counts of the result of verifying a registry entry; the result as `registry verify` prints it holds more.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_verification))]
#[serde(default)]
pub struct RegistryVerification {
    /// A signature is by the operator's key.
    pub signature_verified: bool,
    /// The publisher is one of those that were named.
    pub publisher_allowed: bool,
    /// There is a pinned digest.
    pub pin_present: bool,
    /// The digest is the pinned one.
    pub pin_verified: bool,
}

impl RegistryVerification {
    /// Whether everything that was to be verified was.
    #[must_use]
    pub const fn holds(self) -> bool {
        self.signature_verified && self.publisher_allowed && (self.pin_verified || !self.pin_present)
    }
}

/// What came of a tool call that ran (`gait.mcp.call_result`).
///
/// One line of the journal of results that stands beside the journal of a session. The event of the decision, and its
/// signed trace, have the same trace id and intent digest.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published_result))]
#[serde(default, deny_unknown_fields)]
pub struct CallResult {
    /// `gait.mcp.call_result`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When it was known what came of the call.
    pub created_at: Timestamp,
    /// Version of the program that recorded it.
    pub producer_version: String,
    /// The session.
    pub session_id: String,
    /// The run of the session.
    pub run_id: String,
    /// The tool.
    pub tool_name: String,
    /// The trace of the decision that let the call run.
    pub trace_id: String,
    /// Digest of the intent that was decided.
    pub intent_digest: String,
    /// What came of it: `completed`; `tool_error` when the tool says so; `protocol_error` when the server does not take the
    /// call; `incomplete` when the server asks for more, or goes on in the background; and `server_gone`, `cancelled` or
    /// `abandoned` when no answer came. Without an answer the call may have had its effect all the same.
    pub outcome: String,
    /// SHA-256 of the canonical result, or of the error.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub result_digest: String,
    /// Bytes of the result, or of the error, as it came.
    pub result_bytes: u64,
    /// Microseconds from the decision to the answer.
    pub duration_us: u64,
    /// The result, or the error, where contents are recorded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub content: Option<Object>,
    /// Whether the content was too large to be recorded.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub content_omitted: bool,
}

#[cfg(feature = "schema")]
fn published_result(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(CALL_RESULT_SCHEMA_ID, CALL_RESULT_SCHEMA_VERSION)
        .filled(&["session_id", "run_id", "tool_name", "trace_id"])
        .digests(&["intent_digest", "result_digest"])
        .words(
            "outcome",
            &[
                "completed",
                "tool_error",
                "protocol_error",
                "incomplete",
                "server_gone",
                "cancelled",
                "abandoned",
            ],
        );
}

#[cfg(feature = "schema")]
fn published_server(schema: &mut schemars::Schema) {
    Members::of(schema).filled(&["server_id", "server_name", "publisher", "source", "endpoint"]);
}

#[cfg(feature = "schema")]
fn published_snapshot(schema: &mut schemars::Schema) {
    Members::of(schema)
        .artifact(TRUST_SNAPSHOT_SCHEMA_ID, TRUST_SNAPSHOT_SCHEMA_VERSION)
        .optional(&["schema_id", "schema_version", "created_at", "producer_version"]);
}

#[cfg(feature = "schema")]
fn published_entry(schema: &mut schemars::Schema) {
    Members::of(schema)
        .filled(&[
            "server_id",
            "server_name",
            "publisher",
            "source",
            "endpoint",
            "status",
            "evidence_path",
        ])
        .optional(&["updated_at"]);
}

#[cfg(feature = "schema")]
fn published_verification(schema: &mut schemars::Schema) {
    Members::of(schema).all_optional();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pin_counts_only_where_there_is_one() {
        let all = RegistryVerification {
            signature_verified: true,
            publisher_allowed: true,
            pin_present: true,
            pin_verified: true,
        };
        for (verification, holds) in [
            (all, true),
            (
                RegistryVerification {
                    pin_present: false,
                    pin_verified: false,
                    ..all
                },
                true,
            ),
            (
                RegistryVerification {
                    pin_verified: false,
                    ..all
                },
                false,
            ),
            (
                RegistryVerification {
                    signature_verified: false,
                    ..all
                },
                false,
            ),
            (
                RegistryVerification {
                    publisher_allowed: false,
                    ..all
                },
                false,
            ),
            (RegistryVerification::default(), false),
        ] {
            assert_eq!(verification.holds(), holds, "{verification:?}");
        }
    }
}
