//! Who the calling agent must be.

use gait_artifact::{
    Timestamp,
    intent::{AgentIdentity, Context},
    policy::AgentControls,
};

use crate::{
    evaluate::findings::Findings,
    matching::{equals_folded, lists, lists_folded},
};

pub(super) fn check(wanted: &AgentControls, context: &Context, now: Timestamp, findings: &mut Findings<'_>) {
    let identity = context.agent_identity.as_ref();
    // A revoked agent is refused whether or not the rule speaks about agents.
    if identity.is_some_and(|identity| identity.revoked) {
        findings.block("agent_revoked");
    }
    if !wanted.is_active() {
        return;
    }
    check_id(wanted, context, findings);
    if wanted.require_agent_owner && identity.is_none_or(|identity| identity.owner.is_empty()) {
        findings.block("agent_owner_missing");
    }
    if !has_states(&wanted.required_agent_lifecycle_states, identity) {
        findings.block("agent_lifecycle_state_invalid");
    }
    if wanted.require_unexpired_agent && identity.is_none_or(|identity| identity.expires_at <= now) {
        findings.block("agent_expired");
    }
    if !has_manifest(wanted, identity) {
        findings.block("agent_manifest_mismatch");
    }
}

fn check_id(wanted: &AgentControls, context: &Context, findings: &mut Findings<'_>) {
    let id = context.agent_id.as_str();
    if wanted.require_declared_agent && (id.is_empty() || context.agent_identity.is_none()) {
        findings.block_for("agent_unknown", "agent_identity_missing");
    }
    if lists(&wanted.denied_agent_ids, id) {
        findings.block("agent_revoked");
    }
    if !wanted.allowed_agent_ids.is_empty() && !lists(&wanted.allowed_agent_ids, id) {
        findings.block_for("agent_unknown", "agent_not_declared");
    }
}

/// Whether the agent is in all of the `wanted` states, whatever case it writes them in.
fn has_states(wanted: &[String], identity: Option<&AgentIdentity>) -> bool {
    wanted.is_empty()
        || identity.is_some_and(|identity| {
            wanted.iter().all(|state| {
                identity
                    .lifecycle_states
                    .iter()
                    .any(|given| equals_folded(given, state))
            })
        })
}

fn has_manifest(wanted: &AgentControls, identity: Option<&AgentIdentity>) -> bool {
    let holds =
        |unlimited: bool, test: &dyn Fn(&AgentIdentity) -> bool| unlimited || identity.is_some_and(test);
    let publishers = &wanted.allowed_agent_manifest_publishers;
    let sources = &wanted.allowed_agent_manifest_sources;
    let digest = &wanted.required_agent_manifest_digest;
    holds(digest.is_empty(), &|identity| identity.manifest_digest == *digest)
        && holds(publishers.is_empty(), &|identity| {
            lists_folded(publishers, &identity.publisher)
        })
        && holds(sources.is_empty(), &|identity| {
            lists_folded(sources, &identity.source)
        })
}
