//! Decisions of one session that were made at the same time: one write and one flush for all of them.

use std::sync::Arc;

use gait_artifact::Timestamp;
use gait_artifact::session::SessionEvent;
use gait_runpack::session::{EventDraft, SessionError};

use super::{Appended, Known, SessionCall, Sessions, event_of, is_gone};
use crate::boundary::Judged;

/// What came of the events of a batch, in their order.
type Outcomes = Vec<Result<SessionEvent, SessionError>>;

/// A decision on its way into the journal of its session.
#[derive(Debug, Clone)]
pub struct SessionEntry {
    event: EventDraft,
    now: Timestamp,
}

impl SessionEntry {
    /// The decision that `event` tells of, made `now`.
    #[must_use]
    pub const fn new(event: EventDraft, now: Timestamp) -> Self {
        Self { event, now }
    }

    /// The decision `judged`, made `now`, whose trace is at `trace_path`; none when it belongs to a job, since then files of
    /// the job have to be read for it.
    #[must_use]
    pub fn of(judged: &Judged, trace_path: &str, now: Timestamp) -> Option<Self> {
        judged.job_id().is_empty().then(|| Self {
            event: event_of(judged, trace_path),
            now,
        })
    }
}

impl Sessions {
    /// Appends decisions of one session in their order; gives what came of each. On return they are on the disk.
    ///
    /// No checkpoint is made, whatever `call` says of its interval.
    pub fn append_all(
        &self,
        call: &SessionCall<'_>,
        entries: &[SessionEntry],
    ) -> Vec<Result<Appended, SessionError>> {
        let append = |known: &Known| known.session.append_batch(drafts(entries));
        let appended = self.with_known(call, entries, append);
        match appended {
            Ok((known, outcomes)) => outcomes
                .into_iter()
                .map(|outcome| outcome.map(|event| known.appended(&event)))
                .collect(),
            Err(error) => {
                let error = Arc::new(error);
                let shared = |_| Err(SessionError::Shared(Arc::clone(&error)));
                entries.iter().map(shared).collect()
            }
        }
    }

    /// Appends to the journal of the session, and once more if somebody removed it since it was started.
    fn with_known(
        &self,
        call: &SessionCall<'_>,
        entries: &[SessionEntry],
        append: impl Fn(&Known) -> Outcomes,
    ) -> Result<(Arc<Known>, Outcomes), SessionError> {
        let now = entries.last().map_or(Timestamp::ZERO, |entry| entry.now);
        let key = Self::key(call);
        let known = self.known(&key, now)?;
        let outcomes = append(&known);
        if !outcomes
            .iter()
            .any(|outcome| outcome.as_ref().is_err_and(is_gone))
        {
            return Ok((known, outcomes));
        }
        self.lock().forget(&key, &known);
        let known = self.known(&key, now)?;
        let outcomes = append(&known);
        Ok((known, outcomes))
    }
}

impl Known {
    fn appended(&self, event: &SessionEvent) -> Appended {
        Appended {
            journal: self.journal.clone(),
            sequence: event.sequence,
            checkpoint: None,
        }
    }
}

fn drafts(entries: &[SessionEntry]) -> Vec<(EventDraft, Timestamp)> {
    entries
        .iter()
        .map(|entry| (entry.event.clone(), entry.now))
        .collect()
}
