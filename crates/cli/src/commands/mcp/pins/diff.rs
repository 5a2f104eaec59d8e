//! `gait mcp pins diff`: what waits for somebody to look at it.

use gait_canon::json::Value;
use gait_gateway::pins::{PinChange, Pins};
use serde::Serialize;

use super::{PINS, SERVER, approved, changes, line, seen};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::ErrorKind;
use crate::outcome::{CommandResult, Report};
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("mcp pins diff", "Show how tools differ from what was approved")
    .explain("Compares the definitions that the gateway saw last with the approved ones; exits with 4 when some wait for approval.")
    .flags(&[PINS, SERVER]);

#[derive(Serialize)]
struct Output {
    ok: bool,
    changes: Vec<Change>,
}

#[derive(Serialize)]
struct Change {
    #[serde(flatten)]
    pin: PinChange,
    #[serde(skip_serializing_if = "Option::is_none")]
    approved_definition: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seen_definition: Option<Value>,
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let (approved, seen) = (approved(parsed)?, seen(parsed)?);
    let changes = changes(parsed, &approved, &seen);
    let lines: Vec<_> = changes.iter().map(line).collect();
    let definition = |pins: &Pins, change: &PinChange| {
        let pin = pins.of(&change.server)?.get(&change.tool)?;
        Some(pin.definition.clone())
    };
    let changes: Vec<_> = changes
        .into_iter()
        .map(|change| Change {
            approved_definition: definition(&approved, &change),
            seen_definition: definition(&seen, &change),
            pin: change,
        })
        .collect();
    let waits = !changes.is_empty();
    let report = Report::new(&Output { ok: !waits, changes }).lines(lines);
    Ok(if waits {
        report.exit(ErrorKind::ApprovalRequired.exit_code())
    } else {
        report.line("nothing waits for approval")
    })
}
