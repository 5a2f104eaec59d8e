//! `gait doctor`: whether the program can work here, and what to do where it can't.
//!
//! A check is a function from what is known of the machine ([`site::Site`]) to an outcome with a message and a command
//! that mends it. The tables below are the checks in the order of the report.

pub(crate) mod adoption;
mod binary;
mod canary;
mod check;
mod checkout;
mod clients;
mod directories;
mod keys;
mod production;
mod service;
mod site;
mod state;

use std::collections::BTreeSet;

use gait_artifact::Timestamp;
use gait_evidence::triage::DoctorCheck;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{EXIT_OK, ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::printable::printable;
use crate::spec::{CommandSpec, Flag};
use binary::Binary;
use check::{Check, Finding, Outcome, Scope, Status};
use site::Site;

const DEFAULT_WORKDIR: &str = ".";
const DEFAULT_OUTPUT_DIR: &str = "./gait-out";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("doctor", "Check that everything is in place, and say what to do where it is not")
    .explain("Checks directories, keys, caches, locks and settings without a network, and prints a command for everything that can be mended.")
    .flags_first()
    .flags(&[
        Flag::path("workdir", "the directory to examine").or(DEFAULT_WORKDIR),
        Flag::path("output-dir", "where artifacts go, below the directory to examine").or(DEFAULT_OUTPUT_DIR),
        Flag::text("key-mode", "where the signing key comes from").or("dev").values(&["dev", "prod"]),
        Flag::path("private-key", "file of the signing key"),
        Flag::variable("private-key-env", "environment variable that holds the signing key"),
        Flag::path("public-key", "file of the key that verifies"),
        Flag::variable("public-key-env", "environment variable that holds that key"),
        Flag::switch("production-readiness", "check the project defaults for a deployment that has to hold"),
        Flag::switch("strict", "open what the settings name, and fail when a check fails"),
        Flag::switch("canary", "send a call that must be refused to the gate, and fail when it gets through"),
        Flag::text(
            "via",
            "with --canary, the shell command of the boundary; it finds the call in $GAIT_CANARY_INTENT and as a hook event on standard input",
        ),
        Flag::switch("summary", "print what needs attention only"),
    ]);

/// What is always looked at first.
const PLACES: [Check; 4] = [
    ("workdir", directories::workdir),
    ("output_dir", directories::output_dir),
    ("job_runtime_durability", state::jobs),
    ("temp_dir", directories::temp_dir),
];
/// What is looked at where somebody works.
const STATE: [Check; 2] = [
    ("registry_cache", state::registry_cache),
    ("gate_rate_limit_lock", state::rate_limit_lock),
];
/// What is always looked at last.
const KEYS: [Check; 3] = [
    ("key_source_ambiguity", keys::ambiguity),
    ("key_permissions", keys::permissions),
    ("key_config", keys::config),
];
/// What is looked at in a checkout.
const CHECKOUT: [Check; 3] = [
    ("schema_files", checkout::schemas),
    ("hooks_path", checkout::hooks),
    ("onboarding_assets", checkout::assets),
];

/// The result of all checks (`gait.doctor.result`).
#[derive(Serialize)]
struct Output {
    ok: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    summary_mode: bool,
    schema_id: &'static str,
    schema_version: &'static str,
    created_at: Timestamp,
    producer_version: &'static str,
    onboarding_mode: &'static str,
    status: Status,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    non_fixable: bool,
    summary: String,
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    fix_commands: BTreeSet<String>,
    #[serde(flatten)]
    binary: Binary,
    checks: Vec<Finding>,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let via = parsed.text("via");
    let (sends_canary, is_production) = (parsed.flag("canary"), parsed.flag("production-readiness"));
    if !sends_canary && !via.trim().is_empty() {
        return Err(Failure::invalid_input("--via needs --canary"));
    }
    let site = Site::of(parsed, context);
    let mut examination = Examination::new(&site);
    if is_production {
        examination.of_production();
    } else {
        examination.of_installation();
    }
    if sends_canary {
        let outcome = canary::check(&site, via, context);
        examination.note("canary", Scope::Boundary, outcome);
    }
    let output = examination.output(parsed.flag("summary"), context);
    let exit = exit_of(&output, is_production || site.strict);
    let output = Output {
        ok: exit == EXIT_OK,
        ..output
    };
    Ok(Report::new(&output).lines(lines(&output)).exit(exit))
}

/// What the checks of an installation find in the working directory, for those who tell it as part of something else. No
/// other program is started: the check of the program itself is left out.
pub(crate) fn examine(context: &Context<'_>) -> Vec<DoctorCheck> {
    let site = Site::here(context);
    let mut examination = Examination::new(&site);
    examination.make(Scope::Universal, &PLACES);
    examination.make(Scope::Universal, &STATE);
    examination.make(Scope::Universal, &KEYS);
    let findings = examination.findings.into_iter();
    findings
        .map(|Finding { name, outcome, .. }| DoctorCheck {
            name: name.to_owned(),
            status: outcome.status.as_str().to_owned(),
            message: outcome.message,
            fix_command: outcome.fix_command,
        })
        .collect()
}

/// Failed checks fail the command where the caller demands it; a canary that got through always does.
fn exit_of(output: &Output, demanding: bool) -> u8 {
    let through =
        |finding: &Finding| finding.scope == Scope::Boundary && finding.outcome.status == Status::Fail;
    if (demanding && output.status == Status::Fail) || output.checks.iter().any(through) {
        ErrorKind::VerificationFailed.exit_code()
    } else if output.non_fixable {
        ErrorKind::DependencyMissing.exit_code()
    } else {
        EXIT_OK
    }
}

/// The checks that were made.
struct Examination<'a> {
    site: &'a Site<'a>,
    is_checkout: bool,
    binary: Binary,
    findings: Vec<Finding>,
}

impl<'a> Examination<'a> {
    fn new(site: &'a Site<'a>) -> Self {
        Self {
            site,
            is_checkout: checkout::is_one(site),
            binary: Binary::default(),
            findings: Vec::new(),
        }
    }

    fn note(&mut self, name: &'static str, scope: Scope, outcome: Outcome) {
        self.findings.push(Finding { name, scope, outcome });
    }

    fn make(&mut self, scope: Scope, checks: &[Check]) {
        for (name, check) in checks {
            self.note(name, scope, check(self.site));
        }
    }

    fn of_installation(&mut self) {
        self.make(Scope::Universal, &PLACES);
        self.make(Scope::Universal, &STATE);
        let (binary, outcome) = binary::check(self.site);
        self.binary = binary;
        self.note("onboarding_binary", Scope::Universal, outcome);
        self.make(Scope::Universal, &KEYS);
        if self.is_checkout {
            self.make(Scope::RepoCheckout, &CHECKOUT);
        }
        if let Some(outcome) = clients::servers(self.site) {
            self.note("mcp_gateway", Scope::Boundary, outcome);
        }
    }

    fn of_production(&mut self) {
        self.make(Scope::Universal, &PLACES);
        self.make(Scope::Universal, &KEYS);
        let (config, outcome) = production::config(self.site);
        self.note("production_readiness_config", Scope::ProductionReadiness, outcome);
        let Some(config) = config else { return };
        let closer: &[_] = if self.site.strict {
            &production::STRICT_CHECKS
        } else {
            &[]
        };
        for (name, check) in production::CHECKS.iter().chain(closer) {
            self.note(name, Scope::ProductionReadiness, check(self.site, &config));
        }
    }

    fn output(self, summary_mode: bool, context: &Context<'_>) -> Output {
        let outcomes = || self.findings.iter().map(|finding| &finding.outcome);
        let count = |status: Status| outcomes().filter(|outcome| outcome.status == status).count();
        let status = outcomes()
            .map(|outcome| outcome.status)
            .max()
            .unwrap_or(Status::Pass);
        let non_fixable = outcomes().any(|outcome| outcome.non_fixable);
        let onboarding_mode = if self.is_checkout {
            "repo_checkout"
        } else {
            "installed_binary"
        };
        let summary = format!(
            "doctor: onboarding_mode={onboarding_mode} status={} failed={} warned={} non_fixable={non_fixable}",
            status.as_str(),
            count(Status::Fail),
            count(Status::Warn),
        );
        let fix_commands = outcomes()
            .map(|outcome| outcome.fix_command.clone())
            .filter(|command| !command.is_empty())
            .collect();
        Output {
            ok: true,
            summary_mode,
            schema_id: "gait.doctor.result",
            schema_version: "1.0.0",
            created_at: self.site.now,
            producer_version: context.producer_version(),
            onboarding_mode,
            status,
            non_fixable,
            summary,
            fix_commands,
            binary: self.binary,
            checks: self.findings,
        }
    }
}

fn lines(output: &Output) -> Vec<String> {
    let mut lines = vec![output.summary.clone()];
    for Finding { name, outcome, .. } in &output.checks {
        if output.summary_mode && outcome.status == Status::Pass {
            continue;
        }
        lines.push(format!(
            "- {name}: {} ({})",
            outcome.status.as_str(),
            printable(&outcome.message)
        ));
        if !outcome.fix_command.is_empty() {
            lines.push(format!("  fix: {}", outcome.fix_command));
        }
    }
    if output.summary_mode && lines.len() == 1 {
        lines.push("tip: export GAIT_ADOPTION_LOG=./gait-out/adoption.jsonl".to_owned());
        lines.push("tip: gait doctor adoption --from ./gait-out/adoption.jsonl --json".to_owned());
    }
    lines
}
