//! Lines about decisions for those who watch: a log line and one in the manner of OpenTelemetry.
//!
//! A line is one compact JSON object; [`append`] adds it to a file that many processes may share.

mod log;
mod otel;

use std::path::Path;

use gait_artifact::trace::TraceRecord;
use gait_disk::{LockPolicy, append::append_line};

pub use self::{log::LogLine, otel::OtelLine};

/// Files are readable by their owner alone.
const MODE: u32 = 0o600;

/// A line could not be added.
#[derive(Debug, thiserror::Error)]
#[error("append export file: {0}")]
pub struct ExportError(#[from] pub gait_disk::Error);

/// Adds `line` to the file at `path`, which is made if it is not there.
pub fn append(path: &Path, line: &str) -> Result<(), ExportError> {
    append_line(path, line.as_bytes(), MODE, &LockPolicy::APPEND).map_err(ExportError)
}

/// What a trace says of the delegation behind a call: the tokens that prove it, else its digest, and its depth.
fn delegation(trace: &TraceRecord) -> (&str, usize) {
    let Some(reference) = &trace.delegation_ref else {
        return ("", 0);
    };
    let name = match reference.delegation_token_ref.as_str() {
        "" => reference.chain_digest.as_str(),
        tokens => tokens,
    };
    (name, reference.delegation_depth)
}
