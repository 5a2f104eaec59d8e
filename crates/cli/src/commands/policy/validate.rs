//! `gait policy validate`: check a policy without using it.

use gait_artifact::{
    Verdict,
    policy::{POLICY_SCHEMA_ID, POLICY_SCHEMA_VERSION},
};
use gait_canon::Digest;
use gait_policy::digest::policy_digest;
use serde::Serialize;

use super::only_argument;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::policy_file;
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("policy validate", "Check a policy")
    .explain("Reads a policy as strictly as a decision would and tells its digest, or the first thing that is wrong.")
    .positionals("<policy.yaml>");

#[derive(Serialize)]
struct Output {
    ok: bool,
    schema_id: &'static str,
    schema_version: &'static str,
    policy_digest: Digest,
    default_verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_count: Option<usize>,
    summary: String,
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let policy = policy_file::read(only_argument(parsed, "<policy.yaml>")?)?;
    let (digest, rules) = (policy_digest(&policy), policy.rules.len());
    let summary = format!(
        "policy validate ok: default={} rules={rules} digest={digest}",
        policy.default_verdict
    );
    let output = Output {
        ok: true,
        schema_id: POLICY_SCHEMA_ID,
        schema_version: POLICY_SCHEMA_VERSION,
        policy_digest: digest,
        default_verdict: policy.default_verdict,
        rule_count: (rules > 0).then_some(rules),
        summary,
    };
    Ok(Report::new(&output).line(&output.summary))
}
