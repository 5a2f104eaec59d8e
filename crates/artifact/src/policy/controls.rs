//! What a rule demands of the agent, its credentials, its context and its approvers.

use super::sparse::Unset;

/// Demands on the identity of the calling agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct AgentControls {
    /// The call must name an agent and carry its identity.
    pub require_declared_agent: bool,
    /// Agents of which the caller must be one; empty allows all.
    pub allowed_agent_ids: Vec<String>,
    /// Agents that are refused.
    pub denied_agent_ids: Vec<String>,
    /// Lower-case hex SHA-256 the manifest must have; empty demands none.
    pub required_agent_manifest_digest: String,
    /// Publishers of manifests, lower case; empty allows all.
    pub allowed_agent_manifest_publishers: Vec<String>,
    /// Sources of manifests, lower case; empty allows all.
    pub allowed_agent_manifest_sources: Vec<String>,
    /// Lifecycle states the agent must have, all of them; lower case.
    pub required_agent_lifecycle_states: Vec<String>,
    /// The agent must name an owner.
    pub require_agent_owner: bool,
    /// The identity must carry an expiry that lies ahead.
    pub require_unexpired_agent: bool,
}

impl Unset for AgentControls {
    const UNSET: &'static Self = &Self {
        require_declared_agent: false,
        allowed_agent_ids: Vec::new(),
        denied_agent_ids: Vec::new(),
        required_agent_manifest_digest: String::new(),
        allowed_agent_manifest_publishers: Vec::new(),
        allowed_agent_manifest_sources: Vec::new(),
        required_agent_lifecycle_states: Vec::new(),
        require_agent_owner: false,
        require_unexpired_agent: false,
    };
}

impl AgentControls {
    /// Whether anything is demanded.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.require_declared_agent
            || self.require_agent_owner
            || self.require_unexpired_agent
            || !self.allowed_agent_ids.is_empty()
            || !self.denied_agent_ids.is_empty()
            || !self.required_agent_manifest_digest.is_empty()
            || !self.allowed_agent_manifest_publishers.is_empty()
            || !self.allowed_agent_manifest_sources.is_empty()
            || !self.required_agent_lifecycle_states.is_empty()
    }
}

/// Demands on the credential of the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct CredentialControls {
    /// Credentials that outlive the job are refused.
    pub block_standing_credentials: bool,
    /// Known sources; empty allows all.
    pub allowed_credential_sources: Vec<String>,
    /// Issuers, case kept; empty allows all.
    pub allowed_credential_issuers: Vec<String>,
    /// Known access types; empty allows all.
    pub allowed_credential_access_types: Vec<String>,
    /// The longest life in seconds; zero sets no limit.
    pub max_credential_ttl_seconds: u64,
    /// Only credentials issued for this call.
    pub require_jit_credential: bool,
}

impl Unset for CredentialControls {
    const UNSET: &'static Self = &Self {
        block_standing_credentials: false,
        allowed_credential_sources: Vec::new(),
        allowed_credential_issuers: Vec::new(),
        allowed_credential_access_types: Vec::new(),
        max_credential_ttl_seconds: 0,
        require_jit_credential: false,
    };
}

impl CredentialControls {
    /// Whether anything is demanded.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.block_standing_credentials
            || self.require_jit_credential
            || self.max_credential_ttl_seconds > 0
            || !self.allowed_credential_sources.is_empty()
            || !self.allowed_credential_issuers.is_empty()
            || !self.allowed_credential_access_types.is_empty()
    }
}

/// Demands on approvals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ApprovalControls {
    /// How many approvals; zero leaves it to the effect.
    pub min_approvals: u64,
    /// No approver counts twice. Always true when `min_approvals` is above 1.
    pub require_distinct_approvers: bool,
}

/// Demands on context evidence.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct ContextControls {
    /// Evidence must be there.
    pub require_context_evidence: bool,
    /// The evidence mode must be `required`. Always true when `require_context_evidence` is.
    #[cfg_attr(
        feature = "schema",
        schemars(rename = "required_context_evidence_mode", with = "String")
    )]
    pub required_mode: bool,
    /// The oldest record may be this many seconds old; zero sets no limit.
    pub max_context_age_seconds: u64,
}

impl ContextControls {
    /// Whether anything is demanded.
    #[must_use]
    pub fn is_active(self) -> bool {
        self.require_context_evidence || self.required_mode || self.max_context_age_seconds > 0
    }
}

/// Demands on the credential broker.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BrokerControls {
    /// A broker must hand out the credential.
    pub require_broker_credential: bool,
    /// What to ask the broker for; may be empty.
    pub broker_reference: String,
    /// Scopes to ask for, lower case.
    pub broker_scopes: Vec<String>,
}

impl Unset for BrokerControls {
    const UNSET: &'static Self = &Self {
        require_broker_credential: false,
        broker_reference: String::new(),
        broker_scopes: Vec::new(),
    };
}
