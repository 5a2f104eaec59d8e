//! Calls that need an approval.

use std::sync::Arc;
use std::time::Instant;

use super::Event;
use super::serving::{Serving, todo};
use crate::approvals::{Again, Arrival, News};
use crate::exchange::{Asked, Decided};
use crate::judge::Outcome;

impl Serving {
    /// Does what was decided of a call, or brings it to the desk; whether the client still listens.
    pub(super) fn decided(&mut self, index: usize, mut asked: Box<Asked>, mut outcome: Outcome) -> bool {
        let judge = Arc::clone(&self.staff.judge);
        match (outcome.pending.take(), judge.desk()) {
            (Some(pending), Some(desk)) => {
                let strand = self.strand.clone();
                let server = &mut self.servers[index];
                let arrival = Arrival {
                    asked,
                    pending: *pending,
                    ruling: outcome.ruling,
                    exchange: &server.exchange,
                };
                server.counter.bring(arrival, desk, move |number, news| {
                    // Nobody may be listening any more; then nothing runs.
                    _ = strand.leave(Event::News(index, number, news));
                });
                if !self.is_client_there {
                    // It may still read, but does not wait.
                    server.counter.give_up();
                }
                true
            }
            (_, desk) => {
                self.begun(&asked, &outcome.decided);
                if let (Decided::Run(_), Some(desk)) = (&outcome.decided, desk)
                    && let Some(message) = desk.restored(&asked.wanted.presented, asked.message())
                {
                    asked.restate(message);
                }
                self.exchange(index, |exchange, steps| {
                    exchange.settle(*asked, outcome.decided, steps);
                })
            }
        }
    }

    /// Does what the desk says of a call; whether the client still listens.
    pub(super) fn hear(&mut self, index: usize, number: u64, news: News) -> bool {
        let server = &mut self.servers[index];
        let mut steps = Vec::new();
        let again = server
            .counter
            .hear(number, news, &mut server.exchange, &mut steps);
        if let Some(again) = again {
            self.judge_again(index, again);
        }
        self.take(todo(index, steps))
    }

    fn judge_again(&self, index: usize, again: Again) {
        let begun = Instant::now();
        let strand = self.strand.clone();
        let Again {
            asked,
            call,
            approved,
        } = again;
        self.staff.judge.judge_approved(call, &approved, move |outcome| {
            _ = strand.leave(Event::Settled(index, asked, outcome, begun.elapsed()));
        });
    }

    /// The client is gone: no call waits any longer.
    pub(super) fn stop_waiting(&mut self) {
        self.is_client_there = false;
        for server in &self.servers {
            server.counter.give_up();
        }
    }
}
