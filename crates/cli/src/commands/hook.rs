//! `gait hook`: what coding agents run before their tools.

pub(crate) mod claude_code;
pub(crate) mod install;
mod settings;
pub(crate) mod uninstall;

use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "hook",
    summary: "Answer the hooks of coding agents",
    explain: "Reads the event of a hook on standard input and answers in the form that the agent understands; what is \
              not clearly allowed is denied.",
    help_succeeds: true,
};
