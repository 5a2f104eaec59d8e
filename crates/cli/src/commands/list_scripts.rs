//! `gait list-scripts`: what a registry of approved scripts holds.

use std::path::Path;

use gait_artifact::{Timestamp, script::ApprovedScriptEntry};
use gait_gate::script::Registry;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("list-scripts", "List the approved scripts of a registry")
    .explain("Shows which scripts a registry lets pass and until when; the signatures are checked when a call is judged.")
    .flags_first()
    .flags(&[Flag::path("registry", "the registry")]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    registry: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    count: usize,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    entries: Vec<Listed<'a>>,
}

#[derive(Serialize)]
struct Listed<'a> {
    pattern_id: &'a str,
    approver_identity: &'a str,
    policy_digest: &'a str,
    script_hash: &'a str,
    tool_sequence: &'a [String],
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    scope: &'a [String],
    expires_at: Timestamp,
    expired: bool,
}

impl<'a> Listed<'a> {
    fn of(entry: &'a ApprovedScriptEntry, now: Timestamp) -> Self {
        Self {
            pattern_id: &entry.pattern_id,
            approver_identity: &entry.approver_identity,
            policy_digest: &entry.policy_digest,
            script_hash: &entry.script_hash,
            tool_sequence: &entry.tool_sequence,
            scope: &entry.scope,
            expires_at: entry.expires_at,
            expired: entry.is_expired(now),
        }
    }

    fn line(&self) -> String {
        let state = if self.expired { "expired" } else { "active" };
        let Self {
            pattern_id,
            approver_identity,
            expires_at,
            ..
        } = self;
        format!("- {pattern_id} ({state}) approver={approver_identity} expires={expires_at}")
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = parsed.text("registry").trim();
    if path.is_empty() {
        return Err(Failure::invalid_input("--registry is required"));
    }
    let registry = Registry::load(Path::new(path)).map_err(Failure::invalid_input)?;
    let now = context.now();
    let entries: Vec<_> = registry
        .entries()
        .iter()
        .map(|entry| Listed::of(entry, now))
        .collect();
    let lines: Vec<_> = entries.iter().map(Listed::line).collect();
    let output = Output {
        ok: true,
        registry: path,
        count: entries.len(),
        entries,
    };
    Ok(Report::new(&output)
        .line(format!("list-scripts: {} entries in {path}", output.count))
        .lines(lines))
}
