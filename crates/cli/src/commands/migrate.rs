//! `gait migrate`: a runpack in the form that this version writes.

use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use gait_canon::zip::check_normal_form;
use gait_disk::atomic;
use gait_disk::path::clean;
use gait_disk::progress::Unwatched;
use gait_runpack::{
    CaptureMode, Content, Runpack, VerifyOptions, locate::is_path, output_path, seal, verify, write,
};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("migrate", "Rewrite a runpack in the current form")
    .explain("Reads a runpack that another version wrote and writes it in the current form, so that every command takes it.")
    .positionals("[<run_id|path>]")
    .flags(&[
        Flag::path("input", "the run or runpack, instead of the positional argument"),
        Flag::path("out", "where the result goes (default runpack_<run_id>_migrated.zip beside the input)"),
        Flag::text("target", "the form to write").or("v1").values(&["v1"]),
    ]);

#[derive(Serialize)]
struct Migrated<'a> {
    ok: bool,
    input: &'a str,
    output: &'a str,
    artifact: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    run_id: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    signatures_dropped: usize,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    if parsed.text("target").trim() != "v1" {
        return Err(Failure::invalid_input("unsupported --target value (expected v1)"));
    }
    let reference = match (parsed.text("input"), parsed.positionals()) {
        (blank, [reference]) if blank.trim().is_empty() => reference,
        (reference, []) if !reference.trim().is_empty() => reference,
        _ => return Err(Failure::invalid_input("expected one artifact path or run_id")),
    };
    let path = runpack_file::find(reference, context)?;
    let input = path.to_string_lossy();
    if is_path(reference) && !input.to_ascii_lowercase().ends_with(".zip") {
        return Err(Failure::invalid_input(format!(
            "unsupported artifact type {input:?} (expected a runpack .zip)"
        )));
    }
    let migration = Migration::of(&path)?;
    let output = match parsed.text("out") {
        blank if blank.trim().is_empty() => migration.default_output(&input)?,
        given => given.to_owned(),
    };
    let target = output_path(&output)?;
    if target == clean(&input) {
        return Err(Failure::invalid_input("--out must not be the input"));
    }
    let signatures_dropped = migration.write(Path::new(&target))?;
    let status = if same_bytes(&path, Path::new(&target)) {
        "no_change"
    } else {
        "migrated"
    };
    Ok(Report::new(&Migrated {
        ok: true,
        input: &input,
        output: &output,
        artifact: "runpack",
        status,
        run_id: &migration.content.run.run_id,
        signatures_dropped,
    })
    .line(format!("migrate ok: {input} -> {output} ({status})"))
    .lines((signatures_dropped > 0).then(|| format!("signatures dropped: {signatures_dropped}"))))
}

/// A runpack on its way into the current form.
struct Migration<'a> {
    source: &'a Path,
    content: Content,
    signatures: usize,
    /// Whether the source has that form already.
    is_current: bool,
}

impl<'a> Migration<'a> {
    fn of(source: &'a Path) -> Result<Self, Failure> {
        let Runpack {
            manifest,
            run,
            mut intents,
            mut results,
            refs,
        } = Runpack::open_watched(source, &Bar::default())?;
        let capture_mode = manifest.capture_mode.parse().map_err(Failure::invalid_input)?;
        if capture_mode == CaptureMode::Reference {
            for intent in &mut intents {
                intent.args = None;
            }
            for result in &mut results {
                result.result = None;
            }
        }
        let content = Content {
            run,
            intents,
            results,
            refs,
            capture_mode,
        };
        let mut rewritten = seal(&content, None)?;
        rewritten.signatures.clone_from(&manifest.signatures);
        let is_current = rewritten == manifest && is_normal(source);
        Ok(Self {
            source,
            content,
            signatures: manifest.signatures.len(),
            is_current,
        })
    }

    /// The path beside the input that is named after the run.
    fn default_output(&self, input: &str) -> Result<String, Failure> {
        let run_id = self.content.run.run_id.trim();
        let name = if run_id.is_empty() {
            let stem = self.source.file_stem().unwrap_or_default();
            format!("{}_migrated.zip", stem.to_string_lossy())
        } else {
            format!("runpack_{run_id}_migrated.zip")
        };
        if name.contains(['/', '\\', '\0']) {
            return Err(Failure::invalid_input(format!(
                "run id {run_id:?} cannot be part of a file name; use --out"
            )));
        }
        let directory = Path::new(input)
            .parent()
            .map_or_else(PathBuf::new, Path::to_path_buf);
        Ok(clean(&directory.join(name).to_string_lossy()))
    }

    /// Writes the result, makes sure that it verifies, and says how many signatures it has lost.
    fn write(&self, target: &Path) -> Result<usize, Failure> {
        atomic::create_parents(target)?;
        if self.is_current {
            // Signatures cover the manifest, and that is the same.
            copy(self.source, target)?;
        } else {
            write(target, &self.content, None)?;
        }
        let verification = verify(target, &VerifyOptions::default(), &Unwatched)?;
        if !verification.is_ok() {
            return Err(Failure::new(
                ErrorKind::VerificationFailed,
                "migrated runpack failed verification",
            ));
        }
        Ok(self.signatures - verification.signatures.total)
    }
}

fn is_normal(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| check_normal_form(BufReader::new(file)).is_ok())
}

fn copy(source: &Path, target: &Path) -> Result<(), Failure> {
    let bytes = std::fs::read(source).map_err(Failure::invalid_input)?;
    Ok(atomic::replace(target, &bytes, 0o600)?)
}

fn same_bytes(left: &Path, right: &Path) -> bool {
    matches!((std::fs::read(left), std::fs::read(right)), (Ok(left), Ok(right)) if left == right)
}
