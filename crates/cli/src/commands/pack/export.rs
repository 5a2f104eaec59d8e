//! `gait pack export`: a pack in numbers, for systems that watch many.

use std::path::Path;

use gait_disk::{LockPolicy, append, atomic, path::local_or_absolute};
use gait_pack::export::{DEFAULT_TABLE, ExportSummary, Table, otel_lines, sql_statements};
use serde::Serialize;

use super::{FILE_MODE, PATH, PackOutput, operation, path_argument};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "pack export",
    "Export a pack's numbers to OpenTelemetry or PostgreSQL",
)
.explain(
    "Writes what a pack holds and whether it is intact as OpenTelemetry-like lines or as SQL for PostgreSQL.",
)
.positionals("<path>")
.flags(&[
    PATH,
    Flag::path(
        "otel-out",
        "append a span, an event and six metrics to this JSONL file",
    ),
    Flag::path(
        "postgres-sql-out",
        "write SQL that inserts or updates the pack's row to this file",
    ),
    Flag::text(
        "postgres-table",
        "the table, or schema and table with a dot between",
    )
    .or(DEFAULT_TABLE),
    Flag::switch(
        "postgres-include-ddl",
        "begin the SQL with the definition of the table",
    )
    .or("true"),
])
.error_fields(|| operation("export"));

/// What a person is told of a damaged pack; programs have the counts.
const DAMAGED: &str =
    "warning: the pack is damaged: files are missing, changed or undeclared, as the exported counts say\n";

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    pack: PackOutput<'a>,
    #[serde(skip_serializing_if = "str::is_empty")]
    otel_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    postgres_sql_path: &'a str,
    export: &'a ExportSummary,
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let path = path_argument(parsed)?;
    let otel_path = parsed.text("otel-out").trim();
    let postgres_sql_path = parsed.text("postgres-sql-out").trim();
    if otel_path.is_empty() && postgres_sql_path.is_empty() {
        return Err(Failure::invalid_input(
            "expected --otel-out or --postgres-sql-out",
        ));
    }
    // Everything that can be wrong with the arguments is found before anything is written.
    local_or_absolute(Path::new(otel_path)).map_err(Failure::invalid_input)?;
    let table = match postgres_sql_path {
        "" => Table::default(),
        _ => Table::parse(parsed.text("postgres-table")).map_err(Failure::invalid_input)?,
    };

    let summary = ExportSummary::of(Path::new(path), &Bar::default())?;
    if !postgres_sql_path.is_empty() {
        let sql = sql_statements(&summary, &table, parsed.flag("postgres-include-ddl"))
            .map_err(Failure::invalid_input)?;
        atomic::write_or_replace(Path::new(postgres_sql_path), sql.as_bytes(), FILE_MODE)?;
    }
    if !otel_path.is_empty() {
        let lines = otel_lines(&summary)?;
        append::append_lines(Path::new(otel_path), &lines, FILE_MODE, &LockPolicy::APPEND)?;
    }
    let output = Output {
        pack: PackOutput {
            pack_id: &summary.pack_id,
            pack_type: &summary.pack_type,
            source_ref: &summary.source_ref,
            ..PackOutput::new("export", path)
        },
        otel_path,
        postgres_sql_path,
        export: &summary,
    };
    let written = [("otel", otel_path), ("postgres_sql", postgres_sql_path)]
        .into_iter()
        .filter(|(_, path)| !path.is_empty())
        .map(|(kind, path)| format!("{kind}: {path}"));
    let notice = if summary.is_intact() { "" } else { DAMAGED };
    Ok(Report::new(&output)
        .line(format!("pack export ok: {path}"))
        .lines(written)
        .diagnostics(notice))
}
