//! `gait registry verify`: whether a manifest is signed, pinned and by a publisher who was named.

use std::path::Path;

use gait_canon::json::{self, is_default};
use gait_disk::atomic;
use gait_registry::{Verification, VerifyOptions, verify};
use serde::Serialize;

use super::{
    CACHE_DIR, PRIVATE_KEY, PRIVATE_KEY_ENV, PUBLIC_KEY, PUBLIC_KEY_ENV, PUBLISHER_ALLOWLIST,
    flag_or_positional, key, named_cache, publishers,
};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

const PATH: Flag = Flag::path("path", "the manifest, instead of the positional argument");
const REPORT_OUT: Flag = Flag::path("report-out", "file that gets a report of the verification");

/// Mode of the report.
const REPORT_MODE: u32 = 0o600;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("registry verify", "Verify a pack manifest")
    .explain("Checks offline that a manifest is signed with the given key, is the pinned one of its name and is by a publisher who was named.")
    .positionals("[<path>]")
    .flags(&[
        PATH,
        CACHE_DIR,
        PUBLISHER_ALLOWLIST,
        REPORT_OUT,
        PUBLIC_KEY,
        PUBLIC_KEY_ENV,
        PRIVATE_KEY,
        PRIVATE_KEY_ENV,
    ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    pack_name: &'a str,
    pack_version: &'a str,
    digest: String,
    metadata_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    publisher: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    pack_source: &'a str,
    #[serde(skip_serializing_if = "is_default")]
    signature_verified: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_error: Option<String>,
    #[serde(skip_serializing_if = "is_default")]
    publisher_allowed: bool,
    #[serde(skip_serializing_if = "String::is_empty")]
    pin_path: String,
    #[serde(skip_serializing_if = "str::is_empty")]
    pin_digest: &'a str,
    #[serde(skip_serializing_if = "is_default")]
    pin_present: bool,
    #[serde(skip_serializing_if = "is_default")]
    pin_verified: bool,
    #[serde(skip_serializing_if = "str::is_empty")]
    report_path: &'a str,
}

impl<'a> Output<'a> {
    fn of(verification: &'a Verification, report_path: &'a str) -> Self {
        let pack = verification.manifest.pack();
        let signature = verification.signature.as_ref().err();
        let publisher = verification.publisher.as_ref().err();
        Self {
            ok: verification.is_ok(),
            pack_name: &pack.pack_name,
            pack_version: &pack.pack_version,
            digest: verification.manifest.digest().to_string(),
            metadata_path: &verification.metadata_path,
            publisher: &pack.publisher,
            pack_source: &pack.source,
            signature_verified: signature.is_none(),
            signature_error: signature
                .map(ToString::to_string)
                .or_else(|| publisher.map(ToString::to_string)),
            publisher_allowed: publisher.is_none(),
            pin_path: verification.pin_path_text(),
            pin_digest: verification.pin.as_ref().map_or("", |pin| pin.as_str()),
            pin_present: verification.pin.is_some(),
            pin_verified: verification.pin_verified(),
            report_path,
        }
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = flag_or_positional(parsed, PATH.name)
        .ok_or_else(|| Failure::invalid_input("expected --path <registry_pack.json>"))?;
    let key = key(parsed, context)?;
    let cache = named_cache(parsed);
    let options = VerifyOptions {
        key: &key,
        publishers: &publishers(parsed),
        cache: cache.as_ref(),
    };
    let verification = verify(path, &options)?;
    let report_path = parsed.text(REPORT_OUT.name).trim();
    if !report_path.is_empty() {
        let text = json::pretty(&verification.report(context.producer_version()))? + "\n";
        write(Path::new(report_path), &text)?;
    }
    let output = Output::of(&verification, report_path);
    let report = Report::new(&output);
    if output.ok {
        let (publisher, report_path) = (output.publisher, output.report_path);
        let told = [("publisher", publisher), ("report", report_path)];
        let told = told.iter().filter(|(_, value)| !value.is_empty());
        return Ok(report
            .line(format!(
                "registry verify ok: {}@{} sha256:{}",
                output.pack_name, output.pack_version, output.digest
            ))
            .lines(told.map(|(label, value)| format!("{label}: {value}"))));
    }
    let reason = output
        .signature_error
        .clone()
        .unwrap_or_else(|| format!("pin mismatch for {}", output.pack_name));
    Ok(report
        .line(format!("registry verify failed: {reason}"))
        .exit(ErrorKind::VerificationFailed.exit_code()))
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    if let Some(directory) = path.parent() {
        atomic::create_directories(directory)?;
    }
    Ok(atomic::write_or_replace(path, text.as_bytes(), REPORT_MODE)?)
}
