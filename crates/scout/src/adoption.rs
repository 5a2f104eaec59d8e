//! How far a team has come with the program, told from its adoption log.
//!
//! The log is read once, line by line; beside the numbers of the report only run times are kept. A line that is no
//! adoption event fails the whole report, since a report over half a log would look like one over all of it.

use std::collections::BTreeMap;
use std::io::{self, BufRead, Read as _};

use gait_artifact::{Timestamp, event, text};
use gait_canon::json::{self, Reader, is_default};
use serde::{Deserialize, Serialize};

/// The schema id of the report.
pub const SCHEMA_ID: &str = "gait.doctor.adoption_report";
/// The schema version of the report.
pub const SCHEMA_VERSION: &str = "1.0.0";

/// Lines of this many bytes and more are refused.
const MAX_LINE_BYTES: usize = 1 << 20;
/// The largest exit code a process has.
const MAX_EXIT_CODE: i64 = 255;

/// Every milestone, in the order of the report.
const MILESTONES: [&str; 7] = ["A1", "A2", "A3", "A4", "E1", "E2", "E3"];
/// The milestones of activation, and the command that reaches each.
const ACTIVATION: [(&str, &str); 4] = [
    ("A1", "gait demo"),
    ("A2", "gait verify <run_id>"),
    ("A3", "gait regress init --from <run_id>"),
    ("A4", "gait regress run"),
];
/// The workflows that are reported, and the commands that belong to each when an event does not say.
const WORKFLOWS: [(&str, &[&str]); 3] = [
    ("gait-capture-runpack", &["run record", "verify"]),
    (
        "gait-incident-to-regression",
        &["regress init", "regress run", "regress bootstrap"],
    ),
    (
        "gait-policy-test-rollout",
        &["policy test", "policy simulate", "gate eval"],
    ),
];

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AdoptionError {
    /// The log cannot be read on.
    #[error("read adoption log line {line}: {source}")]
    Read {
        /// The number of the line, from 1.
        line: usize,
        /// The system's answer.
        source: io::Error,
    },
    /// A line is longer than any event.
    #[error("read adoption log line {line}: the line has {MAX_LINE_BYTES} bytes or more")]
    LongLine {
        /// The number of the line, from 1.
        line: usize,
    },
    /// A line is not the JSON it should be.
    #[error("parse adoption log line {line}: {source}")]
    Json {
        /// The number of the line, from 1.
        line: usize,
        /// Where and why.
        source: json::Error,
    },
    /// A line is no adoption event.
    #[error("validate adoption log line {line}: {problem}")]
    Invalid {
        /// The number of the line, from 1.
        line: usize,
        /// What it lacks.
        problem: InvalidEvent,
    },
}

/// What an adoption event lacks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidEvent {
    /// It is something else.
    #[error("unsupported schema_id {0:?}")]
    SchemaId(String),
    /// It is of a version that came later.
    #[error("unsupported schema_version {0:?}")]
    SchemaVersion(String),
    /// No process ends with this code.
    #[error("exit_code must be between 0 and {MAX_EXIT_CODE}, not {0}")]
    ExitCode(i64),
    /// A member is missing or blank.
    #[error("{0} is required")]
    Missing(&'static str),
}

/// An event as it is read: what is absent is empty, and what is unknown is ignored.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Event {
    schema_id: String,
    schema_version: String,
    created_at: Timestamp,
    command: String,
    workflow_id: String,
    success: bool,
    exit_code: i64,
    elapsed_ms: i64,
    milestones: Vec<String>,
    environment: Environment,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Environment {
    os: String,
    arch: String,
}

impl Event {
    fn check(&self) -> Result<(), InvalidEvent> {
        let schema_id = text::trim(&self.schema_id);
        let schema_version = text::trim(&self.schema_version);
        if !["", event::ADOPTION_SCHEMA_ID].contains(&schema_id) {
            return Err(InvalidEvent::SchemaId(schema_id.to_owned()));
        }
        if !["", event::SCHEMA_VERSION].contains(&schema_version) {
            return Err(InvalidEvent::SchemaVersion(schema_version.to_owned()));
        }
        if self.created_at.is_zero() {
            return Err(InvalidEvent::Missing("created_at"));
        }
        if text::is_blank(&self.command) {
            return Err(InvalidEvent::Missing("command"));
        }
        if !(0..=MAX_EXIT_CODE).contains(&self.exit_code) {
            return Err(InvalidEvent::ExitCode(self.exit_code));
        }
        for (name, value) in [
            ("environment.os", &self.environment.os),
            ("environment.arch", &self.environment.arch),
        ] {
            if text::is_blank(value) {
                return Err(InvalidEvent::Missing(name));
            }
        }
        Ok(())
    }

    fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.elapsed_ms).unwrap_or(0)
    }

    fn reaches(&self, milestone: &str) -> bool {
        self.milestones.iter().any(|tag| text::trim(tag) == milestone)
    }

    /// The index in [`WORKFLOWS`] of the workflow it belongs to.
    fn workflow(&self) -> Option<usize> {
        let (command, named) = (text::trim(&self.command), text::trim(&self.workflow_id));
        WORKFLOWS.iter().position(|(workflow, commands)| {
            if named.is_empty() {
                commands.contains(&command)
            } else {
                *workflow == named
            }
        })
    }
}

/// What an adoption log tells (`gait.doctor.adoption_report`).
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AdoptionReport {
    /// `gait.doctor.adoption_report`.
    pub schema_id: &'static str,
    /// `1.0.0`.
    pub schema_version: &'static str,
    /// The time of the latest event; the beginning of 1980 without events.
    pub created_at: Timestamp,
    /// Version of the program.
    pub producer_version: String,
    /// The log, as the caller named it.
    pub source: String,
    /// How many commands ran.
    pub total_events: u64,
    /// How many of them succeeded.
    pub success_events: u64,
    /// How many did not.
    pub failed_events: u64,
    /// The time of the earliest event; unset without events.
    pub first_event_at: Timestamp,
    /// The time of the latest event; unset without events.
    pub last_event_at: Timestamp,
    /// How each command fared, by name.
    pub commands: Vec<CommandCount>,
    /// Which milestones were reached.
    pub milestones: Vec<Milestone>,
    /// For each milestone of activation, milliseconds from the first event to the first that reached it.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub activation_timing_ms: BTreeMap<&'static str, u64>,
    /// How long the commands that matter for activation took, in milliseconds (median).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub activation_medians_ms: BTreeMap<&'static str, u64>,
    /// How the known workflows fared; those without events are left out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub skill_workflows: Vec<WorkflowCount>,
    /// Whether every milestone of activation was reached.
    pub activation_complete: bool,
    /// What to do next for each milestone of activation that was not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<String>,
}

/// How a command fared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommandCount {
    /// Its name.
    pub command: String,
    /// How often it ran.
    pub total: u64,
    /// How often it succeeded.
    pub success: u64,
    /// How often it did not.
    pub failure: u64,
}

/// A step of adoption.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Milestone {
    /// `A1` to `A4` for activation, `E1` to `E3` for what comes after it.
    pub name: &'static str,
    /// Whether an event says that it was reached.
    pub achieved: bool,
}

/// How a workflow fared.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WorkflowCount {
    /// Its name.
    pub workflow: &'static str,
    /// How many commands of it ran.
    pub total: u64,
    /// How many of them succeeded.
    pub success: u64,
    /// How many did not.
    pub failure: u64,
    /// The part that succeeded, from 0 to 1.
    pub success_rate: f64,
    /// How long its commands took, in milliseconds (median).
    pub median_runtime_ms: u64,
    /// The exit code that failed commands had most often, the lower one when there are two.
    #[serde(skip_serializing_if = "is_default")]
    pub most_common_failure_code: i64,
}

#[derive(Clone, Copy, Default)]
struct Tally {
    success: u64,
    failure: u64,
}

impl Tally {
    fn count(&mut self, succeeded: bool) {
        let counter = if succeeded {
            &mut self.success
        } else {
            &mut self.failure
        };
        *counter += 1;
    }

    const fn total(self) -> u64 {
        self.success + self.failure
    }
}

#[derive(Default)]
struct WorkflowTally {
    tally: Tally,
    runtimes_ms: Vec<u64>,
    failure_codes: BTreeMap<i64, u64>,
}

impl WorkflowTally {
    fn count(&mut self, event: &Event) {
        self.tally.count(event.success);
        self.runtimes_ms.push(event.elapsed_ms());
        if !event.success {
            *self.failure_codes.entry(event.exit_code).or_default() += 1;
        }
    }

    fn report(mut self, workflow: &'static str) -> Option<WorkflowCount> {
        let Tally { success, failure } = self.tally;
        let median_runtime_ms = median(&mut self.runtimes_ms)?;
        let worst = self
            .failure_codes
            .into_iter()
            .reduce(|most, next| if next.1 > most.1 { next } else { most });
        Some(WorkflowCount {
            workflow,
            total: self.tally.total(),
            success,
            failure,
            #[expect(clippy::cast_precision_loss, reason = "a log has fewer than 2^53 lines")]
            success_rate: success as f64 / self.tally.total() as f64,
            median_runtime_ms,
            most_common_failure_code: worst.map_or(0, |(code, _)| code),
        })
    }
}

/// What is known of a milestone of activation.
#[derive(Default)]
struct Reached {
    first_success: Option<Timestamp>,
    runtimes_ms: Vec<u64>,
}

#[derive(Default)]
struct Tallies {
    tally: Tally,
    span: Option<(Timestamp, Timestamp)>,
    commands: BTreeMap<String, Tally>,
    achieved: [bool; MILESTONES.len()],
    activation: [Reached; ACTIVATION.len()],
    workflows: [WorkflowTally; WORKFLOWS.len()],
}

impl Tallies {
    fn count(&mut self, event: &Event) {
        let at = event.created_at.to_utc();
        self.tally.count(event.success);
        let (first, last) = self.span.unwrap_or((at, at));
        self.span = Some((first.min(at), last.max(at)));
        let command = text::trim(&event.command);
        match self.commands.get_mut(command) {
            Some(tally) => tally.count(event.success),
            None => self
                .commands
                .entry(command.to_owned())
                .or_default()
                .count(event.success),
        }
        for (achieved, name) in self.achieved.iter_mut().zip(MILESTONES) {
            *achieved |= event.reaches(name);
        }
        for (reached, (name, _)) in self.activation.iter_mut().zip(ACTIVATION) {
            if event.success && event.reaches(name) {
                reached.first_success = Some(reached.first_success.map_or(at, |first| first.min(at)));
                reached.runtimes_ms.push(event.elapsed_ms());
            }
        }
        if let Some(index) = event.workflow() {
            self.workflows[index].count(event);
        }
    }

    fn report(mut self, source: &str, producer_version: &str) -> AdoptionReport {
        let mut activation_medians_ms = BTreeMap::new();
        for (name, milestone) in [("m1_demo_elapsed_ms", 0), ("m2_regress_run_elapsed_ms", 3)] {
            if let Some(median) = median(&mut self.activation[milestone].runtimes_ms) {
                activation_medians_ms.insert(name, median);
            }
        }
        let (first, last) = self.span.unwrap_or((Timestamp::ZERO, Timestamp::ZERO));
        let activation_timing_ms = self
            .activation
            .iter()
            .zip(ACTIVATION)
            .filter_map(|(reached, (name, _))| {
                let after = reached.first_success?.since(first).as_millis();
                Some((name, u64::try_from(after).unwrap_or(u64::MAX)))
            })
            .collect();
        // The milestones of activation are the first ones.
        let blockers: Vec<String> = self
            .achieved
            .iter()
            .zip(ACTIVATION)
            .filter(|(achieved, _)| !**achieved)
            .map(|(_, (name, command))| format!("missing {name}: run `{command}`"))
            .collect();
        AdoptionReport {
            schema_id: SCHEMA_ID,
            schema_version: SCHEMA_VERSION,
            created_at: last.or(Timestamp::EPOCH_1980),
            producer_version: producer_version.to_owned(),
            source: source.to_owned(),
            total_events: self.tally.total(),
            success_events: self.tally.success,
            failed_events: self.tally.failure,
            first_event_at: first,
            last_event_at: last,
            commands: self.commands.into_iter().map(command_count).collect(),
            milestones: MILESTONES
                .into_iter()
                .zip(self.achieved)
                .map(|(name, achieved)| Milestone { name, achieved })
                .collect(),
            activation_timing_ms,
            activation_medians_ms,
            skill_workflows: self
                .workflows
                .into_iter()
                .zip(WORKFLOWS)
                .filter_map(|(tally, (workflow, _))| tally.report(workflow))
                .collect(),
            activation_complete: blockers.is_empty(),
            blockers,
        }
    }
}

fn command_count((command, tally): (String, Tally)) -> CommandCount {
    CommandCount {
        command,
        total: tally.total(),
        success: tally.success,
        failure: tally.failure,
    }
}

/// The middle of `values`, or the mean of the two in the middle, rounded down.
fn median(values: &mut [u64]) -> Option<u64> {
    let middle = values.len() / 2;
    values.sort_unstable();
    match (values.len() % 2, values) {
        (_, []) => None,
        (1, values) => Some(values[middle]),
        (_, values) => Some(values[middle - 1].midpoint(values[middle])),
    }
}

/// The report over the events of `log`, which the caller calls `source`.
pub fn report<R: BufRead>(
    mut log: R,
    source: &str,
    producer_version: &str,
) -> Result<AdoptionReport, AdoptionError> {
    let mut tallies = Tallies::default();
    let mut bytes = Vec::new();
    for line in 1.. {
        bytes.clear();
        // A line of the longest kind and its line feed.
        let limit = MAX_LINE_BYTES as u64;
        let read = log
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut bytes)
            .map_err(|source| AdoptionError::Read { line, source })?;
        if read == 0 {
            break;
        }
        if read == MAX_LINE_BYTES && bytes.last() != Some(&b'\n') {
            return Err(AdoptionError::LongLine { line });
        }
        let content = bytes.trim_ascii();
        if content.is_empty() {
            continue;
        }
        let event: Event = Reader::new()
            .replace_invalid_text()
            .keep_last_duplicates()
            .read(content)
            .map_err(|source| AdoptionError::Json { line, source })?;
        event
            .check()
            .map_err(|problem| AdoptionError::Invalid { line, problem })?;
        tallies.count(&event);
    }
    Ok(tallies.report(source, producer_version))
}

#[cfg(test)]
mod tests;
