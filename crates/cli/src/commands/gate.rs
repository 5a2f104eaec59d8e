//! `gait gate`: decisions about tool calls.

pub(crate) mod eval;
mod explain;
pub(crate) mod invocation;
mod output;
pub mod resident;
pub(crate) mod settings;

use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "gate",
    summary: "Judge tool calls before they run",
    explain: "Decides whether a tool call may execute, and leaves a signed trace of the decision.",
    help_succeeds: true,
};
