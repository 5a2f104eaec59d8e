//! Which calls a rule concerns.

#[cfg(feature = "schema")]
use super::published;
use super::sparse::{Sparse, Unset};

/// The conditions of a rule. All that are given must hold; an empty list or `None` is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::matching))]
pub struct Match {
    /// Exact tool names, lower case; the alias `tool_name` is merged in.
    pub tool_names: Vec<String>,
    /// Risk classes of the context, lower case.
    pub risk_classes: Vec<String>,
    /// What the targets must be.
    #[cfg_attr(feature = "schema", schemars(flatten, with = "TargetMatch"))]
    pub target: Sparse<TargetMatch>,
    /// Where the skill must come from.
    #[cfg_attr(feature = "schema", schemars(flatten, with = "SkillMatch"))]
    pub skill: Sparse<SkillMatch>,
    /// Where data may go.
    #[cfg_attr(feature = "schema", schemars(flatten, with = "DestinationMatch"))]
    pub destination: Sparse<DestinationMatch>,
    /// Sources of argument provenance, lower case.
    pub provenance_sources: Vec<String>,
    /// Identities of the context.
    pub identities: Vec<String>,
    /// Prefixes of the workspace.
    pub workspace_prefixes: Vec<String>,
    /// What the inventory must know of the tool.
    #[cfg_attr(feature = "schema", schemars(flatten, with = "InventoryMatch"))]
    pub inventory: Sparse<InventoryMatch>,
    /// How the call must be delegated.
    #[cfg_attr(feature = "schema", schemars(flatten, with = "DelegationMatch"))]
    pub delegation: Sparse<DelegationMatch>,
}

/// Conditions on the targets. Each may be met by another target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct TargetMatch {
    /// Kinds of targets, lower case.
    pub target_kinds: Vec<String>,
    /// Exact target values.
    pub target_values: Vec<String>,
    /// Endpoint classes of targets; the alias `endpoint_class` is merged in.
    pub endpoint_classes: Vec<String>,
    /// How a target's server was discovered (`discovery_method` in the document).
    #[cfg_attr(feature = "schema", schemars(rename = "discovery_method"))]
    pub discovery_methods: Vec<String>,
    /// Hints a target must carry.
    pub tool_annotations: ToolAnnotations,
}

impl Unset for TargetMatch {
    const UNSET: &'static Self = &Self {
        target_kinds: Vec::new(),
        target_values: Vec::new(),
        endpoint_classes: Vec::new(),
        discovery_methods: Vec::new(),
        tool_annotations: ToolAnnotations {
            read_only_hint: None,
            destructive_hint: None,
            idempotent_hint: None,
            open_world_hint: None,
        },
    };
}

/// Conditions on the targets as places that data goes to. Each may be met by another target.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DestinationMatch {
    /// Sensitivities of targets, lower case.
    pub data_classes: Vec<String>,
    /// Kinds of targets, lower case; independent of `target_kinds`.
    pub destination_kinds: Vec<String>,
    /// Exact target values; independent of `target_values`.
    pub destination_values: Vec<String>,
    /// Operations of targets, lower case.
    pub destination_operations: Vec<String>,
}

impl Unset for DestinationMatch {
    const UNSET: &'static Self = &Self {
        data_classes: Vec::new(),
        destination_kinds: Vec::new(),
        destination_values: Vec::new(),
        destination_operations: Vec::new(),
    };
}

/// Conditions on the skill that makes the call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct SkillMatch {
    /// Publishers of the skill, lower case.
    pub skill_publishers: Vec<String>,
    /// Sources of the skill, lower case.
    pub skill_sources: Vec<String>,
}

impl Unset for SkillMatch {
    const UNSET: &'static Self = &Self {
        skill_publishers: Vec::new(),
        skill_sources: Vec::new(),
    };
}

/// Conditions on the tool's entry in the inventory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct InventoryMatch {
    /// Inventory tool names, lower case.
    pub context_tool_names: Vec<String>,
    /// Inventory data classes, lower case.
    pub context_data_classes: Vec<String>,
    /// Inventory endpoint classes, lower case.
    pub context_endpoint_classes: Vec<String>,
    /// Inventory autonomy levels, lower case.
    pub context_autonomy_levels: Vec<String>,
}

impl Unset for InventoryMatch {
    const UNSET: &'static Self = &Self {
        context_tool_names: Vec::new(),
        context_data_classes: Vec::new(),
        context_endpoint_classes: Vec::new(),
        context_autonomy_levels: Vec::new(),
    };
}

/// Conditions on the delegation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct DelegationMatch {
    /// Whether the call must be delegated.
    pub require_delegation: bool,
    /// Identities of which one must have delegated.
    pub allowed_delegator_identities: Vec<String>,
    /// Identities of which one must have been delegated to.
    pub allowed_delegate_identities: Vec<String>,
    /// Scope classes of which the delegation must carry one, lower case.
    pub delegation_scopes: Vec<String>,
    /// The longest delegation chain allowed; zero is not the same as absent.
    pub max_delegation_depth: Option<u64>,
}

impl Unset for DelegationMatch {
    const UNSET: &'static Self = &Self {
        require_delegation: false,
        allowed_delegator_identities: Vec::new(),
        allowed_delegate_identities: Vec::new(),
        delegation_scopes: Vec::new(),
        max_delegation_depth: None,
    };
}

impl DelegationMatch {
    /// Whether there is a condition, so that a call without a delegation cannot match.
    #[must_use]
    pub fn is_needed(&self) -> bool {
        self != Self::UNSET
    }
}

/// Hints that some target must carry, each on its own. `Some(false)` asks for a target without the hint.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(rename_all = "camelCase", transform = published::optional))]
pub struct ToolAnnotations {
    /// `readOnlyHint`.
    pub read_only_hint: Option<bool>,
    /// `destructiveHint`.
    pub destructive_hint: Option<bool>,
    /// `idempotentHint`.
    pub idempotent_hint: Option<bool>,
    /// `openWorldHint`.
    pub open_world_hint: Option<bool>,
}

impl ToolAnnotations {
    /// Whether no hint is asked for.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self == Self::default()
    }
}

/// Alias keys of `match` as the document has them; their values are also in [`Match`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MatchAliases {
    /// `tool_name`, alias of one `tool_names` item.
    pub tool_name: String,
    /// `endpoint_class`, alias of `endpoint_classes`.
    pub endpoint_class: Vec<String>,
}

impl MatchAliases {
    pub(super) const UNSET: Self = Self {
        tool_name: String::new(),
        endpoint_class: Vec::new(),
    };
}
