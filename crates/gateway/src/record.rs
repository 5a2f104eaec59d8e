//! What became of calls: their decisions in the journal of the session, and beside it what came of those that ran.
//!
//! A decision is an event of its session exactly as the service writes it, so that everything that reads sessions reads
//! these. Events have no place for results, so those are lines of their own ([`CallResult`]) in `<session>.results.jsonl`
//! beside `<session>.journal.jsonl`, tied to the event by trace id and intent digest.
//!
//! Nobody waits for the journals. The decision itself is durable before the call runs, in its signed trace; journals follow
//! within milliseconds, or as fast as the disk lets them, what gathers meanwhile with one flush, and everything is on the disk
//! when the records are dropped. When they fall far behind, calls wait for them rather than that something goes unrecorded.
//!
//! What came back is remembered here as well, for each client apart, so that arguments that carry it are known by it (see
//! [`provenance`](crate::provenance)).

mod answer;
mod writer;

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use gait_artifact::Timestamp;
use gait_artifact::intent::ArgProvenance;
use gait_artifact::mcp::{CALL_RESULT_SCHEMA_ID, CALL_RESULT_SCHEMA_VERSION, CallResult};
use gait_canon::Digest;
use gait_canon::json::{Object, Part, canonical_digest_of_bytes};
use gait_mcp::boundary::Judged;
use gait_mcp::sessions::{SessionEntry, event_of};
use gait_runpack::session::EventDraft;

use crate::exchange::Unfinished;
use crate::frame;
use crate::provenance::{Memories, SharedMemory, Source};
use answer::Answer;
use writer::{Entry, Writer};

pub use writer::{Contents, RecordSettings};

/// Calls that are remembered until they have a result. The oldest make room.
const MAX_RUNNING: usize = 1 << 16;

/// The records of a gateway.
#[derive(Debug, Default)]
pub struct Records {
    running: Mutex<BTreeMap<u64, Running>>,
    writer: Option<Writer>,
    memories: Option<Memories>,
}

/// A decision that is to be recorded once it is durable.
#[derive(Debug)]
pub(crate) struct Decision {
    event: EventDraft,
    call: Call,
}

/// A call, as far as its result is to be tied to it.
#[derive(Debug)]
struct Call {
    session_id: String,
    tool_name: String,
    trace_id: String,
    intent_digest: String,
}

/// A call that ran and has no result.
#[derive(Debug)]
struct Running {
    call: Call,
    since: Instant,
    /// Who will read the result, and whether it comes from the open world.
    reader: Option<(SharedMemory, bool)>,
}

impl Decision {
    /// The decision `judged`, whose trace will be at `trace_path`.
    pub(crate) fn of(judged: &Judged, trace_path: &Path) -> Self {
        let trace = judged.decision.trace.record();
        Self {
            event: event_of(judged, &trace_path.to_string_lossy()),
            call: Call {
                session_id: judged.session_id().to_owned(),
                tool_name: trace.tool_name.clone(),
                trace_id: trace.trace_id.clone(),
                intent_digest: trace.intent_digest.clone(),
            },
        }
    }
}

impl Records {
    /// The same, written as `settings` say. `warn` is told what could not be written, on another thread.
    pub fn written(
        mut self,
        settings: RecordSettings,
        warn: impl Fn(&str) + Send + 'static,
    ) -> Result<Self, io::Error> {
        self.writer = Some(Writer::start(settings, warn)?);
        Ok(self)
    }

    /// The same, with a memory for each client.
    #[must_use]
    pub fn remembered(mut self) -> Self {
        self.memories = Some(Memories::default());
        self
    }

    /// Where `arguments` that `client` sends came from, as far as it was told them.
    #[must_use]
    pub fn trace(&self, client: Digest, arguments: &Object) -> Vec<ArgProvenance> {
        let memory = self.memories.as_ref().map(|memories| memories.of(client));
        memory.map(|memory| memory.trace(arguments)).unwrap_or_default()
    }

    /// Records a decision that is durable. With a `ticket` the call runs, and its result will come with that.
    pub(crate) fn keep(&self, decision: Decision, ticket: Option<u64>, now: Timestamp) {
        let Decision { event, call } = decision;
        if let Some(writer) = &self.writer {
            writer.write(
                &call.session_id,
                Entry::Decided(Box::new(SessionEntry::new(event, now)), now),
            );
        }
        let Some(ticket) = ticket else { return };
        let running = Running {
            call,
            since: Instant::now(),
            reader: None,
        };
        let mut calls = self.running();
        calls.insert(ticket, running);
        let oldest = if calls.len() > MAX_RUNNING {
            calls.pop_first()
        } else {
            None
        };
        drop(calls);
        if let Some((_, oldest)) = oldest {
            self.end(&oldest.call, oldest.since, "abandoned", None, now);
        }
    }

    /// The call with this ticket goes to a server; `client` will read its result. `is_external` says that this comes from
    /// the open world.
    pub fn begun(&self, ticket: u64, client: Digest, is_external: bool) {
        let Some(memories) = &self.memories else { return };
        let memory = memories.of(client);
        if let Some(running) = self.running().get_mut(&ticket) {
            running.reader = Some((memory, is_external));
        }
    }

    /// A server told `client` something beside the results of calls, with the message `frame`.
    pub fn heard(&self, client: Digest, frame: &str) {
        let Some(memories) = &self.memories else { return };
        let Ok(document) = frame::read(frame.as_bytes()) else {
            return;
        };
        let told = Answer::of(&document)
            .content
            .or_else(|| document.root().get("params"));
        if let Some(told) = told {
            let source = Source {
                is_external: true,
                trace_id: String::new(),
                digest: digest(told).unwrap_or_default(),
            };
            memories.of(client).learn(told, source);
        }
    }

    /// The client will not come back.
    pub fn forget(&self, client: Digest) {
        if let Some(memories) = &self.memories {
            memories.end(client);
        }
    }

    /// The call with this ticket was answered with the message `frame`, as the client sees it.
    pub fn finished(&self, ticket: u64, frame: &str, now: Timestamp) {
        let Some(running) = self.running().remove(&ticket) else {
            return;
        };
        if running.reader.is_none() && self.writer.is_none() {
            return;
        }
        let Ok(document) = frame::read(frame.as_bytes()) else {
            return self.end(&running.call, running.since, "protocol_error", None, now);
        };
        let answer = Answer::of(&document);
        let digest = answer.content.and_then(digest).unwrap_or_default();
        if let (Some((memory, is_external)), Some(content)) = (&running.reader, answer.content) {
            let source = Source {
                is_external: *is_external,
                trace_id: running.call.trace_id.clone(),
                digest: digest.clone(),
            };
            memory.learn(content, source);
        }
        let result = answer.content.map(|content| (content, digest));
        self.end(&running.call, running.since, answer.outcome, result, now);
    }

    /// The call with this ticket will not be answered.
    pub fn unfinished(&self, ticket: u64, why: Unfinished, now: Timestamp) {
        let running = self.running().remove(&ticket);
        if let Some(Running { call, since, .. }) = running {
            let outcome = match why {
                Unfinished::Cancelled => "cancelled",
                Unfinished::ServerGone => "server_gone",
                Unfinished::Abandoned => "abandoned",
            };
            self.end(&call, since, outcome, None, now);
        }
    }

    /// The calls that ran will not be answered any more.
    pub fn give_up(&self, now: Timestamp) {
        let running = std::mem::take(&mut *self.running());
        for Running { call, since, .. } in running.into_values() {
            self.end(&call, since, "abandoned", None, now);
        }
    }

    /// Waits until everything that was recorded is on the disk.
    pub fn flush(&self) {
        if let Some(writer) = &self.writer {
            writer.flush();
        }
    }

    fn end(
        &self,
        call: &Call,
        since: Instant,
        outcome: &str,
        result: Option<(Part<'_>, String)>,
        now: Timestamp,
    ) {
        let Some(writer) = &self.writer else { return };
        let (content, result_digest) = result.unzip();
        let raw = content.map_or("", Part::raw);
        let (content, content_omitted) = writer.content(content, raw.len());
        let result = CallResult {
            schema_id: CALL_RESULT_SCHEMA_ID.to_owned(),
            schema_version: CALL_RESULT_SCHEMA_VERSION.to_owned(),
            created_at: now.to_utc(),
            session_id: call.session_id.clone(),
            tool_name: call.tool_name.clone(),
            trace_id: call.trace_id.clone(),
            intent_digest: call.intent_digest.clone(),
            outcome: outcome.to_owned(),
            result_digest: result_digest.unwrap_or_default(),
            result_bytes: raw.len() as u64,
            duration_us: u64::try_from(since.elapsed().as_micros()).unwrap_or(u64::MAX),
            content,
            content_omitted,
            ..CallResult::default()
        };
        writer.write(&call.session_id, Entry::Ended(Box::new(result)));
    }

    fn running(&self) -> MutexGuard<'_, BTreeMap<u64, Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn digest(part: Part<'_>) -> Option<String> {
    let digest: Digest = canonical_digest_of_bytes(part.raw().as_bytes()).ok()?;
    Some(digest.to_string())
}

#[cfg(test)]
mod tests;
