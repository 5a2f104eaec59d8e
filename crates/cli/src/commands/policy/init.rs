//! `gait policy init`: a policy to start from.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use gait_disk::atomic;
use gait_policy::template::{self, Template};
use serde::Serialize;

use super::only_argument;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("policy init", "Write a policy to start from")
    .explain(
        "Writes one of the baseline policies, so that a project starts with checked rules and adapts them.",
    )
    .positionals("<template>")
    .flags(&[
        Flag::path("out", "where the policy goes").or("gait.policy.yaml"),
        Flag::switch("force", "replace an existing file"),
    ]);

/// The permission bits of a new policy file.
const FILE_MODE: u32 = 0o600;

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    template: &'static str,
    policy_path: &'a str,
    next_commands: [String; 3],
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let name = only_argument(parsed, "<template>")?;
    let template = template::by_name(name).ok_or_else(|| unknown_template(name))?;
    let path = parsed.text("out").trim();
    if path.is_empty() {
        return Err(Failure::invalid_input("output path must not be empty"));
    }
    write(path, template.yaml(), parsed.flag("force"))?;
    let next_commands = [
        format!("gait policy validate {path} --json"),
        format!("gait policy fmt {path} --write --json"),
        "gait doctor --json".to_owned(),
    ];
    let lines = [
        format!("policy init ok: template={} output={path}", template.name()),
        format!("next: {}", next_commands.join(" | ")),
    ];
    let output = Output {
        ok: true,
        template: template.name(),
        policy_path: path,
        next_commands,
    };
    Ok(Report::new(&output).lines(lines))
}

fn unknown_template(name: &str) -> Failure {
    let known = Template::ALL.map(Template::name).join(", ");
    Failure::invalid_input(format!(
        "unknown policy template {:?} (known: {known})",
        name.trim()
    ))
}

/// An overwritten file keeps its permission bits.
fn write(path: &str, text: &str, force: bool) -> Result<(), Failure> {
    let exists = || {
        Failure::invalid_input(format!(
            "output path already exists (use --force to overwrite): {path}"
        ))
    };
    // A policy may be written anywhere, so the path is made absolute before the writer checks it.
    let target = std::path::absolute(path).map_err(Failure::invalid_input)?;
    if !force && target.symlink_metadata().is_ok() {
        return Err(exists());
    }
    atomic::create_directories(target.parent().unwrap_or(Path::new("/")))?;
    if force {
        let mode = fs::metadata(&target).map_or(FILE_MODE, |existing| existing.permissions().mode() & 0o7777);
        atomic::write_or_replace(&target, text.as_bytes(), mode)?;
        return Ok(());
    }
    match atomic::create_new(&target, text.as_bytes(), FILE_MODE) {
        Err(gait_disk::Error::AlreadyExists { .. }) => Err(exists()),
        other => Ok(other?),
    }
}
