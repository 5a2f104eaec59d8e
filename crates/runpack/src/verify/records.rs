//! Whether readers can make sense of the files of a runpack, found out while they are hashed.

use std::fmt;

use gait_artifact::Timestamp;
use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::runpack::{INTENTS_PATH, REFS_PATH, RESULTS_PATH, RUN_PATH, Refs, Run};
use gait_canon::json;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::refs::{normalize_refs, require_evidence};

/// As much as an entry may hold.
const MAX_LINE_BYTES: usize = 100 << 20;

/// Looks at one of the files that readers must understand, piece by piece.
///
/// At most one document, or one line of a file of lines, is held in memory.
pub(super) struct Inspection<'a> {
    path: &'static str,
    run_id: &'a str,
    raw: bool,
    /// A document so far, or the beginning of a line.
    pending: Vec<u8>,
    line: u64,
    /// At most one of each kind: what follows tells nothing new.
    findings: Vec<Finding>,
}

impl<'a> Inspection<'a> {
    /// The inspection of the file at `path` of the run's runpack; none for files that no reader looks at.
    pub(super) fn of(path: &str, run_id: &'a str, raw: bool) -> Option<Self> {
        let path = [RUN_PATH, INTENTS_PATH, RESULTS_PATH, REFS_PATH]
            .into_iter()
            .find(|known| *known == path)?;
        Some(Self {
            path,
            run_id,
            raw,
            pending: Vec::new(),
            line: 0,
            findings: Vec::new(),
        })
    }

    /// Takes the next piece of the content.
    pub(super) fn push(&mut self, mut piece: &[u8]) {
        if self.is_unreadable() {
            return;
        }
        if !matches!(self.path, INTENTS_PATH | RESULTS_PATH) {
            self.pending.extend_from_slice(piece);
            return;
        }
        while let Some(feed) = memchr::memchr(b'\n', piece) {
            let (head, tail) = (&piece[..feed], &piece[feed + 1..]);
            if self.pending.is_empty() {
                self.record(head);
            } else {
                self.pending.extend_from_slice(head);
                let line = std::mem::take(&mut self.pending);
                self.record(&line);
                self.pending = line;
                self.pending.clear();
            }
            piece = tail;
            if self.is_unreadable() {
                return;
            }
        }
        self.pending.extend_from_slice(piece);
    }

    /// What was found once all of the content has been taken.
    pub(super) fn finish(mut self) -> Vec<Finding> {
        if self.is_unreadable() {
            return self.findings;
        }
        let content = std::mem::take(&mut self.pending);
        match self.path {
            RUN_PATH => self.run(&content),
            REFS_PATH => self.refs(&content),
            _ if content.is_empty() => {}
            _ => self.record(&content),
        }
        self.findings
    }

    fn run(&mut self, content: &[u8]) {
        match json::read::<Run>(content) {
            Ok(run) => self.belongs(&run.run_id),
            Err(error) => self.unreadable(&error),
        }
    }

    fn refs(&mut self, content: &[u8]) {
        let mut refs: Refs = match json::read(content) {
            Ok(refs) => refs,
            Err(error) => return self.unreadable(&error),
        };
        self.belongs(&refs.run_id);
        if let Err(error) = normalize_refs(&mut refs).and_then(|()| require_evidence(&refs)) {
            self.unreadable(&error);
        }
    }

    fn record(&mut self, line: &[u8]) {
        self.line += 1;
        if line.trim_ascii().is_empty() {
            return;
        }
        let reader = json::Reader::new().max_bytes(MAX_LINE_BYTES);
        let read = if self.path == INTENTS_PATH {
            reader.read::<Intent>(line).map(Record::from)
        } else {
            reader.read::<Outcome>(line).map(Record::from)
        };
        match read {
            Ok(record) => {
                self.belongs(&record.run_id);
                if record.payload && !self.raw {
                    let message = "holds arguments or results although the capture mode is reference";
                    self.find(FindingCode::Inconsistent, message);
                }
            }
            Err(error) => self.unreadable(&error),
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
        if !self.has_found(code) {
            self.findings.push(Finding::new(code, self.place(), message));
        }
    }

    fn has_found(&self, code: FindingCode) -> bool {
        self.findings.iter().any(|finding| finding.code == code)
    }

    /// Nothing behind an unreadable line means anything.
    fn is_unreadable(&self) -> bool {
        self.has_found(FindingCode::UnreadableContent)
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
