//! Every session, and who may use it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use gait_canon::{Digest, short_id};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::Crew;
use super::session::Session;
use crate::fleet::{Fleet, Staff};

/// How long servers may take to end when the gateway does.
const PATIENCE: Duration = Duration::from_secs(8);

/// Every session, by what its requests show.
#[derive(Default)]
pub(super) struct Sessions(Mutex<HashMap<Digest, Entry>>);

struct Entry {
    session: Arc<Session>,
    thread: Option<JoinHandle<()>>,
}

/// There is no room for another session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many sessions are open")]
pub(super) struct Crowded;

/// What a session begins with.
pub(super) struct Opening<'a> {
    /// What its requests show.
    pub(super) key: Digest,
    /// Whether many clients share it.
    pub(super) is_shared: bool,
    /// Sessions at a time.
    pub(super) limit: usize,
    /// Who serves it.
    pub(super) crew: &'a Crew,
}

impl Sessions {
    /// The session of those who show `key`.
    pub(super) fn find(&self, key: Digest) -> Option<Arc<Session>> {
        self.table().get(&key).map(|entry| Arc::clone(&entry.session))
    }

    /// The session of those who show a key, which begins with the servers that `fleet` makes if there is none.
    pub(super) fn open(
        &self,
        opening: &Opening<'_>,
        fleet: impl FnOnce() -> Option<Fleet>,
    ) -> Result<Arc<Session>, Crowded> {
        let mut table = self.table();
        if let Some(entry) = table.get(&opening.key) {
            return Ok(Arc::clone(&entry.session));
        }
        if table.len() >= opening.limit {
            return Err(Crowded);
        }
        let fleet = fleet().ok_or(Crowded)?;
        let session = Session::new(fleet.inlet(), opening.is_shared);
        let (crew, shared) = (opening.crew.clone(), Arc::clone(&session));
        let mut caller = crew.judge.caller.clone();
        caller.session_id = format!("mcp-{}", short_id(&opening.key.to_string()));
        let thread = thread::Builder::new().name("fleet".to_owned()).spawn(move || {
            let outlet = Arc::clone(&shared);
            let staff = Staff {
                judge: crew.judge,
                caller,
                reviewer: crew.reviewer,
                now: crew.now,
                watch: crew.watch,
            };
            // What there is to say of how it ended was said to whoever watches.
            _ = fleet.run(Box::new(move |message| outlet.deliver(&message)), staff);
            shared.is_over();
        });
        let entry = Entry {
            session: Arc::clone(&session),
            thread: Some(thread.map_err(|_| Crowded)?),
        };
        table.insert(opening.key, entry);
        Ok(session)
    }

    /// Ends a session; whether there was one.
    pub(super) fn close(&self, key: Digest) -> bool {
        let entry = self.table().remove(&key);
        if let Some(entry) = &entry {
            entry.session.end();
        }
        entry.is_some()
    }

    /// Ends what nobody has used for so long.
    pub(super) fn sweep(&self, idle_time: Duration) {
        self.table().retain(|_, entry| {
            let is_idle = entry.session.is_idle(idle_time);
            if is_idle {
                entry.session.end();
            }
            !is_idle
        });
    }

    /// Ends all, and waits until their servers are gone.
    pub(super) async fn end(&self) {
        let threads: Vec<_> = {
            let mut table = self.table();
            table
                .drain()
                .filter_map(|(_, mut entry)| {
                    entry.session.end();
                    entry.thread.take()
                })
                .collect()
        };
        let joining = spawn_blocking(move || threads.into_iter().for_each(|thread| drop(thread.join())));
        _ = timeout(PATIENCE, joining).await;
    }

    fn table(&self) -> MutexGuard<'_, HashMap<Digest, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
