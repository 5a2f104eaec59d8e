//! `gait kill-switch add`: stop the calls that match.

use gait_artifact::Timestamp;
use gait_gate::kill_switch::KillSwitchEntry;

use super::{ENTRY_ID, STATE, expires_at, file, report, spec};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = spec("kill-switch add", "Stop the calls that match all selectors")
    .explain("Adds an entry to the kill switch; from then on every call that matches all its selectors is blocked.")
    .flags(&[
        STATE,
        ENTRY_ID,
        Flag::text("agent-id", "stop this agent"),
        Flag::text("identity", "stop this identity"),
        Flag::text("tool-name", "stop this tool, also as a step of a script"),
        Flag::text("target-kind", "stop calls on targets of this kind")
            .values(&["path", "url", "host", "repo", "bucket", "table", "queue", "topic", "other"]),
        Flag::text("target-value", "stop calls on this target"),
        Flag::text("environment", "stop calls in this environment"),
        Flag::list("path-prefixes", "stop calls on paths at or below these"),
        Flag::list("workspace-prefixes", "stop calls of workspaces at or below these"),
        Flag::text("reason", "why the calls are stopped"),
        Flag::text("actor", "who stops them"),
        Flag::text("expires-at", "RFC 3339 time at which the entry ends"),
    ]);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let text = |flag: &str| parsed.text(flag).to_owned();
    let entry = KillSwitchEntry {
        entry_id: text("entry-id"),
        agent_id: text("agent-id"),
        identity: text("identity"),
        tool_name: text("tool-name"),
        target_kind: text("target-kind"),
        target_value: text("target-value"),
        environment: text("environment"),
        path_prefixes: parsed.list("path-prefixes"),
        workspace_prefixes: parsed.list("workspace-prefixes"),
        reason: text("reason"),
        actor: text("actor"),
        expires_at: expires_at(parsed)?.unwrap_or(Timestamp::ZERO),
        ..KillSwitchEntry::default()
    };
    Ok(report(
        "add",
        file(parsed).add(entry, context.producer_version(), context.now())?,
    ))
}
