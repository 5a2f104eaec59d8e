//! `gait approvals deny`: keep a waiting call from running.

use gait_approval::Objection;
use serde::Serialize;

use super::{APPROVER, DIRECTORY, REQUEST, queue, request_id, required};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

const REASON: Flag = Flag::text("reason-code", "why, such as a ticket");

pub(crate) const SPEC: CommandSpec = CommandSpec::new("approvals deny", "Keep a waiting call from running")
    .explain(
        "Refuses a call that waits, also one that was approved and has not run; nothing revives the request.",
    )
    .positionals(REQUEST)
    .flags(&[DIRECTORY, APPROVER, REASON]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    request_id: &'a str,
    status: &'a str,
    denied_by: &'a str,
    reason_code: &'a str,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let id = request_id(parsed)?;
    let objection = Objection {
        by: required(parsed, &APPROVER)?.to_owned(),
        reason_code: required(parsed, &REASON)?.to_owned(),
    };
    let closing = queue(parsed).deny(&id, &objection, context.now())?;
    let output = Output {
        ok: true,
        request_id: id.as_str(),
        status: "denied",
        denied_by: &closing.by,
        reason_code: &closing.reason_code,
    };
    Ok(Report::new(&output).line(format!("denied: {id}")))
}
