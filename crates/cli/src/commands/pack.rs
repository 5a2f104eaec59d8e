//! `gait pack`: portable archives of evidence.

pub(crate) mod attest;
pub(crate) mod build;
pub(crate) mod diff;
pub(crate) mod export;
pub(crate) mod inspect;
pub(crate) mod verify;

use gait_canon::json::Object;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::error::Failure;
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "pack",
    summary: "Build, verify, inspect, compare, export and attest packs",
    explain: "Works with packs: portable archives of evidence about a run, job, call or decision.",
    help_succeeds: true,
};

/// Files made from packs are for their owner until he shares them.
const FILE_MODE: u32 = 0o600;

const SCHEMA_ID: &str = "gait.pack.output";
const SCHEMA_VERSION: &str = "1.0.0";

const PATH: Flag = Flag::path("path", "the pack, instead of the positional argument");

/// What every `pack` command reports.
#[derive(Serialize)]
struct PackOutput<'a> {
    schema_id: &'static str,
    schema_version: &'static str,
    ok: bool,
    operation: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_id: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_type: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    source_ref: &'a str,
}

impl<'a> PackOutput<'a> {
    /// A success of `operation` with the file at `path`.
    const fn new(operation: &'static str, path: &'a str) -> Self {
        Self {
            schema_id: SCHEMA_ID,
            schema_version: SCHEMA_VERSION,
            ok: true,
            operation,
            path,
            pack_id: "",
            pack_type: "",
            source_ref: "",
        }
    }
}

/// What errors of `operation` carry.
fn operation(operation: &str) -> Object {
    let mut fields = Object::new();
    fields.insert("schema_id", SCHEMA_ID);
    fields.insert("schema_version", SCHEMA_VERSION);
    fields.insert("operation", operation);
    fields
}

/// The pack a command is about: `--path` or the first positional argument, trimmed.
fn path_argument(parsed: &Parsed) -> Result<&str, Failure> {
    let positional = || parsed.positionals().first().map_or("", |path| path.trim());
    match Some(parsed.text("path").trim())
        .filter(|path| !path.is_empty())
        .unwrap_or_else(positional)
    {
        "" => Err(Failure::invalid_input("expected the path of a pack")),
        path => Ok(path),
    }
}
