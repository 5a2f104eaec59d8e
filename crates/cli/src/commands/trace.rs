//! `gait trace -- <command>`: observe the traces of a child; and `gait trace verify`.

pub(crate) mod verify;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;
use crate::wrapper::{self, Mode};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "trace",
    "Run a command and report the traces it names",
)
.explain(
    "Runs a command and reads the traces its gate calls wrote, without changing its exit code for a verdict.",
)
.positionals("-- <command> [args...]")
.flags(wrapper::FLAGS)
.error_fields(|| Mode::Trace.fields());

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    if !parsed.separator() {
        return Err(Failure::invalid_input("expected `verify`, or a child command after --").with_usage());
    }
    wrapper::run(Mode::Trace, parsed, context)
}
