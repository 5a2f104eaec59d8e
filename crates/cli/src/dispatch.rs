//! From the first words of the command line to the command that answers.

use gait_artifact::suggest::nearest;

use crate::arguments::{self, ArgumentError};
use crate::commands::{self, Command, Entry, Retired};
use crate::context::Context;
use crate::error::{EXIT_OK, ErrorKind, Failure, Migration};
use crate::help;
use crate::outcome::Report;
use crate::render::{self, Response};
use crate::spec::{CommandSpec, GroupSpec, Positionals};

/// Stands for the program itself where an error belongs to no command.
static PROGRAM: CommandSpec = CommandSpec::new("gait", "the policy gate").label("");

/// Answers one invocation. Nothing is printed here.
#[must_use]
pub fn respond(context: &Context<'_>) -> Response {
    let arguments = context.arguments().get(1..).unwrap_or_default();
    let Some(first) = arguments.first() else {
        return Response::text(format!("gait {}\n", context.producer_version()), 0);
    };
    match first.as_str() {
        "--explain" => return Response::text(help::EXPLAIN, 0),
        word if matches!(word.trim(), "--help" | "-h" | "help") => {
            return Response::text(usage_of(&arguments[1..]), 0);
        }
        _ => {}
    }
    let named = match first.as_str() {
        "--version" | "-v" => commands::version().map(|command| (Entry::Command(command), 1)),
        _ => commands::find(arguments),
    };
    match named {
        Some((Entry::Command(command), words)) => run_command(command, &arguments[words..], context),
        Some((Entry::Group(group), words)) => answer_group(group, &arguments[words..], context),
        None => unknown_command(arguments, context),
    }
}

/// The usage of the command that `words` name, or of the whole program.
fn usage_of(words: &[String]) -> String {
    match commands::find(words) {
        Some((Entry::Command(command), _)) => help::command_usage(command.spec),
        Some((Entry::Group(group), _)) => help::group_usage(group),
        None => help::program_usage(),
    }
}

fn run_command(command: &'static Command, arguments: &[String], context: &Context<'_>) -> Response {
    let spec = command.spec;
    // A command that declares the flag itself decides what to explain.
    if spec.flag("explain").is_none() && asks_for(arguments, "--explain") {
        return Response::text(format!("{}\n", spec.explain), 0);
    }
    if let Some(failure) = retired_flag(spec, arguments) {
        return render::command(spec, Err(failure), asks_for(arguments, "--json"), context);
    }
    let parsed = match arguments::parse(spec, arguments) {
        Ok(parsed) => parsed,
        Err(error) => {
            if let Some(report) = command.misread {
                return render::command(spec, Ok(report(context)), true, context);
            }
            let json = spec.json && arguments::wants_json(spec, arguments);
            return render::command(spec, Err(argument_failure(spec, error)), json, context);
        }
    };
    if !spec.raw && spec.help && parsed.flag("help") {
        return render::command(
            spec,
            Ok(Report::verbatim(help::command_usage(spec))),
            false,
            context,
        );
    }
    if spec.positionals == Positionals::None && !spec.raw && !parsed.positionals().is_empty() {
        if let Some(report) = command.misread {
            return render::command(spec, Ok(report(context)), true, context);
        }
        let json = spec.json && arguments::wants_json(spec, arguments);
        return render::command(spec, Err(Failure::unexpected_positionals()), json, context);
    }
    let json = if spec.raw {
        asks_for(arguments, "--json")
    } else {
        spec.json && parsed.flag("json")
    };
    let result = (command.run)(&parsed, context);
    match &result {
        Err(failure) if !json && failure.shows_usage() => {
            Response::text(help::command_usage(spec), failure.kind().exit_code())
        }
        _ => render::command(spec, result, json, context),
    }
}

fn argument_failure(spec: &CommandSpec, error: ArgumentError) -> Failure {
    let failure = Failure::from(error.clone());
    match error {
        ArgumentError::Undefined(name) => match nearest(&name, spec.all_flags().map(|flag| flag.name)) {
            Some(near) => failure.hint(format!("did you mean --{near}?")),
            None => failure,
        },
        ArgumentError::Help => failure.hint(format!("`gait help {}` tells the flags", spec.path)),
        _ => failure,
    }
}

/// Advice for a flag that the command no longer has, wherever it stands.
fn retired_flag(spec: &CommandSpec, arguments: &[String]) -> Option<Failure> {
    let stands = |flag: &str| {
        let is_flag = |argument: &String| {
            let argument = argument.trim();
            argument == flag
                || argument
                    .strip_prefix(flag)
                    .is_some_and(|rest| rest.starts_with('='))
        };
        arguments.iter().any(is_flag)
    };
    let &(deprecated, replacement) = spec.retired_flags.iter().find(|(flag, _)| stands(flag))?;
    let text = format!("deprecated flag spelling: {deprecated} -> {replacement}");
    let migration = Migration::Flag {
        deprecated,
        replacement,
    };
    Some(Failure::invalid_input(text).migration(migration))
}

/// Whether an argument in front of a `--` is `flag` once trimmed.
fn asks_for(arguments: &[String], flag: &str) -> bool {
    arguments
        .iter()
        .take_while(|argument| *argument != "--")
        .any(|argument| argument.trim() == flag)
}

/// A group was named without one of its commands.
fn answer_group(group: &GroupSpec, arguments: &[String], context: &Context<'_>) -> Response {
    if asks_for(arguments, "--explain") {
        return Response::text(format!("{}\n", group.explain), 0);
    }
    let usage = help::group_usage(group);
    let word = arguments.first().map(String::as_str);
    if matches!(word, Some("--help" | "-h" | "help")) {
        let exit = if group.help_succeeds {
            EXIT_OK
        } else {
            ErrorKind::InvalidInput.exit_code()
        };
        return Response::text(usage, exit);
    }
    let exit = ErrorKind::InvalidInput.exit_code();
    let words = commands::below(group.path).map(|command| &command.spec.path[group.path.len() + 1..]);
    let near = word.and_then(|word| nearest(word, words));
    let hint = near.map(|near| format!("did you mean `gait {} {near}`?", group.path));
    if asks_for(arguments, "--json") {
        let text = match word {
            Some(word) if !word.starts_with('-') => {
                format!("unknown command: {} {}", group.path, word.trim())
            }
            _ => format!("expected a command behind `gait {}`", group.path),
        };
        let failure = Failure::invalid_input(text);
        let failure = match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
        return Response::json(failure.to_object(), context, exit);
    }
    Response::text(
        hint.map_or(usage.clone(), |hint| format!("{usage}\nhint: {hint}\n")),
        exit,
    )
}

fn unknown_command(arguments: &[String], context: &Context<'_>) -> Response {
    let word = arguments[0].trim();
    let mut failure = Failure::invalid_input(format!("unknown command: {word}").trim_end());
    let mut text = format!("error: {}\n", failure.details().text);
    let mut closing = String::new();
    if let Some(retired) = commands::RETIRED
        .iter()
        .find(|retired| retired.word == arguments[0])
    {
        let &Retired {
            deprecated,
            replacement,
            ..
        } = retired;
        let migration = Migration::Command {
            deprecated,
            replacement,
        };
        failure = Failure::invalid_input(format!(
            "deprecated command spelling: {deprecated} -> {replacement}"
        ));
        text = format!(
            "error: {}\nhint: use `{replacement}` instead\n",
            failure.details().text
        );
        failure = failure.migration(migration);
    } else if let Some(near) = nearest(word, commands::first_words()) {
        failure = failure.hint(format!("did you mean `gait {near}`?"));
        closing = format!("\nhint: did you mean `gait {near}`?\n");
    }
    if arguments.iter().any(|argument| argument.trim() == "--json") {
        return render::command(&PROGRAM, Err(failure), true, context);
    }
    text.push_str(&help::program_usage());
    text.push_str(&closing);
    Response::text(text, failure.kind().exit_code())
}
