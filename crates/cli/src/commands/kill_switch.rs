//! `gait kill-switch`: stop calls at once, whatever the policy says.

pub(crate) mod add;
pub(crate) mod disable;
pub(crate) mod expire;
pub(crate) mod list;

use gait_artifact::Timestamp;
use gait_gate::kill_switch::{Change, KillSwitchEntry, KillSwitchFile, KillSwitchState};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::error::Failure;
use crate::outcome::Report;
use crate::spec::{CommandSpec, Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "kill-switch",
    summary: "Stop calls at once, whatever the policy says",
    explain: "Adds, lists, disables and expires the entries that stop matching calls before any policy is asked.",
    help_succeeds: true,
};

const STATE: Flag = Flag::path("state", "file of the kill switch").or("./.gait-out/kill_switch_state.json");
const ENTRY_ID: Flag = Flag::text("entry-id", "id of the entry");

/// A command of the group. Scripts in the field rely on it ignoring positional arguments and having no `--help`.
const fn spec(path: &'static str, summary: &'static str) -> CommandSpec {
    CommandSpec::new(path, summary)
        .positionals("[ignored...]")
        .errors_on_stderr()
        .without_help()
}

/// What every command of the group prints.
#[derive(Serialize)]
struct Output {
    ok: bool,
    action: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    entry: Option<KillSwitchEntry>,
    state: KillSwitchState,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<KillSwitchEntry>,
}

fn file(parsed: &Parsed) -> KillSwitchFile {
    KillSwitchFile::new(parsed.text("state"))
}

/// The entry that a change is about.
fn entry_id(parsed: &Parsed) -> Result<&str, Failure> {
    match parsed.text("entry-id").trim() {
        "" => Err(Failure::invalid_input("--entry-id is required")),
        id => Ok(id),
    }
}

/// The instant of `--expires-at`, when it is given.
fn expires_at(parsed: &Parsed) -> Result<Option<Timestamp>, Failure> {
    match parsed.text("expires-at").trim() {
        "" => Ok(None),
        text => text
            .parse()
            .map(Some)
            .map_err(|error| Failure::invalid_input(error).context("invalid --expires-at")),
    }
}

fn report(action: &'static str, change: Change) -> Report {
    let line = format!("{action}: {}", change.entry.entry_id);
    let Change { entry, state } = change;
    Report::new(&Output {
        ok: true,
        action,
        entry: Some(entry),
        state,
        entries: Vec::new(),
    })
    .line(line)
}
