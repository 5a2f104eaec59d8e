//! `gait run session compact`: drop the events that checkpoints vouch for.

use gait_runpack::session::{CompactRequest, Compaction};
use serde::Serialize;

use super::{JOURNAL, at, fields, journal_line, open, printable, required};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

const OPERATION: &str = "compact";

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "run session compact",
    "Drop events that checkpoints vouch for from a session",
)
.explain(super::GROUP.explain)
.flags(&[
    JOURNAL,
    Flag::path(
        "out",
        "where the compacted journal goes (default: the journal's own place)",
    ),
    Flag::switch("dry-run", "only tell what would be done"),
])
.error_fields(|| fields(OPERATION));

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    operation: &'static str,
    journal: &'a str,
    compaction: &'a Compaction,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [journal] = required(parsed, ["journal"], "--journal is required")?;
    let request = CompactRequest {
        out: parsed.text("out"),
        dry_run: parsed.flag("dry-run"),
        now: context.now(),
    };
    let compaction = open(journal, context)
        .and_then(|session| session.compact(&request))
        .map_err(at(journal))?;
    Ok(Report::new(&Output {
        ok: true,
        operation: OPERATION,
        journal,
        compaction: &compaction,
    })
    .lines(text(&compaction)))
}

fn text(compaction: &Compaction) -> [String; 3] {
    [
        format!(
            "session compact: compacted={} dry_run={} events={}->{} checkpoints={} bytes={}->{}",
            compaction.compacted,
            compaction.dry_run,
            compaction.events_before,
            compaction.events_after,
            compaction.checkpoints,
            compaction.bytes_before,
            compaction.bytes_after
        ),
        journal_line(&compaction.journal_path),
        format!("output: {}", printable(&compaction.output_path)),
    ]
}
