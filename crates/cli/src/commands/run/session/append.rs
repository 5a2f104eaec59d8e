//! `gait run session append`: remember a decision.

use gait_artifact::{Verdict, session::SessionEvent, text};
use gait_runpack::session::EventDraft;
use serde::Serialize;

use super::{JOURNAL, at, fields, journal_line, open, printable, required};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

const OPERATION: &str = "append";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("run session append", "Add a decision to a session")
    .explain(super::GROUP.explain)
    .flags(&[
        JOURNAL,
        Flag::text("tool", "the tool that was to be called"),
        Flag::text("verdict", "what was decided").values(&["allow", "block", "dry_run", "require_approval"]),
        Flag::text("intent-id", "id of the intent"),
        Flag::text("trace-id", "id of the trace"),
        Flag::path("trace-path", "where the trace is"),
        Flag::text("intent-digest", "digest of the intent"),
        Flag::text("policy-digest", "digest of the policy"),
        Flag::list("reason-codes", "why it was decided so"),
        Flag::list("violations", "what was violated"),
    ])
    .error_fields(|| fields(OPERATION));

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    operation: &'static str,
    journal: &'a str,
    event: SessionEvent,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [journal, tool, verdict] = required(
        parsed,
        ["journal", "tool", "verdict"],
        "--journal, --tool, and --verdict are required",
    )?;
    let verdict: Verdict = text::lower(verdict).parse().map_err(|_| {
        Failure::invalid_input("unsupported --verdict value (expected allow|block|dry_run|require_approval)")
    })?;
    let text = |flag: &str| parsed.text(flag).to_owned();
    let draft = EventDraft {
        intent_id: text("intent-id"),
        trace_id: text("trace-id"),
        trace_path: text("trace-path"),
        intent_digest: text("intent-digest"),
        policy_digest: text("policy-digest"),
        reason_codes: parsed.list("reason-codes"),
        violations: parsed.list("violations"),
        ..EventDraft::new(tool, verdict)
    };
    let event = open(journal, context)
        .and_then(|session| session.append(draft, context.now()))
        .map_err(at(journal))?;
    let line = format!(
        "session append: sequence={} tool=redacted verdict={}",
        event.sequence,
        printable(&event.verdict)
    );
    let output = Output {
        ok: true,
        operation: OPERATION,
        journal,
        event,
    };
    Ok(Report::new(&output).line(line).line(journal_line(journal)))
}
