//! What is known of the gateways: bounded, and without clock or files.

mod histogram;
mod minute;
mod snapshot;
mod verdicts;

use std::cmp::Reverse;
use std::collections::{HashMap, VecDeque};

use gait_approval::Details;
use gait_artifact::Timestamp;
use serde::Serialize;

use crate::activity::{Call, Event, News, Record, Tools};
use crate::pending::Waiting;
use minute::Window;
pub use minute::{Minute, Rates, ToolName, ToolRates};
pub use snapshot::Snapshot;
pub use verdicts::Verdicts;

/// Calls that are kept, the latest.
const MAX_CALLS: usize = 2000;
/// Gateways that are kept.
const MAX_GATEWAYS: usize = 256;

/// What is known of the gateways.
#[derive(Debug, Default)]
pub struct Model {
    /// The only server of interest, if there is one.
    server: Option<String>,
    /// The oldest first.
    calls: VecDeque<SeenCall>,
    /// The number that the next call gets.
    next: u64,
    window: Window,
    seen: Verdicts,
    gateways: HashMap<(String, u32), Gateway>,
    waiting: Waiting,
    unreadable: u64,
}

/// A call that was decided at a gateway.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SeenCall {
    /// Tells it from all others, for those who point at it.
    #[serde(skip)]
    pub number: u64,
    /// When it was decided, in UTC.
    pub time: Timestamp,
    /// The server.
    pub server: String,
    /// The process of the gateway.
    pub pid: u32,
    /// The session that traces name.
    pub session: String,
    /// The call.
    #[serde(flatten)]
    pub call: Call,
}

/// The gateway in front of one server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gateway {
    /// The server.
    pub server: String,
    /// The process of the gateway.
    pub pid: u32,
    /// How its tools stand; nothing before they were reviewed.
    pub tools: Option<Tools>,
    /// Calls that were seen.
    pub calls: u64,
    /// Messages that were held back.
    pub dropped: u64,
    /// Why the last one was; empty without one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub dropped_because: String,
    /// Whether the gateway has ended, with or without a word.
    pub has_ended: bool,
    /// When something happened there last, in UTC.
    pub last: Timestamp,
    /// When the tools were reviewed.
    #[serde(skip)]
    reviewed: Timestamp,
}

impl Model {
    /// Knows nothing yet, and will know of `server` alone if there is one.
    #[must_use]
    pub fn new(server: Option<String>) -> Self {
        Self {
            server,
            ..Self::default()
        }
    }

    /// Takes in what happened until `now`.
    pub fn take(&mut self, news: News, now: Timestamp) {
        self.unreadable += news.unreadable;
        for record in news.records {
            if self.is_of_interest(&record.server) {
                self.note(record, now);
            }
        }
        for key in news.deserted {
            if let Some(gateway) = self.gateways.get_mut(&key) {
                gateway.has_ended = true;
            }
        }
        while self.gateways.len() > MAX_GATEWAYS {
            let oldest = self
                .gateways
                .values()
                .min_by_key(|one| (!one.has_ended, one.last));
            let Some(key) = oldest.map(|oldest| (oldest.server.clone(), oldest.pid)) else {
                break;
            };
            self.gateways.remove(&key);
        }
    }

    /// Knows from now on that these calls wait.
    pub fn know_waiting(&mut self, mut waiting: Waiting) {
        waiting
            .requests
            .retain(|request| self.is_of_interest(&request.server));
        self.waiting = waiting;
    }

    /// The latest calls, the latest first.
    #[must_use]
    pub fn calls(&self) -> impl DoubleEndedIterator<Item = &SeenCall> + ExactSizeIterator {
        self.calls.iter().rev()
    }

    /// What there is to say of the last minute.
    #[must_use]
    pub fn minute(&self, now: Timestamp) -> Minute {
        self.window.tell(now)
    }

    /// All calls that were seen, by verdict.
    #[must_use]
    pub const fn seen(&self) -> &Verdicts {
        &self.seen
    }

    /// The gateways, those that have not ended first, then in the order of their servers.
    #[must_use]
    pub fn gateways(&self) -> Vec<&Gateway> {
        let mut gateways: Vec<_> = self.gateways.values().collect();
        gateways.sort_by(|one, other| {
            let key = |gateway: &&Gateway| (gateway.has_ended, Reverse(gateway.last));
            if one.has_ended || other.has_ended {
                key(one).cmp(&key(other))
            } else {
                (&one.server, one.pid).cmp(&(&other.server, other.pid))
            }
        });
        gateways
    }

    /// The calls that wait for people.
    #[must_use]
    pub fn waiting(&self) -> &[Details] {
        &self.waiting.requests
    }

    /// Requests for approval that can't be read.
    #[must_use]
    pub const fn unreadable_requests(&self) -> usize {
        self.waiting.unreadable
    }

    /// Lines that are no records.
    #[must_use]
    pub const fn unreadable_lines(&self) -> u64 {
        self.unreadable
    }

    fn is_of_interest(&self, server: &str) -> bool {
        self.server.as_deref().is_none_or(|wanted| wanted == server)
    }

    fn note(&mut self, record: Record, now: Timestamp) {
        let Record {
            time,
            server,
            pid,
            session,
            event,
            ..
        } = record;
        let gateway = self
            .gateways
            .entry((server.clone(), pid))
            .or_insert_with(|| Gateway::new(&server, pid));
        gateway.note(&event, time);
        if let Event::Call(call) = event {
            self.window.add(&server, &call, time, now);
            self.seen.add(call.verdict);
            self.keep(SeenCall {
                number: self.next,
                time,
                server,
                pid,
                session,
                call,
            });
        }
    }

    /// Keeps a call in the order of times: what comes from another file may be older.
    fn keep(&mut self, call: SeenCall) {
        self.next += 1;
        let later = self.calls.iter().rev().take_while(|kept| kept.time > call.time);
        let place = self.calls.len() - later.count();
        self.calls.insert(place, call);
        if self.calls.len() > MAX_CALLS {
            self.calls.pop_front();
        }
    }
}

impl Gateway {
    fn new(server: &str, pid: u32) -> Self {
        Self {
            server: server.to_owned(),
            pid,
            tools: None,
            calls: 0,
            dropped: 0,
            dropped_because: String::new(),
            has_ended: false,
            last: Timestamp::ZERO,
            reviewed: Timestamp::ZERO,
        }
    }

    fn note(&mut self, event: &Event, time: Timestamp) {
        let is_latest = time >= self.last;
        match event {
            Event::Call(_) => self.calls += 1,
            Event::Tools(tools) => {
                if time >= self.reviewed {
                    self.tools = Some(tools.clone());
                    self.reviewed = time;
                }
            }
            Event::Dropped { why } => {
                self.dropped += 1;
                self.dropped_because.clone_from(why);
            }
            Event::Gone => {}
        }
        if is_latest {
            self.last = time;
            // Another process may have the same number later.
            self.has_ended = matches!(event, Event::Gone);
        }
    }
}

#[cfg(test)]
mod tests;
