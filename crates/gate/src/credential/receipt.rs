//! Whether what was issued is what was asked for, and what the rules admit.

use std::collections::BTreeSet;

use gait_artifact::{
    credential::{CredentialRequest, IssuedCredential},
    intent::Context,
    policy::CredentialControls,
};

/// Access types of credentials that outlive the call, or may.
const STANDING_ACCESS_TYPES: [&str; 6] = ["", "cloud_admin", "inherited", "standing", "static", "unknown"];

/// Everything that is wrong with `issued`: codes that are reasons and violations at once, sorted.
///
/// `context` is that of the call, `controls` are those of every matched rule.
#[must_use]
pub fn receipt_violations<'a>(
    request: &CredentialRequest,
    issued: &IssuedCredential,
    context: &Context,
    controls: impl IntoIterator<Item = &'a CredentialControls>,
) -> BTreeSet<&'static str> {
    let mut codes: BTreeSet<_> = binding_violations(request, issued, context).collect();
    for rule in controls {
        codes.extend(rule_violations(rule, issued));
    }
    codes
}

/// What keeps `issued` from being the answer to `request`.
fn binding_violations<'a>(
    request: &'a CredentialRequest,
    issued: &'a IssuedCredential,
    context: &'a Context,
) -> impl Iterator<Item = &'static str> {
    let digest = request
        .digest()
        .map(|digest| digest.to_string())
        .unwrap_or_default();
    let differs = |claimed: &str, bound: &str| !claimed.is_empty() && claimed != bound;
    violated([
        (issued.request_digest.is_empty(), "broker_request_digest_missing"),
        (
            !issued.request_digest.is_empty() && issued.request_digest != digest,
            "broker_request_digest_mismatch",
        ),
        (
            !request.scope.iter().all(|scope| issued.scope.contains(scope)),
            "broker_scope_mismatch",
        ),
        (
            differs(&context.credential_ref, &issued.credential_ref),
            "broker_credential_ref_mismatch",
        ),
        (
            issued.target_binding != request.target_binding,
            "broker_target_binding_mismatch",
        ),
        (
            differs(&context.run_id, &issued.run_binding),
            "broker_run_binding_mismatch",
        ),
        (
            differs(&context.job_id, &issued.job_binding),
            "broker_job_binding_mismatch",
        ),
    ])
}

/// What one rule objects to.
fn rule_violations(
    rule: &CredentialControls,
    issued: &IssuedCredential,
) -> impl Iterator<Item = &'static str> {
    let life = issued.longest_ttl_seconds();
    let outlives =
        u64::try_from(life).map_or(true, |life| life == 0 || life > rule.max_credential_ttl_seconds);
    violated([
        (
            rule.max_credential_ttl_seconds > 0 && outlives,
            "broker_ttl_exceeded",
        ),
        (
            rule.require_jit_credential && issued.access_type != "jit",
            "credential_not_jit",
        ),
        (
            rule.block_standing_credentials && STANDING_ACCESS_TYPES.contains(&issued.access_type.as_str()),
            "standing_credential_disallowed",
        ),
        (
            is_outside(&rule.allowed_credential_sources, &issued.source),
            "credential_source_disallowed",
        ),
        (
            is_outside(&rule.allowed_credential_issuers, &issued.issuer),
            "credential_issuer_disallowed",
        ),
        (
            is_outside(&rule.allowed_credential_access_types, &issued.access_type),
            "credential_access_type_disallowed",
        ),
    ])
}

/// Whether `allowed` restricts the value and does not hold it.
fn is_outside(allowed: &[String], value: &str) -> bool {
    !allowed.is_empty() && (value.is_empty() || !allowed.iter().any(|one| one == value))
}

fn violated<const N: usize>(checks: [(bool, &'static str); N]) -> impl Iterator<Item = &'static str> {
    checks
        .into_iter()
        .filter_map(|(is_violated, code)| is_violated.then_some(code))
}

#[cfg(test)]
mod tests {
    use gait_artifact::Timestamp;

    use super::*;
    use crate::credential::{issue, stub::StubBroker};

    fn request() -> CredentialRequest {
        CredentialRequest {
            tool_name: "tool.write".to_owned(),
            identity: "alice".to_owned(),
            run_id: "run-1".to_owned(),
            job_id: "job-1".to_owned(),
            scope: vec!["write".to_owned()],
            target_binding: "targets".to_owned(),
            ..CredentialRequest::default()
        }
    }

    fn context() -> Context {
        Context {
            run_id: "run-1".to_owned(),
            job_id: "job-1".to_owned(),
            ..Context::default()
        }
    }

    fn issued() -> IssuedCredential {
        issue(&StubBroker, &request(), Timestamp::EPOCH_1980).unwrap()
    }

    fn check(change: impl FnOnce(&mut IssuedCredential), rule: &CredentialControls) -> Vec<&'static str> {
        let mut issued = issued();
        change(&mut issued);
        receipt_violations(&request(), &issued, &context(), [rule])
            .into_iter()
            .collect()
    }

    #[test]
    fn the_right_credential_passes() {
        let rule = CredentialControls {
            block_standing_credentials: true,
            require_jit_credential: true,
            max_credential_ttl_seconds: 300,
            allowed_credential_sources: vec!["stub".to_owned()],
            allowed_credential_issuers: vec!["stub".to_owned()],
            allowed_credential_access_types: vec!["jit".to_owned()],
        };
        assert!(check(|_| (), &rule).is_empty());
    }

    #[test]
    fn an_answer_must_belong_to_the_call() {
        let none = CredentialControls::default();
        for (code, change) in [
            (
                "broker_request_digest_missing",
                (|issued| issued.request_digest.clear()) as fn(&mut IssuedCredential),
            ),
            ("broker_request_digest_mismatch", |issued| {
                issued.request_digest.push('0');
            }),
            ("broker_scope_mismatch", |issued| issued.scope.clear()),
            ("broker_target_binding_mismatch", |issued| {
                issued.target_binding.clear();
            }),
            ("broker_run_binding_mismatch", |issued| issued.run_binding.clear()),
            ("broker_job_binding_mismatch", |issued| {
                issued.job_binding.push('0');
            }),
        ] {
            assert_eq!(check(change, &none), [code]);
        }
        let claimed = Context {
            credential_ref: "ref:x".to_owned(),
            ..context()
        };
        let codes = receipt_violations(&request(), &issued(), &claimed, [&none]);
        assert_eq!(
            codes.into_iter().collect::<Vec<_>>(),
            ["broker_credential_ref_mismatch"]
        );
    }

    #[test]
    fn rules_restrict_what_may_be_issued() {
        let jit = CredentialControls {
            require_jit_credential: true,
            ..Default::default()
        };
        assert_eq!(
            check(|issued| issued.access_type.clear(), &jit),
            ["credential_not_jit"]
        );
        let no_standing = CredentialControls {
            block_standing_credentials: true,
            ..Default::default()
        };
        for access_type in STANDING_ACCESS_TYPES {
            let codes = check(
                |issued| access_type.clone_into(&mut issued.access_type),
                &no_standing,
            );
            assert_eq!(codes, ["standing_credential_disallowed"]);
        }
        let short = CredentialControls {
            max_credential_ttl_seconds: 299,
            ..Default::default()
        };
        assert_eq!(check(|_| (), &short), ["broker_ttl_exceeded"]);
        assert_eq!(
            check(|issued| issued.ttl_seconds = 10, &short),
            ["broker_ttl_exceeded"]
        );
        let unknown_life = |issued: &mut IssuedCredential| {
            (issued.ttl_seconds, issued.issued_at, issued.expires_at) = (0, Timestamp::ZERO, Timestamp::ZERO);
        };
        assert_eq!(check(unknown_life, &short), ["broker_ttl_exceeded"]);
        let listed = CredentialControls {
            allowed_credential_issuers: vec!["sts".to_owned()],
            ..Default::default()
        };
        assert_eq!(
            check(|issued| issued.issuer.clear(), &listed),
            ["credential_issuer_disallowed"]
        );
    }

    #[test]
    fn every_rule_is_asked() {
        let rules = [
            CredentialControls {
                max_credential_ttl_seconds: 299,
                ..Default::default()
            },
            CredentialControls {
                allowed_credential_sources: vec!["env".to_owned()],
                ..Default::default()
            },
        ];
        let codes = receipt_violations(&request(), &issued(), &context(), &rules);
        assert_eq!(
            codes.into_iter().collect::<Vec<_>>(),
            ["broker_ttl_exceeded", "credential_source_disallowed"]
        );
    }
}
