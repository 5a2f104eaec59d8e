//! What the published schema of an intent request demands of each of its types.

use schemars::Schema;

use super::{SCHEMA_ID, SCHEMA_VERSION};
use crate::{
    members::Members,
    vocabulary::{
        DISCOVERY_METHODS, ENDPOINT_CLASSES, ENV_EXPOSURE_MODES, EVIDENCE_MODES, FILESYSTEM_ISOLATIONS,
        NETWORK_MODES, PHASES, PROVENANCE_SOURCES, TARGET_KINDS, USER_MODES,
    },
};

pub(super) fn request(schema: &mut Schema) {
    Members::of(schema)
        .artifact(SCHEMA_ID, SCHEMA_VERSION)
        .filled(&["tool_name"])
        .digests(&["args_digest", "intent_digest", "script_hash"]);
}

pub(super) fn script(schema: &mut Schema) {
    Members::of(schema).not_empty(&["steps"]);
}

pub(super) fn step(schema: &mut Schema) {
    Members::of(schema).filled(&["tool_name"]);
}

pub(super) fn target(schema: &mut Schema) {
    Members::of(schema)
        .filled(&["value"])
        .words("kind", TARGET_KINDS)
        .words("endpoint_class", ENDPOINT_CLASSES)
        .words("discovery_method", DISCOVERY_METHODS);
}

pub(super) fn provenance(schema: &mut Schema) {
    Members::of(schema)
        .filled(&["arg_path"])
        .words("source", PROVENANCE_SOURCES)
        .digests(&["integrity_digest"]);
}

pub(super) fn skill(schema: &mut Schema) {
    Members::of(schema)
        .filled(&["skill_name", "source", "publisher"])
        .digests(&["digest"]);
}

pub(super) fn delegation(schema: &mut Schema) {
    Members::of(schema)
        .filled(&["requester_identity", "token_refs"])
        .optional(&["issued_at", "expires_at"]);
}

pub(super) fn link(schema: &mut Schema) {
    Members::of(schema)
        .filled(&["delegator_identity", "delegate_identity"])
        .optional(&["issued_at", "expires_at"]);
}

pub(super) fn context(schema: &mut Schema) {
    Members::of(schema)
        .filled(&[
            "identity",
            "workspace",
            "risk_class",
            "agent_id",
            "run_id",
            "workflow_id",
            "repo",
        ])
        .filled(&[
            "environment",
            "job_id",
            "credential_ref",
            "credential_source",
            "credential_access_type",
        ])
        .filled(&[
            "credential_issuer",
            "credential_subject",
            "credential_owner",
            "credential_scopes",
        ])
        .filled(&[
            "credential_target_binding",
            "credential_run_binding",
            "credential_job_binding",
        ])
        .filled(&[
            "approval_ref",
            "wrkr_inventory_ref",
            "agent_action_bom_ref",
            "environment_fingerprint",
        ])
        .filled(&["context_refs"])
        .at_least(1, &["credential_ttl_seconds"])
        .digests(&["context_set_digest"])
        .words("context_evidence_mode", EVIDENCE_MODES)
        .words("phase", PHASES);
}

pub(super) fn agent(schema: &mut Schema) {
    Members::of(schema)
        .filled(&["lifecycle_states", "owner", "publisher", "source"])
        .digests(&["manifest_digest"])
        .optional(&["issued_at", "approved_at", "expires_at"]);
}

pub(super) fn sandbox(schema: &mut Schema) {
    Members::of(schema)
        .filled(&["writable_paths", "read_only_roots", "evidence_ref"])
        .at_least(0, &["timeout_seconds"])
        .digests(&["evidence_digest"])
        .words("network_mode", NETWORK_MODES)
        .words("env_exposure_mode", ENV_EXPOSURE_MODES)
        .words("filesystem_isolation", FILESYSTEM_ISOLATIONS)
        .words("user_mode", USER_MODES);
}
