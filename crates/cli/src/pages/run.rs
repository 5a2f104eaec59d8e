//! The page of a run.

use gait_page::{Badge, Call, Check, Head, Listed, RunPage, Text, Tone};
use gait_runpack::inspect::{Entry, Outcome, RunInspection};
use gait_runpack::{SignatureStatus, Verification};

use super::{check, counts, finding_check, instant};

/// The page of the run in the runpack at `path`.
pub(crate) fn run_page<'a>(
    path: &'a str,
    inspection: &'a RunInspection<'a>,
    verification: &'a Verification,
    producer_version: &'a str,
) -> RunPage<'a> {
    let word = if verification.is_intact() {
        "intact"
    } else {
        "broken"
    };
    let mut head = Head {
        kind: "Run",
        title: inspection.run_id.into(),
        badge: Badge::of(word),
        producer_version: producer_version.into(),
        ..Head::default()
    };
    head.tell("Path", path);
    head.tell("Recorded", instant(verification.manifest.created_at));
    head.tell("Capture mode", inspection.capture_mode);
    head.tell("Calls", inspection.intents_total.to_string());
    head.tell("Manifest digest", &verification.manifest.manifest_digest);
    let verdicts = inspection.entries.iter().map(|entry| entry.outcome.verdict);
    let unmatched = inspection.unmatched_results.iter().map(|result| {
        let id = result.intent_id;
        Text::from(format!(
            "There is a result for the intent {id:?}, which is not there."
        ))
    });
    let warnings = inspection.warnings.iter().map(Text::from);
    RunPage {
        head,
        checks: run_checks(verification).collect(),
        verdicts: counts(verdicts),
        calls: inspection.entries.iter().map(call).collect(),
        notes: unmatched.chain(warnings).collect::<Listed<_>>(),
    }
}

fn call<'a>(entry: &'a Entry<'a>) -> Call<'a> {
    let Outcome {
        status,
        verdict,
        reason_codes,
        violations,
        ..
    } = &entry.outcome;
    Call {
        index: entry.index,
        tool: entry.tool_name.into(),
        status: Badge::of(if status.is_empty() {
            "missing_result"
        } else {
            status
        }),
        verdict: Badge::of(verdict),
        reasons: [Text::all(reason_codes), Text::all(violations)].concat(),
        at: instant(entry.created_at),
        id: entry.intent_id.into(),
        digest: entry.args_digest.into(),
    }
}

/// What verification found, as a page tells it.
fn run_checks(verification: &Verification) -> impl Iterator<Item = Check<'_>> {
    let mut files: Vec<Text<'_>> = Vec::new();
    files.extend(
        verification
            .missing_files
            .iter()
            .map(|name| format!("{name} is missing").into()),
    );
    let mismatches = verification.hash_mismatches.iter();
    files.extend(mismatches.map(|file| format!("{} is not as declared", file.path).into()));
    let word = if files.is_empty() { "intact" } else { "broken" };
    if files.is_empty() {
        files.push(format!("{} files are as declared", verification.files_checked).into());
    }
    let signatures = &verification.signatures;
    let mut signature = check(
        "Signature",
        signatures.status.as_str(),
        Text::all(&signatures.errors),
    );
    if signatures.status == SignatureStatus::Missing {
        signature.notes.push("nobody signed the manifest".into());
    }
    if signatures.status == SignatureStatus::Skipped {
        signature.badge = Badge::new(Tone::Plain, "not checked");
        signature.notes.push("no key was given".into());
    }
    let findings = verification.findings.iter().map(finding_check);
    [check("Files", word, files), signature]
        .into_iter()
        .chain(findings)
}
