//! Sessions of calls: every decision of a call that names one goes into its journal.
//!
//! Journals stay open between requests, a bounded number of them, so that an event costs the same whether it is the first
//! or the millionth of its session. What happens at once in one session is written and flushed as one.

mod batch;

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gait_artifact::{Timestamp, runpack::RunEnv, text};
use gait_canon::digest::short_id;
use gait_job::JobStore;
use gait_runpack::session::{CheckpointRequest, EventDraft, LockSettings, Session, SessionError};

use crate::boundary::Judged;

pub use batch::SessionEntry;

/// Bytes of a session id that become part of a file name. File systems take 255 for the whole name.
const NAME_BYTES: usize = 120;

/// How journals end.
const JOURNAL: &str = ".journal.jsonl";

/// How sessions are kept.
#[derive(Debug)]
pub struct SessionSettings {
    /// Where journals are; empty for the working directory.
    pub directory: String,
    /// Where the runpacks of checkpoints go; empty for no checkpoints.
    pub runpacks: String,
    /// How long to wait for a journal that other processes write to.
    pub lock: LockSettings,
    /// Version of the program, for the records.
    pub producer_version: String,
    /// Where the program runs, for the records.
    pub host: RunEnv,
    /// The jobs that calls belong to.
    pub jobs: JobStore,
    /// Journals that are kept open.
    pub open: usize,
}

/// Which session a decision belongs to, and what its journal is asked for.
#[derive(Debug, Clone, Copy)]
pub struct SessionCall<'a> {
    /// Not blank.
    pub session_id: &'a str,
    /// The run of the decision.
    pub run_id: &'a str,
    /// The journal, where the client may name one and does.
    pub journal: Option<&'a str>,
    /// Events from one checkpoint to the next; none are made for zero and less.
    pub checkpoint_interval: i64,
}

/// A decision in its journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// The journal.
    pub journal: String,
    /// Its place there, from 1.
    pub sequence: i64,
    /// The checkpoint that it completed.
    pub checkpoint: Option<CheckpointFiles>,
}

/// What a checkpoint left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointFiles {
    /// The runpack of the events.
    pub runpack: String,
    /// The chain it is a link of.
    pub chain: String,
}

impl Appended {
    /// What the answer says of it.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = vec![format!(
            "session_journal={} sequence={}",
            self.journal, self.sequence
        )];
        if let Some(CheckpointFiles { runpack, chain }) = &self.checkpoint {
            warnings.push(format!("session_checkpoint={runpack} chain={chain}"));
        }
        warnings
    }
}

/// The event that keeps the decision `judged`, whose trace is at `trace_path`.
#[must_use]
pub fn event_of(judged: &Judged, trace_path: &str) -> EventDraft {
    let decision = &judged.decision;
    let trace = decision.trace.record();
    let links = trace.relationship.as_ref();
    let calls = links.and_then(|links| links.edges.iter().find(|edge| edge.kind == "calls"));
    EventDraft {
        intent_digest: trace.intent_digest.clone(),
        policy_digest: trace.policy_digest.clone(),
        policy_id: trace.policy_id.clone(),
        policy_version: trace.policy_version.clone(),
        matched_rule_ids: trace.matched_rule_ids.clone(),
        trace_id: trace.trace_id.clone(),
        trace_path: trace_path.to_owned(),
        reason_codes: decision.outcome.reasons(),
        violations: decision.outcome.violations(),
        actor: calls.map(|edge| edge.from.id.clone()).unwrap_or_default(),
        agent_chain: links.map(|links| links.agent_chain.clone()).unwrap_or_default(),
        ..EventDraft::new(trace.tool_name.as_str(), decision.verdict())
    }
}

/// Sessions that journals are kept of. Threads share it; its methods wait for the disk.
#[derive(Debug)]
pub struct Sessions {
    settings: SessionSettings,
    open: Mutex<OpenSessions>,
}

/// A session that was found to be in its journal.
#[derive(Debug)]
struct Known {
    session: Session,
    journal: String,
    /// What the runpacks of its checkpoints are named after.
    checkpoints: CheckpointNames,
}

#[derive(Debug)]
struct CheckpointNames {
    base: String,
    /// Put behind the base where a runpack of another journal may have the name.
    apart: Option<String>,
}

/// Session id, run id, journal of the client.
type Key = (String, String, Option<String>);

/// The sessions used last.
#[derive(Debug, Default)]
struct OpenSessions {
    known: HashMap<Key, (Arc<Known>, u64)>,
    uses: u64,
}

impl OpenSessions {
    fn get(&mut self, key: &Key) -> Option<Arc<Known>> {
        self.uses += 1;
        let (known, used) = self.known.get_mut(key)?;
        *used = self.uses;
        Some(Arc::clone(known))
    }

    /// Keeps `known`, or gives what another thread has kept meanwhile.
    fn keep(&mut self, key: Key, known: Known, most: usize) -> Arc<Known> {
        if let Some(known) = self.get(&key) {
            return known;
        }
        if self.known.len() >= most.max(1)
            && let Some(oldest) = self.known.iter().min_by_key(|(_, (_, used))| *used)
        {
            let oldest = oldest.0.clone();
            self.known.remove(&oldest);
        }
        let known = Arc::new(known);
        self.known.insert(key, (Arc::clone(&known), self.uses));
        known
    }

    fn forget(&mut self, key: &Key, known: &Arc<Known>) {
        if self
            .known
            .get(key)
            .is_some_and(|(kept, _)| Arc::ptr_eq(kept, known))
        {
            self.known.remove(key);
        }
    }
}

impl Sessions {
    /// No session is open yet.
    #[must_use]
    pub fn new(settings: SessionSettings) -> Self {
        Self {
            settings,
            open: Mutex::default(),
        }
    }

    /// Appends the decision `judged`, whose trace is at `trace_path`. On return the event is on the disk.
    pub fn append(
        &self,
        call: &SessionCall<'_>,
        judged: &Judged,
        trace_path: &str,
        now: Timestamp,
    ) -> Result<Appended, SessionError> {
        let mut event = event_of(judged, trace_path);
        // A job that cannot be read has already spoken in the decision.
        if !judged.job_id().is_empty()
            && let Ok(job) = self.settings.jobs.read(judged.job_id())
        {
            event.safety_invariant_version = job.safety_invariant_version;
            event.safety_invariant_hash = job.safety_invariant_hash;
        }
        self.append_event(call, event, now)
    }

    /// Appends an event. On return it is on the disk.
    pub fn append_event(
        &self,
        call: &SessionCall<'_>,
        event: EventDraft,
        now: Timestamp,
    ) -> Result<Appended, SessionError> {
        let key = Self::key(call);
        let mut known = self.known(&key, now)?;
        let appended = match known.session.append(event.clone(), now) {
            // Somebody removed the journal since it was started.
            Err(error) if is_gone(&error) => {
                self.lock().forget(&key, &known);
                known = self.known(&key, now)?;
                known.session.append(event, now)?
            }
            appended => appended?,
        };
        let sequence = appended.sequence;
        Ok(Appended {
            journal: known.journal.clone(),
            sequence,
            checkpoint: self.checkpoint(&known, call.checkpoint_interval, sequence, now)?,
        })
    }

    /// The journal of a session, which is started if it is not.
    pub fn journal(&self, call: &SessionCall<'_>, now: Timestamp) -> Result<String, SessionError> {
        Ok(self.known(&Self::key(call), now)?.journal.clone())
    }

    fn key(call: &SessionCall<'_>) -> Key {
        (
            call.session_id.to_owned(),
            call.run_id.to_owned(),
            call.journal.map(str::to_owned),
        )
    }

    fn lock(&self) -> MutexGuard<'_, OpenSessions> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self, key: &Key, now: Timestamp) -> Result<Arc<Known>, SessionError> {
        if let Some(known) = self.lock().get(key) {
            return Ok(known);
        }
        let known = self.start(key, now)?;
        Ok(self.lock().keep(key.clone(), known, self.settings.open))
    }

    /// Starts the session, or finds it started. A journal whose name was chosen here and that has another session or run in it is
    /// left to those.
    fn start(&self, (session_id, run_id, journal): &Key, now: Timestamp) -> Result<Known, SessionError> {
        let base = base(session_id);
        if let Some(journal) = journal {
            let session = self.start_at(journal, session_id, run_id, now)?;
            return Ok(Known {
                session,
                journal: journal.clone(),
                checkpoints: CheckpointNames {
                    base,
                    apart: Some(short_id(journal)),
                },
            });
        }
        let with = |suffix: &str| format!("{base}_{suffix}");
        for name in [base.clone(), with(&file_name(run_id))] {
            match self.start_own(name, session_id, run_id, now) {
                Err(SessionError::OtherSession { .. }) => {}
                started => return started,
            }
        }
        let unique = short_id(&format!("{session_id}\0{run_id}"));
        self.start_own(with(&unique), session_id, run_id, now)
    }

    fn start_own(
        &self,
        base: String,
        session_id: &str,
        run_id: &str,
        now: Timestamp,
    ) -> Result<Known, SessionError> {
        let journal = join(&self.settings.directory, &format!("{base}{JOURNAL}"));
        Ok(Known {
            session: self.start_at(&journal, session_id, run_id, now)?,
            journal,
            checkpoints: CheckpointNames { base, apart: None },
        })
    }

    fn start_at(
        &self,
        journal: &str,
        session_id: &str,
        run_id: &str,
        now: Timestamp,
    ) -> Result<Session, SessionError> {
        let session = Session::open(journal, self.settings.lock, &self.settings.producer_version)?;
        session.start(session_id, run_id, now)?;
        Ok(session)
    }

    /// Makes the checkpoint that is due with event number `sequence`, unless one that another event asked for has it.
    fn checkpoint(
        &self,
        known: &Known,
        interval: i64,
        sequence: i64,
        now: Timestamp,
    ) -> Result<Option<CheckpointFiles>, SessionError> {
        let due = interval > 0 && sequence % interval == 0 && !self.settings.runpacks.is_empty();
        if !due {
            return Ok(None);
        }
        let runpack = self.runpack(&known.checkpoints, sequence);
        let request = CheckpointRequest {
            out: &runpack,
            chain_out: "",
            signer: None,
            host: self.settings.host.clone(),
            now,
        };
        match known.session.checkpoint(&request) {
            Ok(made) => Ok(Some(CheckpointFiles {
                runpack,
                chain: made.chain_path,
            })),
            Err(SessionError::NothingNew) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn runpack(&self, names: &CheckpointNames, sequence: i64) -> String {
        let CheckpointNames { base, apart } = names;
        let plain = join(&self.settings.runpacks, &format!("{base}_cp_{sequence:06}.zip"));
        match apart {
            Some(apart) if Path::new(&plain).exists() => join(
                &self.settings.runpacks,
                &format!("{base}_{apart}_cp_{sequence:06}.zip"),
            ),
            _ => plain,
        }
    }
}

/// Whether there is no journal any more.
fn is_gone(error: &SessionError) -> bool {
    match error {
        SessionError::Open { source, .. } => source.kind() == io::ErrorKind::NotFound,
        SessionError::Shared(error) => is_gone(error),
        _ => false,
    }
}

/// What the files of a session are named after.
fn base(session_id: &str) -> String {
    match file_name(session_id) {
        base if base.is_empty() => format!("session_{}", short_id(session_id)),
        base => base,
    }
}

/// An id as part of a file name: separators, blanks and control characters become `_`, points and underscores at its ends
/// go, and what is too long ends in a digest.
fn file_name(id: &str) -> String {
    let replaced: String = id
        .chars()
        .map(|c| match c {
            '/' | '\\' | ' ' | ':' => '_',
            c if c.is_control() => '_',
            c => c,
        })
        .collect();
    let name = replaced.trim_matches(['.', '_']);
    if name.len() <= NAME_BYTES {
        return name.to_owned();
    }
    let mut end = NAME_BYTES;
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}_{}", &name[..end], short_id(id))
}

fn join(directory: &str, name: &str) -> String {
    match text::trim(directory) {
        "" => name.to_owned(),
        directory => gait_disk::path::clean(&format!("{directory}/{name}")),
    }
}

#[cfg(test)]
mod tests;
