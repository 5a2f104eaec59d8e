//! `gait incident pack`: the audit evidence from the time around a run.

use std::fmt::Write as _;

use gait_artifact::Timestamp;
use gait_evidence::EvidencePack;
use gait_evidence::incident::{DEFAULT_WINDOW, Incident};
use gait_evidence::pack::Settings;
use gait_runpack::RunSummary;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::commands::guard::{
    CASE_ID, RENDER_PDF, TEMPLATES, TRACE_PUBLIC_KEY, TRACE_PUBLIC_KEY_ENV, template, trace_key, write_pack,
};
use crate::commands::run::record::optional_signer;
use crate::context::Context;
use crate::error::Failure;
use crate::literal;
use crate::minting::{PRIVATE_KEY, PRIVATE_KEY_ENV};
use crate::outcome::{CommandResult, Report};
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "incident pack",
    "Gather the evidence from the time around a run",
)
.explain("Takes the traces, approvals, credentials and regression results from the time around a run into one evidence pack.")
.positionals("<run_id|path>")
.flags(&[
    runpack_file::FROM,
    Flag::text("window", "how long before and after the run").or("24h"),
    Flag::path("out", "the pack, instead of evidence_pack_<id>.zip beside the runpack"),
    CASE_ID,
    Flag::text("template", "list of controls")
        .or("incident_response")
        .values(TEMPLATES),
    RENDER_PDF,
    TRACE_PUBLIC_KEY,
    TRACE_PUBLIC_KEY_ENV,
    Flag::text("key-mode", "where the signing key comes from; unsigned when nothing is said")
        .values(&["dev", "prod"]),
    PRIVATE_KEY,
    PRIVATE_KEY_ENV,
]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    pack_path: &'a str,
    pack_id: &'a str,
    run_id: &'a str,
    template_id: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    trace_count: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    regress_count: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    approval_audit_count: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    credential_evidence_count: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    policy_digests: &'a [String],
    window_from: Timestamp,
    window_to: Timestamp,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    skipped_files: &'a [SkippedFile],
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<[&'static str; 1]>,
}

#[derive(Serialize)]
struct SkippedFile {
    path: String,
    reason: String,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let reference = runpack_file::named(parsed, "expected --from <run_id|path>")?;
    let given = parsed.text("window");
    let window = literal::duration(given.trim()).ok_or_else(|| {
        Failure::invalid_input(format!("--window: {given:?} is no duration such as 24h or 1h30m"))
    })?;
    let window = window.positive().unwrap_or(DEFAULT_WINDOW);
    let runpack = runpack_file::find(reference, context)?;
    let signer = optional_signer(parsed, context)?;
    let trace_key = trace_key(parsed, context)?;
    let run = RunSummary::open(&runpack)?;
    let (template, mut notice) = template(parsed);
    let settings = Settings {
        case_id: parsed.text("case-id"),
        template,
        render_pdf: parsed.flag("render-pdf"),
        producer_version: context.producer_version(),
        now: context.now(),
    };
    let incident = Incident::around_trusting(&runpack, &run, window, settings.now, trace_key.as_ref())?;
    let facts = Facts::of(&incident);
    let mut pack = EvidencePack::of_incident(&run, incident, &settings)?;
    if let Some(signer) = &signer {
        pack.sign(&signer.key)?;
        notice.push_str(&signer.notice());
    }
    for SkippedFile { path, reason } in &facts.skipped {
        let _ = writeln!(notice, "skipped {path}: {reason}");
    }
    let path = write_pack(&mut pack, parsed, &runpack)?;

    let manifest = pack.manifest();
    let window = manifest.incident_window.clone().unwrap_or_default();
    let output = Output {
        ok: true,
        pack_path: &path,
        pack_id: &manifest.pack_id,
        run_id: &manifest.run_id,
        template_id: &manifest.template_id,
        trace_count: facts.traces,
        regress_count: facts.regress_results,
        approval_audit_count: facts.approval_audits,
        credential_evidence_count: facts.credential_evidence,
        policy_digests: &facts.policy_digests,
        window_from: window.from.whole_seconds(),
        window_to: window.to.whole_seconds(),
        skipped_files: &facts.skipped,
        warnings: signer.and_then(|signer| signer.warning).map(|warning| [warning]),
    };
    Ok(Report::new(&output)
        .line(format!("incident pack ok: {path}"))
        .diagnostics(notice))
}

/// What is told of an incident that has become a pack.
struct Facts {
    traces: usize,
    regress_results: usize,
    approval_audits: usize,
    credential_evidence: usize,
    policy_digests: Vec<String>,
    skipped: Vec<SkippedFile>,
}

impl Facts {
    fn of(incident: &Incident) -> Self {
        let collection = incident.collection();
        let skipped = incident.skipped().iter();
        Self {
            traces: collection.traces(),
            regress_results: collection.regress_results(),
            approval_audits: collection.approval_audits(),
            credential_evidence: collection.credential_evidence(),
            policy_digests: incident.policy_digests().to_vec(),
            skipped: skipped
                .map(|skipped| SkippedFile {
                    path: skipped.path.to_string_lossy().into_owned(),
                    reason: skipped.error.to_string(),
                })
                .collect(),
        }
    }
}
