//! What the published schema of a policy document demands of each of its types.
//!
//! The types are those of the *normalised* policy. A document may leave out whatever has a default, may switch a section on or
//! off by name, and may write a few keys under an alias: that is added here.

use schemars::Schema;
use serde_json::{Value, json};

use super::{POLICY_SCHEMA_ID, POLICY_SCHEMA_VERSION};
use crate::{
    members::Members,
    verdict::Verdict,
    vocabulary::{ENV_EXPOSURE_MODES, FILESYSTEM_ISOLATIONS, NETWORK_MODES, USER_MODES},
};

pub(super) fn policy(schema: &mut Schema) {
    Members::of(schema)
        .and(
            "schema_id",
            json!({ "type": "string", "const": POLICY_SCHEMA_ID }),
        )
        .and(
            "schema_version",
            json!({ "type": "string", "const": POLICY_SCHEMA_VERSION }),
        )
        .and("default_action", verdict())
        .all_optional()
        .closed();
    schema.insert(
        "description".to_owned(),
        "The rules that decide what an agent's tool call may do.".into(),
    );
}

pub(super) fn rule(schema: &mut Schema) {
    Members::of(schema)
        .and("action", verdict())
        .all_optional()
        .filled(&[
            "name",
            "allowed_agent_ids",
            "denied_agent_ids",
            "allowed_agent_manifest_publishers",
        ])
        .filled(&[
            "allowed_agent_manifest_sources",
            "required_agent_lifecycle_states",
        ])
        .filled(&["allowed_credential_sources", "allowed_credential_issuers"])
        .filled(&["allowed_credential_access_types"])
        .digests(&["required_agent_manifest_digest"])
        .words("required_context_evidence_mode", &["required"])
        .at_least(0, &["priority"])
        .at_least(1, &["min_approvals"])
        .closed();
    schema.insert("required".to_owned(), json!(["name"]));
    schema.insert(
        "anyOf".to_owned(),
        json!([{ "required": ["effect"] }, { "required": ["action"] }]),
    );
}

pub(super) fn matching(schema: &mut Schema) {
    Members::of(schema)
        .and("tool_name", json!({ "type": "string" }))
        .and(
            "endpoint_class",
            json!({ "type": "array", "items": { "type": "string" } }),
        )
        .all_optional()
        .closed();
}

pub(super) fn limit(schema: &mut Schema) {
    Members::of(schema)
        .at_least(1, &["requests"])
        .all_optional()
        .closed();
}

pub(super) fn scripts(schema: &mut Schema) {
    Members::of(schema)
        .at_least(1, &["max_steps"])
        .all_optional()
        .closed();
}

/// A section of which every key may be left out.
pub(super) fn optional(schema: &mut Schema) {
    Members::of(schema).all_optional().closed();
}

/// A section that may be switched on by name.
pub(super) fn section(schema: &mut Schema) {
    Members::of(schema)
        .and("enabled", json!({ "type": "boolean" }))
        .all_optional()
        .closed();
}

pub(super) fn mcp_trust(schema: &mut Schema) {
    section(schema);
    Members::of(schema)
        .filled(&["snapshot", "max_age"])
        .at_least(0, &["min_score"])
        .with("min_score", "maximum", 1);
}

pub(super) fn freeze_window(schema: &mut Schema) {
    section(schema);
    Members::of(schema).filled(&["timezone", "environments", "risk_classes"]);
}

pub(super) fn freeze_range(schema: &mut Schema) {
    Members::of(schema)
        .filled(&["start", "end"])
        .optional(&["name"])
        .closed();
}

pub(super) fn sandbox(schema: &mut Schema) {
    section(schema);
    Members::of(schema)
        .words("allowed_network_modes", NETWORK_MODES)
        .words("allowed_env_exposure_modes", ENV_EXPOSURE_MODES)
        .words("allowed_filesystem_isolations", FILESYSTEM_ISOLATIONS)
        .words("allowed_user_modes", USER_MODES)
        .filled(&["allowed_writable_path_prefixes", "required_read_only_roots"]);
}

fn verdict() -> Value {
    json!({ "type": "string", "enum": Verdict::ALL.map(Verdict::as_str) })
}
