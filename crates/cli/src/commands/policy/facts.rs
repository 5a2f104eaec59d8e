//! What the trials of a policy rest on beside policy and intent.

use gait_artifact::{Timestamp, inventory::Inventory};

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::spec::Flag;

pub(super) const EVALUATION_TIME: Flag = Flag::text(
    "evaluation-time",
    "instant to judge windows and expiries for, RFC 3339 (default now)",
);
pub(crate) const WRKR_INVENTORY: Flag = Flag::path("wrkr-inventory", "what is known of the tools");

/// The instant that windows and expiries are judged for.
pub(super) fn evaluation_time(parsed: &Parsed, context: &Context<'_>) -> Result<Timestamp, Failure> {
    let given = crate::facts::evaluation_time(parsed.text("evaluation-time"))?;
    Ok(given.unwrap_or_else(|| context.now()))
}

/// The inventory. A trial without the one that was named would mislead, whatever the risk of the intent.
pub(crate) fn inventory(parsed: &Parsed) -> Result<Option<Inventory>, Failure> {
    match parsed.text("wrkr-inventory").trim() {
        "" => Ok(None),
        path => match crate::facts::inventory(path) {
            Ok(file) => Ok(Some(file.inventory)),
            Err(failure) => Err(failure.context("read wrkr inventory")),
        },
    }
}
