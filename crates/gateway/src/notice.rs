//! What a gateway tells those who watch it.

use std::time::Duration;

use crate::answer::Ruling;
use crate::exchange::Dropped;
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
}
