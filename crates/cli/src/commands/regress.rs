//! `gait regress`: incidents that must not come back, as fixtures that every later run is held to.

pub(crate) mod add;
pub(crate) mod bootstrap;
pub(crate) mod init;
pub(crate) mod run;
mod watch;

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::thread;

use gait_artifact::finding::Finding;
use gait_artifact::regress::{GradeStatus, RegressResult};
use gait_canon::json::is_default;
use gait_regress::{CONFIG_PATH, Initialised, JunitForm, Options, Source};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{EXIT_OK, ErrorKind, Failure};
use crate::pages;
use crate::progress::Bar;
use crate::runpack_file;
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "regress",
    summary: "Hold later runs to earlier ones",
    explain: "Turns runs into fixtures and grades other runs against them, offline and the same every time.",
    help_succeeds: true,
};

/// What regression testing is relative to.
const ROOT: &str = "";
const RESULT_PATH: &str = "regress_result.json";
/// What to do next, once there is a fixture.
const RUN_COMMAND: &str = "gait regress run --json";

const FROM: Flag = Flag::path("from", "run id, runpack, pack or session chain (required)");
const NAME: Flag = Flag::text("name", "name of the fixture; its run's unless given");
const CHECKPOINT: Flag =
    Flag::text("checkpoint", "which checkpoint of a session chain, by index").or("latest");
const CONFIG: Flag = Flag::path("config", "which fixtures to grade").or(CONFIG_PATH);
const OUTPUT: Flag = Flag::path("output", "file that gets the result").or(RESULT_PATH);
const JUNIT: Flag = Flag::path("junit", "file that gets the result as JUnit XML");
const JUNIT_DETAILS: Flag = Flag::switch(
    "junit-details",
    "tell in the JUnit XML what was expected and what there is, in the form that Jenkins holds such files to",
);
const NONDETERMINISTIC: Flag = Flag::switch(
    "allow-nondeterministic",
    "let graders decide that need not say the same twice; there are none",
);
const CONFORMANCE: Flag = Flag::switch(
    "context-conformance",
    "demand that every run acted on the context of its fixture",
);
const RUNTIME_DRIFT: Flag = Flag::switch(
    "allow-context-runtime-drift",
    "let the same context have been retrieved at other times",
);

/// The run that the command line names.
fn from(parsed: &Parsed) -> Result<&str, Failure> {
    let from = parsed.text(FROM.name);
    if from.trim().is_empty() {
        return Err(Failure::invalid_input("missing required --from <run_id|path>"));
    }
    Ok(from)
}

/// The source that a run id or path means.
fn source(from: &str, parsed: &Parsed, context: &Context<'_>) -> Result<Source, Failure> {
    let path = runpack_file::find(from, context)?;
    let checkpoint = parsed.text(CHECKPOINT.name);
    Ok(Source::of_file(
        Path::new(ROOT),
        &path.to_string_lossy(),
        checkpoint,
    )?)
}

/// Makes a fixture of `source` in the working directory.
pub(crate) fn make_fixture(source: &Source, name: &str) -> Result<Initialised, Failure> {
    Ok(gait_regress::init(Path::new(ROOT), source, name)?)
}

/// A fixture that was made, as commands tell of it.
#[derive(Serialize)]
struct Made<'a> {
    run_id: &'a str,
    fixture_name: &'a str,
    fixture_dir: &'a str,
    runpack_path: &'a str,
    config_path: &'static str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    integrity_findings: &'a [Finding],
}

impl<'a> Made<'a> {
    fn of(fixture: &'a Initialised) -> Self {
        Self {
            run_id: &fixture.run_id,
            fixture_name: fixture.name.as_str(),
            fixture_dir: &fixture.directory,
            runpack_path: &fixture.runpack_path,
            config_path: CONFIG_PATH,
            integrity_findings: &fixture.findings,
        }
    }
}

/// How fixtures are graded, and where the result goes.
pub(crate) struct Grading<'a> {
    pub(crate) config: &'a str,
    pub(crate) output: &'a str,
    pub(crate) junit: &'a str,
    pub(crate) junit_form: JunitForm,
    /// The file that gets the result as a page; empty for none.
    pub(crate) html: &'a str,
    pub(crate) context_conformance: bool,
    pub(crate) allow_context_runtime_drift: bool,
}

impl<'a> Grading<'a> {
    fn of(parsed: &'a Parsed) -> Self {
        let or_default = |flag: Flag| match parsed.text(flag.name) {
            "" => flag.default,
            given => given,
        };
        Self {
            config: or_default(CONFIG),
            output: or_default(OUTPUT),
            junit: parsed.text(JUNIT.name).trim(),
            junit_form: if parsed.flag(JUNIT_DETAILS.name) {
                JunitForm::Detailed
            } else {
                JunitForm::Plain
            },
            html: "",
            context_conformance: parsed.flag(CONFORMANCE.name),
            allow_context_runtime_drift: parsed.flag(RUNTIME_DRIFT.name),
        }
    }

    /// Grades the fixtures of the working directory and writes down what came of it.
    pub(crate) fn run(&self, context: &Context<'_>) -> Result<RegressResult, Failure> {
        let options = Options {
            config: Path::new(self.config),
            context_conformance: self.context_conformance,
            allow_context_runtime_drift: self.allow_context_runtime_drift,
            producer_version: context.producer_version(),
            threads: thread::available_parallelism().unwrap_or(NonZero::<usize>::MIN),
        };
        let result = gait_regress::run(Path::new(ROOT), &options, &Bar::default())?;
        gait_regress::write_result(&PathBuf::from(self.output), &result)
            .map_err(|error| Failure::from(error).context("write regress result"))?;
        if !self.junit.is_empty() {
            gait_regress::write_junit(&PathBuf::from(self.junit), &result, self.junit_form)
                .map_err(|error| Failure::from(error).context("write junit report"))?;
        }
        if !self.html.is_empty() {
            let page = pages::regress_page(&result, &self.command()).html();
            pages::write(self.html, page)?;
        }
        Ok(result)
    }

    /// The command that grades the same fixtures again.
    fn command(&self) -> String {
        match self.config.trim() {
            "" | CONFIG_PATH => RUN_COMMAND.to_owned(),
            _ => format!("gait regress run --config {} --json", self.config),
        }
    }
}

/// What came of grading, as commands tell of it.
#[derive(Serialize)]
struct Graded<'a> {
    ok: bool,
    status: GradeStatus,
    #[serde(skip_serializing_if = "is_default")]
    failed: usize,
    #[serde(skip_serializing_if = "str::is_empty")]
    top_failure_reason: &'a str,
    #[serde(skip_serializing_if = "String::is_empty")]
    next_command: String,
    artifact_paths: Vec<&'a str>,
    output: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    junit: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    html: &'a str,
}

impl<'a> Graded<'a> {
    fn of(result: &'a RegressResult, grading: &Grading<'a>) -> Self {
        let ok = result.status == GradeStatus::Pass;
        let written = [grading.output, grading.junit, grading.html];
        Self {
            ok,
            status: result.status,
            failed: result.failures().count(),
            top_failure_reason: result.top_failure_reason().unwrap_or_default(),
            next_command: if ok { String::new() } else { grading.command() },
            artifact_paths: written.into_iter().filter(|path| !path.is_empty()).collect(),
            output: grading.output,
            junit: grading.junit,
            html: grading.html,
        }
    }

    const fn exit(&self) -> u8 {
        if self.ok {
            EXIT_OK
        } else {
            ErrorKind::RegressFailed.exit_code()
        }
    }

    /// Why fixtures fail and what to do about it; nothing when they pass.
    fn failure_lines(&self) -> Vec<String> {
        if self.ok {
            return Vec::new();
        }
        vec![
            format!("top_failure_reason: {}", self.top_failure_reason),
            format!("next: {}", self.next_command),
            format!("artifacts: {}", self.artifact_paths.join(", ")),
        ]
    }

    /// Where the result is.
    fn file_lines(&self) -> Vec<String> {
        let files = [
            ("output", self.output),
            ("junit", self.junit),
            ("html", self.html),
        ];
        let files = files.into_iter().filter(|(_, path)| !path.is_empty());
        files.map(|(name, path)| format!("{name}: {path}")).collect()
    }
}
