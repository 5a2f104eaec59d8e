//! A fixture, loaded and found to be of one piece.

use std::io;
use std::path::{Path, PathBuf};

use gait_artifact::regress::ConfiguredFixture;
use gait_artifact::text;
use gait_runpack::{Runpack, RunpackError};

use crate::metadata::{METADATA_FILE, Metadata, MetadataError};

/// A run and what is expected of it.
#[derive(Debug)]
pub(crate) struct Fixture {
    pub(crate) metadata: Metadata,
    pub(crate) runpack: Runpack,
    /// Path of the runpack, as results tell it.
    pub(crate) shown: String,
}

/// Why a fixture cannot be graded. That says nothing about any candidate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FixtureError {
    /// Its runpack is not there.
    #[error("fixture runpack missing for {name}: {path}: {source}")]
    RunpackMissing {
        /// The fixture.
        name: String,
        /// The runpack's path.
        path: String,
        /// The system's answer.
        source: io::Error,
    },
    /// Its runpack cannot be read, or is not what its manifest says.
    #[error("read fixture runpack for {name}: {source}")]
    Runpack {
        /// The fixture.
        name: String,
        /// Why.
        source: RunpackError,
    },
    /// Its expectations cannot be used.
    #[error("read fixture metadata for {name}: {source}")]
    Metadata {
        /// The fixture.
        name: String,
        /// Why.
        source: MetadataError,
    },
    /// Its expectations are those of another fixture.
    #[error("fixture metadata name mismatch for {0}")]
    OtherName(String),
    /// The configuration and the expectations speak of different runs.
    #[error("fixture run_id mismatch for {0}")]
    OtherRun(String),
    /// Its runpack and its expectations speak of different runs.
    #[error("runpack run_id mismatch for {0}")]
    OtherRunpack(String),
}

/// The path of a fixture's runpack as results tell it.
pub(crate) fn shown(configured: &ConfiguredFixture) -> String {
    let path = configured.runpack.as_str();
    if Path::new(path).is_absolute() {
        path.to_owned()
    } else {
        text::clean_path(path)
    }
}

/// The expectations beside a configured fixture's runpack.
pub(crate) fn metadata(root: &Path, configured: &ConfiguredFixture) -> Result<Metadata, MetadataError> {
    Metadata::read(&directory(&root.join(shown(configured))))
}

/// The path of those expectations.
pub(crate) fn metadata_path(root: &Path, configured: &ConfiguredFixture) -> PathBuf {
    directory(&root.join(shown(configured))).join(METADATA_FILE)
}

/// The path of the candidate that a fixture names, as results tell it; `None` when the fixture is its own candidate.
pub(crate) fn candidate(metadata: &Metadata, runpack: &str) -> Option<String> {
    let named = metadata.candidate.as_str();
    if named.is_empty() {
        None
    } else if Path::new(named).is_absolute() {
        Some(named.to_owned())
    } else {
        let path = directory(Path::new(runpack)).join(named);
        Some(text::clean_path(&path.to_string_lossy()))
    }
}

fn directory(runpack: &Path) -> PathBuf {
    runpack.parent().unwrap_or(Path::new("")).to_path_buf()
}

impl Fixture {
    /// Reads the runpack of a configured fixture and holds all that is said of the fixture together.
    pub(crate) fn load(
        root: &Path,
        configured: &ConfiguredFixture,
        metadata: Result<Metadata, MetadataError>,
    ) -> Result<Self, FixtureError> {
        let name = || configured.name.clone();
        let shown = shown(configured);
        let path = root.join(&shown);
        if let Err(source) = path.metadata() {
            return Err(FixtureError::RunpackMissing {
                name: name(),
                path: shown,
                source,
            });
        }
        let runpack =
            Runpack::open(&path).map_err(|source| FixtureError::Runpack { name: name(), source })?;
        let metadata = metadata.map_err(|source| FixtureError::Metadata { name: name(), source })?;
        if metadata.name != configured.name {
            return Err(FixtureError::OtherName(name()));
        }
        if !configured.run_id.is_empty() && configured.run_id != metadata.run_id {
            return Err(FixtureError::OtherRun(name()));
        }
        if runpack.run.run_id != metadata.run_id {
            return Err(FixtureError::OtherRunpack(name()));
        }
        Ok(Self {
            metadata,
            runpack,
            shown,
        })
    }
}

/// The run that is held to a fixture.
#[derive(Debug)]
pub(crate) struct Candidate<'a> {
    /// Its path, as results tell it.
    pub(crate) shown: String,
    run: Run<'a>,
}

#[derive(Debug)]
enum Run<'a> {
    OfFixture(&'a Runpack),
    Own(Box<Runpack>),
    Absent(io::Error),
    Unusable(RunpackError),
}

/// Why there is no candidate to look at.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NoCandidate<'a> {
    /// There is no such file.
    Absent(&'a io::Error),
    /// It is no runpack that can be used.
    Unusable(&'a RunpackError),
}

impl<'a> Candidate<'a> {
    /// Reads the candidate of a fixture: the runpack it names, from its own directory, or else its own.
    pub(crate) fn of(root: &Path, fixture: &'a Fixture) -> Self {
        let Some(shown) = candidate(&fixture.metadata, &fixture.shown) else {
            return Self {
                shown: fixture.shown.clone(),
                run: Run::OfFixture(&fixture.runpack),
            };
        };
        let path = root.join(&shown);
        let run = match path.metadata() {
            Err(error) => Run::Absent(error),
            Ok(_) => match Runpack::open(&path) {
                Ok(runpack) => Run::Own(Box::new(runpack)),
                Err(error) => Run::Unusable(error),
            },
        };
        Self { shown, run }
    }

    /// The run, or why there is none.
    pub(crate) fn runpack(&self) -> Result<&Runpack, NoCandidate<'_>> {
        match &self.run {
            Run::OfFixture(runpack) => Ok(runpack),
            Run::Own(runpack) => Ok(runpack),
            Run::Absent(error) => Err(NoCandidate::Absent(error)),
            Run::Unusable(error) => Err(NoCandidate::Unusable(error)),
        }
    }
}
