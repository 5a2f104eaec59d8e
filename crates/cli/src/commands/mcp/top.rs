//! `gait mcp top`: watch what the MCP gateways of this machine do.

mod live;

use std::io;
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_top::activity::Tail;
use gait_top::model::{Model, Snapshot};
use gait_top::pending::PendingCalls;
use gait_top::view;
use serde::Serialize;

use super::super::approvals;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

/// Where gateways write what they do.
const ACTIVITY_DIR: Flag = Flag::path("activity-dir", "directory that gateways write what they do to")
    .or("./gait-out/mcp-gateway/activity");
const INTERVAL: Flag = Flag::duration("interval", "time between two looks").or("500ms");
const ONCE: Flag = Flag::switch("once", "print what is known once and end");
const SERVER: Flag = Flag::text("server", "the only server of interest");

/// The shortest time between two looks: people see no more.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(50);
/// Looks after which nothing more is caught up with: somebody writes faster than one can read.
const MAX_LOOKS: usize = 64;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("mcp top", "Watch what the MCP gateways of this machine do")
    .explain("Shows calls as they are decided, how often and how fast, the servers behind the gateways and the calls that wait for an approval; decides nothing.")
    .flags(&[ACTIVITY_DIR, approvals::DIRECTORY, INTERVAL, ONCE, SERVER]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    #[serde(flatten)]
    snapshot: &'a Snapshot,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let interval = parsed
        .duration(INTERVAL.name)
        .positive()
        .ok_or_else(|| Failure::invalid_input("--interval must be > 0"))?;
    let mut watched = Watched::new(parsed);
    let is_terminal = context.on_terminal() && context.env("TERM").is_none_or(|name| name != "dumb");
    let is_for_programs = parsed.flag(ONCE.name) || parsed.flag("json") || context.process_goes_on();
    if is_for_programs || !is_terminal {
        return watched.once(context.now());
    }
    live::run(
        &mut watched,
        &live::Settings {
            interval: interval.max(SHORTEST_INTERVAL),
            queue: parsed.text(approvals::DIRECTORY.name).trim(),
            palette: match context.env("NO_COLOR") {
                Some(value) if !value.is_empty() => view::Palette::Monochrome,
                _ => view::Palette::Colour,
            },
        },
        context,
    )?;
    Ok(Report::verbatim(""))
}

/// What is looked at, and what is known of it.
struct Watched {
    tail: Tail,
    pending: PendingCalls,
    model: Model,
}

impl Watched {
    fn new(parsed: &Parsed) -> Self {
        let server = parsed.text(SERVER.name).trim();
        Self {
            tail: Tail::new(parsed.text(ACTIVITY_DIR.name).trim()),
            pending: PendingCalls::new(approvals::queue(parsed)),
            model: Model::new((!server.is_empty()).then(|| server.to_owned())),
        }
    }

    /// Learns what happened since the last look; whether there is more to learn at once.
    fn look(&mut self, now: Timestamp) -> Result<bool, Failure> {
        let news = self.tail.look().map_err(|error| self.unreadable(&error))?;
        let is_behind = news.is_behind;
        self.model.take(news, now);
        self.model.know_waiting(self.pending.look(now)?);
        Ok(is_behind)
    }

    fn unreadable(&self, error: &io::Error) -> Failure {
        let directory = self.tail.directory().display();
        Failure::new(ErrorKind::Io, format!("read {directory}: {error}"))
    }

    fn once(&mut self, now: Timestamp) -> CommandResult {
        for _ in 0..MAX_LOOKS {
            if !self.look(now)? {
                break;
            }
        }
        let snapshot = self.model.snapshot(now);
        let report = Report::new(&Output {
            ok: true,
            snapshot: &snapshot,
        });
        let nothing = snapshot.gateways.is_empty().then(|| {
            let directory = self.tail.directory().display();
            format!("no gateway has written to {directory}")
        });
        Ok(report.lines(nothing).lines(view::plain(&snapshot)))
    }
}
