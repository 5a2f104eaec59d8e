//! `gait mcp install`: put the gateway between a client and its servers.

use std::path::PathBuf;

use gait_client::settings_file::SettingsFile;
use gait_client::{Client, Gateway};

use super::clients::{
    CLIENT, CONFIG, DRY_RUN, Plan, SERVER, about, absolute, client, files, finish, meant, program, read,
    require_known,
};
use super::pins::PINS;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::CommandResult;
use crate::policy_file;
use crate::spec::{CommandSpec, Flag};

const POLICY: Flag = Flag::path("policy", "policy that the gateway judges by (required)");
const TRACE_DIR: Flag =
    Flag::path("trace-dir", "directory of the gateway's traces").or("./gait-out/mcp-gateway/traces");
const PROGRAM: Flag = Flag::path("program", "the program that the client starts (default this one)");

pub(crate) const SPEC: CommandSpec = CommandSpec::new("mcp install", "Put the gateway between an MCP client and its servers")
    .explain("Changes a client's configuration so that it reaches its MCP servers through the gateway. Everything else in the file stays as it is, and the file as it was is kept beside it.")
    .flags(&[CLIENT, POLICY, CONFIG, SERVER, PINS, TRACE_DIR, PROGRAM, DRY_RUN]);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let client = client(parsed)?;
    let gateway = gateway(parsed)?;
    let names = parsed.list(SERVER.name);
    let files = files(parsed, client, context)?;
    require_known(&files, client, &names)?;
    let plans = files
        .into_iter()
        .map(|file| plan(file, client, &names, &gateway))
        .collect::<Result<Vec<_>, Failure>>()?;
    finish(parsed, client, &plans, |plan| install(plan, client).map(Some))
}

/// The gateway as the flags have it. A policy that can't be read would leave the client without servers.
fn gateway(parsed: &Parsed) -> Result<Gateway, Failure> {
    let policy = parsed.text(POLICY.name).trim();
    if policy.is_empty() {
        return Err(Failure::invalid_input("--policy is required"));
    }
    policy_file::read(policy)?;
    let mut flags = Vec::new();
    for (flag, path) in [
        (POLICY, policy),
        (PINS, parsed.text(PINS.name)),
        (TRACE_DIR, parsed.text(TRACE_DIR.name)),
    ] {
        flags.extend([format!("--{}", flag.name), absolute(path)?]);
    }
    Ok(Gateway {
        program: program(parsed.text(PROGRAM.name))?,
        flags,
    })
}

fn plan(file: SettingsFile, client: Client, names: &[String], gateway: &Gateway) -> Result<Plan, Failure> {
    let text = file.text().unwrap_or_default();
    let configuration = read(client, text, file.path())?;
    let meant = meant(&configuration, names);
    let new = if names.is_empty() || !meant.is_empty() {
        configuration
            .wrapped(&meant, gateway)
            .map_err(|error| about(file.path(), error))?
    } else {
        text.to_owned()
    };
    Ok(Plan { file, new })
}

/// Writes the plan. What is kept is the file as it would be without any gateway, also when it was changed since one came
/// into it.
fn install(plan: &Plan, client: Client) -> Result<PathBuf, Failure> {
    let (file, text) = (&plan.file, plan.text());
    let original = match file.original()? {
        Some(original) => original,
        None => Some(
            read(client, text, file.path())?
                .unwrapped(&[])
                .map_err(|error| about(file.path(), error))?,
        ),
    };
    Ok(file.install(&plan.new, original.as_deref())?)
}
