//! `gait pack inspect`: what a pack says of itself.

use std::path::Path;

use gait_pack::inspect::{Inspection, inspect};
use serde::Serialize;

use super::{PATH, PackOutput, operation, path_argument};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("pack inspect", "Show what a pack says of itself")
    .explain("Shows the manifest, payload and history of a pack or runpack without verifying anything.")
    .positionals("<path>")
    .flags(&[PATH])
    .error_fields(|| operation("inspect"));

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    pack: PackOutput<'a>,
    inspect: &'a Inspection,
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let path = path_argument(parsed)?;
    let inspection = inspect(Path::new(path))?;
    let output = Output {
        pack: PackOutput {
            pack_id: &inspection.pack_id,
            pack_type: &inspection.pack_type,
            source_ref: &inspection.source_ref,
            ..PackOutput::new("inspect", path)
        },
        inspect: &inspection,
    };
    let line = format!(
        "pack inspect ok: {} ({})",
        inspection.pack_id, inspection.pack_type
    );
    Ok(Report::new(&output).line(line))
}
