//! `gait verify session-chain`: whether the checkpoints of a session follow one another and are what they say.

use gait_artifact::finding::Finding;
use gait_runpack::{ChainVerification, read_chain, verify_chain};
use serde::Serialize;

use super::exit_of;
use crate::arguments::Parsed;
use crate::commands::gate::invocation::joined;
use crate::context::Context;
use crate::demands::{self, Demands, finding_line};
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::spec::{CommandSpec, Flag};

const FLAGS: [Flag; demands::FLAGS.len() + 1] = joined(&[
    &[Flag::path(
        "chain",
        "the session chain, instead of the positional argument",
    )],
    &demands::FLAGS,
]);

pub(crate) const SPEC: CommandSpec =
    CommandSpec::new("verify session-chain", "Verify the checkpoints of a session")
        .explain("Checks offline that the checkpoints of a session are linked without a break and that their runpacks are what the chain says.")
        .positionals("[<session_chain.json>]")
        .flags(&FLAGS);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    chain_path: &'a str,
    session_id: &'a str,
    run_id: &'a str,
    checkpoints_checked: usize,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    linkage_errors: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    checkpoint_errors: &'a [String],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    integrity_findings: &'a [Finding],
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = match (parsed.text("chain"), parsed.positionals()) {
        (path, []) if !path.trim().is_empty() => path,
        (blank, [path]) if blank.trim().is_empty() => path,
        _ => return Err(Failure::invalid_input("expected --chain <session_chain.json>")),
    };
    let demands = Demands::of(parsed, context)?;
    let chain = read_chain(path)?;
    let outcome = verify_chain(&chain, &demands.options(), &Bar::default());
    let ChainVerification {
        linkage_errors,
        checkpoint_errors,
        findings,
    } = &outcome;
    let output = Output {
        ok: outcome.is_ok() && demands.accepts(findings),
        chain_path: path,
        session_id: &chain.session_id,
        run_id: &chain.run_id,
        checkpoints_checked: chain.checkpoints.len(),
        linkage_errors,
        checkpoint_errors,
        integrity_findings: findings,
    };
    Ok(Report::new(&output)
        .lines(output.lines())
        .exit(exit_of(output.ok)))
}

impl Output<'_> {
    fn lines(&self) -> Vec<String> {
        let path = self.chain_path;
        let mut lines = if self.ok {
            let (session, run, count) = (self.session_id, self.run_id, self.checkpoints_checked);
            vec![
                format!("verify session-chain: ok ({path})"),
                format!("session={session} run={run} checkpoints={count}"),
            ]
        } else {
            vec![format!("verify session-chain failed: {path}")]
        };
        for (name, errors) in [
            ("linkage errors", self.linkage_errors),
            ("checkpoint errors", self.checkpoint_errors),
        ] {
            if !errors.is_empty() {
                lines.push(format!("{name}: {}", errors.join("; ")));
            }
        }
        lines.extend(self.integrity_findings.iter().map(finding_line));
        lines
    }
}
