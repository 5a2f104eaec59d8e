//! Tells people what a gateway does: on standard error, and in files that `gait mcp top` follows.

use std::io::{self, Write as _};
use std::path::Path;
use std::process;

use gait_artifact::verdict::Verdict;
use gait_disk::reload::Epoch;
use gait_gate::clock::{Clock as _, SystemClock};
use gait_gateway::answer::Ruling;
use gait_gateway::exchange::Dropped;
use gait_gateway::judge::Rules;
use gait_gateway::notice::Notice;
use gait_gateway::review::Standings;
use gait_top::activity::{Call, Event, Source, Tools, Writer};

use crate::arguments::Parsed;
use crate::spec::Flag;

/// Where gateways write what they do, and `gait mcp top` reads it.
pub(in crate::commands::mcp) const ACTIVITY_DIR: Flag = Flag::path(
    "activity-dir",
    "directory of the files that gait mcp top follows; empty for none",
)
.or("./gait-out/mcp-gateway/activity");

/// Watches the servers of one gateway.
pub(super) struct Watchers(Vec<Watcher>);

impl Watchers {
    pub(super) fn new<'a>(servers: impl Iterator<Item = &'a str>, session: &str, parsed: &Parsed) -> Self {
        Self(
            servers
                .map(|server| Watcher::new(server, session, parsed))
                .collect(),
        )
    }

    /// Notes what happened at `server`, or between all of them.
    pub(super) fn note(&self, server: &str, notice: &Notice<'_>) {
        match self.0.iter().find(|watcher| watcher.server == server) {
            Some(watcher) => watcher.note(notice),
            None => {
                if self.0.iter().any(|watcher| !watcher.is_quiet) {
                    Watcher::tell_of("gateway", &line(notice));
                }
            }
        }
    }
}

/// Watches the gateway of one server.
struct Watcher {
    server: String,
    is_quiet: bool,
    activity: Option<Writer>,
}

impl Watcher {
    fn new(server: &str, session: &str, parsed: &Parsed) -> Self {
        let directory = parsed.text(ACTIVITY_DIR.name).trim();
        let source = || Source {
            server: server.to_owned(),
            pid: process::id(),
            session: session.to_owned(),
        };
        Self {
            server: server.to_owned(),
            is_quiet: parsed.flag("quiet"),
            activity: (!directory.is_empty()).then(|| Writer::new(Path::new(directory), source())),
        }
    }

    fn note(&self, notice: &Notice<'_>) {
        if !self.is_quiet {
            self.tell(&line(notice));
        }
        self.record(event(notice));
    }

    /// Whether that succeeds makes no difference to any call.
    fn record(&self, event: Event) {
        let Some(activity) = &self.activity else { return };
        if let Err(error) = activity.record(SystemClock.now(), event)
            && !self.is_quiet
        {
            self.tell(&format!("gait mcp top may not see what happens here: {error}"));
        }
    }

    /// One line on standard error; nobody has to read it.
    fn tell(&self, line: &str) {
        Self::tell_of(&self.server, line);
    }

    fn tell_of(whom: &str, line: &str) {
        _ = writeln!(io::stderr(), "gait: {whom}: {line}");
    }
}

/// Tells what calls are judged by from now on.
pub(super) fn tell_of_rules(epoch: &Epoch<Rules>) {
    let line = match (&epoch.value, &epoch.invalid) {
        (Ok(rules), None) => {
            let digest = rules.boundary.gate().compiled_policy().digest();
            format!("judging by the policy as it is now, {digest}")
        }
        (Ok(_), Some(why)) => format!("still judging by the policy as it was: {why}"),
        (Err(why), _) => format!("every call is refused: {why}"),
    };
    Watcher::tell_of("gateway", &line);
}

impl Drop for Watcher {
    fn drop(&mut self) {
        self.record(Event::Gone);
    }
}

fn line(notice: &Notice<'_>) -> String {
    match notice {
        Notice::Reviewed(Standings {
            offered,
            out_of_reach,
            quarantined,
        }) => format!("{offered} tools offered, {out_of_reach} hidden by policy, {quarantined} quarantined"),
        Notice::NotReviewed(error) => format!("no tool is offered: {error}"),
        Notice::Decided { tool, ruling, took } => {
            let Ruling {
                verdict,
                reason_codes,
                trace_id,
                ..
            } = ruling;
            let (reasons, took) = (reason_codes.join(", "), took.as_secs_f64() * 1000.0);
            format!("{tool}: {verdict} [{reasons}] trace {trace_id} in {took:.1} ms")
        }
        Notice::Dropped(why) => format!("held back: {why:?}"),
        Notice::NotStarted(error) => format!("cannot be started and is left out: {error}"),
        Notice::Ended(None) => "ended".to_owned(),
        Notice::Ended(Some(status)) => format!("ended ({status})"),
        Notice::LeftOut(why) => why.to_string(),
    }
}

fn event(notice: &Notice<'_>) -> Event {
    let count = |tools: usize| u64::try_from(tools).unwrap_or(u64::MAX);
    match notice {
        Notice::Reviewed(standings) => Event::Tools(Tools {
            offered: count(standings.offered),
            hidden: count(standings.out_of_reach),
            quarantined: count(standings.quarantined),
            problem: String::new(),
        }),
        Notice::NotReviewed(error) => Event::Tools(Tools {
            problem: error.to_string(),
            ..Tools::default()
        }),
        Notice::NotStarted(error) => Event::Tools(Tools {
            problem: error.to_string(),
            ..Tools::default()
        }),
        Notice::Ended(_) => Event::Tools(Tools {
            problem: line(notice),
            ..Tools::default()
        }),
        Notice::LeftOut(_) => Event::Dropped {
            why: "left_out".to_owned(),
        },
        Notice::Decided { tool, ruling, took } => Event::Call(Call {
            tool: (*tool).to_owned(),
            // What is no verdict lets nothing run.
            verdict: ruling.verdict.parse().unwrap_or(Verdict::Block),
            reason_codes: ruling.reason_codes.clone(),
            trace_id: ruling.trace_id.clone(),
            took_us: u64::try_from(took.as_micros()).unwrap_or(u64::MAX),
        }),
        Notice::Dropped(dropped) => Event::Dropped {
            why: why(dropped).to_owned(),
        },
    }
}

/// A word, and nothing of what the message said.
const fn why(dropped: &Dropped) -> &'static str {
    match dropped {
        Dropped::Unreadable(_) => "unreadable_message",
        Dropped::Unasked(_) => "unasked_answer",
        Dropped::CallWithoutId => "call_without_id",
        Dropped::UnaskedByServer(_) => "unasked_answer_of_client",
        Dropped::Listing(_) => "unusable_listing",
    }
}
