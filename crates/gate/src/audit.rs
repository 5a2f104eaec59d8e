//! What every record beside a trace says of the decision it belongs to.

use gait_artifact::Timestamp;
use gait_canon::Digest;

/// The decision that an audit record belongs to.
#[derive(Debug, Clone, Copy)]
pub struct AuditSubject<'a> {
    /// Creation time of the trace.
    pub created_at: Timestamp,
    /// Version of the program, as records name it.
    pub producer_version: &'a str,
    /// The trace.
    pub trace_id: &'a str,
    /// The tool; `script` for scripts.
    pub tool_name: &'a str,
    /// Digest of the intent.
    pub intent_digest: Digest,
    /// Digest of the policy.
    pub policy_digest: Digest,
}
