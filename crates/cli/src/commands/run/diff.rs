//! `gait run diff`: what differs between two runs or two sessions.

use std::path::Path;

use gait_artifact::session::SessionChain;
use gait_canon::json::{self, Object};
use gait_disk::atomic;
use gait_runpack::diff::{Privacy, Summary, diff, diff_chains};
use gait_runpack::{Runpack, read_chain};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::progress::Bar;
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("run diff", "Compare two runs or two sessions")
    .explain("Tells whether two runs meant, did and looked at the same, whatever their ids and times are.")
    .label("diff")
    .positionals("<left> <right>")
    .flags(&[
        Flag::text("privacy", "compare everything, or neither arguments nor results")
            .or("full")
            .values(&["full", "metadata"]),
        Flag::path("output", "file that gets the comparison as JSON"),
    ])
    .error_fields(no_summary);

/// The report is for whoever may read the runpacks.
const REPORT_MODE: u32 = 0o600;

#[derive(Serialize)]
struct Compared<'a> {
    ok: bool,
    privacy: &'a str,
    summary: &'a Summary,
    #[serde(skip_serializing_if = "str::is_empty")]
    output: &'a str,
}

/// What errors carry: a summary that says nothing.
fn no_summary() -> Object {
    let summary = json::to_value(&Summary::default()).ok();
    summary.map(|summary| ("summary", summary)).into_iter().collect()
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [left, right] = parsed.positionals() else {
        return Err(Failure::invalid_input("expected left and right run_id|path"));
    };
    let left = runpack_file::find(left, context)?;
    let right = runpack_file::find(right, context)?;
    let privacy = parsed.text("privacy");
    let (privacy, summary) = if let Some((left, right)) = chains(&left, &right) {
        (privacy, diff_chains(&left, &right))
    } else {
        let privacy: Privacy = privacy.parse()?;
        let progress = Bar::default();
        let (left, right) = (
            Runpack::open_watched(&left, &progress)?,
            Runpack::open_watched(&right, &progress)?,
        );
        (privacy.as_str(), diff(&left, &right, privacy)?)
    };
    let output = parsed.text("output");
    if !output.is_empty() {
        let report = summary.to_report(privacy)?;
        atomic::write_or_replace(Path::new(output), report.as_bytes(), REPORT_MODE)?;
    }
    Ok(report(&Compared {
        ok: summary.is_unchanged(),
        privacy,
        summary: &summary,
        output,
    }))
}

/// The two session chains, if both files are one.
fn chains(left: &Path, right: &Path) -> Option<(SessionChain, SessionChain)> {
    let named_as_chain = |path: &Path| {
        path.extension()
            .is_some_and(|extension| extension.eq_ignore_ascii_case("json"))
    };
    if !named_as_chain(left) || !named_as_chain(right) {
        return None;
    }
    let read = |path: &Path| read_chain(path.to_str()?).ok();
    Some((read(left)?, read(right)?))
}

fn report(compared: &Compared<'_>) -> Report {
    let summary = compared.summary;
    let sides = format!(
        "{} vs {}",
        printable(&summary.run_id_left),
        printable(&summary.run_id_right)
    );
    if compared.ok {
        return Report::new(compared).line(format!("diff ok: {sides}"));
    }
    let report = Report::new(compared)
        .line(format!("diff changed: {sides}"))
        .exit(ErrorKind::VerificationFailed.exit_code());
    if summary.files_changed.is_empty() {
        return report;
    }
    let files: Vec<_> = summary.files_changed.iter().map(|file| printable(file)).collect();
    report.line(format!("files changed: {}", files.join(", ")))
}
