//! `fixture.json`: what a fixture expects, checked.

use std::path::{Path, PathBuf};

use gait_artifact::regress::FixtureRecord;
use gait_artifact::text;
use gait_canon::{Digest, json};
use gait_disk::ReadError;
use gait_disk::read::read_bounded;

use crate::sequence::{Outcome, tool_names};

/// File name of the expectations.
pub(crate) const METADATA_FILE: &str = "fixture.json";

/// Room for sequences of hundreds of thousands of calls.
const MAX_BYTES: usize = 32 << 20;

/// What a fixture expects. Nothing has been established about its runpack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Metadata {
    /// The fixture's name, not empty.
    pub name: String,
    /// The run it was made from, not empty.
    pub run_id: String,
    /// File name of its runpack, not empty.
    pub runpack: String,
    /// The exit code that a stub replay ends with, not negative.
    pub exit_code: i64,
    /// The tools of the run; empty when they do not matter.
    pub tools: Vec<String>,
    /// What became of each call; empty when that does not matter.
    pub outcomes: Vec<Outcome>,
    /// The runpack that is compared, trimmed; empty for the fixture's own.
    pub candidate: String,
    /// What is said of the candidate's context.
    pub context: Option<ContextDemand>,
    /// Whether the same context may have been retrieved at other times.
    pub allow_runtime_drift: bool,
    /// The digest that the candidate's context set must have.
    pub context_set_digest: Option<Digest>,
    /// Files of the candidate that may differ, sorted.
    pub allowed_files: Vec<String>,
}

/// What a fixture says about the context of its candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContextDemand {
    /// It must be the fixture's.
    Required,
    /// It does not matter.
    None,
}

/// Why expectations cannot be used: the file and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
pub struct MetadataError {
    /// The file.
    pub path: PathBuf,
    /// What is wrong.
    pub problem: MetadataProblem,
}

/// What is wrong with expectations.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataProblem {
    /// The file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not the JSON of expectations.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// A member that every fixture has is empty.
    #[error("fixture {0} is required")]
    Missing(&'static str),
    /// A number below zero.
    #[error("{0} must be >= 0")]
    Negative(&'static str),
    /// A word that says nothing about contexts.
    #[error("context_conformance must be required or none, not {0:?}")]
    ContextDemand(String),
    /// A digest that is none.
    #[error("expected_context_set_digest must be a SHA-256 digest of 64 hex digits")]
    Digest,
    /// A word that is no verdict.
    #[error("expected_verdict_sequence has an unknown verdict: {0:?}")]
    Verdict(String),
}

impl Metadata {
    /// Reads the expectations in the directory of a fixture.
    pub fn read(directory: &Path) -> Result<Self, MetadataError> {
        let path = directory.join(METADATA_FILE);
        let read = || Self::check(json::read(&read_bounded(&path, MAX_BYTES)?)?);
        read().map_err(|problem| MetadataError {
            path: path.clone(),
            problem,
        })
    }

    fn check(record: FixtureRecord) -> Result<Self, MetadataProblem> {
        for (member, value) in [
            ("name", &record.name),
            ("run_id", &record.run_id),
            ("runpack", &record.runpack),
        ] {
            if text::is_blank(value) {
                return Err(MetadataProblem::Missing(member));
            }
        }
        for (member, value) in [
            ("expected_replay_exit_code", record.expected_replay_exit_code),
            ("checkpoint_index", record.checkpoint_index),
        ] {
            if value < 0 {
                return Err(MetadataProblem::Negative(member));
            }
        }
        let mut allowed_files = record.diff_allow_changed_files;
        text::list_in_place(&mut allowed_files);
        Ok(Self {
            tools: tool_names(record.expected_tool_sequence.iter().map(String::as_str)),
            outcomes: outcomes(&record.expected_verdict_sequence)?,
            candidate: text::trim(&record.candidate_runpack).to_owned(),
            context: context_demand(&record.context_conformance)?,
            context_set_digest: digest(&record.expected_context_set_digest)?,
            allow_runtime_drift: record.allow_context_runtime_drift,
            exit_code: record.expected_replay_exit_code,
            name: record.name,
            run_id: record.run_id,
            runpack: record.runpack,
            allowed_files,
        })
    }

    /// Whether the fixture has anything to say about contexts.
    #[must_use]
    pub const fn speaks_of_context(&self) -> bool {
        self.context.is_some() || self.context_set_digest.is_some() || self.allow_runtime_drift
    }
}

fn outcomes(words: &[String]) -> Result<Vec<Outcome>, MetadataProblem> {
    let words = words.iter().filter(|word| !text::is_blank(word));
    words
        .map(|word| Outcome::of_verdict(word).ok_or_else(|| MetadataProblem::Verdict(word.clone())))
        .collect()
}

fn context_demand(word: &str) -> Result<Option<ContextDemand>, MetadataProblem> {
    match text::trim_lower(word).as_str() {
        "" => Ok(None),
        "required" => Ok(Some(ContextDemand::Required)),
        "none" => Ok(Some(ContextDemand::None)),
        _ => Err(MetadataProblem::ContextDemand(word.to_owned())),
    }
}

fn digest(hex: &str) -> Result<Option<Digest>, MetadataProblem> {
    match text::trim(hex) {
        "" => Ok(None),
        hex => Digest::parse_any_case(hex)
            .map(Some)
            .map_err(|_| MetadataProblem::Digest),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(members: &str) -> Result<Metadata, MetadataProblem> {
        let text = format!(r#"{{"name":"n","run_id":"r","runpack":"p","future":1{members}}}"#);
        Metadata::check(json::read(text.as_bytes()).unwrap())
    }

    #[test]
    fn expectations_are_brought_into_normal_form() {
        let metadata = read(
            r#","expected_tool_sequence":[" a ",""],"expected_verdict_sequence":["OK"," ","Needs Approval"],
               "candidate_runpack":" c.zip ","context_conformance":" None ","diff_allow_changed_files":["b","a ","b",""]"#,
        )
        .unwrap();
        assert_eq!(metadata.tools, ["a"]);
        assert_eq!(metadata.outcomes, [Outcome::Allow, Outcome::RequireApproval]);
        assert_eq!(metadata.candidate, "c.zip");
        assert_eq!(metadata.context, Some(ContextDemand::None));
        assert_eq!(metadata.allowed_files, ["a", "b"]);
        assert!(metadata.speaks_of_context());
        assert!(!read("").unwrap().speaks_of_context());
    }

    #[test]
    fn nonsense_is_refused() {
        for members in [
            r#","expected_replay_exit_code":-1"#,
            r#","checkpoint_index":-1"#,
            r#","context_conformance":"perhaps""#,
            r#","expected_context_set_digest":"abc""#,
            r#","expected_verdict_sequence":["perhaps"]"#,
        ] {
            assert!(read(members).is_err(), "{members}");
        }
        let nameless = json::read(br#"{"run_id":"r","runpack":"p"}"#).unwrap();
        assert!(matches!(
            Metadata::check(nameless),
            Err(MetadataProblem::Missing("name"))
        ));
    }
}
