//! The command table as a [`clap::Command`], for the generators of completions and manual pages alone. Command lines
//! are not read with it.

use clap::builder::PossibleValuesParser;
use clap::{Arg, ArgAction, Command, ValueHint};

use crate::spec::{CommandSpec, Flag, GroupSpec, Positionals, Surface, ValueKind};
use crate::version::producer_version;

/// The whole program, as `surface` describes it.
#[must_use]
pub fn program(surface: &Surface) -> Command {
    let mut program = Command::new("gait")
        .version(producer_version())
        .about("The policy gate between an AI agent's decision and the real tool call")
        .disable_help_subcommand(true)
        .disable_help_flag(true)
        .disable_version_flag(true);
    for spec in &surface.commands {
        let words: Vec<_> = spec.path.split(' ').collect();
        program = insert(program, &words, spec, surface.groups);
    }
    program
}

/// Puts the command described by `spec` below `parent`, at the place `words` name.
fn insert(parent: Command, words: &[&'static str], spec: &CommandSpec, groups: &[GroupSpec]) -> Command {
    let Some((first, rest)) = words.split_first() else {
        return described(parent, spec);
    };
    if parent.find_subcommand(first).is_some() {
        return parent.mut_subcommand(first, |child| insert(child, rest, spec, groups));
    }
    let path = &spec.path[..spec.path.len() - rest.iter().map(|word| word.len() + 1).sum::<usize>()];
    let mut child = Command::new(*first).disable_help_flag(true);
    if let Some(group) = groups.iter().find(|group| group.path == path) {
        child = child.about(group.summary).long_about(group.explain);
    }
    parent.subcommand(insert(child, rest, spec, groups))
}

fn described(command: Command, spec: &CommandSpec) -> Command {
    let command = command
        .about(spec.summary)
        .long_about(spec.explain)
        .args(spec.all_flags().map(argument));
    match spec.positionals {
        Positionals::None => command,
        Positionals::Some(form) => {
            let hint = if form.contains("<command>") {
                ValueHint::CommandWithArguments
            } else {
                ValueHint::AnyPath
            };
            let positional = Arg::new("arguments")
                .value_name(form.trim_matches(['<', '>']))
                .num_args(0..);
            match hint {
                ValueHint::CommandWithArguments => {
                    command.arg(positional.trailing_var_arg(true).value_hint(hint))
                }
                _ => command.arg(positional.value_hint(hint)),
            }
        }
    }
}

fn argument(flag: Flag) -> Arg {
    let argument = Arg::new(flag.name).long(flag.name).help(flag.help);
    if flag.kind == ValueKind::Switch {
        return argument.action(ArgAction::SetTrue);
    }
    let argument = argument.value_name(flag.kind.placeholder().trim_matches(['<', '>']));
    let argument = match flag.kind {
        ValueKind::Path => argument.value_hint(ValueHint::AnyPath),
        _ if !flag.values.is_empty() => argument.value_parser(PossibleValuesParser::new(flag.values)),
        _ => argument,
    };
    if flag.default.is_empty() {
        argument
    } else {
        argument.default_value(flag.default)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_makes_a_sound_clap_command() {
        program(&crate::commands::surface()).debug_assert();
    }
}
