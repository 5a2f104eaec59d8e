//! Sections of a policy and of its rules.

use std::fmt;
use std::time::Duration;

#[cfg(feature = "schema")]
use super::published;

/// What a constraint does when it is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(inline, rename_all = "snake_case")
)]
pub enum Intervention {
    /// Ask for approval.
    RequireApproval,
    /// Refuse.
    Block,
}

impl Intervention {
    /// Every intervention, the milder first.
    pub const ALL: &[Self] = &[Self::RequireApproval, Self::Block];

    /// The text in documents.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequireApproval => "require_approval",
            Self::Block => "block",
        }
    }
}

impl fmt::Display for Intervention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Intervention> for crate::verdict::Verdict {
    fn from(intervention: Intervention) -> Self {
        match intervention {
            Intervention::RequireApproval => Self::RequireApproval,
            Intervention::Block => Self::Block,
        }
    }
}

/// Settings of a section that is off: kept, but constraining nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UnusedSection {
    /// `action`, when given.
    pub action: Option<Intervention>,
    /// `reason_code`; empty when not given.
    pub reason_code: String,
    /// `violation`; empty when not given.
    pub violation: String,
}

impl UnusedSection {
    pub(super) const UNSET: Self = Self {
        action: None,
        reason_code: String::new(),
        violation: String::new(),
    };
}

/// Limits for scripts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::scripts))]
pub struct ScriptLimits {
    /// The most steps a script may have; zero leaves the built-in limit.
    pub max_steps: u64,
    /// Scripts with more steps need approval; zero asks for none.
    pub require_approval_above: u64,
    /// Scripts whose steps differ in risk are blocked.
    pub block_mixed_risk: bool,
}

/// What intents of given risk classes must carry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::optional))]
pub struct FailClosed {
    /// Whether the section applies at all.
    pub enabled: bool,
    /// The risk classes concerned, lower case.
    pub risk_classes: Vec<String>,
    /// Parts of the intent that must be there.
    pub required_fields: Vec<RequiredField>,
    /// Members of the context that must be there.
    pub required_high_risk_fields: Vec<HighRiskField>,
}

impl FailClosed {
    /// Whether an intent of this (lower-case) risk class is concerned.
    #[must_use]
    pub fn applies_to(&self, risk_class: &str) -> bool {
        self.enabled && self.risk_classes.iter().any(|class| class == risk_class)
    }
}

macro_rules! field_names {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(inline, rename_all = "snake_case"))]
        pub enum $name {
            $($(#[$variant_doc])* $variant,)+
        }

        impl $name {
            /// Every field, in the order of the texts.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The name in documents and reason codes.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $text,)+
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

field_names! {
    /// A part of the intent that `fail_closed.required_fields` may name.
    RequiredField {
        /// Argument provenance.
        ArgProvenance = "arg_provenance",
        /// Context evidence from an envelope.
        ContextEvidence = "context_evidence",
        /// A delegation.
        Delegation = "delegation",
        /// A known endpoint class on every target.
        EndpointClass = "endpoint_class",
        /// At least one target.
        Targets = "targets",
    }
}

field_names! {
    /// A member of the context that `fail_closed.required_high_risk_fields` may name.
    HighRiskField {
        /// The bill of materials of the agent's actions.
        AgentActionBomRef = "agent_action_bom_ref",
        /// The agent's id.
        AgentId = "agent_id",
        /// The agent's identity object.
        AgentIdentity = "agent_identity",
        /// A reference to an approval.
        ApprovalRef = "approval_ref",
        /// The credential's access type.
        CredentialAccessType = "credential_access_type",
        /// The credential's issuer.
        CredentialIssuer = "credential_issuer",
        /// The credential's reference.
        CredentialRef = "credential_ref",
        /// The credential's source.
        CredentialSource = "credential_source",
        /// The credential's life, above zero.
        CredentialTtlSeconds = "credential_ttl_seconds",
        /// The environment's name.
        Environment = "environment",
        /// The repository.
        Repo = "repo",
        /// The run's id.
        RunId = "run_id",
        /// The workflow's id.
        WorkflowId = "workflow_id",
        /// A reference to a tool inventory.
        WrkrInventoryRef = "wrkr_inventory_ref",
    }
}

/// Trust in MCP servers.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::mcp_trust))]
pub struct McpTrust {
    /// Path of the trust snapshot.
    pub snapshot: String,
    /// What happens to calls of servers that are not trusted.
    pub action: Intervention,
    /// Risk classes for which trust is required, lower case.
    pub required_risk_classes: Vec<String>,
    /// The lowest score, 0 to 1; zero asks for none.
    pub min_score: f64,
    /// How old an entry may be; above zero.
    #[cfg_attr(feature = "schema", schemars(with = "String"))]
    pub max_age: Option<Duration>,
    /// Publishers, lower case; empty allows all.
    pub publisher_allowlist: Vec<String>,
    /// Entries must be verified against a registry.
    pub require_registry: bool,
}

/// Constraints on the endpoints of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::section))]
pub struct Endpoint {
    /// Patterns of paths that are fine; empty allows all.
    pub path_allowlist: Vec<String>,
    /// Patterns of paths that are refused.
    pub path_denylist: Vec<String>,
    /// Patterns of domains that are fine, lower case; empty allows all.
    pub domain_allowlist: Vec<String>,
    /// Patterns of domains that are refused, lower case.
    pub domain_denylist: Vec<String>,
    /// The `net.` endpoint classes that are fine; empty allows all.
    pub egress_classes: Vec<String>,
    /// What happens on a breach.
    pub action: Intervention,
    /// What happens on a destructive target, if anything.
    pub destructive_action: Option<Intervention>,
    /// Reason code of any breach.
    pub reason_code: String,
    /// Violation of any breach.
    pub violation: String,
}

/// Constraints on where data from tainted sources may flow.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::section))]
pub struct Dataflow {
    /// Provenance sources that taint, lower case.
    pub tainted_sources: Vec<String>,
    /// Kinds of destinations, lower case.
    pub destination_kinds: Vec<String>,
    /// Exact values of destinations.
    pub destination_values: Vec<String>,
    /// Operations on destinations, lower case.
    pub destination_operations: Vec<String>,
    /// What happens to such a flow.
    pub action: Intervention,
    /// Its reason code.
    pub reason_code: String,
    /// Its violation.
    pub violation: String,
}

/// Times at which calls are held back.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::freeze_window))]
pub struct FreezeWindow {
    /// Time zone of the window times. Not known to exist: an unknown one makes the rule block.
    pub timezone: String,
    /// What happens during a window.
    pub effect: Intervention,
    /// Reason to show; may be empty.
    pub reason: String,
    /// Environments concerned, lower case; empty means all.
    pub environments: Vec<String>,
    /// Risk classes concerned, lower case; empty means all.
    pub risk_classes: Vec<String>,
    /// The windows, in document order; at least one.
    pub windows: Vec<FreezeRange>,
}

/// One freeze window: wall-clock times as written. A range that cannot be read makes the rule block.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::freeze_range))]
pub struct FreezeRange {
    /// Name of the window.
    pub name: String,
    /// First moment inside.
    pub start: String,
    /// First moment after.
    pub end: String,
}

/// The sandbox a call must run in. An empty list allows every value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::sandbox))]
pub struct SandboxConstraint {
    /// Network modes.
    pub allowed_network_modes: Vec<String>,
    /// Directories, cleaned, under which the sandbox may write.
    pub allowed_writable_path_prefixes: Vec<String>,
    /// Directories, cleaned, that must be mounted read-only.
    pub required_read_only_roots: Vec<String>,
    /// How the environment is exposed.
    pub allowed_env_exposure_modes: Vec<String>,
    /// The longest run in seconds; zero sets no limit.
    pub max_timeout_seconds: u64,
    /// How the file system is isolated.
    pub allowed_filesystem_isolations: Vec<String>,
    /// The user inside.
    pub allowed_user_modes: Vec<String>,
}
