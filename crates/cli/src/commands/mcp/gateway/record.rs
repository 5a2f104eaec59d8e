//! What the gateway keeps of calls beside their traces: its flags, and the records that they describe.

use std::io::{self, Write as _};

use gait_gateway::record::{Contents, RecordSettings, Records};
use gait_job::JobStore;
use gait_mcp::sessions::SessionSettings;
use gait_runpack::record::host;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::commands::run::session::lock_settings;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::spec::Flag;

/// Flags about what is kept of calls.
pub(super) const FLAGS: [Flag; 3] = [
    Flag::path("session-dir", "directory of session journals; empty for none")
        .or("./gait-out/mcp-gateway/sessions"),
    Flag::text("record-results", "what is recorded of the results of calls")
        .or("digest")
        .values(&["digest", "content"]),
    Flag::text(
        "provenance",
        "whether arguments that carry what was returned before are known by it",
    )
    .or("derive")
    .values(&["derive", "off"]),
];

/// Journals that are kept open.
const OPEN_JOURNALS: usize = 64;

/// What is kept of calls.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Recording<'a> {
    #[serde(rename = "session_dir", skip_serializing_if = "str::is_empty")]
    directory: &'a str,
    #[serde(rename = "record_results")]
    results: &'a str,
    provenance: &'a str,
}

impl<'a> Recording<'a> {
    pub(super) fn of(parsed: &'a Parsed) -> Self {
        Self {
            directory: parsed.text("session-dir").trim(),
            results: parsed.text("record-results"),
            provenance: parsed.text("provenance"),
        }
    }

    /// The records that are described.
    pub(super) fn records(self, is_quiet: bool, context: &Context<'_>) -> Result<Records, Failure> {
        let records = match self.provenance {
            "off" => Records::default(),
            _ => Records::default().remembered(),
        };
        if self.directory.is_empty() {
            return Ok(records);
        }
        let settings = RecordSettings {
            sessions: SessionSettings {
                directory: self.directory.to_owned(),
                runpacks: String::new(),
                lock: lock_settings(context),
                producer_version: context.producer_version().to_owned(),
                host: host(),
                // Calls over MCP belong to no job.
                jobs: JobStore::new(""),
                open: OPEN_JOURNALS,
            },
            contents: match self.results {
                "content" => Contents::Whole,
                _ => Contents::Digests,
            },
        };
        let warn = move |warning: &str| {
            if !is_quiet {
                // Nobody has to read it.
                _ = writeln!(io::stderr(), "gait: {warning}");
            }
        };
        records.written(settings, warn).map_err(|error| {
            Failure::new(ErrorKind::Io, error).context("start the thread that writes session journals")
        })
    }

    /// What `--explain-config` says of it.
    pub(super) fn line(self) -> String {
        let Self {
            directory,
            results,
            provenance,
        } = self;
        format!("sessions: {directory} (results: {results}, provenance: {provenance})")
    }
}
