//! What is recorded and remembered of one client.

use std::sync::Arc;

use gait_canon::Digest;

use super::serving::Serving;
use crate::exchange::{Asked, Decided};
use crate::record::Records;

impl Serving {
    /// The one client.
    fn client(&self) -> Digest {
        Digest::of(self.staff.caller.session_id.as_bytes())
    }

    fn records(&self) -> &Arc<Records> {
        self.staff.judge.records()
    }

    /// Finds out where the arguments of a call came from.
    pub(super) fn trace(&self, asked: &mut Asked) {
        asked.arg_provenance = self.records().trace(self.client(), &asked.wanted.arguments);
    }

    /// Takes note of a call that runs, if it does.
    pub(super) fn begun(&self, asked: &Asked, decided: &Decided) {
        if let Decided::Run(ticket) = decided {
            self.records()
                .begun(*ticket, self.client(), asked.is_open_world());
        }
    }

    /// Takes note of what a server told, once it is on its way to the client.
    pub(super) fn told(&self, ticket: Option<u64>, frame: &str) {
        match ticket {
            Some(ticket) => self.records().finished(ticket, frame, (self.staff.now)()),
            None => self.records().heard(self.client(), frame),
        }
    }

    /// The client will not come back.
    pub(super) fn forget(&self) {
        self.records().forget(self.client());
    }

    /// Takes note of the calls that will not be answered.
    pub(super) fn note_unfinished(&mut self) {
        for index in 0..self.servers.len() {
            for (ticket, why) in self.servers[index].exchange.take_unfinished() {
                self.records().unfinished(ticket, why, (self.staff.now)());
            }
        }
    }
}
