//! The policy: rules that decide what an agent's tool call may do.
//!
//! These are the *normalised* types. A value of [`Policy`] has been read, checked and sorted: lists are sorted by bytes
//! and free of duplicates, closed sets are enums, aliases are merged, and a section that is switched off is `None`. So
//! whoever evaluates a policy needs no further checks. `gait_policy::document` makes them from YAML.
//!
//! The canonical document repeats a few things that have no influence on any decision (the text of an alias key, the
//! settings of a section that is off). Those live apart, in [`Policy::written`] and [`Rule::written`].

mod controls;
mod limits;
mod matching;
#[cfg(feature = "schema")]
mod published;
mod sections;
mod sparse;

pub use controls::{AgentControls, ApprovalControls, BrokerControls, ContextControls, CredentialControls};
pub use limits::{CallLimit, LimitScope, LimitWindow, UnusedLimit};
pub use matching::{
    DelegationMatch, DestinationMatch, InventoryMatch, Match, MatchAliases, SkillMatch, TargetMatch,
    ToolAnnotations,
};
pub use sections::{
    Dataflow, Endpoint, FailClosed, FreezeRange, FreezeWindow, HighRiskField, Intervention, McpTrust,
    RequiredField, SandboxConstraint, ScriptLimits, UnusedSection,
};
pub use sparse::{Sparse, Unset};

use crate::verdict::Verdict;

/// The `schema_id` of every policy document.
pub const POLICY_SCHEMA_ID: &str = "gait.gate.policy";

/// The `schema_version` of every policy document.
pub const POLICY_SCHEMA_VERSION: &str = "1.0.0";

/// A normalised policy.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::policy))]
pub struct Policy {
    /// The verdict when no rule matches.
    pub default_verdict: Verdict,
    /// Limits for calls that are scripts of several steps.
    pub scripts: ScriptLimits,
    /// What an intent of a high-risk class must carry before rules are looked at.
    pub fail_closed: FailClosed,
    /// Trust in MCP servers; `None` when the section is not configured.
    pub mcp_trust: Option<McpTrust>,
    /// The rules, sorted by priority (ascending), then by name (bytes). Names need not be unique.
    pub rules: Vec<Rule>,
    /// Text of the document without influence on any decision.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub written: WrittenPolicy,
}

/// What a policy document says at its top level beside its meaning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenPolicy {
    /// The text of `default_action`, the alias of `default_verdict`; empty when not given.
    pub default_action: String,
}

/// One rule: which calls it concerns and what it demands of them.
#[derive(Clone, Debug, PartialEq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::rule))]
pub struct Rule {
    /// Non-blank, trimmed.
    pub name: String,
    /// A smaller number comes earlier.
    pub priority: i64,
    /// The verdict before the rule's own checks, which may make it stricter.
    pub effect: Verdict,
    /// The calls the rule concerns.
    #[cfg_attr(feature = "schema", schemars(rename = "match"))]
    pub matching: Match,
    /// Reason codes of the rule; when empty, one is made from the name.
    pub reason_codes: Vec<String>,
    /// Violations the rule reports.
    pub violations: Vec<String>,
    /// Constraints on paths, domains and egress.
    pub endpoint: Option<Box<Endpoint>>,
    /// Constraints on where tainted data may flow.
    pub dataflow: Option<Box<Dataflow>>,
    /// Times at which calls are held back.
    pub freeze_window: Option<Box<FreezeWindow>>,
    /// The sandbox a call must run in.
    pub sandbox: Option<Box<SandboxConstraint>>,
    /// How many calls may pass per window.
    pub rate_limit: Option<CallLimit>,
    /// How many destructive calls may pass per window.
    pub destructive_budget: Option<CallLimit>,
    /// Who the calling agent must be.
    #[cfg_attr(feature = "schema", schemars(flatten, with = "AgentControls"))]
    pub agent: Sparse<AgentControls>,
    /// Which credentials the call may use.
    #[cfg_attr(feature = "schema", schemars(flatten, with = "CredentialControls"))]
    pub credential: Sparse<CredentialControls>,
    /// Who must approve.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub approval: ApprovalControls,
    /// Which context evidence must be there.
    #[cfg_attr(feature = "schema", schemars(flatten))]
    pub context: ContextControls,
    /// Whether a broker must hand out the credential.
    #[cfg_attr(feature = "schema", schemars(flatten, with = "BrokerControls"))]
    pub broker: Sparse<BrokerControls>,
    /// Text of the document without influence on any decision.
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub written: Sparse<WrittenRule>,
}

/// What a rule's text says beside its meaning: aliases and the settings of sections that are off.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrittenRule {
    /// The text of `action`, the alias of `effect`; empty when not given.
    pub action: String,
    /// The alias keys of `match`.
    pub aliases: MatchAliases,
    /// Settings of an `endpoint` section that is off.
    pub endpoint: UnusedSection,
    /// Settings of a `dataflow` section that is off.
    pub dataflow: UnusedSection,
    /// Settings of a `rate_limit` section that is off.
    pub rate_limit: UnusedLimit,
}

impl Unset for WrittenRule {
    const UNSET: &'static Self = &Self {
        action: String::new(),
        aliases: MatchAliases::UNSET,
        endpoint: UnusedSection::UNSET,
        dataflow: UnusedSection::UNSET,
        rate_limit: UnusedLimit::UNSET,
    };
}
