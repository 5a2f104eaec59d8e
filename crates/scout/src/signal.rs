//! Signals: which of many runs went wrong in the same way, the worst first.
//!
//! A run is reduced to what its agent did, where, and what went wrong; runs that agree in all of that are a family. Runpacks
//! are read one after the other and held to their manifests; signatures are not looked at. The report says nothing of when
//! it was made and does not depend on the order of the sources.

mod evidence;
mod family;
mod observation;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use gait_artifact::{
    Timestamp,
    scout::{SCHEMA_VERSION, SIGNAL_SCHEMA_ID, SignalReport},
    text,
};
use gait_canon::json;
use gait_disk::ReadError;
use gait_runpack::{Runpack, RunpackError};

use self::{evidence::Evidence, observation::Observation};

/// The files that are looked at. Paths are compared by their text, so that one is read once.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sources {
    /// Runpacks.
    pub runpacks: BTreeSet<String>,
    /// Traces.
    pub traces: BTreeSet<String>,
    /// Results of regression tests.
    pub regress_results: BTreeSet<String>,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignalError {
    /// A trace or a result can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A trace or a result is not the JSON it should be.
    #[error("parse {}: {source}", path.display())]
    Json {
        /// The file.
        path: PathBuf,
        /// Where and why.
        source: json::Error,
    },
    /// A runpack can't be read.
    #[error("read runpack {path}: {source}")]
    Runpack {
        /// The file.
        path: String,
        /// Why.
        source: RunpackError,
    },
    /// A runpack does not say which run it holds.
    #[error("runpack {0} has no run_id")]
    NamelessRun(String),
    /// A run can't be digested.
    #[error("fingerprint {path}: {source}")]
    Fingerprint {
        /// The runpack.
        path: String,
        /// Why.
        source: json::Error,
    },
}

/// Groups the runs of `sources` into families.
pub fn report(sources: &Sources, producer_version: &str) -> Result<SignalReport, SignalError> {
    let mut evidence = Evidence::default();
    for path in &sources.traces {
        evidence.add_trace(Path::new(path))?;
    }
    for path in &sources.regress_results {
        evidence.add_regress(Path::new(path))?;
    }
    let observe = |path: &String| observe(path, &evidence, producer_version);
    let mut observations = sources
        .runpacks
        .iter()
        .map(observe)
        .collect::<Result<Vec<_>, _>>()?;
    // Paths are in order already.
    observations.sort_by(|a, b| a.fingerprint.run_id.cmp(&b.fingerprint.run_id));
    let families = family::families(&observations);
    Ok(SignalReport {
        schema_id: SIGNAL_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: Timestamp::EPOCH_1980,
        producer_version: producer_version.to_owned(),
        run_count: observations.len(),
        family_count: families.len(),
        fingerprints: observations.into_iter().map(|run| run.fingerprint).collect(),
        top_issues: family::issues(&families),
        families,
    })
}

fn observe(path: &str, evidence: &Evidence, producer_version: &str) -> Result<Observation, SignalError> {
    let runpack = Runpack::open(Path::new(path)).map_err(|source| SignalError::Runpack {
        path: path.to_owned(),
        source,
    })?;
    let run_id = text::trim(&runpack.run.run_id);
    if run_id.is_empty() {
        return Err(SignalError::NamelessRun(path.to_owned()));
    }
    Observation::of(&runpack, evidence.of(run_id), path, producer_version).map_err(|source| {
        SignalError::Fingerprint {
            path: path.to_owned(),
            source,
        }
    })
}
