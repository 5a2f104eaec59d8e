//! `gait policy test`: what a policy says of one intent, without tokens, limits or traces.

use gait_artifact::{Timestamp, Verdict, intent::Intent};
use gait_canon::Digest;
use gait_policy::{CompiledPolicy, Evaluation, Facts, evaluate};
use serde::Serialize;

use super::facts::{EVALUATION_TIME, WRKR_INVENTORY, evaluation_time, inventory};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{Failure, exit_code_of};
use crate::facts::context_envelope;
use crate::intent_file;
use crate::outcome::{CommandResult, Report};
use crate::policy_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("policy test", "Judge one intent by a policy")
    .explain("Evaluates one intent and prints the verdict of the policy alone; nothing is enforced, counted or written.")
    .positionals("<policy.yaml> <intent.json>")
    .flags(&[
        EVALUATION_TIME,
        Flag::path("context-envelope", "evidence of the context the call was decided in"),
        WRKR_INVENTORY,
    ]);

/// The longest summary, in bytes.
const MAX_SUMMARY_BYTES: usize = 240;

#[derive(Serialize)]
struct Output {
    ok: bool,
    schema_id: &'static str,
    schema_version: &'static str,
    created_at: Timestamp,
    policy_digest: Digest,
    intent_digest: Digest,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reason_codes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    matched_rule: String,
    summary: String,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [policy, intent] = parsed.positionals() else {
        return Err(Failure::invalid_input("expected <policy.yaml> <intent.json>"));
    };
    let now = evaluation_time(parsed, context)?;
    let policy = CompiledPolicy::new(policy_file::read(policy)?);
    let intent = intent_file::read(intent)?
        .normalize()
        .map_err(Failure::invalid_input)?;
    let prepared = match context_envelope(parsed.text("context-envelope"))? {
        Some(envelope) => intent
            .clone()
            .with_evidence(&envelope, now)
            .map_err(Failure::invalid_input)?,
        None => intent.clone().without_context_claims(),
    };
    let inventory = inventory(parsed)?;
    let facts = Facts {
        now,
        inventory: inventory.as_ref(),
    };
    let output = Output::new(&policy, &intent, evaluate(&policy, &prepared, &facts));
    Ok(Report::new(&output)
        .line(&output.summary)
        .exit(exit_code_of(output.verdict)))
}

impl Output {
    fn new(policy: &CompiledPolicy, intent: &Intent, evaluation: Evaluation) -> Self {
        Self {
            ok: true,
            schema_id: "gait.policytest.result",
            schema_version: "1.0.0",
            created_at: intent.created_at().or(Timestamp::EPOCH_1980).to_utc(),
            policy_digest: policy.digest(),
            intent_digest: intent.digest(),
            verdict: evaluation.verdict,
            matched_rule: evaluation.matched_rule(),
            summary: summary(&evaluation),
            reason_codes: evaluation.reason_codes,
            violations: evaluation.violations,
        }
    }
}

fn summary(evaluation: &Evaluation) -> String {
    let listed = |codes: &[String]| {
        if codes.is_empty() {
            "none".to_owned()
        } else {
            codes.join(",")
        }
    };
    shortened(format!(
        "policy test verdict={} reasons={} violations={}",
        evaluation.verdict,
        listed(&evaluation.reason_codes),
        listed(&evaluation.violations)
    ))
}

/// Cuts a text that is too long and says by how many bytes it is.
fn shortened(mut text: String) -> String {
    let excess = text.len().saturating_sub(MAX_SUMMARY_BYTES);
    if excess > 0 {
        let mark = format!("...(+{excess})");
        let mut kept = MAX_SUMMARY_BYTES - mark.len();
        while !text.is_char_boundary(kept) {
            kept -= 1;
        }
        text.truncate(kept);
        text.push_str(&mark);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_summaries_are_cut() {
        assert_eq!(shortened("x".repeat(240)), "x".repeat(240));
        assert_eq!(shortened("x".repeat(250)), format!("{}...(+10)", "x".repeat(232)));
        assert_eq!(shortened("é".repeat(121)), format!("{}...(+2)", "é".repeat(116)));
    }
}
