//! What happens at an MCP gateway, a line of JSON each (`gait.mcp.activity`): what those who watch it follow.
//!
//! Clients and servers choose the length of most texts, so a line has bounds, and what goes beyond them is cut off.

use std::time::Duration;

use gait_canon::json::{self, Reader};
use serde::{Deserialize, Serialize};

#[cfg(feature = "schema")]
use crate::members::Members;
use crate::{time::Timestamp, verdict::Verdict};

/// The schema id of a line.
pub const SCHEMA_ID: &str = "gait.mcp.activity";
/// The schema version of the lines that are written.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// What the version of a line that can be read starts with: members that are not known are passed over.
const READABLE_VERSIONS: &str = "1.";

/// The longest line that is read, in bytes; none that is written is longer.
pub const MAX_LINE_BYTES: usize = 32 << 10;
/// Bytes that are kept of a text: clients and servers choose their length.
const MAX_TEXT_BYTES: usize = 256;
/// The largest number that JSON programs agree about (RFC 8785 §3.2.2.3).
const MAX_NUMBER: u64 = (1 << 53) - 1;
/// Reason codes that are kept of a call.
const MAX_REASON_CODES: usize = 16;

/// Whose activity it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// The server, as the operator calls it.
    pub server: String,
    /// The process of the gateway.
    pub pid: u32,
    /// The session that traces name.
    pub session: String,
}

/// One thing that happened at a gateway (`gait.mcp.activity`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(transform = published))]
pub struct Record {
    /// `gait.mcp.activity`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// When, in UTC.
    pub time: Timestamp,
    /// The server, as the operator calls it.
    pub server: String,
    /// The process of the gateway.
    pub pid: u32,
    /// The session that traces name.
    pub session: String,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Event {
    /// A call was decided.
    Call(Call),
    /// The tools of a server were reviewed.
    Tools(Tools),
    /// A message was held back.
    Dropped {
        /// Why: a word such as `unasked_answer`.
        why: String,
    },
    /// The gateway ended.
    Gone,
}

/// A call that was decided. Its arguments are no part of this.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Call {
    /// The tool.
    pub tool: String,
    /// The verdict.
    pub verdict: Verdict,
    /// Why.
    pub reason_codes: Vec<String>,
    /// The signed trace; empty where there is none.
    pub trace_id: String,
    /// From the arrival of the call to its durable trace, in microseconds.
    pub took_us: u64,
}

/// How many tools of a server stand how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Tools {
    /// Tools that clients see.
    pub offered: u64,
    /// Tools that the policy blocks always.
    pub hidden: u64,
    /// Tools that somebody has to look at.
    pub quarantined: u64,
    /// Why none could be reviewed; empty when they were.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub problem: String,
}

/// Why a line is no record.
#[derive(Debug, thiserror::Error)]
pub enum LineError {
    /// It is not JSON, or not of that shape.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// It is of another schema, or of a version that can't be read.
    #[error("not a line of {SCHEMA_ID} {SCHEMA_VERSION}")]
    Schema,
}

impl Call {
    /// The time from the arrival of the call to its durable trace.
    #[must_use]
    pub const fn took(&self) -> Duration {
        Duration::from_micros(self.took_us)
    }
}

impl Record {
    /// What happened to `source` at `time`.
    #[must_use]
    pub fn new(source: &Source, time: Timestamp, event: Event) -> Self {
        let record = Self {
            schema_id: SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            time: time.to_utc(),
            server: source.server.clone(),
            pid: source.pid,
            session: source.session.clone(),
            event,
        };
        record.bounded()
    }

    /// The canonical JSON of it with a line feed.
    pub fn to_line(&self) -> Result<Vec<u8>, json::Error> {
        let mut line = json::canonical_bytes(self)?;
        line.push(b'\n');
        Ok(line)
    }

    /// Reads a line without its line feed.
    pub fn read(line: &[u8]) -> Result<Self, LineError> {
        let reader = Reader::new().max_bytes(MAX_LINE_BYTES).max_depth(4);
        let record: Self = reader.ignore_unknown_members().read(line)?;
        if record.schema_id == SCHEMA_ID && record.schema_version.starts_with(READABLE_VERSIONS) {
            Ok(record.bounded())
        } else {
            Err(LineError::Schema)
        }
    }

    /// The same with texts and lists cut to what is kept.
    fn bounded(mut self) -> Self {
        cut(&mut self.server);
        cut(&mut self.session);
        match &mut self.event {
            Event::Call(call) => {
                cut(&mut call.tool);
                cut(&mut call.trace_id);
                call.reason_codes.truncate(MAX_REASON_CODES);
                call.reason_codes.iter_mut().for_each(cut);
                call.took_us = call.took_us.min(MAX_NUMBER);
            }
            Event::Tools(tools) => {
                cut(&mut tools.problem);
                for count in [&mut tools.offered, &mut tools.hidden, &mut tools.quarantined] {
                    *count = (*count).min(MAX_NUMBER);
                }
            }
            Event::Dropped { why } => cut(why),
            Event::Gone => {}
        }
        self
    }
}

#[cfg(feature = "schema")]
fn published(schema: &mut schemars::Schema) {
    Members::of(schema).artifact(SCHEMA_ID, SCHEMA_VERSION);
    // The members of what happened are beside these.
    schema.insert("unevaluatedProperties".to_owned(), false.into());
}

fn cut(text: &mut String) {
    let mut end = text.len().min(MAX_TEXT_BYTES);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.truncate(end);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn source() -> Source {
        Source {
            server: "files".to_owned(),
            pid: 7,
            session: "mcp-1".to_owned(),
        }
    }

    fn call(tool: &str, verdict: Verdict, took_us: u64) -> Event {
        Event::Call(Call {
            tool: tool.to_owned(),
            verdict,
            reason_codes: vec!["matched_rule_reading".to_owned()],
            trace_id: "trace_1".to_owned(),
            took_us,
        })
    }

    fn record(event: Event) -> Record {
        Record::new(&source(), Timestamp::from_unix(1_800_000_000, 500_000_000), event)
    }

    #[test]
    fn a_line_is_canonical_and_comes_back() {
        let lines = [
            (
                call("read", Verdict::Allow, 412),
                r#"{"kind":"call","pid":7,"reason_codes":["matched_rule_reading"],"schema_id":"gait.mcp.activity","schema_version":"1.0.0","server":"files","session":"mcp-1","time":"2027-01-15T08:00:00.5Z","took_us":412,"tool":"read","trace_id":"trace_1","verdict":"allow"}"#,
            ),
            (
                Event::Tools(Tools {
                    offered: 3,
                    hidden: 1,
                    ..Tools::default()
                }),
                r#"{"hidden":1,"kind":"tools","offered":3,"pid":7,"quarantined":0,"schema_id":"gait.mcp.activity","schema_version":"1.0.0","server":"files","session":"mcp-1","time":"2027-01-15T08:00:00.5Z"}"#,
            ),
            (
                Event::Gone,
                r#"{"kind":"gone","pid":7,"schema_id":"gait.mcp.activity","schema_version":"1.0.0","server":"files","session":"mcp-1","time":"2027-01-15T08:00:00.5Z"}"#,
            ),
        ];
        for (event, expected) in lines {
            let record = record(event);
            let line = record.to_line().unwrap();
            assert_eq!(String::from_utf8_lossy(&line), format!("{expected}\n"));
            assert_eq!(Record::read(expected.as_bytes()).unwrap(), record);
        }
    }

    #[test]
    fn later_members_are_passed_over_and_other_documents_refused() {
        let line = String::from_utf8(record(Event::Gone).to_line().unwrap()).unwrap();
        let cases = [
            (line.replace("\"pid\"", "\"era\":{\"a\":[1]},\"pid\""), true),
            (line.replace("1.0.0", "1.7.0"), true),
            (line.replace("1.0.0", "2.0.0"), false),
            (line.replace("gait.mcp.activity", "gait.gate.trace"), false),
            (line.replace("gone", "born"), false),
            (line.replace("\"kind\":\"gone\"", "\"kind\":\"call\""), false),
            ("{}".to_owned(), false),
        ];
        for (line, is_record) in cases {
            assert_eq!(Record::read(line.as_bytes()).is_ok(), is_record, "{line}");
        }
    }

    #[test]
    fn no_line_is_longer_than_what_is_read() {
        let escaped = "\u{1}".repeat(1 << 20);
        let event = Event::Call(Call {
            tool: escaped.clone(),
            verdict: Verdict::Block,
            reason_codes: vec![escaped.clone(); 100],
            trace_id: escaped.clone(),
            took_us: u64::MAX,
        });
        let source = Source {
            server: escaped.clone(),
            pid: u32::MAX,
            session: escaped,
        };
        let line = Record::new(&source, Timestamp::ZERO, event).to_line().unwrap();
        assert!(line.len() <= MAX_LINE_BYTES, "{}", line.len());
        Record::read(line.trim_ascii_end()).unwrap();
    }

    proptest! {
        #[test]
        fn no_bytes_make_reading_fail_badly(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
            _ = Record::read(&bytes);
        }
    }
}
