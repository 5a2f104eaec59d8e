//! `gait scout diff`: how two snapshots differ.

use std::path::Path;

use gait_scout::drift::{self, ChangedItem, Drift, DriftItem};
use serde::Serialize;

use super::write;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{EXIT_OK, ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::spec::{CommandSpec, Flag};

const LEFT: Flag = Flag::path("left", "the earlier snapshot, instead of a positional argument");
const RIGHT: Flag = Flag::path("right", "the later snapshot, instead of a positional argument");
const OUT: Flag = Flag::path("out", "also write the differences to this file");

pub(crate) const SPEC: CommandSpec = CommandSpec::new("scout diff", "Compare two snapshots")
    .explain("Tells which tools and servers were added, removed or changed between two snapshots; exit code 2 says that some were.")
    .positionals("<left_snapshot.json> <right_snapshot.json>")
    .flags(&[LEFT, RIGHT, OUT]);

#[derive(Serialize)]
struct Compared<'a> {
    ok: bool,
    left: &'a str,
    right: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    output_path: &'a str,
    diff: &'a Drift,
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let (left, right) = sides(parsed)?;
    let drift = Drift::between(&drift::read(Path::new(left))?, &drift::read(Path::new(right))?);
    let out = parsed.text(OUT.name).trim();
    if !out.is_empty() {
        write(out, &drift)?;
    }
    let ok = drift.is_empty();
    let output = Compared {
        ok,
        left,
        right,
        output_path: out,
        diff: &drift,
    };
    let word = if ok { "ok" } else { "changed" };
    Ok(Report::new(&output)
        .line(format!("scout diff {word}: {left} vs {right}"))
        .diagnostics(details(&drift))
        .exit(if ok {
            EXIT_OK
        } else {
            ErrorKind::VerificationFailed.exit_code()
        }))
}

/// The two snapshots: what the flags leave open is filled with positional arguments, the left side first.
fn sides(parsed: &Parsed) -> Result<(&str, &str), Failure> {
    let mut positionals = parsed.positionals().iter().map(String::as_str);
    let mut side = |flag: Flag| match parsed.text(flag.name).trim() {
        "" => positionals.next().map_or("", str::trim),
        given => given,
    };
    match (side(LEFT), side(RIGHT), positionals.next()) {
        ("", _, _) | (_, "", _) | (_, _, Some(_)) => Err(Failure::invalid_input(
            "expected <left_snapshot.json> <right_snapshot.json>",
        )),
        (left, right, None) => Ok((left, right)),
    }
}

/// The differences, one a line.
fn details(drift: &Drift) -> String {
    let one_sided = |word: &str, items: &[DriftItem]| -> String {
        let line =
            |item: &DriftItem| format!("{word}: {} ({})\n", printable(&item.id), printable(&item.locator));
        items.iter().map(line).collect()
    };
    let changed = |item: &ChangedItem| {
        let members = item.members.join(", ");
        format!("changed: {} ({members})\n", printable(&item.id))
    };
    [
        one_sided("added", &drift.added),
        one_sided("removed", &drift.removed),
        drift.changed.iter().map(changed).collect(),
    ]
    .concat()
}
