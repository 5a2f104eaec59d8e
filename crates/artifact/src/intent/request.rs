//! The intent request as it stands in JSON.

use gait_canon::json::{Object, Reader, Value};
use serde::{Deserialize, Serialize};

use super::IntentError;
#[cfg(feature = "schema")]
use super::published;
use crate::{relationship::Relationship, time::Timestamp};

/// The schema id of an intent request.
pub const SCHEMA_ID: &str = "gait.gate.intent_request";

/// The schema version of an intent request.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// One tool call, as its caller describes it before it runs (`gait.gate.intent_request`).
///
/// Reading refuses unknown, repeated and differently cased members: a misspelt `target` must not silently drop a
/// constraint. A member whose value is `null` counts as absent.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::request))]
#[serde(default, deny_unknown_fields)]
pub struct IntentRequest {
    /// `gait.gate.intent_request`, or empty.
    pub schema_id: String,
    /// `1.0.0`, or empty.
    pub schema_version: String,
    /// When the caller made the intent.
    pub created_at: Timestamp,
    /// Version of the program that wrote the request.
    pub producer_version: String,
    /// The tool to be called, e.g. `fs.write`.
    pub tool_name: String,
    /// The arguments of the call.
    pub args: Object,
    /// Ignored on input; computed anew.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub args_digest: String,
    /// Ignored on input; computed anew.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub intent_digest: String,
    /// Ignored on input; computed anew.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub script_hash: String,
    /// Several calls that are judged together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub script: Option<Script>,
    /// What the call acts on.
    pub targets: Vec<Target>,
    /// Where the arguments came from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arg_provenance: Vec<ArgProvenance>,
    /// The skill that issued the call.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skill_provenance: Option<SkillProvenance>,
    /// On whose behalf the call is made, as claimed by the caller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delegation: Option<Delegation>,
    /// Links to other artifacts; never part of a decision or a digest.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub relationship: Option<Relationship>,
    /// Who calls, from where and how risky it is.
    pub context: Context,
}

impl IntentRequest {
    /// Reads a request from JSON: at most 64 MiB, strictly, save that text which is not Unicode becomes U+FFFD.
    ///
    /// `null` is a request without any member.
    pub fn read(bytes: &[u8]) -> Result<Self, IntentError> {
        let request: Option<Self> = Reader::new().replace_invalid_text().read(bytes)?;
        Ok(request.unwrap_or_default())
    }
}

/// The steps of a scripted intent, in the order in which they would run.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::script))]
#[serde(default, deny_unknown_fields)]
pub struct Script {
    /// 1 to 64 steps.
    pub steps: Vec<ScriptStep>,
}

/// One call of a script.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::step))]
#[serde(default, deny_unknown_fields)]
pub struct ScriptStep {
    /// The tool of this step.
    pub tool_name: String,
    /// The arguments of this step.
    pub args: Object,
    /// What this step acts on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub targets: Vec<Target>,
    /// Where the arguments of this step came from.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub arg_provenance: Vec<ArgProvenance>,
}

/// One thing a call acts on: a path, a URL, a table.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::target))]
#[serde(default, deny_unknown_fields)]
pub struct Target {
    /// `path`, `url`, `host`, `repo`, `bucket`, `table`, `queue`, `topic` or `other`.
    pub kind: String,
    /// The path, URL or name itself.
    pub value: String,
    /// What is done to it, e.g. `read`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub operation: String,
    /// How sensitive its data is, e.g. `pii`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub sensitivity: String,
    /// The endpoint class, e.g. `fs.write`; inferred when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint_class: String,
    /// The network name, for hosts and URLs; inferred when empty.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub endpoint_domain: String,
    /// Whether the operation destroys something.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub destructive: bool,
    /// How the tool was found, e.g. `mcp`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub discovery_method: String,
    /// The tool's own claim that it only reads.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub read_only_hint: bool,
    /// The tool's own claim that it destroys.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub destructive_hint: bool,
    /// The tool's own claim that repeating it changes nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub idempotent_hint: bool,
    /// The tool's own claim that it reaches outside.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub open_world_hint: bool,
}

/// Where one argument came from.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::provenance))]
#[serde(default, deny_unknown_fields)]
pub struct ArgProvenance {
    /// The argument, e.g. `$.path`.
    pub arg_path: String,
    /// `user`, `tool_output`, `external` or `system`.
    pub source: String,
    /// Which message, call or document.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source_ref: String,
    /// SHA-256 of the source, 64 lower-case hex digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub integrity_digest: String,
}

/// The skill (a packaged set of instructions) that issued a call.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::skill))]
#[serde(default, deny_unknown_fields)]
pub struct SkillProvenance {
    /// Name of the skill.
    pub skill_name: String,
    /// Its version.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub skill_version: String,
    /// Where it was obtained, e.g. `registry`.
    pub source: String,
    /// Who published it.
    pub publisher: String,
    /// SHA-256 of the skill, 64 lower-case hex digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub digest: String,
    /// Id of the key that signed it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub signature_key_id: String,
}

/// The caller's claim on whose behalf it acts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::delegation))]
#[serde(default, deny_unknown_fields)]
pub struct Delegation {
    /// The identity that makes the call.
    pub requester_identity: String,
    /// The class of work delegated, e.g. `write`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope_class: String,
    /// Ids of the tokens that back the claim.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub token_refs: Vec<String>,
    /// The links from the first delegator to the requester.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub chain: Vec<DelegationLink>,
    /// Start of the claim.
    pub issued_at: Timestamp,
    /// End of the claim.
    pub expires_at: Timestamp,
}

/// One hand-over of a delegation.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::link))]
#[serde(default, deny_unknown_fields)]
pub struct DelegationLink {
    /// Who hands over.
    pub delegator_identity: String,
    /// Who receives.
    pub delegate_identity: String,
    /// The class of work handed over.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub scope_class: String,
    /// Id of the token that backs the link.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token_ref: String,
    /// Start of the link.
    pub issued_at: Timestamp,
    /// End of the link.
    pub expires_at: Timestamp,
}

/// Who calls, from where, with which credentials and how risky it is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::context))]
#[serde(default, deny_unknown_fields)]
pub struct Context {
    /// The calling identity.
    pub identity: String,
    /// The directory or project in which the agent works, with `/` separators.
    pub workspace: String,
    /// How risky the caller deems the call: `low`, `medium`, `high`, `critical` by convention.
    pub risk_class: String,
    /// `plan` or `apply`; empty means `apply`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub phase: String,
    /// Id of the agent.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_id: String,
    /// What is known of the agent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_identity: Option<AgentIdentity>,
    /// Run this call belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub run_id: String,
    /// Workflow this call belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub workflow_id: String,
    /// Source repository.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub repo: String,
    /// Deployment environment, e.g. `production`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment: String,
    /// Job this call belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub job_id: String,
    /// Session this call belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub session_id: String,
    /// Request this call belongs to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub request_id: String,
    /// Reference of the credential the caller says it will use; never the credential.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_ref: String,
    /// Where that credential comes from, e.g. `aws_sts`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_source: String,
    /// How it was granted, e.g. `jit`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_access_type: String,
    /// Who issued it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_issuer: String,
    /// Whom it identifies.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_subject: String,
    /// Who owns it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_owner: String,
    /// What it may be used for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub credential_scopes: Vec<String>,
    /// Digest of the targets it is bound to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_target_binding: String,
    /// Run it is bound to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_run_binding: String,
    /// Job it is bound to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub credential_job_binding: String,
    /// Its life time in seconds.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub credential_ttl_seconds: i64,
    /// Reference of an approval outside Gait.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approval_ref: String,
    /// Reference into the tool inventory.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub wrkr_inventory_ref: String,
    /// Reference of the agent's bill of materials.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub agent_action_bom_ref: String,
    /// Fingerprint of the environment.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub environment_fingerprint: String,
    /// Free claims of the authentication layer.
    #[serde(skip_serializing_if = "Object::is_empty")]
    pub auth_context: Object,
    /// Digest of the context set the decision relied on.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context_set_digest: String,
    /// `best_effort` or `required`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub context_evidence_mode: String,
    /// Ids of the context records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub context_refs: Vec<String>,
    /// How the call would be sandboxed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sandbox: Option<Sandbox>,
}

impl Context {
    /// The text under `key` of the authentication claims, when there is one.
    #[must_use]
    pub fn auth_text(&self, key: &str) -> Option<&str> {
        self.auth_context.get(key).and_then(Value::as_str)
    }
}

/// What is known of the calling agent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::agent))]
#[serde(default, deny_unknown_fields)]
pub struct AgentIdentity {
    /// The states of its life cycle it is in, e.g. `approved`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lifecycle_states: Vec<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// SHA-256 of its manifest, 64 lower-case hex digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub manifest_digest: String,
    /// Who published it.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub publisher: String,
    /// Where it was obtained.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it was approved.
    pub approved_at: Timestamp,
    /// When it expires.
    pub expires_at: Timestamp,
    /// Whether it was revoked.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub revoked: bool,
}

/// How a call would be sandboxed, as its caller attests.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::sandbox))]
#[serde(default, deny_unknown_fields)]
pub struct Sandbox {
    /// `disabled`, `egress_allowlist` or `full`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub network_mode: String,
    /// Paths the call may write below.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub writable_paths: Vec<String>,
    /// Roots that are mounted read-only.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub read_only_roots: Vec<String>,
    /// `none`, `allowlist` or `full`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub env_exposure_mode: String,
    /// Time limit in seconds.
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    pub timeout_seconds: i64,
    /// `none`, `workspace` or `container`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub filesystem_isolation: String,
    /// `default`, `root` or `unprivileged`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub user_mode: String,
    /// Where the evidence for these claims is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence_ref: String,
    /// SHA-256 of that evidence, 64 lower-case hex digits.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence_digest: String,
}
