//! What servers told clients, for those who record and remember it.

use std::fmt;
use std::sync::Arc;

use gait_artifact::Timestamp;
use gait_canon::Digest;

use super::sessions::Owed;
use crate::exchange::Unfinished;
use crate::record::Records;

/// Has recorded and remembered what servers tell.
#[derive(Clone)]
pub(crate) struct Told {
    pub(crate) records: Arc<Records>,
    pub(crate) now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl fmt::Debug for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Told").finish_non_exhaustive()
    }
}

impl Told {
    /// The server answered what it owed with `message`.
    pub(crate) fn answered(&self, session: Digest, owed: Owed, message: &str) {
        match owed {
            Owed::Call(ticket) => self.records.finished(ticket, message, (self.now)()),
            Owed::Text => self.records.heard(session, message),
            Owed::Answer | Owed::Page => {}
        }
    }

    /// The server asks the client.
    pub(crate) fn heard(&self, session: Digest, message: &str) {
        self.records.heard(session, message);
    }

    /// What the server owed it will not tell.
    pub(crate) fn unfinished(&self, owed: Owed, why: Unfinished) {
        if let Owed::Call(ticket) = owed {
            self.records.unfinished(ticket, why, (self.now)());
        }
    }
}
