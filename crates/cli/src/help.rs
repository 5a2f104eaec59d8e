//! Usage texts, made from the command table.

use std::fmt::Write as _;

use crate::commands::{self, Command};
use crate::spec::{CommandSpec, Flag, GroupSpec, Positionals, ValueKind};

/// The line `gait --explain` prints.
pub const EXPLAIN: &str = "Gait stands between an AI agent's decision and the real tool call: policy in, verdict and \
signed trace out, offline and deterministic.\n";

/// The usage of the whole program: every command, by topic.
#[must_use]
pub fn program_usage() -> String {
    let width = commands::all()
        .map(|command| command.spec.path.len())
        .max()
        .unwrap_or(0);
    let mut text = String::from("Usage:\n  gait <command> [flags]\n");
    for section in commands::SECTIONS {
        let _ = write!(text, "\n{}:\n", section.title);
        for Command { spec, .. } in section.commands {
            let _ = writeln!(text, "  {:width$}  {}", spec.path, spec.summary);
        }
    }
    text.push_str("\n`gait <command> --help` tells the flags of a command, `gait <command> --explain` what it is for.\n");
    text
}

/// The usage of a group: its sub-commands.
#[must_use]
pub fn group_usage(group: &GroupSpec) -> String {
    let mut text = format!(
        "Usage:\n  gait {} <command> [flags]\n\n{}.\n\nCommands:\n",
        group.path, group.summary
    );
    let members: Vec<_> = commands::below(group.path).collect();
    let width = members
        .iter()
        .map(|command| command.spec.path.len())
        .max()
        .unwrap_or(0);
    for Command { spec, .. } in members {
        let _ = writeln!(text, "  {:width$}  {}", spec.path, spec.summary);
    }
    text
}

/// The usage of one command.
#[must_use]
pub fn command_usage(spec: &CommandSpec) -> String {
    let mut text = format!("Usage:\n  {}\n", synopsis(spec));
    for Command { spec: below, .. } in commands::below(spec.path) {
        let _ = writeln!(text, "  {}", synopsis(below));
    }
    let _ = write!(text, "\n{}.\n", spec.summary);
    let flags: Vec<_> = spec
        .all_flags()
        .map(|flag| (flag_form(flag), flag_help(flag)))
        .collect();
    if flags.is_empty() {
        return text;
    }
    let width = flags.iter().map(|(form, _)| form.len()).max().unwrap_or(0);
    text.push_str("\nFlags:\n");
    for (form, help) in flags {
        let _ = writeln!(text, "  {form:width$}  {help}");
    }
    text
}

/// The command line of a command in one line, such as `gait trace verify [flags] <path>`.
#[must_use]
pub fn synopsis(spec: &CommandSpec) -> String {
    let mut line = format!("gait {}", spec.path);
    if spec.all_flags().next().is_some() {
        line.push_str(" [flags]");
    }
    if let Positionals::Some(form) = spec.positionals {
        line.push(' ');
        line.push_str(form);
    }
    line
}

/// A flag as it is written, such as `--policy <path>`.
#[must_use]
pub fn flag_form(flag: Flag) -> String {
    match flag.kind {
        ValueKind::Switch => format!("--{}", flag.name),
        kind => format!("--{} {}", flag.name, kind.placeholder()),
    }
}

/// What a flag does, with the values that make sense and its default.
#[must_use]
pub fn flag_help(flag: Flag) -> String {
    let mut text = flag.help.to_owned();
    if !flag.values.is_empty() {
        let _ = write!(text, ": {}", flag.values.join(", "));
    }
    if !flag.default.is_empty() {
        let _ = write!(text, " (default {})", flag.default);
    }
    text
}
