//! `gait approvals list`: what waits.

use gait_approval::Details;
use serde::Serialize;

use super::{DIRECTORY, Requests, line, queue};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("approvals list", "Show the calls that wait for an approval")
    .explain("Prints the calls that wait for an approval, and those that have one which is not used yet; changes nothing.")
    .flags(&[
        DIRECTORY,
        Flag::switch("all", "show requests that are over as well"),
    ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    pending: usize,
    approved: usize,
    requests: &'a [Details],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    unreadable: &'a [String],
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let requests = Requests::look(&queue(parsed), parsed.flag("all"), context.now())?;
    let count = |status: &str| requests.told.iter().filter(|one| one.status == status).count();
    let output = Output {
        ok: true,
        pending: count("pending"),
        approved: count("approved"),
        requests: &requests.told,
        unreadable: &requests.unreadable,
    };
    let unreadable = requests.unreadable.iter();
    Ok(Report::new(&output)
        .line(format!(
            "approvals: {} pending, {} approved",
            output.pending, output.approved
        ))
        .lines(requests.told.iter().map(line))
        .lines(unreadable.map(|why| format!("unreadable: {}", printable(why)))))
}
