//! What happened at gateways (`gait.mcp.activity`): written by each, read by those who watch.

mod tail;
mod writer;

pub use gait_artifact::activity::{Call, Event, Record, Source, Tools};
pub use tail::{News, Tail};
pub use writer::{Writer, WriterError};

use gait_artifact::activity::MAX_LINE_BYTES;

#[cfg(test)]
pub(crate) mod tests {
    use gait_artifact::Verdict;

    use super::*;

    pub(crate) fn source() -> Source {
        Source {
            server: "files".to_owned(),
            pid: 7,
            session: "mcp-1".to_owned(),
        }
    }

    pub(crate) fn call(tool: &str, verdict: Verdict, took_us: u64) -> Event {
        Event::Call(Call {
            tool: tool.to_owned(),
            verdict,
            reason_codes: vec!["matched_rule_reading".to_owned()],
            trace_id: "trace_1".to_owned(),
            took_us,
        })
    }
}
