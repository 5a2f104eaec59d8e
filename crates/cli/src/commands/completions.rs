//! `gait completions`: let a shell complete commands and flags.

use clap_complete::{Shell, generate};

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::interface;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("completions", "Print the completion script of a shell")
        .explain(
            "Prints a script that makes a shell complete the commands, flags and file names of this program.",
        )
        .positionals("bash|zsh|fish|elvish|powershell")
        .without_json();

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [name] = parsed.positionals() else {
        return Err(Failure::invalid_input("expected the name of a shell").with_usage());
    };
    let shell: Shell = name.parse().map_err(|_| {
        Failure::invalid_input(format!(
            "unknown shell: {name} (expected bash, zsh, fish, elvish or powershell)"
        ))
    })?;
    let mut script = Vec::new();
    generate(
        shell,
        &mut interface::program(&context.surface()),
        "gait",
        &mut script,
    );
    Ok(Report::verbatim(String::from_utf8_lossy(&script)))
}
