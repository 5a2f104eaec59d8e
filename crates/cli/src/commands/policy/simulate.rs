//! `gait policy simulate`: what would change if another policy were in force.

use std::collections::BTreeSet;
use std::fs;

use gait_disk::path::clean;
use gait_policy::{
    CompiledPolicy, Facts,
    simulate::{Comparison, Fixture, compare},
};
use serde::Serialize;

use super::facts::{EVALUATION_TIME, WRKR_INVENTORY, evaluation_time, inventory};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::intent_file;
use crate::outcome::{CommandResult, Report};
use crate::policy_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "policy simulate",
    "Compare two policies by the same intents",
)
.explain(
    "Judges recorded intents by a candidate and a baseline policy and tells which verdicts would change.",
)
.flags(&[
    Flag::path("policy", "policy to try out"),
    Flag::path("baseline", "policy to compare with"),
    Flag::list("fixtures", "intent files, and directories with such files"),
    EVALUATION_TIME,
    WRKR_INVENTORY,
]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    #[serde(flatten)]
    comparison: &'a Comparison,
    summary: &'a str,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let candidate = required(parsed, "policy", "<candidate_policy.yaml>")?;
    let baseline = required(parsed, "baseline", "<baseline_policy.yaml>")?;
    let listed = parsed.list("fixtures");
    if listed.is_empty() {
        return Err(missing("fixtures", "<csv files/dirs>"));
    }
    let now = evaluation_time(parsed, context)?;
    let paths = fixture_paths(&listed)?;
    let candidate = CompiledPolicy::new(policy_file::read(candidate)?);
    let baseline = CompiledPolicy::new(policy_file::read(baseline)?);
    let fixtures = paths
        .into_iter()
        .map(read_fixture)
        .collect::<Result<Vec<_>, _>>()?;
    let inventory = inventory(parsed)?;
    let facts = Facts {
        now,
        inventory: inventory.as_ref(),
    };

    let comparison = compare(&baseline, &candidate, &fixtures, &facts);
    let summary = format!(
        "policy simulate fixtures={} changed={} recommendation={}",
        comparison.fixtures_total, comparison.changed_fixtures, comparison.recommendation
    );
    let output = Output {
        ok: true,
        comparison: &comparison,
        summary: &summary,
    };
    Ok(Report::new(&output).line(&summary))
}

fn required<'a>(parsed: &'a Parsed, flag: &str, form: &str) -> Result<&'a str, Failure> {
    let value = parsed.text(flag).trim();
    if value.is_empty() {
        Err(missing(flag, form))
    } else {
        Ok(value)
    }
}

fn missing(flag: &str, form: &str) -> Failure {
    Failure::invalid_input(format!("missing required --{flag} {form}"))
}

fn read_fixture(path: String) -> Result<Fixture, Failure> {
    let intent = intent_file::read(&path)?
        .normalize()
        .map_err(|error| Failure::invalid_input(error).context(&path))?;
    Ok(Fixture { path, intent })
}

/// The intent files that `listed` names, in the order of their cleaned paths.
fn fixture_paths(listed: &[String]) -> Result<BTreeSet<String>, Failure> {
    let mut found = BTreeSet::new();
    for path in listed {
        let path = clean(path);
        let trouble = |error| Failure::invalid_input(format!("{path}: {error}")).context("fixtures path");
        let metadata = fs::metadata(&path).map_err(trouble)?;
        if metadata.is_dir() {
            gather(&path, &mut found).map_err(trouble)?;
        } else if is_json(&path) {
            found.insert(path);
        } else {
            return Err(Failure::invalid_input(format!(
                "fixture file must be .json: {path}"
            )));
        }
    }
    if found.is_empty() {
        return Err(Failure::invalid_input("no .json files among the fixtures"));
    }
    Ok(found)
}

/// Adds every JSON file below `directory`. Links to directories are not followed, so there is an end.
fn gather(directory: &str, found: &mut BTreeSet<String>) -> std::io::Result<()> {
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(&directory)? {
            let entry = entry?;
            let path = clean(&entry.path().to_string_lossy());
            if entry.file_type()?.is_dir() {
                directories.push(path);
            } else if is_json(&path) {
                found.insert(path);
            }
        }
    }
    Ok(())
}

fn is_json(path: &str) -> bool {
    path.rsplit_once('.')
        .is_some_and(|(_, extension)| extension.eq_ignore_ascii_case("json"))
}
