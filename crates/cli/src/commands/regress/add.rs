//! `gait regress add`: a fixture from a capture receipt, or from whatever `gait regress init` takes.

use std::path::Path;

use gait_regress::{Initialised, Source};

use super::{CHECKPOINT, FROM, NAME, ROOT, from, init, make_fixture, source};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::finding_line;
use crate::error::Failure;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("regress add", "Make a fixture of a captured run")
    .explain("Makes a fixture of the runpack that a capture receipt points at, so that what was noticed once is looked for ever after.")
    .flags_first()
    .flags(&[
        Flag::path(FROM.name, "capture receipt, run id, runpack, pack or session chain (required)"),
        NAME,
        CHECKPOINT,
    ]);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let from = from(parsed)?.trim();
    let fixture = add(from, parsed, context).map_err(|failure| failure.field("source", from))?;
    Ok(init::report(&fixture, from)
        .line(format!(
            "regress add ok: fixture={} run_id={}",
            fixture.name, fixture.run_id
        ))
        .lines(fixture.findings.iter().map(finding_line)))
}

fn add(from: &str, parsed: &Parsed, context: &Context<'_>) -> Result<Initialised, Failure> {
    let of_receipt = Source::of_receipt(Path::new(ROOT), from, parsed.text(CHECKPOINT.name))?;
    let source = match of_receipt {
        Some(source) => source,
        None => source(from, parsed, context)?,
    };
    make_fixture(&source, parsed.text(NAME.name))
}
