//! `gait version`: which program this is.

use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("version", "Print the program's version")
    .explain("Prints the version that this program writes into every artifact it makes.")
    .raw();

#[derive(Serialize)]
struct Output {
    ok: bool,
    version: &'static str,
}

#[expect(clippy::unnecessary_wraps, reason = "every command has this form")]
pub(crate) fn run(_: &Parsed, context: &Context<'_>) -> CommandResult {
    let version = context.producer_version();
    Ok(Report::new(&Output { ok: true, version }).line(format!("gait {version}")))
}
