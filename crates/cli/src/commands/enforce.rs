//! `gait enforce -- <command>`: let the verdicts of a child's traces decide the exit code.

use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;
use crate::wrapper::{self, Mode};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("enforce", "Run a command and fail when a trace of it does not allow")
    .explain("Runs a command that must name its traces and exits with 3 or 4 when one of them blocks or wants approval.")
    .positionals("[--] <command> [args...]")
    .flags(wrapper::FLAGS)
    .error_fields(|| Mode::Enforce.fields());

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    wrapper::run(Mode::Enforce, parsed, context)
}
