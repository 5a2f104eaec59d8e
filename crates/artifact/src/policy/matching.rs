//! Which calls a rule concerns.

#[cfg(feature = "schema")]
use super::published;

/// The conditions of a rule. All that are given must hold; an empty list or `None` is not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::matching))]
pub struct Match {
    /// Exact tool names, lower case; the alias `tool_name` is merged in.
    pub tool_names: Vec<String>,
    /// Risk classes of the context, lower case.
    pub risk_classes: Vec<String>,
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
    /// Publishers of the skill, lower case.
    pub skill_publishers: Vec<String>,
    /// Sources of the skill, lower case.
    pub skill_sources: Vec<String>,
    /// Sensitivities of targets, lower case.
    pub data_classes: Vec<String>,
    /// Kinds of targets, lower case; independent of `target_kinds`.
    pub destination_kinds: Vec<String>,
    /// Exact target values; independent of `target_values`.
    pub destination_values: Vec<String>,
    /// Operations of targets, lower case.
    pub destination_operations: Vec<String>,
    /// Sources of argument provenance, lower case.
    pub provenance_sources: Vec<String>,
    /// Identities of the context.
    pub identities: Vec<String>,
    /// Prefixes of the workspace.
    pub workspace_prefixes: Vec<String>,
    /// Inventory tool names, lower case.
    pub context_tool_names: Vec<String>,
    /// Inventory data classes, lower case.
    pub context_data_classes: Vec<String>,
    /// Inventory endpoint classes, lower case.
    pub context_endpoint_classes: Vec<String>,
    /// Inventory autonomy levels, lower case.
    pub context_autonomy_levels: Vec<String>,
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

impl Match {
    /// Whether some condition speaks about the delegation, so that a call without one cannot match.
    #[must_use]
    pub fn needs_delegation(&self) -> bool {
        self.require_delegation
            || self.max_delegation_depth.is_some()
            || !self.allowed_delegator_identities.is_empty()
            || !self.allowed_delegate_identities.is_empty()
            || !self.delegation_scopes.is_empty()
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
