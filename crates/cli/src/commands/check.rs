//! `gait check`: what the policy of a repository leaves open.

use gait_artifact::Verdict;
use gait_scout::{
    review::{Finding, Severity, review},
    starter::{Advice, Signal},
};
use serde::Serialize;

use super::init::{CONTRACT, Contract, Detection, POLICY_PATH, error_fields, scan_repository};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::policy_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("check", "Show what the policy leaves open")
    .explain(
        "Compares the policy with the tools that the sources define and lists the gaps; changes nothing.",
    )
    .flags(&[Flag::path("policy", "file of the policy").or(POLICY_PATH)])
    .positionals("[<policy>]")
    .error_fields(error_fields);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    policy_path: &'a str,
    default_verdict: Verdict,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    rule_count: usize,
    detection: Detection,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    detected_signals: &'a [Signal],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unknown_signals: &'a [Signal],
    contract: Contract,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    findings: &'a [Finding],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    gap_warnings: &'a [&'static str],
    next_commands: [String; 3],
    summary: String,
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let path = policy_path(parsed)?;
    report(path).map_err(|failure| failure.field("policy_path", path))
}

/// The policy: the flag, or the only positional argument when the flag is blank.
fn policy_path(parsed: &Parsed) -> Result<&str, Failure> {
    let flag = parsed.text("policy").trim();
    match parsed.positionals() {
        [] if flag.is_empty() => Err(Failure::invalid_input("--policy must not be empty")),
        [] => Ok(flag),
        [path] if flag.is_empty() => Ok(path.trim()),
        _ => Err(Failure::unexpected_positionals()),
    }
}

fn report(path: &str) -> CommandResult {
    let policy = policy_file::read(path)?;
    let surface = scan_repository()?;
    let advice = Advice::for_surface(&surface);
    let findings = review(&policy, &surface, &advice);
    let is_warning = |finding: &&Finding| finding.severity == Severity::Warning;
    let warnings: Vec<_> = findings
        .iter()
        .filter(is_warning)
        .map(|finding| finding.summary)
        .collect();
    let (rules, warned) = (policy.rules.len(), warnings.len());
    let output = Output {
        ok: true,
        policy_path: path,
        default_verdict: policy.default_verdict,
        rule_count: rules,
        detection: Detection::from(&surface),
        detected_signals: &advice.signals,
        unknown_signals: &advice.unknown_signals,
        contract: CONTRACT,
        findings: &findings,
        gap_warnings: &warnings,
        next_commands: [
            format!("gait policy validate {path} --json"),
            "gait doctor --json".to_owned(),
            "gait demo --json".to_owned(),
        ],
        summary: format!(
            "policy ok: default_verdict={} rules={rules} findings={} gap_warnings={warned}",
            policy.default_verdict,
            findings.len()
        ),
    };
    Ok(Report::new(&output).line(format!("check ok: policy={path} rules={rules} warnings={warned}")))
}
