//! One tool call as its caller sent it, whatever shape it came in.

use gait_artifact::{
    Timestamp,
    intent::{AgentIdentity, ArgProvenance, Delegation, Sandbox, Script, Target},
    mcp::McpServer,
    text::is_blank,
};
use gait_canon::json::Object;
use serde::{Deserialize, Serialize};

/// One tool call. Its texts are as sent, save that hints and annotations of targets have been settled.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToolCall {
    /// The tool to be called.
    pub name: String,
    /// The arguments of the call.
    pub args: Object,
    /// Several calls to be judged together, at least one.
    pub script: Option<Script>,
    /// What the call acts on.
    pub targets: Vec<Target>,
    /// Where the arguments came from.
    pub arg_provenance: Vec<ArgProvenance>,
    /// The MCP server that offers the tool.
    pub server: Option<McpServer>,
    /// Who calls, and from where.
    pub context: CallContext,
    /// On whose behalf the call is made.
    pub delegation: Option<Delegation>,
    /// When the caller made the call.
    pub created_at: Option<Timestamp>,
}

/// What a call says of its caller: the texts as sent, empty where nothing was.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct CallContext {
    /// The calling identity.
    pub identity: String,
    /// Where the agent works.
    pub workspace: String,
    /// How risky the caller deems the call.
    pub risk_class: String,
    /// `plan` or `apply`.
    pub phase: String,
    /// Job the call belongs to.
    pub job_id: String,
    /// Session the call belongs to.
    pub session_id: String,
    /// Request the call belongs to.
    pub request_id: String,
    /// Run the call belongs to. Names artifacts; no part of the intent.
    pub run_id: String,
    /// Workflow the call belongs to.
    pub workflow_id: String,
    /// Id of the agent.
    pub agent_id: String,
    /// What is known of the agent.
    pub agent_identity: Option<AgentIdentity>,
    /// Source repository.
    pub repo: String,
    /// Deployment environment.
    pub environment: String,
    /// How the caller authenticated: `off`, `none`, `token`, `oauth` or `oauth_dcr`.
    pub auth_mode: String,
    /// What an OAuth authorization left behind.
    pub oauth_evidence: Option<OAuthEvidence>,
    /// Free claims of the authentication layer.
    pub auth_context: Object,
    /// What the caller's credential may be used for.
    pub credential_scopes: Vec<String>,
    /// Reference of an approval outside Gait.
    pub approval_ref: String,
    /// How the call would be sandboxed.
    pub sandbox: Option<Sandbox>,
    /// Fingerprint of the environment.
    pub environment_fingerprint: String,
    /// A file at the boundary that the caller wants read as context evidence.
    pub context_envelope_path: String,
}

impl CallContext {
    /// Whether something that says who calls, and from where, has to be made up for an intent.
    #[must_use]
    pub fn uses_fallback(&self) -> bool {
        [&self.identity, &self.workspace, &self.session_id]
            .into_iter()
            .any(|text| is_blank(text))
    }
}

/// What an OAuth 2.0 authorization (RFC 6749) left behind, as the caller claims; nothing of it is verified.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OAuthEvidence {
    /// The authorization server.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub issuer: String,
    /// Whom the token is meant for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub audience: Vec<String>,
    /// On whose behalf it was issued.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub subject: String,
    /// The client it was issued to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub client_id: String,
    /// Its type, e.g. `bearer`.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token_type: String,
    /// What it may be used for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The client id that dynamic registration (RFC 7591) gave.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dcr_client_id: String,
    /// Where the authorization server sent the user back to.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub redirect_uri: String,
    /// How the token is bound to its holder.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub token_binding: String,
    /// When the user authenticated, RFC 3339.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub auth_time: String,
    /// Where the evidence itself is.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub evidence_ref: String,
}
