//! Where calls come from.

/// The way by which calls reach a gate.
///
/// Every stage is the same at every entrance. What differs is what a caller is told who can come back: a command line
/// is asked once and hears all that is missing, while a client of the MCP boundary asks first and returns with tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Entrance {
    /// A command line that judges one intent.
    #[default]
    CommandLine,
    /// The boundary between an agent and the servers of its tools.
    McpBoundary,
}

impl Entrance {
    /// The name in the journal of the kill switch.
    #[must_use]
    pub const fn journal_source(self) -> &'static str {
        match self {
            Self::CommandLine => "gate_eval",
            Self::McpBoundary => "mcp_proxy",
        }
    }

    /// Whether a call that presents no token at all is told that tokens are missing, and a deployment that there is no
    /// key to check them with.
    pub(crate) const fn misses_absent_tokens(self) -> bool {
        matches!(self, Self::CommandLine)
    }

    /// Whether a trace says what freeze windows and sandbox constraints found.
    pub(crate) const fn traces_constraints(self) -> bool {
        matches!(self, Self::CommandLine)
    }

    /// Whether a production policy is refused as a whole when a rule lets risky calls use any credential.
    pub(crate) const fn demands_brokered_rules(self) -> bool {
        matches!(self, Self::CommandLine)
    }
}
