//! The table of all commands, in the order usage texts and documents tell them.
//!
//! A command is a file of this module with a `SPEC` and a `run`; a line in [`SECTIONS`] makes it part of the program.

mod version;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, GroupSpec};

/// The function that does a command's work.
pub type Run = fn(&Parsed, &Context<'_>) -> CommandResult;

/// A command: what it is and what it does.
pub struct Command {
    /// Its description.
    pub spec: &'static CommandSpec,
    /// Its work.
    pub run: Run,
}

impl Command {
    const fn new(spec: &'static CommandSpec, run: Run) -> Self {
        Self { spec, run }
    }
}

/// Commands that belong together.
pub struct Section {
    /// The heading above them.
    pub title: &'static str,
    /// The commands, in order.
    pub commands: &'static [Command],
}

/// Every command, by topic.
pub static SECTIONS: &[Section] = &[Section {
    title: "The program itself",
    commands: &[Command::new(&version::SPEC, version::run)],
}];

/// The words that only gather commands.
pub static GROUPS: &[GroupSpec] = &[];

/// A retired spelling of a command's first word.
pub(crate) struct Retired {
    /// The word.
    pub(crate) word: &'static str,
    /// The command line it stood for.
    pub(crate) deprecated: &'static str,
    /// The command line that replaced it.
    pub(crate) replacement: &'static str,
}

/// Every retired spelling.
pub(crate) static RETIRED: &[Retired] = &[Retired {
    word: "mcp-verify",
    deprecated: "gait mcp-verify",
    replacement: "gait mcp verify",
}];

/// What the first words of a command line select.
#[derive(Clone, Copy)]
pub(crate) enum Entry {
    Command(&'static Command),
    Group(&'static GroupSpec),
}

/// Every command, in order.
pub fn all() -> impl Iterator<Item = &'static Command> {
    SECTIONS.iter().flat_map(|section| section.commands)
}

/// The commands whose path continues `path`, in order.
pub fn below(path: &str) -> impl Iterator<Item = &'static Command> {
    all().filter(move |command| {
        command
            .spec
            .path
            .strip_prefix(path)
            .is_some_and(|rest| rest.starts_with(' '))
    })
}

/// The first words of all commands, each once.
pub(crate) fn first_words() -> impl Iterator<Item = &'static str> {
    let mut last = "";
    all().filter_map(move |command| {
        let word = command.spec.path.split(' ').next().filter(|word| *word != last)?;
        last = word;
        Some(word)
    })
}

/// The command or group that the most of the first words select, and how many words that are.
pub(crate) fn find(arguments: &[String]) -> Option<(Entry, usize)> {
    const LONGEST_PATH: usize = 3;
    (1..=LONGEST_PATH.min(arguments.len())).rev().find_map(|count| {
        let selects = |path: &str| path.split(' ').eq(arguments[..count].iter().map(String::as_str));
        let command = all()
            .find(|command| selects(command.spec.path))
            .map(Entry::Command);
        let entry = command.or_else(|| GROUPS.iter().find(|group| selects(group.path)).map(Entry::Group))?;
        Some((entry, count))
    })
}

/// The command that answers `--version`.
pub(crate) fn version() -> Option<&'static Command> {
    all().find(|command| command.spec.path == version::SPEC.path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::ValueKind;
    use crate::{literal, spec::Flag};

    fn default_is_readable(flag: Flag) -> bool {
        match flag.kind {
            ValueKind::Switch => flag.default.is_empty() || literal::boolean(flag.default).is_some(),
            ValueKind::Integer => literal::integer(flag.default).is_some(),
            ValueKind::Duration => literal::duration(flag.default).is_some(),
            _ => true,
        }
    }

    #[test]
    fn every_command_is_described_once() {
        let mut paths: Vec<_> = all()
            .map(|command| command.spec.path)
            .chain(GROUPS.iter().map(|g| g.path))
            .collect();
        let count = paths.len();
        paths.sort_unstable();
        paths.dedup();
        assert_eq!(paths.len(), count);
        for Command { spec, .. } in all() {
            assert!(
                !spec.summary.is_empty() && !spec.summary.ends_with('.'),
                "{}",
                spec.path
            );
            assert!(
                spec.explain.ends_with('.') && !spec.explain.contains('\n'),
                "{}",
                spec.path
            );
            let mut names: Vec<_> = spec.all_flags().map(|flag| flag.name).collect();
            let count = names.len();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), count, "{} declares a flag twice", spec.path);
            for flag in spec.flags {
                assert!(default_is_readable(*flag), "{} --{}", spec.path, flag.name);
            }
        }
    }

    #[test]
    fn every_group_has_members() {
        for group in GROUPS {
            assert!(below(group.path).next().is_some(), "{}", group.path);
        }
    }

    #[test]
    fn words_select_the_longest_path() {
        let words = |line: &str| line.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert!(find(&words("version x")).is_some_and(|(_, count)| count == 1));
        assert!(find(&words("Version")).is_none());
        assert!(find(&["version x".to_owned()]).is_none());
    }
}
