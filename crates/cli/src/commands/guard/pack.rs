//! `gait guard pack`: the audit evidence of a run.

use std::path::{Path, PathBuf};

use gait_artifact::text;
use gait_canon::PublicKey;
use gait_evidence::collect::Discoverable;
use gait_evidence::pack::Settings;
use gait_evidence::{Collection, EvidencePack, PackError};
use gait_runpack::RunSummary;
use serde::Serialize;

use super::{
    CASE_ID, RENDER_PDF, TEMPLATES, TRACE_PUBLIC_KEY, TRACE_PUBLIC_KEY_ENV, subject, template, trace_key,
    write_pack,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::minting::{KEY_MODE, PRIVATE_KEY, PRIVATE_KEY_ENV, Signer};
use crate::outcome::{CommandResult, Report};
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "guard pack",
    "Gather the audit evidence of a run in a signed pack",
)
.explain("Builds one signed archive of a run's evidence, ordered by audit controls; the same evidence gives the same content.")
.positionals("<run_id|path>")
.flags(&[
    Flag::text("run", "run id or path of the runpack, instead of the positional argument"),
    Flag::path("out", "the pack, instead of evidence_pack_<id>.zip beside the runpack"),
    CASE_ID,
    Flag::list("inventory", "inventories of tools"),
    Flag::list("trace", "traces"),
    Flag::list("regress", "results of regression tests"),
    Flag::list("approval-audit", "approval audits, instead of those beside the runpack"),
    Flag::list("credential-evidence", "credential records, instead of those beside the runpack"),
    Flag::text("template", "list of controls").or("soc2").values(TEMPLATES),
    RENDER_PDF,
    TRACE_PUBLIC_KEY,
    TRACE_PUBLIC_KEY_ENV,
    KEY_MODE,
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
    controls: usize,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    rendered_artifacts: usize,
    manifest_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<[&'static str; 1]>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let reference = subject(parsed, "run", "expected --run <run_id|path>")?;
    let runpack = runpack_file::find(reference, context)?;
    let signer = Signer::of_flags(parsed, context)?;
    let trace_key = trace_key(parsed, context)?;
    let run = RunSummary::open(&runpack)?;
    let (template, notice) = template(parsed);
    let settings = Settings {
        case_id: parsed.text("case-id"),
        template,
        render_pdf: parsed.flag("render-pdf"),
        producer_version: context.producer_version(),
        now: context.now(),
    };
    let mut pack = EvidencePack::build(&run, gather(parsed, &runpack, trace_key)?, &settings)?;
    pack.sign(&signer.key)?;
    let path = write_pack(&mut pack, parsed, &runpack)?;

    let manifest = pack.manifest();
    let output = Output {
        ok: true,
        pack_path: &path,
        pack_id: &manifest.pack_id,
        run_id: &manifest.run_id,
        template_id: &manifest.template_id,
        controls: manifest.control_index.len(),
        rendered_artifacts: manifest.rendered_artifacts.len(),
        manifest_path: format!("{path}#pack_manifest.json"),
        warnings: signer.warning.map(|warning| [warning]),
    };
    Ok(Report::new(&output)
        .line(format!("guard pack ok: {path}"))
        .diagnostics(notice + &signer.notice()))
}

/// The evidence that flags name; approvals and credentials that they don't, from beside the runpack.
fn gather(parsed: &Parsed, runpack: &Path, trace_key: Option<PublicKey>) -> Result<Collection, PackError> {
    let mut collection = Collection::new().trusting_traces_of(trace_key);
    for path in named(parsed, "inventory") {
        collection.add_inventory(&path)?;
    }
    for path in named(parsed, "trace") {
        collection.add_trace(&path)?;
    }
    for path in named(parsed, "regress") {
        collection.add_regress_result(&path)?;
    }
    for path in named_or_beside(parsed, "approval-audit", Discoverable::ApprovalAudit, runpack)? {
        collection.add_approval_audit(&path)?;
    }
    for path in named_or_beside(
        parsed,
        "credential-evidence",
        Discoverable::CredentialEvidence,
        runpack,
    )? {
        collection.add_credential_evidence(&path)?;
    }
    Ok(collection)
}

/// The files that a flag names, in the order of their paths, each once.
fn named(parsed: &Parsed, flag: &str) -> Vec<PathBuf> {
    let paths = text::list(parsed.list(flag));
    paths.into_iter().map(PathBuf::from).collect()
}

fn named_or_beside(
    parsed: &Parsed,
    flag: &str,
    kind: Discoverable,
    runpack: &Path,
) -> Result<Vec<PathBuf>, PackError> {
    let named = named(parsed, flag);
    if named.is_empty() {
        kind.beside(runpack).map_err(PackError::Directory)
    } else {
        Ok(named)
    }
}
