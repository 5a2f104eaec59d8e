//! `gait pack diff`: how two packs differ.

use std::path::Path;

use gait_artifact::pack::{DiffSummary, PackDiff};
use gait_canon::json;
use gait_disk::atomic;
use gait_pack::diff::diff;
use serde::Serialize;

use super::{FILE_MODE, PackOutput, operation};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("pack diff", "Compare two packs")
    .explain("Compares the files two packs declare and tells whether the context of two runs differs in meaning or only in time.")
    .positionals("<left> <right>")
    .flags(&[Flag::path("output", "also write the comparison to this file")])
    .error_fields(|| operation("diff"));

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    pack: PackOutput<'a>,
    diff: Comparison<'a>,
}

#[derive(Serialize)]
struct Comparison<'a> {
    #[serde(rename = "Result")]
    result: &'a PackDiff,
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let [left, right] = parsed.positionals() else {
        return Err(Failure::invalid_input("expected <left> <right>"));
    };
    let result = diff(Path::new(left.trim()), Path::new(right.trim()))?;
    let path = parsed.text("output").trim();
    if !path.is_empty() {
        let document = json::line(&result)?;
        atomic::write_or_replace(Path::new(path), document.as_bytes(), FILE_MODE)?;
    }
    let changed = result.summary.changed;
    let output = Output {
        pack: PackOutput {
            ok: !changed,
            ..PackOutput::new("diff", path)
        },
        diff: Comparison { result: &result },
    };
    let report = Report::new(&output);
    Ok(if changed {
        // Scripts know a difference by the exit code and by silence on standard output; people read what it is.
        report
            .diagnostics(differences(&result))
            .exit(ErrorKind::VerificationFailed.exit_code())
    } else {
        report.line("pack diff ok")
    })
}

/// The differences, one a line.
fn differences(diff: &PackDiff) -> String {
    let DiffSummary {
        added_files,
        removed_files,
        changed_files,
        manifest_delta,
        context_changed,
        context_drift_classification,
        ..
    } = &diff.summary;
    let mut lines = vec![format!(
        "pack diff: {} ({}) and {} ({}) differ",
        diff.left_pack_id, diff.left_pack_type, diff.right_pack_id, diff.right_pack_type
    )];
    for (word, paths) in [
        ("added", added_files),
        ("removed", removed_files),
        ("changed", changed_files),
    ] {
        lines.extend(paths.iter().map(|path| format!("{word}: {path}")));
    }
    if *manifest_delta {
        lines.push("manifest: differs".to_owned());
    }
    if *context_changed {
        lines.push(format!("context: {context_drift_classification}"));
    }
    lines.join("\n") + "\n"
}
