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

#[cfg(test)]
mod tests {
    use std::{sync::Arc, time::Duration};

    use gait_artifact::policy::Intervention;

    use super::*;
    use crate::trust::TrustIndex;

    fn policy() -> McpTrust {
        McpTrust {
            snapshot: "./snap.json".to_owned(),
            action: Intervention::Block,
            required_risk_classes: vec!["critical".to_owned(), "high".to_owned()],
            min_score: 0.0,
            max_age: None,
            publisher_allowlist: Vec::new(),
            require_registry: false,
        }
    }

    fn snapshot(entry: &str) -> TrustSource {
        let text = format!(r#"{{"entries": [{{"server_id": "github", {entry}}}]}}"#);
        TrustSource::Known(Arc::new(TrustIndex::read(text.as_bytes()).unwrap()))
    }

    fn github() -> McpServer {
        McpServer {
            server_id: " GitHub ".to_owned(),
            publisher: " ACME ".to_owned(),
            ..McpServer::default()
        }
    }

    /// 2026-03-02T00:00:00Z.
    fn now() -> Timestamp {
        "2026-03-02T00:00:00Z".parse().unwrap()
    }

    fn judged(policy: &McpTrust, entry: &str) -> (String, String) {
        let decision = decide(policy, &snapshot(entry), Some(&github()), "high", now());
        assert_eq!(decision.enforced, decision.status != "trusted");
        (decision.status, decision.reason_codes.join(","))
    }

    #[test]
    fn every_check_has_its_status_and_reason() {
        let aged = |age| McpTrust {
            max_age: Some(age),
            ..policy()
        };
        let day = Duration::from_secs(86_400);
        let scored = McpTrust {
            min_score: 0.5,
            ..policy()
        };
        let listed = McpTrust {
            publisher_allowlist: vec!["acme".to_owned()],
            ..policy()
        };
        let registered = McpTrust {
            require_registry: true,
            ..policy()
        };
        for (policy, entry, status, reason) in [
            (policy(), r#""status": "Pass""#, "trusted", "mcp_trust_verified"),
            (policy(), r#""score": -5"#, "trusted", "mcp_trust_verified"),
            (
                policy(),
                r#""status": "revoked""#,
                "untrusted",
                "mcp_trust_status_untrusted",
            ),
            (
                listed.clone(),
                r#""publisher": "Acme""#,
                "trusted",
                "mcp_trust_verified",
            ),
            (
                listed,
                r#""source": "x""#,
                "untrusted",
                "mcp_trust_publisher_untrusted",
            ),
            (
                registered.clone(),
                r#""source": "x""#,
                "invalid",
                "mcp_trust_registry_unverified",
            ),
            (
                registered,
                r#""registry_verification": {"signature_verified": true, "publisher_allowed": true, "pack_name": "p"}"#,
                "trusted",
                "mcp_trust_verified",
            ),
            (
                aged(day),
                r#""updated_at": "2026-03-01T00:00:00Z""#,
                "trusted",
                "mcp_trust_verified",
            ),
            (
                aged(day),
                r#""updated_at": "2999-03-01T00:00:00Z""#,
                "trusted",
                "mcp_trust_verified",
            ),
            (
                aged(day),
                r#""updated_at": "2026-02-28T23:59:59Z""#,
                "stale",
                "mcp_trust_stale",
            ),
            (aged(day), r#""source": "x""#, "stale", "mcp_trust_stale"),
            (
                aged(Duration::from_millis(900)),
                r#""updated_at": "2026-03-01T23:59:59Z""#,
                "stale",
                "mcp_trust_stale",
            ),
            (scored.clone(), r#""score": 0.5"#, "trusted", "mcp_trust_verified"),
            (
                scored,
                r#""source": "x""#,
                "below_threshold",
                "mcp_trust_below_threshold",
            ),
        ] {
            assert_eq!(
                judged(&policy, entry),
                (status.to_owned(), reason.to_owned()),
                "{entry}"
            );
        }
    }

    #[test]
    fn all_that_failed_is_told_and_the_gravest_gives_the_status() {
        let strict = McpTrust {
            min_score: 0.5,
            max_age: Some(Duration::from_secs(1)),
            require_registry: true,
            ..policy()
        };
        assert_eq!(
            judged(&strict, r#""score": 0.1"#),
            (
                "invalid".to_owned(),
                "mcp_trust_below_threshold,mcp_trust_registry_unverified,mcp_trust_stale".to_owned()
            )
        );
    }

    #[test]
    fn without_an_entry_nothing_is_trusted() {
        let other = McpServer {
            server_name: "github".to_owned(),
            ..McpServer::default()
        };
        let known = snapshot(r#""status": "trusted""#);
        let (gone, broken) = (
            TrustSource::Unavailable("gone".into()),
            TrustSource::Invalid("broken".into()),
        );
        for (source, server, status, reason) in [
            (&known, None, "missing", "mcp_trust_identifier_missing"),
            (
                &gone,
                Some(McpServer::default()),
                "missing",
                "mcp_trust_identifier_missing",
            ),
            (&gone, Some(github()), "missing", "mcp_trust_snapshot_unavailable"),
            (&broken, Some(github()), "invalid", "mcp_trust_snapshot_invalid"),
            (&known, Some(other), "unknown", "mcp_trust_server_unknown"),
        ] {
            let decision = decide(&policy(), source, server.as_ref(), "high", now());
            assert_eq!(
                (decision.status.as_str(), decision.reason_codes.join(",").as_str()),
                (status, reason)
            );
            assert!(decision.enforced && decision.updated_at.is_zero());
        }
    }

    #[test]
    fn leaving_out_the_risk_class_switches_nothing_off() {
        for (risk_class, required) in [
            ("high", true),
            (" CRITICAL ", true),
            ("", true),
            (" ", true),
            ("medium", false),
            ("unheard-of", false),
        ] {
            let decision = decide(
                &policy(),
                &snapshot(r#""status": "revoked""#),
                Some(&github()),
                risk_class,
                now(),
            );
            assert_eq!(
                (decision.required, decision.enforced),
                (required, required),
                "{risk_class:?}"
            );
            assert_eq!(decision.reason_codes, ["mcp_trust_status_untrusted"]);
        }
    }

    #[test]
    fn the_decision_shows_the_entry_where_there_is_one() {
        let entry = r#""publisher": "Maker", "evidence_path": " e.json ", "score": 0.9, "updated_at": "2026-03-01T02:00:00+02:00""#;
        let found = decide(&policy(), &snapshot(entry), Some(&github()), "high", now());
        assert_eq!(
            (found.server_id.as_str(), found.publisher.as_str()),
            ("github", "maker")
        );
        assert_eq!((found.decision_source.as_str(), found.score), ("e.json", 0.9));
        assert_eq!(found.updated_at.to_string(), "2026-03-01T00:00:00Z");

        let unknown = TrustSource::Known(Arc::default());
        let unknown = decide(&policy(), &unknown, Some(&github()), "high", now());
        assert_eq!(
            (unknown.server_id.as_str(), unknown.publisher.as_str()),
            ("GitHub", "acme")
        );
        assert_eq!(unknown.decision_source, "./snap.json");
    }

    #[test]
    fn servers_are_judged_for_the_gravest_class() {
        for (classes, gravest) in [
            (&["low", "medium", "critical"][..], "critical"),
            (&["audit", "low"], "low"),
            (&["audit", "zeal"], "audit"),
            (&[], "high"),
        ] {
            let required_risk_classes = classes.iter().map(|class| (*class).to_owned()).collect();
            let policy = McpTrust {
                required_risk_classes,
                ..policy()
            };
            assert_eq!(gravest_class(&policy), gravest, "{classes:?}");
        }
    }
}
