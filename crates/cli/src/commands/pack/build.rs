//! `gait pack build`: a portable pack of a run, a job, a call or a decision.

use std::path::{Path, PathBuf};

use gait_artifact::pack::PackType;
use gait_canon::PrivateKey;
use gait_canon::keys::{self, EPHEMERAL_KEY_WARNING, KeySource};
use gait_disk::atomic;
use gait_disk::path::{clean, local_or_absolute};
use gait_job::JobStore;
use gait_job::fingerprint::given_or_own;
use gait_pack::build::{self, Unsealed};
use gait_runpack::read_chain;
use serde::Serialize;

use super::{PackOutput, operation};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::{CommandResult, Report};
use crate::progress::Bar;
use crate::runpack_file;
use crate::spec::{CommandSpec, Flag};

/// Where jobs are, unless `--job-root` says otherwise.
const JOB_ROOT: &str = "./gait-out/jobs";
/// Where packs of jobs go, unless `--out` says otherwise.
const JOB_PACKS: &str = "gait-out";
/// The file by which a job may be named.
const STATE_FILE: &str = "state.json";

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "pack build",
    "Pack a run, job, call or decision with everything that proves it",
)
.explain("Builds a portable archive of evidence that can be verified offline; the same source gives the same bytes.")
.positionals("<source>")
.flags(&[
    Flag::text("type", "what is packed")
        .or("run")
        .values(&["run", "job", "call", "authorization"]),
    Flag::text("from", "run id, job id or path, instead of the positional argument"),
    Flag::path("out", "the pack, instead of pack_<id>.zip beside its source"),
    Flag::path("job-root", "directory of the jobs").or(JOB_ROOT),
    Flag::text("key-mode", "where the signing key comes from")
        .or("none")
        .values(&["none", "dev", "prod"]),
    Flag::path("private-key", "file of the private key that signs"),
    Flag::variable("private-key-env", "environment variable that holds the private key"),
])
.error_fields(|| operation("build"));

#[derive(Serialize)]
struct Output<'a> {
    #[serde(flatten)]
    pack: PackOutput<'a>,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    warnings: &'a [&'static str],
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let from = source_argument(parsed)?;
    let (signer, warnings) = signer(parsed, context)?;
    let pack_type = pack_type(parsed)?;
    let progress = Bar::default();
    let source = match pack_type {
        PackType::Run => Source::run(from, context)?,
        PackType::Job => Source::job(from, parsed, context)?,
        PackType::Call => Source::call(from, context, &progress)?,
        PackType::Authorization => Source::authorization(from, context)?,
    };
    let mut pack = source.unsealed.seal(signer.as_ref(), &progress)?;
    let path = match parsed.text("out") {
        "" => source.directory.join(pack.file_name()),
        out => output_path(out)?,
    };
    atomic::create_parents(&path)?;
    pack.write(&path, &progress)?;

    let path = clean(&path.to_string_lossy());
    let manifest = pack.manifest();
    let output = Output {
        pack: PackOutput {
            pack_id: &manifest.pack_id,
            pack_type: manifest.pack_type.as_str(),
            source_ref: &manifest.source_ref,
            ..PackOutput::new("build", &path)
        },
        warnings: &warnings,
    };
    let warned = (!warnings.is_empty()).then(|| format!("warnings: {}", warnings.join("; ")));
    Ok(Report::new(&output)
        .line(format!("pack build ok: {path} ({pack_type})"))
        .lines(warned))
}

fn source_argument(parsed: &Parsed) -> Result<&str, Failure> {
    let positional = || parsed.positionals().first().map_or("", |from| from.trim());
    match parsed.text("from").trim() {
        "" => match positional() {
            "" => Err(Failure::invalid_input("--from is required")),
            from => Ok(from),
        },
        from => Ok(from),
    }
}

fn pack_type(parsed: &Parsed) -> Result<PackType, Failure> {
    let word = parsed.text("type").trim().to_lowercase();
    word.parse()
        .map_err(|_| Failure::invalid_input("--type must be run, job, call, or authorization"))
}

/// The key that signs, if one is wanted, and what its user must know of it.
fn signer(
    parsed: &Parsed,
    context: &Context<'_>,
) -> Result<(Option<PrivateKey>, Vec<&'static str>), Failure> {
    let source = parsed.key_source("private-key", "private-key-env");
    let mode = match parsed.text("key-mode").trim().to_lowercase().as_str() {
        "" | "none" if !source.is_given() => return Ok((None, Vec::new())),
        "" | "none" | "prod" => "prod",
        "dev" => "dev",
        _ => return Err(Failure::invalid_input("--key-mode must be none, dev, or prod")),
    };
    let resolved = keys::signing_key(mode, &source, &KeySource::default(), context.environment())?;
    let warning = resolved.is_ephemeral.then_some(EPHEMERAL_KEY_WARNING);
    Ok((Some(resolved.key), warning.into_iter().collect()))
}

/// What is packed, and where the pack goes unless told otherwise.
struct Source {
    unsealed: Unsealed,
    directory: PathBuf,
}

impl Source {
    /// The runpack at a path or of a run id, or that of the last checkpoint of a session chain.
    fn run(from: &str, context: &Context<'_>) -> Result<Self, Failure> {
        let version = context.producer_version();
        let is_chain = Path::new(from)
            .extension()
            .is_some_and(|ending| ending.eq_ignore_ascii_case("json"));
        if is_chain {
            let (path, unsealed) = build::session(&read_chain(from)?, version)?;
            return Ok(Self::beside(&path, unsealed));
        }
        let path = local_or_absolute(&runpack_file::find(from, context)?).map_err(Failure::invalid_input)?;
        let unsealed = build::run(&path, version)?;
        Ok(Self::beside(&path, unsealed))
    }

    /// The call whose record is at a path.
    fn call(from: &str, context: &Context<'_>, progress: &Bar) -> Result<Self, Failure> {
        let path = Path::new(from);
        let unsealed = build::call(path, context.producer_version(), progress)
            .map_err(|error| Failure::from(error).context("call record"))?;
        Ok(Self::beside(path, unsealed))
    }

    /// The decision whose bundle is at a path.
    fn authorization(from: &str, context: &Context<'_>) -> Result<Self, Failure> {
        let path = Path::new(from);
        let unsealed = build::authorization(path, context.producer_version())
            .map_err(|error| Failure::from(error).context("authorization bundle"))?;
        Ok(Self::beside(path, unsealed))
    }

    fn beside(path: &Path, unsealed: Unsealed) -> Self {
        Self {
            unsealed,
            directory: path.parent().unwrap_or(Path::new("")).to_path_buf(),
        }
    }

    /// The job of an id, or that of a job's directory or state file.
    fn job(from: &str, parsed: &Parsed, context: &Context<'_>) -> Result<Self, Failure> {
        let (root, id) = job_of(from, parsed.text("job-root").trim());
        let history = JobStore::new(root).history(&id)?;
        let unsealed = build::job(
            &history.state,
            &history.events,
            &given_or_own(""),
            context.producer_version(),
        )?;
        Ok(Self {
            unsealed,
            directory: PathBuf::from(JOB_PACKS),
        })
    }
}

/// The root and the id of the job that `from` names.
fn job_of(from: &str, root: &str) -> (PathBuf, String) {
    let path = PathBuf::from(clean(from));
    let is_state = path.is_file()
        && path
            .file_name()
            .is_some_and(|name| name.eq_ignore_ascii_case(STATE_FILE));
    let directory = if is_state {
        path.parent().map(Path::to_path_buf)
    } else {
        path.is_dir().then_some(path)
    };
    // `.` has no name of its own.
    let directory = directory.and_then(|directory| std::path::absolute(&directory).ok());
    match directory
        .as_deref()
        .map(|directory| (directory.parent(), directory.file_name()))
    {
        Some((Some(root), Some(id))) => (root.to_path_buf(), id.to_string_lossy().into_owned()),
        _ if root.is_empty() => (PathBuf::from(JOB_ROOT), from.to_owned()),
        _ => (PathBuf::from(root), from.to_owned()),
    }
}

/// Where the user wants the pack: a file, absolute or inside the working directory.
fn output_path(out: &str) -> Result<PathBuf, Failure> {
    let path = local_or_absolute(Path::new(out.trim())).map_err(Failure::invalid_input)?;
    if path.file_name().is_none() {
        return Err(Failure::invalid_input("the output path must name a file"));
    }
    Ok(path)
}
