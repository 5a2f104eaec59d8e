//! Whether readers can make sense of the files of a runpack, found out while they are hashed.

use std::fmt;

use gait_artifact::Timestamp;
use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::runpack::{INTENTS_PATH, REFS_PATH, RESULTS_PATH, RUN_PATH, Refs, Run};
use serde::Deserialize;
use serde::de::{DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::document;
use crate::lines::{LineProblem, Records};
use crate::refs::{normalize_refs, require_evidence};

/// Looks at one of the files that readers must understand, piece by piece.
///
/// At most one document, or one line of a file of lines, is held in memory.
pub(super) struct Inspection<'a> {
    /// A document so far.
    document: Vec<u8>,
    lines: Records,
    findings: Findings<'a>,
}

/// What has been found in a file: at most one finding of each kind, for what follows tells nothing new.
struct Findings<'a> {
    path: &'static str,
    run_id: &'a str,
    raw: bool,
    /// The line that is looked at; 0 in a document.
    line: u64,
    found: Vec<Finding>,
}

impl<'a> Inspection<'a> {
    /// The inspection of the file at `path` of the run's runpack; none for files that no reader looks at.
    pub(super) fn of(path: &str, run_id: &'a str, raw: bool) -> Option<Self> {
        let path = [RUN_PATH, INTENTS_PATH, RESULTS_PATH, REFS_PATH]
            .into_iter()
            .find(|known| *known == path)?;
        Some(Self {
            document: Vec::new(),
            lines: Records::default(),
            findings: Findings {
                path,
                run_id,
                raw,
                line: 0,
                found: Vec::new(),
            },
        })
    }

    /// Takes the next piece of the content.
    pub(super) fn push(&mut self, piece: &[u8]) {
        let findings = &mut self.findings;
        match findings.path {
            INTENTS_PATH => self
                .lines
                .push::<Intent>(piece, &mut |record| findings.record(record)),
            RESULTS_PATH => self
                .lines
                .push::<Outcome>(piece, &mut |record| findings.record(record)),
            _ => self.document.extend_from_slice(piece),
        }
    }

    /// What was found once all of the content has been taken.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        let findings = &mut self.findings;
        match findings.path {
            INTENTS_PATH => self.lines.finish::<Intent>(&mut |record| findings.record(record)),
            RESULTS_PATH => self
                .lines
                .finish::<Outcome>(&mut |record| findings.record(record)),
            RUN_PATH => findings.run(&self.document),
            _ => findings.refs(&self.document),
        }
        self.findings.found
    }
}

impl Findings<'_> {
    fn run(&mut self, content: &[u8]) {
        if let Some(run) = self.read::<Run>(content) {
            self.belongs(&run.run_id);
        }
    }

    fn refs(&mut self, content: &[u8]) {
        let Some(mut refs) = self.read::<Refs>(content) else {
            return;
        };
        self.belongs(&refs.run_id);
        if let Err(error) = normalize_refs(&mut refs).and_then(|()| require_evidence(&refs)) {
            self.unreadable(&error);
        }
    }

    fn read<T: DeserializeOwned>(&mut self, content: &[u8]) -> Option<T> {
        let document = document::reader().read(content);
        document.map_err(|error| self.unreadable(&error)).ok()
    }

    fn record<T: Into<Record>>(&mut self, (line, record): (u64, Result<T, LineProblem>)) {
        self.line = line;
        let record: Record = match record {
            Ok(record) => record.into(),
            Err(problem) => return self.unreadable(&problem),
        };
        self.belongs(&record.run_id);
        if record.payload && !self.raw {
            let message = "holds arguments or results although the capture mode is reference";
            self.find(FindingCode::Inconsistent, message);
        }
    }

    /// Where the inspection stands, such as `intents.jsonl:3`.
    fn place(&self) -> String {
        match self.line {
            0 => self.path.to_owned(),
            line => format!("{}:{line}", self.path),
        }
    }

    fn find(&mut self, code: FindingCode, message: impl Into<String>) {
        if self.found.iter().all(|finding| finding.code != code) {
            self.found.push(Finding::new(code, self.place(), message));
        }
    }

    fn unreadable(&mut self, error: &dyn fmt::Display) {
        self.find(FindingCode::UnreadableContent, error.to_string());
    }

    fn belongs(&mut self, run_id: &str) {
        if run_id != self.run_id {
            let message = format!("names run {run_id:?}, the manifest names {:?}", self.run_id);
            self.find(FindingCode::RunIdMismatch, message);
        }
    }
}

/// What matters of a line once it is known to be readable.
struct Record {
    run_id: String,
    payload: bool,
}

/// An intent line, read as strictly as for use and without keeping it.
#[expect(clippy::struct_field_names, reason = "the names of the members")]
#[derive(Default, Deserialize)]
#[serde(default)]
struct Intent {
    schema_id: Text,
    schema_version: Text,
    created_at: Timestamp,
    producer_version: Text,
    run_id: String,
    intent_id: Text,
    tool_name: Text,
    args_digest: Text,
    args: Payload,
}

/// A result line, likewise.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Outcome {
    schema_id: Text,
    schema_version: Text,
    created_at: Timestamp,
    producer_version: Text,
    run_id: String,
    intent_id: Text,
    status: Text,
    result_digest: Text,
    result: Payload,
}

impl From<Intent> for Record {
    fn from(intent: Intent) -> Self {
        Self {
            run_id: intent.run_id,
            payload: intent.args.0,
        }
    }
}

impl From<Outcome> for Record {
    fn from(outcome: Outcome) -> Self {
        Self {
            run_id: outcome.run_id,
            payload: outcome.result.0,
        }
    }
}

/// Some text.
#[derive(Default)]
struct Text;

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyText;
        impl Visitor<'_> for AnyText {
            type Value = Text;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }

            fn visit_str<E>(self, _: &str) -> Result<Text, E> {
                Ok(Text)
            }
        }
        deserializer.deserialize_str(AnyText)
    }
}

/// Some object, and whether it has members.
#[derive(Default)]
struct Payload(bool);

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct AnyObject;
        impl<'de> Visitor<'de> for AnyObject {
            type Value = Payload;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Payload, A::Error> {
                // The text has been parsed as a whole, so the other members need no walk.
                Ok(Payload(members.next_key::<IgnoredAny>()?.is_some()))
            }
        }
        deserializer.deserialize_map(AnyObject)
    }
}
