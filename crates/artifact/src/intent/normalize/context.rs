//! Normal form of an intent's context.

use std::mem;

use super::{
    credential::{looks_like_credential, starts_with_any_case},
    digest_or_empty, known_word, known_word_or_empty, required,
    value::normalize_object,
};
use crate::{
    intent::{AgentIdentity, Context, IntentError, Problem, Sandbox, field::Field},
    text,
    vocabulary::{
        CREDENTIAL_ACCESS_TYPES, CREDENTIAL_SOURCES, ENV_EXPOSURE_MODES, EVIDENCE_MODES,
        FILESYSTEM_ISOLATIONS, NETWORK_MODES, PHASES, USER_MODES,
    },
};

/// Starts of an evidence reference that tell it from a credential.
const EVIDENCE_REFERENCES: &[&str] = &["ref:", "receipt:", "proof:", "sandbox:", "sha256:"];

pub(super) fn normalize_context(context: &mut Context) -> Result<(), IntentError> {
    let root = Field::Root("context");
    trim_free_text(context);
    required(&mut context.identity, root.member("identity"))?;
    required(&mut context.workspace, root.member("workspace"))?;
    if context.workspace.contains('\\') {
        context.workspace = context.workspace.replace('\\', "/");
    }
    required(&mut context.risk_class, root.member("risk_class"))?;
    text::trim_lower_in_place(&mut context.risk_class);
    normalize_object(&mut context.auth_context, root.member("auth_context"))?;
    normalize_sandbox(&mut context.sandbox, root.member("sandbox"))?;
    if let Some(agent) = &mut context.agent_identity {
        normalize_agent(agent, root.member("agent_identity"))?;
    }
    digest_or_empty(&mut context.context_set_digest, root.member("context_set_digest"))?;
    if context.credential_ttl_seconds < 0 {
        return Err(IntentError::at(
            root.member("credential_ttl_seconds"),
            Problem::Negative,
        ));
    }
    known_word_or_empty(
        &mut context.credential_source,
        CREDENTIAL_SOURCES,
        root.member("credential_source"),
    )?;
    known_word_or_empty(
        &mut context.credential_access_type,
        CREDENTIAL_ACCESS_TYPES,
        root.member("credential_access_type"),
    )?;
    known_word_or_empty(
        &mut context.context_evidence_mode,
        EVIDENCE_MODES,
        root.member("context_evidence_mode"),
    )?;
    text::trim_lower_in_place(&mut context.phase);
    if context.phase.is_empty() {
        "apply".clone_into(&mut context.phase);
    }
    known_word(&context.phase, PHASES, root.member("phase"))
}

/// Trims the members that may hold any text.
fn trim_free_text(context: &mut Context) {
    for text in [
        &mut context.agent_id,
        &mut context.run_id,
        &mut context.workflow_id,
        &mut context.repo,
        &mut context.environment,
        &mut context.job_id,
        &mut context.session_id,
        &mut context.request_id,
        &mut context.credential_ref,
        &mut context.credential_issuer,
        &mut context.credential_subject,
        &mut context.credential_owner,
        &mut context.credential_target_binding,
        &mut context.credential_run_binding,
        &mut context.credential_job_binding,
        &mut context.approval_ref,
        &mut context.wrkr_inventory_ref,
        &mut context.agent_action_bom_ref,
        &mut context.environment_fingerprint,
    ] {
        text::trim_in_place(text);
    }
    text::list_in_place(&mut context.credential_scopes);
    text::list_in_place(&mut context.context_refs);
}

fn normalize_agent(agent: &mut AgentIdentity, field: Field<'_>) -> Result<(), IntentError> {
    text::list_in_place(&mut agent.lifecycle_states);
    text::trim_in_place(&mut agent.owner);
    text::trim_in_place(&mut agent.publisher);
    text::trim_lower_in_place(&mut agent.source);
    digest_or_empty(&mut agent.manifest_digest, field.member("manifest_digest"))?;
    for time in [
        &mut agent.issued_at,
        &mut agent.approved_at,
        &mut agent.expires_at,
    ] {
        *time = time.to_utc();
    }
    let AgentIdentity {
        issued_at,
        approved_at,
        expires_at,
        ..
    } = *agent;
    if !issued_at.is_zero() && !approved_at.is_zero() && approved_at < issued_at {
        return Err(IntentError::at(
            field.member("approved_at"),
            Problem::Before("issued_at"),
        ));
    }
    for (name, earlier) in [("issued_at", issued_at), ("approved_at", approved_at)] {
        if !earlier.is_zero() && !expires_at.is_zero() && expires_at <= earlier {
            return Err(IntentError::at(
                field.member("expires_at"),
                Problem::NotAfter(name),
            ));
        }
    }
    Ok(())
}

/// Normalises what is attested of the sandbox; an attestation that says nothing is no attestation.
fn normalize_sandbox(attested: &mut Option<Sandbox>, field: Field<'_>) -> Result<(), IntentError> {
    let Some(sandbox) = attested else { return Ok(()) };
    for (mode, name, known) in [
        (&mut sandbox.network_mode, "network_mode", NETWORK_MODES),
        (
            &mut sandbox.env_exposure_mode,
            "env_exposure_mode",
            ENV_EXPOSURE_MODES,
        ),
        (
            &mut sandbox.filesystem_isolation,
            "filesystem_isolation",
            FILESYSTEM_ISOLATIONS,
        ),
        (&mut sandbox.user_mode, "user_mode", USER_MODES),
    ] {
        known_word_or_empty(mode, known, field.member(name))?;
    }
    if sandbox.timeout_seconds < 0 {
        return Err(IntentError::at(
            field.member("timeout_seconds"),
            Problem::Negative,
        ));
    }
    for (paths, name) in [
        (&mut sandbox.writable_paths, "writable_paths"),
        (&mut sandbox.read_only_roots, "read_only_roots"),
    ] {
        text::sandbox_paths_in_place(paths)
            .map_err(|_| IntentError::at(field.member(name), Problem::Assignment))?;
    }
    text::trim_in_place(&mut sandbox.evidence_ref);
    check_evidence_ref(&sandbox.evidence_ref, field.member("evidence_ref"))?;
    digest_or_empty(&mut sandbox.evidence_digest, field.member("evidence_digest"))?;
    if *sandbox == Sandbox::default() {
        mem::take(attested);
    }
    Ok(())
}

fn check_evidence_ref(evidence_ref: &str, field: Field<'_>) -> Result<(), IntentError> {
    if text::is_assignment(evidence_ref) {
        return Err(IntentError::at(field, Problem::Assignment));
    }
    if !starts_with_any_case(evidence_ref, EVIDENCE_REFERENCES) && looks_like_credential(evidence_ref) {
        return Err(IntentError::at(field, Problem::RawCredential));
    }
    Ok(())
}
