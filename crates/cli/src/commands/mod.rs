//! The table of all commands, in the order usage texts and documents tell them.
//!
//! A command is a file of this module with a `SPEC` and a `run`; a line in [`SECTIONS`] makes it part of the program.

mod approvals;
mod approve;
mod approve_script;
mod capture;
mod check;
mod completions;
mod contract;
mod delegate;
mod demo;
mod doctor;
mod enforce;
mod gate;
mod gateway;
mod guard;
mod hook;
mod incident;
mod init;
mod job;
mod keys;
mod kill_switch;
mod lint;
mod list_scripts;
mod man;
mod mcp;
mod migrate;
mod pack;
mod policy;
mod registry;
mod regress;
mod report;
mod run;
mod scout;
mod test;
mod tour;
mod trace;
mod verify;
mod version;
mod voice;

pub use gate::resident;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, GroupSpec, Surface};

/// The function that does a command's work.
pub type Run = fn(&Parsed, &Context<'_>) -> CommandResult;

/// A command: what it is and what it does.
pub struct Command {
    /// Its description.
    pub spec: &'static CommandSpec,
    /// Its work.
    pub run: Run,
    /// What it answers to arguments that cannot be read, where that is a document too.
    pub misread: Option<fn(&Context<'_>) -> Report>,
}

impl Command {
    const fn new(spec: &'static CommandSpec, run: Run) -> Self {
        let misread = None;
        Self { spec, run, misread }
    }

    const fn answering_misread(mut self, report: fn(&Context<'_>) -> Report) -> Self {
        self.misread = Some(report);
        self
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
pub static SECTIONS: &[Section] = &[
    Section {
        title: "Start",
        commands: &[
            Command::new(&init::SPEC, init::run),
            Command::new(&check::SPEC, check::run),
            Command::new(&lint::SPEC, lint::run),
            Command::new(&demo::SPEC, demo::run),
            Command::new(&tour::SPEC, tour::run),
            Command::new(&doctor::SPEC, doctor::run),
            Command::new(&doctor::adoption::SPEC, doctor::adoption::run),
        ],
    },
    Section {
        title: "Decide",
        commands: &[
            Command::new(&gate::eval::SPEC, gate::eval::run),
            Command::new(&mcp::proxy::SPEC, mcp::proxy::run),
            Command::new(&mcp::proxy::BRIDGE, mcp::proxy::run),
            Command::new(&mcp::verify::SPEC, mcp::verify::run),
            Command::new(&mcp::gateway::SPEC, mcp::gateway::run),
            Command::new(&mcp::top::SPEC, mcp::top::run),
            Command::new(&mcp::install::SPEC, mcp::install::run),
            Command::new(&mcp::uninstall::SPEC, mcp::uninstall::run),
            Command::new(&mcp::pins::list::SPEC, mcp::pins::list::run),
            Command::new(&mcp::pins::diff::SPEC, mcp::pins::diff::run),
            Command::new(&mcp::pins::approve::SPEC, mcp::pins::approve::run),
            Command::new(&mcp::serve::SPEC, mcp::serve::run),
            Command::new(&hook::claude_code::SPEC, hook::claude_code::run)
                .answering_misread(hook::claude_code::misread),
            Command::new(&hook::install::SPEC, hook::install::run),
            Command::new(&hook::uninstall::SPEC, hook::uninstall::run),
        ],
    },
    Section {
        title: "Write policies",
        commands: &[
            Command::new(&policy::init::SPEC, policy::init::run),
            Command::new(&policy::validate::SPEC, policy::validate::run),
            Command::new(&policy::fmt::SPEC, policy::fmt::run),
            Command::new(&policy::test::SPEC, policy::test::run),
            Command::new(&policy::simulate::SPEC, policy::simulate::run),
        ],
    },
    Section {
        title: "Wrap a child",
        commands: &[
            Command::new(&trace::SPEC, trace::run),
            Command::new(&test::SPEC, test::run),
            Command::new(&enforce::SPEC, enforce::run),
        ],
    },
    Section {
        title: "Keep runs",
        commands: &[
            Command::new(&run::record::SPEC, run::record::run),
            Command::new(&run::inspect::SPEC, run::inspect::run),
            Command::new(&run::replay::SPEC, run::replay::run),
            Command::new(&run::diff::SPEC, run::diff::run),
            Command::new(&run::reduce::SPEC, run::reduce::run),
            Command::new(&run::receipt::SPEC, run::receipt::run),
            Command::new(&run::session::start::SPEC, run::session::start::run),
            Command::new(&run::session::append::SPEC, run::session::append::run),
            Command::new(&run::session::status::SPEC, run::session::status::run),
            Command::new(&run::session::checkpoint::SPEC, run::session::checkpoint::run),
            Command::new(&run::session::compact::SPEC, run::session::compact::run),
            Command::new(&capture::SPEC, capture::run),
            Command::new(&migrate::SPEC, migrate::run),
        ],
    },
    Section {
        title: "Pack evidence",
        commands: &[
            Command::new(&pack::build::SPEC, pack::build::run),
            Command::new(&pack::verify::SPEC, pack::verify::run),
            Command::new(&pack::inspect::SPEC, pack::inspect::run),
            Command::new(&pack::diff::SPEC, pack::diff::run),
            Command::new(&pack::export::SPEC, pack::export::run),
            Command::new(&pack::attest::SPEC, pack::attest::run),
            Command::new(&gateway::ingest::SPEC, gateway::ingest::run),
        ],
    },
    Section {
        title: "Audit evidence",
        commands: &[
            Command::new(&guard::pack::SPEC, guard::pack::run),
            Command::new(&guard::verify::SPEC, guard::verify::run),
            Command::new(&guard::retain::SPEC, guard::retain::run),
            Command::new(&guard::encrypt::SPEC, guard::encrypt::run),
            Command::new(&guard::decrypt::SPEC, guard::decrypt::run),
            Command::new(&incident::pack::SPEC, incident::pack::run),
            Command::new(&incident::triage::SPEC, incident::triage::run),
        ],
    },
    Section {
        title: "Test for regressions",
        commands: &[
            Command::new(&regress::init::SPEC, regress::init::run),
            Command::new(&regress::add::SPEC, regress::add::run),
            Command::new(&regress::run::SPEC, regress::run::run),
            Command::new(&regress::bootstrap::SPEC, regress::bootstrap::run),
        ],
    },
    Section {
        title: "Install from a registry",
        commands: &[
            Command::new(&registry::install::SPEC, registry::install::run),
            Command::new(&registry::list::SPEC, registry::list::run),
            Command::new(&registry::verify::SPEC, registry::verify::run),
        ],
    },
    Section {
        title: "Check the record",
        commands: &[
            Command::new(&verify::SPEC, verify::run),
            Command::new(&verify::chain::SPEC, verify::chain::run),
            Command::new(&verify::session_chain::SPEC, verify::session_chain::run),
            Command::new(&trace::verify::SPEC, trace::verify::run),
            Command::new(&report::top::SPEC, report::top::run),
        ],
    },
    Section {
        title: "Scout",
        commands: &[
            Command::new(&scout::snapshot::SPEC, scout::snapshot::run),
            Command::new(&scout::diff::SPEC, scout::diff::run),
            Command::new(&scout::signal::SPEC, scout::signal::run),
        ],
    },
    Section {
        title: "Approve and delegate",
        commands: &[
            Command::new(&approve::SPEC, approve::run),
            Command::new(&approvals::list::SPEC, approvals::list::run),
            Command::new(&approvals::show::SPEC, approvals::show::run),
            Command::new(&approvals::approve::SPEC, approvals::approve::run),
            Command::new(&approvals::deny::SPEC, approvals::deny::run),
            Command::new(&approvals::watch::SPEC, approvals::watch::run),
            Command::new(&approve_script::SPEC, approve_script::run),
            Command::new(&list_scripts::SPEC, list_scripts::run),
            Command::new(&delegate::mint::SPEC, delegate::mint::run),
            Command::new(&delegate::verify::SPEC, delegate::verify::run),
        ],
    },
    Section {
        title: "Action contracts",
        commands: &[
            Command::new(&contract::validate::SPEC, contract::validate::run),
            Command::new(&contract::activate::SPEC, contract::activate::run),
            Command::new(&contract::verify::SPEC, contract::verify::run),
            Command::new(&contract::consume::SPEC, contract::consume::run)
                .answering_misread(contract::consume::misread),
        ],
    },
    Section {
        title: "Stop",
        commands: &[
            Command::new(&kill_switch::add::SPEC, kill_switch::add::run),
            Command::new(&kill_switch::list::SPEC, kill_switch::list::run),
            Command::new(&kill_switch::disable::SPEC, kill_switch::disable::run),
            Command::new(&kill_switch::expire::SPEC, kill_switch::expire::run),
        ],
    },
    Section {
        title: "Speak",
        commands: &[
            Command::new(&voice::mint::SPEC, voice::mint::run),
            Command::new(&voice::verify::SPEC, voice::verify::run),
            Command::new(&voice::pack::BUILD, pack::build::run),
            Command::new(&voice::pack::VERIFY, pack::verify::run),
            Command::new(&voice::pack::INSPECT, pack::inspect::run),
            Command::new(&voice::pack::DIFF, pack::diff::run),
        ],
    },
    Section {
        title: "Durable jobs",
        commands: &[
            Command::new(&job::submit::SPEC, job::submit::run),
            Command::new(&job::status::SPEC, job::status::run),
            Command::new(&job::checkpoint::add::SPEC, job::checkpoint::add::run),
            Command::new(&job::checkpoint::list::SPEC, job::checkpoint::list::run),
            Command::new(&job::checkpoint::show::SPEC, job::checkpoint::show::run),
            Command::new(&job::pause::SPEC, job::pause::run),
            Command::new(&job::approve::SPEC, job::approve::run),
            Command::new(&job::resume::SPEC, job::resume::run),
            Command::new(&job::stop::SPEC, job::stop::run),
            Command::new(&job::cancel::SPEC, job::cancel::run),
            Command::new(&job::inspect::SPEC, job::inspect::run),
        ],
    },
    Section {
        title: "Keys",
        commands: &[
            Command::new(&keys::init::SPEC, keys::init::run),
            Command::new(&keys::rotate::SPEC, keys::rotate::run),
            Command::new(&keys::verify::SPEC, keys::verify::run),
        ],
    },
    Section {
        title: "The program itself",
        commands: &[
            Command::new(&completions::SPEC, completions::run),
            Command::new(&man::SPEC, man::run),
            Command::new(&version::SPEC, version::run),
        ],
    },
];

/// The words that only gather commands.
pub static GROUPS: &[GroupSpec] = &[
    approvals::GROUP,
    contract::GROUP,
    delegate::GROUP,
    gate::GROUP,
    gateway::GROUP,
    guard::GROUP,
    hook::GROUP,
    incident::GROUP,
    job::GROUP,
    job::checkpoint::GROUP,
    keys::GROUP,
    kill_switch::GROUP,
    mcp::GROUP,
    mcp::pins::GROUP,
    pack::GROUP,
    policy::GROUP,
    registry::GROUP,
    regress::GROUP,
    report::GROUP,
    run::GROUP,
    run::session::GROUP,
    scout::GROUP,
    voice::GROUP,
    voice::TOKEN_GROUP,
    voice::pack::GROUP,
];

/// Second names of commands: the words, and the path of the command they select.
static ALIASES: &[(&str, &str)] = &[
    ("contract consumer", "contract consume"),
    ("contract ingest", "contract validate"),
];

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

/// All that the program offers.
#[must_use]
pub fn surface() -> Surface {
    Surface {
        commands: all().map(|command| command.spec).collect(),
        groups: GROUPS,
    }
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
        let alias = ALIASES.iter().find(|(alias, _)| selects(alias));
        let command = all()
            .find(|command| {
                selects(command.spec.path) || alias.is_some_and(|alias| alias.1 == command.spec.path)
            })
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
            // Without a default the command asks whether the flag was given.
            ValueKind::Integer => flag.default.is_empty() || literal::integer(flag.default).is_some(),
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
