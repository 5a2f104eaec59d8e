//! `gait test -- <command>`: observe the verdicts of a child's traces.

use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;
use crate::wrapper::{self, Mode};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "test",
    "Run a command and report the verdicts of its traces",
)
.explain(
    "Runs a command that must name its traces and counts their verdicts; the command's own exit code stands.",
)
.positionals("[--] <command> [args...]")
.flags(wrapper::FLAGS)
.error_fields(|| Mode::Test.fields());

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    wrapper::run(Mode::Test, parsed, context)
}
