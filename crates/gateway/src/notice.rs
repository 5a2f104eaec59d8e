//! What a gateway tells those who watch it.

use std::io;
use std::process::ExitStatus;
use std::time::Duration;

use crate::answer::Ruling;
use crate::exchange::Dropped;
use crate::hub::HubDropped;
use crate::review::{ReviewError, Standings};

/// What those who watch are told.
#[derive(Debug)]
pub enum Notice<'a> {
    /// The tools of the server were reviewed.
    Reviewed(Standings),
    /// They could not be, and none is offered.
    NotReviewed(&'a ReviewError),
    /// A call was decided.
    Decided {
        /// The tool.
        tool: &'a str,
        /// What was decided.
        ruling: &'a Ruling,
        /// From the arrival of the call to its durable trace.
        took: Duration,
    },
    /// A message was held back.
    Dropped(&'a Dropped),
    /// The server cannot be started, and is left out.
    NotStarted(&'a io::Error),
    /// The process of the server ended, although its client is still there; with what, as far as that is known.
    Ended(Option<ExitStatus>),
    /// Something was left out where several servers are one to their client.
    LeftOut(&'a HubDropped),
}
