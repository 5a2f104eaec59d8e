//! `gait tour`: from nothing to a graded regression fixture in one command.

mod evidence;

use gait_artifact::regress::{GradeStatus, RegressResult};
use gait_canon::json::is_default;
use gait_regress::{CONFIG_PATH, Initialised, JunitForm, Source};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::commands::demo::{METRICS_OPT_IN, standard};
use crate::commands::regress::{Grading, make_fixture};
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "tour",
    "Record a run, verify it and make a regression test of it",
)
.explain("Walks from a recorded run to a graded regression test, offline, and says where to go from there.")
.flags(&[Flag::switch("full", "also replay, compare and pack the run")]);

const MODE: &str = "activation";
const RESULT_PATH: &str = "gait-out/tour_regress_result.json";
const JUNIT_PATH: &str = "gait-out/tour_junit.xml";
const NEXT_COMMANDS: &[&str] = &[
    "gait demo --durable",
    "gait demo --policy",
    "gait doctor --summary",
];
const BRANCH_HINTS: &[&str] = &[
    "durable branch: a job that waits for an approval and goes on where it stopped",
    "policy branch: a destructive call that policy blocks before it is made",
];

/// How far the tour got. What has not been reached is left out.
#[derive(Default, Serialize)]
struct Output {
    ok: bool,
    mode: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    run_id: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    verify_path: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    verify_status: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    fixture_name: String,
    #[serde(skip_serializing_if = "is_default")]
    fixture_dir: String,
    #[serde(skip_serializing_if = "is_default")]
    regress_status: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    regress_failed: usize,
    #[serde(flatten)]
    evidence: evidence::Steps,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    next_commands: &'static [&'static str],
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    branch_hints: &'static [&'static str],
    #[serde(skip_serializing_if = "is_default")]
    metrics_opt_in: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    duration_ms: u64,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let mut output = Output {
        mode: MODE,
        ..Output::default()
    };
    let walked = walk(&mut output, parsed.flag("full"), context);
    output.duration_ms = context.elapsed_ms();
    match walked {
        Ok(()) => {
            output.ok = true;
            Ok(Report::new(&output).lines(output.lines()))
        }
        Err(failure) => {
            let lines = output.lines();
            let failure = failure.with(&output);
            Err(lines.into_iter().fold(failure, Failure::line))
        }
    }
}

/// Takes one step after the other, and notes each in `output`.
fn walk(output: &mut Output, full: bool, context: &Context<'_>) -> Result<(), Failure> {
    standard::record(context.producer_version())?;
    output.run_id = standard::RUN_ID;

    output.verify_path = standard::RUNPACK_PATH;
    let verified = standard::verify_recorded()?.is_ok();
    output.verify_status = if verified { "ok" } else { "failed" };
    if !verified {
        return Err(Failure::new(ErrorKind::VerificationFailed, "verify step failed"));
    }

    let fixture = make_demo_fixture()?;
    output.fixture_name = fixture.name.as_str().to_owned();
    output.fixture_dir = fixture.directory;

    let result = grade(context)?;
    output.regress_status = result.status.as_str();
    output.regress_failed = result.failures().count();
    output.next_commands = if full {
        evidence::NEXT_COMMANDS
    } else {
        NEXT_COMMANDS
    };
    output.branch_hints = BRANCH_HINTS;
    output.metrics_opt_in = METRICS_OPT_IN;
    if result.status == GradeStatus::Pass {
        return if full {
            evidence::walk(&mut output.evidence, context)
        } else {
            Ok(())
        };
    }
    let text = format!(
        "regress step failed: status={} failed={}",
        output.regress_status, output.regress_failed
    );
    Err(Failure::new(ErrorKind::RegressFailed, text))
}

fn make_demo_fixture() -> Result<Initialised, Failure> {
    let source = Source::of_file("".as_ref(), standard::RUNPACK_PATH, "")?;
    make_fixture(&source, standard::RUN_ID)
}

fn grade(context: &Context<'_>) -> Result<RegressResult, Failure> {
    let grading = Grading {
        config: CONFIG_PATH,
        output: RESULT_PATH,
        html: "",
        junit: JUNIT_PATH,
        junit_form: JunitForm::Plain,
        context_conformance: false,
        allow_context_runtime_drift: false,
    };
    grading.run(context)
}

impl Output {
    /// A line for each step that was taken, and where to go from there.
    fn lines(&self) -> Vec<String> {
        let mut lines = vec![format!("tour mode={}", self.mode)];
        if !self.run_id.is_empty() {
            lines.push(format!("a1_demo=ok run_id={}", self.run_id));
        }
        if !self.verify_status.is_empty() {
            lines.push(format!(
                "a2_verify={} path={}",
                self.verify_status, self.verify_path
            ));
        }
        if !self.fixture_name.is_empty() {
            let (name, directory) = (&self.fixture_name, &self.fixture_dir);
            lines.push(format!("a3_regress_init=ok fixture={name} dir={directory}"));
        }
        if !self.regress_status.is_empty() {
            let (status, failed) = (self.regress_status, self.regress_failed);
            lines.push(format!("a4_regress_run={status} failed={failed}"));
            lines.extend(self.evidence.lines());
            lines.push(format!("next={}", self.next_commands.join(" | ")));
            lines.push(format!("branch_hints={}", self.branch_hints.join(" | ")));
            lines.push(format!("metrics_opt_in={}", self.metrics_opt_in));
        }
        lines
    }
}
