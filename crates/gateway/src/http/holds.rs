//! Calls over HTTP that are held while nobody has decided about them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gait_canon::Digest;

use crate::approvals::Hold;
use crate::frame::RequestId;

/// A call, by its session and the id of its request.
type Key = (Digest, RequestId);

/// The calls that are held.
#[derive(Debug, Default)]
pub(crate) struct Waiting(Mutex<HashMap<Key, Arc<Hold>>>);

impl Waiting {
    /// Ends the waiting of a call that its client does not want any more; whether it waited.
    pub(crate) fn cancel(&self, session: Digest, id: &RequestId) -> bool {
        let calls = self.calls();
        let hold = calls.get(&(session, id.clone()));
        hold.inspect(|hold| hold.give_up()).is_some()
    }

    fn calls(&self) -> MutexGuard<'_, HashMap<Key, Arc<Hold>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place among the calls that are held, for as long as it is needed.
pub(crate) struct Place {
    waiting: Arc<Waiting>,
    key: Key,
    hold: Arc<Hold>,
}

impl Place {
    /// Takes a place for a call.
    pub(crate) fn take(waiting: &Arc<Waiting>, key: Key, hold: Hold) -> Self {
        let hold = Arc::new(hold);
        waiting.calls().insert(key.clone(), Arc::clone(&hold));
        Self {
            waiting: Arc::clone(waiting),
            key,
            hold,
        }
    }

    /// Ends the waiting.
    pub(crate) fn give_up(&self) {
        self.hold.give_up();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut calls = self.waiting.calls();
        // Another request may have come under the same id.
        if calls
            .get(&self.key)
            .is_some_and(|hold| Arc::ptr_eq(hold, &self.hold))
        {
            calls.remove(&self.key);
        }
    }
}
