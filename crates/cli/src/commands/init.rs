//! `gait init`: a first policy for a repository.

mod scaffold;

use std::path::Path;

use gait_canon::json::Object;
use gait_disk::atomic;
use gait_policy::template;
use gait_scout::{
    Surface, scan,
    starter::{Advice, Signal, SuggestedRule},
};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("init", "Write a first policy for this repository")
    .explain("Writes a policy from a template, with suggestions from the tools that the sources define as comments.")
    .flags(&[
        Flag::text("template", "the template to start from").or("baseline-highrisk").values(&[
            "baseline-lowrisk",
            "baseline-mediumrisk",
            "baseline-highrisk",
        ]),
        Flag::path("out", "file of the policy").or(POLICY_PATH),
        Flag::switch("force", "replace an existing file"),
    ])
    .error_fields(error_fields);

/// Where the policy of a repository is.
pub(crate) const POLICY_PATH: &str = ".gait.yaml";
/// The policy is for its owner alone.
const FILE_MODE: u32 = 0o600;

/// The files that the program and its users agree on.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Contract {
    #[serde(rename = "repo_policy_path")]
    pub(super) repo_policy: &'static str,
    #[serde(rename = "project_defaults_path")]
    pub(super) project_defaults: &'static str,
    #[serde(rename = "regress_config_path")]
    pub(super) regress_config: &'static str,
    #[serde(rename = "legacy_policy_scaffold_path")]
    legacy_policy_scaffold: &'static str,
}

pub(super) const CONTRACT: Contract = Contract {
    repo_policy: POLICY_PATH,
    project_defaults: crate::config::DEFAULT_PATH,
    regress_config: "gait.yaml",
    legacy_policy_scaffold: "gait.policy.yaml",
};

/// What the scan of the sources found.
#[derive(Default, Serialize)]
pub(super) struct Detection {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) frameworks: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) tool_names: Vec<String>,
}

impl From<&Surface> for Detection {
    fn from(surface: &Surface) -> Self {
        Self {
            frameworks: surface.frameworks(),
            tool_names: surface.tool_names(),
        }
    }
}

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    template: &'static str,
    policy_path: &'a str,
    detection: &'a Detection,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    detected_signals: &'a [Signal],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    generated_rules: &'a [SuggestedRule],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    unknown_signals: &'a [Signal],
    contract: Contract,
    next_commands: [String; 3],
}

/// What every error of `init` and `check` carries.
pub(super) fn error_fields() -> Object {
    #[derive(Serialize)]
    struct Fields {
        contract: Contract,
        detection: Detection,
    }
    let fields = Fields {
        contract: CONTRACT,
        detection: Detection::default(),
    };
    match gait_canon::json::to_value(&fields) {
        Ok(gait_canon::json::Value::Object(object)) => object,
        _ => Object::new(),
    }
}

/// Scans the working directory.
pub(super) fn scan_repository() -> Result<Surface, Failure> {
    scan(Path::new(".")).map_err(|error| Failure::invalid_input(error).context("detect repo surface"))
}

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let name = parsed.text("template");
    let template = template::by_name(name)
        .ok_or_else(|| Failure::invalid_input(format!("unknown template: {}", name.trim())))?;
    let surface = scan_repository()?;
    let path = parsed.text("out").trim();
    if path.is_empty() {
        return Err(Failure::invalid_input("output path must not be empty"));
    }
    let detection = Detection::from(&surface);
    let advice = Advice::for_surface(&surface);
    write(
        path,
        &scaffold::policy(template, &detection, &advice),
        parsed.flag("force"),
    )?;
    let output = Output {
        ok: true,
        template: template.name(),
        policy_path: path,
        detection: &detection,
        detected_signals: &advice.signals,
        generated_rules: &advice.rules,
        unknown_signals: &advice.unknown_signals,
        contract: CONTRACT,
        next_commands: [
            format!("gait check --policy {path} --json"),
            format!("gait policy validate {path} --json"),
            "gait doctor --json".to_owned(),
        ],
    };
    let frameworks = Some(&detection.frameworks).filter(|names| !names.is_empty());
    Ok(Report::new(&output)
        .line(format!("init ok: policy={path} template={}", template.name()))
        .lines(frameworks.map(|names| format!("detected frameworks: {}", names.join(", ")))))
}

/// Writes the policy; an existing file only gives way when `force` says so.
fn write(path: &str, policy: &str, force: bool) -> Result<(), Failure> {
    // The policy may be written anywhere, so the path is made absolute before the writer checks it.
    let target = std::path::absolute(path).map_err(Failure::invalid_input)?;
    let exists = || format!("output path already exists (use --force to overwrite): {path}");
    if !force && target.symlink_metadata().is_ok() {
        return Err(Failure::invalid_input(exists()));
    }
    atomic::create_parents(&target)?;
    if force {
        return Ok(atomic::write_or_replace(&target, policy.as_bytes(), FILE_MODE)?);
    }
    atomic::create_new(&target, policy.as_bytes(), FILE_MODE).map_err(|error| match error {
        gait_disk::Error::AlreadyExists { .. } => Failure::invalid_input(exists()),
        other => other.into(),
    })
}
