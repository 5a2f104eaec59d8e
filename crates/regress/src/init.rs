//! From a run to a fixture.

use std::io;
use std::path::Path;

use gait_artifact::finding::Finding;
use gait_artifact::regress::{FIXTURE_SCHEMA_ID, FixtureRecord, SCHEMA_VERSION};
use gait_artifact::text;
use gait_canon::json::{self, Object, Value};
use gait_disk::append::lock_path;
use gait_disk::atomic::{self, Draft};
use gait_disk::read::read_bounded;
use gait_disk::{FileLock, LockError, LockPolicy};
use gait_runpack::Runpack;

use crate::config::{CONFIG_PATH, Config, ConfigError};
use crate::layout::{FIXTURES_DIRECTORY, RUNPACK_FILE};
use crate::metadata::METADATA_FILE;
use crate::name::{FixtureName, InvalidName};
use crate::sequence::{outcomes, tools};
use crate::source::{Opened, Source, SourceError};

/// Runs hold what agents were told; fixtures are for their owner until they are shared.
const FILE_MODE: u32 = 0o600;
const MAX_METADATA_BYTES: usize = 32 << 20;

/// The members of `fixture.json` that this program knows.
const MEMBERS: [&str; 15] = [
    "schema_id",
    "schema_version",
    "name",
    "run_id",
    "runpack",
    "expected_replay_exit_code",
    "expected_tool_sequence",
    "expected_verdict_sequence",
    "candidate_runpack",
    "context_conformance",
    "allow_context_runtime_drift",
    "expected_context_set_digest",
    "diff_allow_changed_files",
    "session_chain",
    "checkpoint_index",
];

/// A fixture that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Initialised {
    /// Its name.
    pub name: FixtureName,
    /// The run it was made from.
    pub run_id: String,
    /// Its directory, `fixtures/<name>`.
    pub directory: String,
    /// Its runpack.
    pub runpack_path: String,
    /// What is odd about where the runpack came from.
    pub findings: Vec<Finding>,
}

/// Why no fixture was made. Unless the configuration is to blame, nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum InitError {
    /// There is no sound runpack to make it of.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// It cannot be called so.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// It cannot be written.
    #[error("write fixture: {0}")]
    Write(#[from] gait_disk::Error),
    /// Others are making fixtures and do not come to an end.
    #[error(transparent)]
    Lock(#[from] LockError),
    /// Its runpack cannot be copied.
    #[error("copy source runpack: {0}")]
    Copy(#[source] io::Error),
    /// What is expected of it cannot be written down.
    #[error("encode fixture: {0}")]
    Encode(#[from] json::Error),
    /// It cannot become part of the configuration. If the configuration could be read, the fixture is there.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Makes the runpack of `source` a fixture below `root` and lists it in the configuration. Without a `name` it is called
/// after its run.
///
/// A fixture of that name is replaced. What was asked of it by hand (another exit code, a candidate, files that may
/// differ, and members that this program does not know) stays asked.
pub fn init(root: &Path, source: &Source, name: &str) -> Result<Initialised, InitError> {
    let mut opened = source.open(root)?;
    let run_id = opened.verification.manifest.run_id.clone();
    let name = match name {
        "" => FixtureName::of_run(&run_id),
        name => FixtureName::parse(name)?,
    };
    // Looked at before anything is written: a configuration that cannot be read cannot be kept.
    let config_path = root.join(CONFIG_PATH);
    Config::read_or_default(&config_path)?;
    let findings = source.findings(&opened.verification.manifest.manifest_digest);

    let directory = format!("{FIXTURES_DIRECTORY}/{name}");
    let runpack_path = format!("{directory}/{RUNPACK_FILE}");
    let metadata_path = root.join(&directory).join(METADATA_FILE);
    let mut expected = expectations(opened.runpack().as_ref(), source, &name, &run_id);
    let unknown = keep_settings(&mut expected, &metadata_path);
    let mut record = json::to_value(&expected)?;
    if let Some(record) = record.as_object_mut() {
        record.extend(unknown);
    }
    let metadata = json::pretty(&record)? + "\n";

    atomic::create_directories(&root.join(&directory))?;
    let runpack = copied(&mut opened, &root.join(&runpack_path))?;
    // Others who make fixtures must see this one whole or not at all, and list it from then on.
    let _lock = FileLock::acquire(&lock_path(&config_path), &LockPolicy::APPEND, b"")?;
    let config = Config::read_or_default(&config_path)?;
    runpack.commit()?;
    atomic::replace(&metadata_path, metadata.as_bytes(), FILE_MODE)?;
    config.rebuild(root)?;
    Ok(Initialised {
        name,
        run_id,
        directory,
        runpack_path,
        findings,
    })
}

fn copied(opened: &mut Opened, path: &Path) -> Result<Draft, InitError> {
    let mut draft = Draft::create(path, FILE_MODE)?;
    opened.copy_to(&mut draft).map_err(InitError::Copy)?;
    Ok(draft)
}

/// What is expected of a run that should go as this one did.
fn expectations(
    runpack: Option<&Runpack>,
    source: &Source,
    name: &FixtureName,
    run_id: &str,
) -> FixtureRecord {
    let mut record = FixtureRecord {
        schema_id: FIXTURE_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        name: name.as_str().to_owned(),
        run_id: run_id.to_owned(),
        runpack: RUNPACK_FILE.to_owned(),
        ..FixtureRecord::default()
    };
    if let Some(runpack) = runpack {
        record.expected_tool_sequence = tools(&runpack.intents);
        let outcomes = outcomes(&runpack.results).into_iter();
        record.expected_verdict_sequence = outcomes.map(|outcome| outcome.as_str().to_owned()).collect();
        if !runpack.refs.context_set_digest.is_empty() {
            record.context_conformance = "required".to_owned();
            record.expected_context_set_digest = runpack.refs.context_set_digest.clone();
        }
    }
    if let Some(taken) = &source.checkpoint {
        record.session_chain = taken.chain.clone();
        record.checkpoint_index = taken.checkpoint.checkpoint_index;
    }
    record
}

/// Takes over from the fixture that is replaced what no run could tell, and gives the members that this program does not
/// know. A fixture that cannot be read has nothing worth keeping.
fn keep_settings(record: &mut FixtureRecord, replaced: &Path) -> Object {
    let Ok(bytes) = read_bounded(replaced, MAX_METADATA_BYTES) else {
        return Object::new();
    };
    let (Ok(old), Ok(Value::Object(members))) = (json::read::<FixtureRecord>(&bytes), json::parse(&bytes))
    else {
        return Object::new();
    };
    record.expected_replay_exit_code = old.expected_replay_exit_code;
    record.candidate_runpack = old.candidate_runpack;
    record.allow_context_runtime_drift = old.allow_context_runtime_drift;
    record.diff_allow_changed_files = old.diff_allow_changed_files;
    // That contexts do not matter is a decision; that they do follows from the run.
    if text::trim_lower(&old.context_conformance) == "none" {
        record.context_conformance = old.context_conformance;
        record.expected_context_set_digest.clear();
    }
    let unknown = members
        .into_iter()
        .filter(|(member, _)| !MEMBERS.contains(&member.as_str()));
    unknown.collect()
}
