//! The judgement about one server.

use gait_artifact::{
    Timestamp,
    decision::McpTrustDecision,
    mcp::{McpServer, RegistryVerification, TrustEntry},
    policy::McpTrust,
    text::{trim, trim_lower},
};

use super::{snapshot::Identity, store::TrustSource};
use crate::intent::FALLBACK_RISK_CLASS;

/// What an entry's status may be for its server to be trusted.
const TRUSTED: [&str; 4] = ["", "trusted", "allow", "pass"];

/// The usual risk classes, the gravest first.
const GRAVITY: [&str; 4] = ["critical", "high", "medium", "low"];

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
    let mut decision = McpTrustDecision {
        decision_source: policy.snapshot.clone(),
        threshold: policy.min_score.max(0.0),
        max_age_seconds: policy
            .max_age
            .map_or(0, |age| i64::try_from(age.as_secs()).unwrap_or(i64::MAX)),
        required: is_required(policy, risk_class),
        ..McpTrustDecision::default()
    };
    if let Some(server) = server {
        decision.server_id = trim(&server.server_id).to_owned();
        decision.server_name = trim(&server.server_name).to_owned();
        decision.publisher = trim_lower(&server.publisher);
        decision.source = trim_lower(&server.source);
    }
    let failures = match find(source, server) {
        Ok(entry) => {
            describe(&mut decision, policy, entry);
            failures(policy, entry, now)
        }
        Err(failure) => vec![failure],
    };
    match failures.first() {
        None => {
            decision.status = "trusted".to_owned();
            decision.reason_codes = vec!["mcp_trust_verified".to_owned()];
        }
        Some(first) => {
            decision.status = first.status.to_owned();
            decision.enforced = decision.required;
            decision.reason_codes = failures.iter().map(|failure| failure.reason.to_owned()).collect();
            decision.reason_codes.sort_unstable();
        }
    }
    decision
}

/// The gravest risk class for which `policy` requires trust: what a server is judged for before any call is made.
///
/// Classes beyond the usual four count less than those; `high` where the policy lists none.
#[must_use]
pub fn gravest_class(policy: &McpTrust) -> &str {
    let classes = &policy.required_risk_classes;
    let usual = GRAVITY
        .into_iter()
        .find(|usual| classes.iter().any(|class| class == usual));
    usual
        .or(classes.first().map(String::as_str))
        .unwrap_or(FALLBACK_RISK_CLASS)
}

/// Why a server is not trusted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failure {
    status: &'static str,
    reason: &'static str,
}

const fn failure(status: &'static str, reason: &'static str) -> Failure {
    Failure { status, reason }
}

fn is_required(policy: &McpTrust, risk_class: &str) -> bool {
    let risk_class = match trim_lower(risk_class) {
        blank if blank.is_empty() => FALLBACK_RISK_CLASS.to_owned(),
        class => class,
    };
    policy.required_risk_classes.contains(&risk_class)
}

fn find<'a>(source: &'a TrustSource, server: Option<&McpServer>) -> Result<&'a TrustEntry, Failure> {
    let identity = server
        .and_then(|server| Identity::of(&server.server_id, &server.server_name))
        .ok_or(failure("missing", "mcp_trust_identifier_missing"))?;
    match source {
        TrustSource::Unavailable(_) => Err(failure("missing", "mcp_trust_snapshot_unavailable")),
        TrustSource::Invalid(_) => Err(failure("invalid", "mcp_trust_snapshot_invalid")),
        TrustSource::Known(index) => index
            .get(&identity)
            .ok_or(failure("unknown", "mcp_trust_server_unknown")),
    }
}

/// Puts what the entry says in the place of what the call says.
fn describe(decision: &mut McpTrustDecision, policy: &McpTrust, entry: &TrustEntry) {
    decision.server_id = entry.server_id.clone();
    decision.server_name = entry.server_name.clone();
    decision.publisher = entry.publisher.clone();
    decision.source = entry.source.clone();
    decision.score = entry.score;
    decision.updated_at = entry.updated_at.to_utc();
    if !entry.evidence_path.is_empty() {
        decision.decision_source = entry.evidence_path.clone();
    }
    decision.registry_verified = policy.require_registry && is_verified(entry);
    decision.publisher_allowed = policy.publisher_allowlist.contains(&entry.publisher);
}

/// Everything that speaks against the server of `entry`, the gravest first.
fn failures(policy: &McpTrust, entry: &TrustEntry, now: Timestamp) -> Vec<Failure> {
    let allowed = &policy.publisher_allowlist;
    let is_stale = policy
        .max_age
        .is_some_and(|age| entry.updated_at.is_zero() || entry.updated_at.saturating_add(age) < now);
    let checks = [
        (
            !TRUSTED.contains(&entry.status.as_str()),
            failure("untrusted", "mcp_trust_status_untrusted"),
        ),
        (
            !allowed.is_empty() && !allowed.contains(&entry.publisher),
            failure("untrusted", "mcp_trust_publisher_untrusted"),
        ),
        (
            policy.require_registry && !is_verified(entry),
            failure("invalid", "mcp_trust_registry_unverified"),
        ),
        (is_stale, failure("stale", "mcp_trust_stale")),
        (
            policy.min_score > 0.0 && entry.score < policy.min_score,
            failure("below_threshold", "mcp_trust_below_threshold"),
        ),
    ];
    checks
        .into_iter()
        .filter_map(|(has_failed, failure)| has_failed.then_some(failure))
        .collect()
}

fn is_verified(entry: &TrustEntry) -> bool {
    entry
        .registry_verification
        .is_some_and(RegistryVerification::holds)
}
