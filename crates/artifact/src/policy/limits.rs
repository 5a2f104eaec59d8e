//! Limits on the number of calls.

use std::fmt;

#[cfg(feature = "schema")]
use super::published;

/// How many calls may pass in a window of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published::limit))]
pub struct CallLimit {
    /// At least 1.
    pub requests: u64,
    /// The window the calls are counted in.
    pub window: LimitWindow,
    /// Which calls are counted together.
    pub scope: LimitScope,
}

/// The settings of a limit section without `requests`: kept, but limiting nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UnusedLimit {
    /// `window`, when given.
    pub window: Option<LimitWindow>,
    /// `scope`, when given.
    pub scope: Option<LimitScope>,
}

impl UnusedLimit {
    pub(super) const UNSET: Self = Self {
        window: None,
        scope: None,
    };
}

/// The length of a counting window; a minute is before an hour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(inline, rename_all = "snake_case")
)]
pub enum LimitWindow {
    /// Sixty seconds.
    #[default]
    Minute,
    /// Sixty minutes.
    Hour,
}

impl LimitWindow {
    /// Every window with its text.
    pub const ALL: &[Self] = &[Self::Minute, Self::Hour];

    /// The text in documents and state files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
        }
    }
}

impl fmt::Display for LimitWindow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Which calls share one counter. The order is that of the texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "schema",
    derive(schemars::JsonSchema),
    schemars(inline, rename_all = "snake_case")
)]
pub enum LimitScope {
    /// All calls of one identity.
    Identity,
    /// All calls of one tool.
    Tool,
    /// All calls of one tool by one identity.
    #[default]
    ToolIdentity,
}

impl LimitScope {
    /// Every scope.
    pub const ALL: &[Self] = &[Self::Identity, Self::Tool, Self::ToolIdentity];

    /// The text in documents and state files.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Tool => "tool",
            Self::ToolIdentity => "tool_identity",
        }
    }
}

impl fmt::Display for LimitScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
