//! `gait approvals watch`: every request as it comes and as it is decided.

use std::collections::HashMap;
use std::io;
use std::time::{Duration, Instant};

use gait_approval::{Details, Queue, QueueError, RequestId};
use serde::Serialize;

use super::{DIRECTORY, line, queue};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::render;
use crate::spec::{CommandSpec, Flag};
use crate::wrapper::interrupt::Interruption;

/// Time between two looks at the queue: people do not notice it.
const INTERVAL: Duration = Duration::from_millis(200);

const SPAN: Flag = Flag::duration("for", "how long to watch; 0 until interrupted").or("0");

pub(crate) const SPEC: CommandSpec = CommandSpec::new("approvals watch", "Follow the calls that wait for an approval")
    .explain("Prints a line for every call that waits for an approval and for every decision about one, until interrupted; changes nothing.")
    .flags(&[DIRECTORY, SPAN]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    request: &'a Details,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    if context.process_goes_on() {
        return Err(Failure::invalid_input(
            "approvals watch takes a process of its own",
        ));
    }
    let mut interruption = Interruption::new(INTERVAL).map_err(|error| Failure::new(ErrorKind::Io, error))?;
    let started = Instant::now();
    let span = parsed.duration(SPAN.name).positive();
    let mut watch = Watch {
        queue: queue(parsed),
        told: HashMap::new(),
    };
    loop {
        for news in watch.news(context)? {
            let response = render::command(&SPEC, news, parsed.flag("json"), context);
            match crate::print(&response) {
                // Nobody listens any more.
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Report::verbatim("")),
                printed => printed.map_err(|error| Failure::new(ErrorKind::Io, error))?,
            }
        }
        if interruption.came() || span.is_some_and(|span| started.elapsed() >= span) {
            return Ok(Report::verbatim(""));
        }
    }
}

/// What is known of the requests of a queue.
struct Watch {
    queue: Queue,
    /// What was told of each.
    told: HashMap<RequestId, Told>,
}

/// What was told of a request.
#[derive(PartialEq)]
struct Told {
    status: &'static str,
    approvals: usize,
    /// Nothing will change it.
    is_final: bool,
}

impl Watch {
    /// What has changed since the last look. Requests that were over before the first one are no news.
    fn news(&mut self, context: &Context<'_>) -> Result<Vec<CommandResult>, QueueError> {
        let ids = self.queue.ids()?;
        self.told.retain(|id, _| ids.binary_search(id).is_ok());
        let mut news = Vec::new();
        for id in ids {
            if self.told.get(&id).is_some_and(|told| told.is_final) {
                continue;
            }
            let told = match self.queue.look(&id, context.now()) {
                Ok(entry) => {
                    let details = Details::of(&entry, false);
                    let told = Told {
                        status: details.status,
                        approvals: entry.approvals.len(),
                        is_final: entry.status.is_final(),
                    };
                    let before = self.told.get(&id);
                    if before != Some(&told) && (before.is_some() || !told.is_final) {
                        news.push((details.created_at, Ok(report(&details))));
                    }
                    told
                }
                Err(QueueError::Unknown(_)) => continue,
                Err(error) => {
                    let text = error.to_string();
                    news.push((context.now(), Err(Failure::from(error).line(printable(&text)))));
                    Told {
                        status: "unreadable",
                        approvals: 0,
                        is_final: true,
                    }
                }
            };
            self.told.insert(id, told);
        }
        news.sort_by_key(|(asked, _)| *asked);
        Ok(news.into_iter().map(|(_, news)| news).collect())
    }
}

fn report(details: &Details) -> Report {
    Report::new(&Output {
        ok: true,
        request: details,
    })
    .line(line(details))
}
