//! `gait run session checkpoint`: turn what happened since the last checkpoint into a runpack.

use gait_artifact::session::SessionCheckpoint;
use gait_runpack::{record::host, session::CheckpointRequest};
use serde::Serialize;

use super::{JOURNAL, at, fields, open, printable, required};
use crate::arguments::Parsed;
use crate::commands::run::record::optional_signer;
use crate::context::Context;
use crate::minting::{self, Signer};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

const OPERATION: &str = "checkpoint";

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("run session checkpoint", "Make a checkpoint of a session")
        .explain(super::GROUP.explain)
        .flags(&[
            JOURNAL,
            Flag::path("out", "where the runpack goes"),
            Flag::path(
                "chain-out",
                "where the chain goes, besides its place beside the journal",
            ),
            Flag::text("key-mode", "where the signing key comes from").values(&["dev", "prod"]),
            minting::PRIVATE_KEY,
            minting::PRIVATE_KEY_ENV,
        ])
        .error_fields(|| fields(OPERATION));

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    operation: &'static str,
    journal: &'a str,
    checkpoint: SessionCheckpoint,
    chain_path: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    warnings: Option<[&'static str; 1]>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [journal, out] = required(parsed, ["journal", "out"], "--journal and --out are required")?;
    let signer = optional_signer(parsed, context)?;
    let request = CheckpointRequest {
        out,
        chain_out: parsed.text("chain-out"),
        signer: signer.as_ref().map(|signer| &signer.key),
        host: host(),
        now: context.now(),
    };
    let made = open(journal, context)
        .and_then(|session| session.checkpoint(&request))
        .map_err(at(journal))?;
    let checkpoint = &made.checkpoint;
    let line = format!(
        "session checkpoint: index={} runpack=redacted range={}..{}",
        checkpoint.checkpoint_index, checkpoint.sequence_start, checkpoint.sequence_end
    );
    let chain_line = format!("session chain: {}", printable(&made.chain_path));
    let output = Output {
        ok: true,
        operation: OPERATION,
        journal,
        checkpoint: made.checkpoint,
        chain_path: made.chain_path,
        warnings: signer
            .as_ref()
            .and_then(|signer| signer.warning)
            .map(|warning| [warning]),
    };
    Ok(Report::new(&output)
        .line(line)
        .line(chain_line)
        .diagnostics(signer.as_ref().map(Signer::notice).unwrap_or_default()))
}
