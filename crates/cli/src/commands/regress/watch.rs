//! `gait regress run --watch`: fixtures, graded whenever something has changed that their grades depend on.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gait_regress::Inputs;

use super::{Grading, ROOT};
use crate::config::{DEFAULT_PATH, ProjectConfig};
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::render;
use crate::spec::CommandSpec;
use crate::wrapper::interrupt::Interruption;

/// Time between two looks at the files. What changes between one look and the next is still being written.
const INTERVAL: Duration = Duration::from_millis(100);

/// Grades until somebody asks the program to end, and prints the outcome each time: a block of text or a line of JSON.
/// What was printed last decides about the exit code.
pub(super) fn until_interrupted(
    spec: &CommandSpec,
    grading: &Grading<'_>,
    grade: impl Fn() -> CommandResult,
    json: bool,
    context: &Context<'_>,
) -> CommandResult {
    if context.process_goes_on() {
        return Err(Failure::invalid_input("--watch takes a process of its own"));
    }
    let mut interruption = Interruption::new(INTERVAL).map_err(|error| Failure::new(ErrorKind::Io, error))?;
    let mut reasons = Vec::new();
    loop {
        // Looked at first, so that what changes during the grading counts as changed behind it.
        let inputs = inputs(grading);
        let result = told_why(grade(), &reasons);
        let response = render::command(spec, result, json, context);
        let ended = || Ok(Report::verbatim("").exit(response.exit));
        match crate::print(&response) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => return ended(),
            printed => printed.map_err(|error| Failure::new(ErrorKind::Io, error))?,
        }
        match changed(&inputs, &mut interruption) {
            Some(paths) => reasons = paths,
            None => return ended(),
        }
    }
}

/// What grading depends on, and what the runs it is about depend on: the policy of the project.
fn inputs(grading: &Grading<'_>) -> Inputs {
    let policy = ProjectConfig::load(DEFAULT_PATH)
        .map(|config| config.text("gate", "policy").to_owned())
        .unwrap_or_default();
    let others = [DEFAULT_PATH, &policy]
        .into_iter()
        .filter(|path| !path.is_empty());
    Inputs::look(
        Path::new(ROOT),
        Path::new(grading.config),
        others.map(PathBuf::from),
    )
}

/// Adds the files that have changed since the outcome before.
fn told_why(result: CommandResult, paths: &[String]) -> CommandResult {
    if paths.is_empty() {
        return result;
    }
    let changed = format!("changed: {}", paths.join(", "));
    let paths: Vec<_> = paths.iter().map(|path| path.as_str().into()).collect();
    match result {
        Ok(report) => Ok(report.field("changed", paths).line(changed)),
        Err(failure) => Err(failure.field("changed", paths).line(changed)),
    }
}

/// Waits until files change and then stay as they are, and gives those that are not as they were; `None` when somebody
/// asks the program to end.
fn changed(before: &Inputs, interruption: &mut Interruption) -> Option<Vec<String>> {
    let mut last = before.now();
    while !interruption.came() {
        let now = before.now();
        let changed = now.changed_since(before);
        if !changed.is_empty() && now == last {
            return Some(
                changed
                    .iter()
                    .map(|path| path.to_string_lossy().into_owned())
                    .collect(),
            );
        }
        last = now;
    }
    None
}
