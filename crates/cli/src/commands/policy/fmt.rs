//! `gait policy fmt`: the canonical text of a policy.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gait_artifact::{Verdict, policy::Policy};
use gait_canon::Digest;
use gait_disk::atomic;
use gait_policy::{digest::policy_digest, document, format::canonical_yaml};
use serde::Serialize;

use super::only_argument;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::policy_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("policy fmt", "Format a policy")
    .explain("Prints a policy in its canonical form, with every key, so that two policies can be compared line by line.")
    .positionals("<policy.yaml>")
    .flags(&[Flag::switch("write", "rewrite the file instead of printing")]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    path: &'a str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    written: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    changed: bool,
    policy_digest: Digest,
    default_verdict: Verdict,
    #[serde(skip_serializing_if = "Option::is_none")]
    rule_count: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    formatted: Option<&'a str>,
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let path = only_argument(parsed, "<policy.yaml>")?.trim();
    if path.is_empty() {
        return Err(Failure::invalid_input("policy path must not be empty"));
    }
    let (text, policy) = policy_file::read_with_text(path)?;
    let formatted = canonical_yaml(&policy);
    let write = parsed.flag("write");
    if !write && !parsed.flag("json") {
        return Ok(Report::verbatim(formatted));
    }
    let changed = text != formatted.as_bytes();
    if write && changed {
        rewrite(path, &formatted, &policy)?;
    }
    let rules = policy.rules.len();
    let output = Output {
        ok: true,
        path,
        written: write && changed,
        changed,
        policy_digest: policy_digest(&policy),
        default_verdict: policy.default_verdict,
        rule_count: (rules > 0).then_some(rules),
        formatted: (!write).then_some(&formatted),
    };
    let written = output.written;
    let line = format!("policy fmt ok: path={path} changed={changed} written={written} rules={rules}");
    Ok(Report::new(&output).line(line))
}

/// Replaces the file in one step and keeps its permission bits. A text that would not mean the same policy is refused.
fn rewrite(path: &str, formatted: &str, policy: &Policy) -> Result<(), Failure> {
    let same =
        document::read(formatted.as_bytes()).is_ok_and(|read| policy_digest(&read) == policy_digest(policy));
    if !same {
        let text = "the formatted text does not read back as the same policy; the file is left as it is";
        return Err(Failure::new(ErrorKind::Internal, text));
    }
    let path = Path::new(path);
    let mode = fs::metadata(path)
        .map_err(Failure::invalid_input)?
        .permissions()
        .mode()
        & 0o7777;
    Ok(atomic::write_or_replace(path, formatted.as_bytes(), mode)?)
}
