//! The settings of the agent, for the commands that change them.

use std::path::Path;

use gait_canon::json::is_default;
use gait_client::settings_file::SettingsFile;
use gait_client::{hook, unified_diff};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::commands::mcp::clients::{DRY_RUN, absolute};
use crate::error::Failure;
use crate::outcome::Report;
use crate::printable::printable;
use crate::spec::Flag;

const CLAUDE_CODE: &str = "claude-code";

pub(super) const CLIENT: Flag = Flag::text("client", "the coding agent")
    .or(CLAUDE_CODE)
    .values(&[CLAUDE_CODE]);
/// Settings of one person in one project: the paths in it are those of his machine.
pub(super) const SETTINGS: Flag =
    Flag::path("settings", "file of the agent's settings").or(".claude/settings.local.json");

/// What was done, or would be.
#[derive(Serialize)]
pub(super) struct Told {
    ok: bool,
    path: String,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) dry_run: bool,
    pub(super) changed: bool,
    /// Where the file as it was is kept.
    #[serde(skip_serializing_if = "String::is_empty")]
    backup: String,
    /// The events that run the hook afterwards.
    events: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    diff: String,
}

impl Told {
    /// The change of `file` to `new`, which is none where the file goes.
    pub(super) fn new(parsed: &Parsed, file: &SettingsFile, new: Option<&str>) -> Result<Self, Failure> {
        let path = file.path().to_string_lossy().into_owned();
        let dry_run = parsed.flag(DRY_RUN.name);
        let diff = if dry_run {
            unified_diff(file.text().unwrap_or_default(), new.unwrap_or_default(), &path)
        } else {
            String::new()
        };
        Ok(Self {
            ok: true,
            path,
            dry_run,
            changed: file.text() != new,
            backup: String::new(),
            events: new.map(hook::events).transpose()?.unwrap_or_default(),
            diff,
        })
    }

    pub(super) fn kept(mut self, backup: &Path) -> Self {
        self.backup = backup.to_string_lossy().into_owned();
        self
    }

    pub(super) fn report(&self, parsed: &Parsed) -> Report {
        let state = match (self.changed, self.dry_run) {
            (false, _) => "unchanged",
            (true, false) => "changed",
            (true, true) => "would change",
        };
        let kept = (!self.backup.is_empty()).then(|| format!("  as it was: {}", printable(&self.backup)));
        let events = match self.events.join(", ") {
            none if none.is_empty() => "- the hook handles no event".to_owned(),
            events => format!("- the hook handles {events}"),
        };
        Report::new(self)
            .line(format!("{} ok: {CLAUDE_CODE}", parsed.spec().path))
            .line(format!("{}: {state}", printable(&self.path)))
            .lines(kept)
            .line(events)
            .lines(self.diff.lines().map(|line| printable(line).into_owned()))
    }
}

pub(super) fn require_client(parsed: &Parsed) -> Result<(), Failure> {
    match parsed.text(CLIENT.name).trim() {
        CLAUDE_CODE => Ok(()),
        other => Err(Failure::invalid_input(format!(
            "unknown client {other:?}; known is {CLAUDE_CODE}"
        ))),
    }
}

pub(super) fn open(parsed: &Parsed) -> Result<SettingsFile, Failure> {
    Ok(SettingsFile::open(Path::new(&absolute(
        parsed.text(SETTINGS.name).trim(),
    )?))?)
}
