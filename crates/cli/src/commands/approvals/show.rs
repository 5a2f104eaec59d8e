//! `gait approvals show`: what exactly would run.

use gait_approval::Details;
use serde::Serialize;

use super::{DIRECTORY, REQUEST, queue, request_id};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("approvals show", "Show what a waiting call would do")
    .explain("Prints the call that an approval would let run, with characters made visible that a reader would not see; changes nothing.")
    .positionals(REQUEST)
    .flags(&[
        DIRECTORY,
        Flag::switch("full", "show all arguments and targets, however long"),
    ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    request: &'a Details,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let entry = queue(parsed).look(&request_id(parsed)?, context.now())?;
    let details = Details::of(&entry, parsed.flag("full"));
    let output = Output {
        ok: true,
        request: &details,
    };
    Ok(Report::new(&output).lines(lines(&details)))
}

/// The details, a line each; what is empty is left out.
pub(super) fn lines(details: &Details) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |name: &str, value: &str| {
        if !value.is_empty() {
            lines.push(format!("{name}: {value}"));
        }
    };
    let approvals = format!(
        "{} of {}{}",
        details.approvers.len(),
        details.required_approvals,
        if details.distinct_approvers {
            ", different approvers"
        } else {
            ""
        }
    );
    add("request", details.request_id.as_str());
    add("status", details.status);
    add("closed by", &details.closed_by);
    add("because", &details.closed_because);
    add("tool", &details.tool_name);
    add("server", &details.server);
    add("principal", &details.principal);
    if details.identity != details.principal {
        add("identity", &details.identity);
    }
    add("workspace", &details.workspace);
    add("risk class", &details.risk_class);
    for target in &details.targets {
        add("target", target);
    }
    if details.targets_hidden > 0 {
        add("targets not shown", &details.targets_hidden.to_string());
    }
    add("arguments", &details.arguments);
    if details.arguments_hidden_bytes > 0 {
        let hidden = details.arguments_hidden_bytes;
        let hidden = format!("{hidden} of {} bytes; see --full", details.arguments_bytes);
        add("arguments not shown", &hidden);
    }
    add("reasons", &details.reason_codes.join(","));
    add("trace", &details.trace_id);
    add("intent digest", &details.intent_digest);
    add("policy digest", &details.policy_digest);
    add("delegation digest", &details.delegation_digest);
    add("scope", &details.scope.join(","));
    add("approvals", &approvals);
    add("approved by", &details.approvers.join(","));
    add("approval key", &details.approval_key_id);
    add("asked", &details.created_at.whole_seconds().to_string());
    add("decide until", &details.expires_at.whole_seconds().to_string());
    lines
}
