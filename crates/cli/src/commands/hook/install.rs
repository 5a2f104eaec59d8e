//! `gait hook install`: let Claude Code ask before it runs tools.

use gait_client::hook::{self, Hook};

use super::settings::{CLIENT, SETTINGS, Told, open, require_client};
use crate::arguments::Parsed;
use crate::commands::mcp::clients::{DRY_RUN, absolute, program};
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::CommandResult;
use crate::policy_file;
use crate::spec::{CommandSpec, Flag};

const POLICY: Flag = Flag::path("policy", "policy that the hook judges by (required)");
const TRACE_DIR: Flag = Flag::path(
    "trace-dir",
    "directory of the hook's traces (default that of `hook claude-code`)",
);
const EVENTS: Flag =
    Flag::list("events", "the events to handle").or("PreToolUse,PostToolUse,PostToolUseFailure");
const PROGRAM: Flag = Flag::path("program", "the program that the agent starts (default this one)");

pub(crate) const SPEC: CommandSpec = CommandSpec::new("hook install", "Put the hook into the settings of a coding agent")
    .explain("Adds `gait hook claude-code` to the hooks of Claude Code. A tool whose call cannot be judged is blocked, handlers of others stay, and the file as it was is kept beside it.")
    .flags(&[CLIENT, POLICY, SETTINGS, TRACE_DIR, EVENTS, PROGRAM, DRY_RUN]);

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    require_client(parsed)?;
    let hook = hook_of(parsed)?;
    let file = open(parsed)?;
    let new = hook::installed(file.text(), &hook)
        .map_err(|error| Failure::from(error).context(&file.path().to_string_lossy()))?;
    let told = Told::new(parsed, &file, Some(&new))?;
    if told.dry_run || !told.changed {
        return Ok(told.report(parsed));
    }
    let original = match file.original()? {
        Some(original) => original,
        None => file.text().map(hook::removed).transpose()?,
    };
    let backup = file.install(&new, original.as_deref())?;
    Ok(told.kept(&backup).report(parsed))
}

fn hook_of(parsed: &Parsed) -> Result<Hook, Failure> {
    let policy = parsed.text(POLICY.name).trim();
    if policy.is_empty() {
        return Err(Failure::invalid_input("--policy is required"));
    }
    policy_file::read(policy)?;
    let events = parsed.list(EVENTS.name);
    if !events.iter().any(|event| event == hook::DECIDING_EVENT) {
        return Err(Failure::invalid_input(format!(
            "--events must hold {}, the event that decides",
            hook::DECIDING_EVENT
        )));
    }
    if let Some(unknown) = events.iter().find(|event| !super::claude_code::answers(event)) {
        return Err(Failure::invalid_input(format!(
            "the hook has no answer to the event {unknown:?}"
        )));
    }
    let mut command = vec![program(parsed.text(PROGRAM.name))?];
    command.extend(["hook", "claude-code", "--policy"].map(str::to_owned));
    command.push(absolute(policy)?);
    if parsed.given(TRACE_DIR.name) {
        command.extend([
            format!("--{}", TRACE_DIR.name),
            absolute(parsed.text(TRACE_DIR.name))?,
        ]);
    }
    Ok(Hook { command, events })
}
