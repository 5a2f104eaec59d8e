//! The calls of one client that are at the desk.

use std::collections::HashMap;

use super::desk::{Desk, Hold};
use gait_mcp::ToolCall;

use super::petition::{Approved, Medium, News, Petition};
use super::reply::Reply;
use crate::answer::Ruling;
use crate::exchange::{Asked, Decided, Exchange, Step};
use crate::frame::RequestId;
use crate::judge::Pending;

/// The calls of one client that are at the desk, by numbers that are never used twice.
#[derive(Debug, Default)]
pub(crate) struct Counter {
    held: HashMap<u64, Held>,
    last: u64,
}

#[derive(Debug)]
struct Held {
    asked: Box<Asked>,
    call: ToolCall,
    can_be_asked: bool,
    hold: Hold,
}

/// A call that is to be judged again.
pub(crate) struct Again {
    pub(crate) asked: Box<Asked>,
    pub(crate) call: ToolCall,
    pub(crate) approved: Approved,
}

/// A call that comes to the desk.
pub(crate) struct Arrival<'a> {
    pub(crate) asked: Box<Asked>,
    pub(crate) pending: Pending,
    pub(crate) ruling: Ruling,
    pub(crate) exchange: &'a Exchange,
}

impl Counter {
    /// Brings a call to the desk that needs an approval. `tell` passes on what comes of it, with the number of the call, to
    /// [`Counter::hear`].
    pub(crate) fn bring(
        &mut self,
        arrival: Arrival<'_>,
        desk: &Desk,
        tell: impl Fn(u64, News) + Send + 'static,
    ) {
        self.last += 1;
        let number = self.last;
        let Arrival {
            asked,
            pending,
            ruling,
            exchange,
        } = arrival;
        let medium = exchange.medium(&asked);
        let petition = Petition {
            pending: pending.request,
            ruling,
            presented: asked.wanted.presented.clone(),
            medium,
        };
        let hold = desk.receive(petition, move |news| tell(number, news));
        self.held.insert(
            number,
            Held {
                asked,
                call: pending.call,
                can_be_asked: medium == Medium::Meanwhile,
                hold,
            },
        );
    }

    /// Does what the desk says of a call, or gives the call back for another decision.
    pub(crate) fn hear(
        &mut self,
        number: u64,
        news: News,
        exchange: &mut Exchange,
        steps: &mut Vec<Step>,
    ) -> Option<Again> {
        match news {
            News::Waits(question) => {
                let held = self.held.get(&number).filter(|held| held.can_be_asked)?;
                exchange.ask_client(&held.asked.id, &question, steps);
            }
            News::StillWaits(times) => {
                let held = self.held.get(&number)?;
                exchange.report_waiting(&held.asked, times, steps);
            }
            News::Approved(approved) => {
                let held = self.held.remove(&number)?;
                return Some(Again {
                    asked: held.asked,
                    call: held.call,
                    approved,
                });
            }
            News::ComeBack(invitation) => {
                let held = self.held.remove(&number)?;
                exchange.settle(*held.asked, Decided::ComeBack(Box::new(invitation)), steps);
            }
            News::Refused(ruling) => {
                let held = self.held.remove(&number)?;
                exchange.settle(*held.asked, Decided::Refuse(ruling), steps);
            }
        }
        None
    }

    /// Forgets a call that is not wanted any more.
    pub(crate) fn forget(&mut self, call: &RequestId) {
        self.held.retain(|_, held| held.asked.id != *call);
    }

    /// Passes on what somebody answered in the client about a call.
    pub(crate) fn reply(&self, call: &RequestId, reply: Reply) {
        let held = self.held.values().find(|held| held.asked.id == *call);
        if let Some(held) = held {
            held.hold.reply(reply);
        }
    }

    /// Holds no call any longer.
    pub(crate) fn give_up(&self) {
        self.held.values().for_each(|held| held.hold.give_up());
    }
}
