//! Which credentials a call may use, as far as its caller describes them.

use gait_artifact::{
    intent::{Context, Target},
    policy::CredentialControls,
};
use gait_canon::Digest;

use crate::{
    evaluate::findings::Findings,
    matching::{Call, admits},
};

/// Access types that outlive the job a credential is used for.
const STANDING: [&str; 5] = ["cloud_admin", "inherited", "standing", "static", "unknown"];

pub(super) fn check(wanted: &CredentialControls, call: &Call<'_>, findings: &mut Findings<'_>) {
    if !wanted.is_active() {
        return;
    }
    let context = call.context;
    let missing = [
        (&context.credential_ref, "credential_evidence_missing"),
        (&context.credential_source, "credential_source_unknown"),
        (&context.credential_access_type, "credential_access_type_unknown"),
    ];
    for (member, code) in missing {
        if member.is_empty() {
            findings.block(code);
        }
    }
    check_access_type(wanted, &context.credential_access_type, findings);
    let limited = [
        (
            &wanted.allowed_credential_sources,
            &context.credential_source,
            "credential_source_disallowed",
        ),
        (
            &wanted.allowed_credential_issuers,
            &context.credential_issuer,
            "credential_issuer_disallowed",
        ),
        (
            &wanted.allowed_credential_access_types,
            &context.credential_access_type,
            "credential_access_type_disallowed",
        ),
    ];
    for (allowed, member, code) in limited {
        if !admits(allowed, member) {
            findings.block(code);
        }
    }
    check_ttl(
        wanted.max_credential_ttl_seconds,
        context.credential_ttl_seconds,
        findings,
    );
    check_bindings(context, call.targets, findings);
}

fn check_access_type(wanted: &CredentialControls, access_type: &str, findings: &mut Findings<'_>) {
    if wanted.require_jit_credential {
        match access_type {
            "jit" => {}
            "" => findings.block("credential_evidence_missing"),
            _ => findings.block("credential_not_jit"),
        }
    }
    if wanted.block_standing_credentials && (access_type.is_empty() || STANDING.contains(&access_type)) {
        findings.block("standing_credential_disallowed");
    }
}

/// A limit of zero is none.
fn check_ttl(max_seconds: u64, ttl_seconds: i64, findings: &mut Findings<'_>) {
    if max_seconds == 0 {
        return;
    }
    match u64::try_from(ttl_seconds) {
        Ok(0) | Err(_) => findings.block("credential_evidence_missing"),
        Ok(ttl) if ttl > max_seconds => findings.block("credential_ttl_exceeded"),
        Ok(_) => {}
    }
}

fn check_bindings(context: &Context, targets: &[Target], findings: &mut Findings<'_>) {
    let binding = &context.credential_target_binding;
    let is_bound = || Digest::of_canonical(targets).is_ok_and(|digest| digest.to_string() == *binding);
    if !binding.is_empty() && !is_bound() {
        findings.block("credential_target_binding_mismatch");
    }
    let differ = |bound: &str, actual: &str| !bound.is_empty() && !actual.is_empty() && bound != actual;
    if differ(&context.credential_run_binding, &context.run_id) {
        findings.block("credential_run_binding_mismatch");
    }
    if differ(&context.credential_job_binding, &context.job_id) {
        findings.block("credential_job_binding_mismatch");
    }
}
