//! Incidents as deterministic regressions.
//!
//! A run that went wrong (or right) becomes a fixture: a copy of its runpack with what is expected of it beside it. From
//! then on every run of the same task, a *candidate*, can be held to it.
//!
//! * **In** comes the runpack of a run, however it is named ([`Source`]), and becomes a fixture ([`init()`]).
//! * **Out** goes a verdict over all fixtures ([`run()`]): a [`RegressResult`] that depends on the fixtures, the candidates
//!   and the options alone, and the same as JUnit XML ([`junit()`]).
//! * When the verdict may have become another is told by the files that it depends on ([`Inputs`]).
//!
//! All paths are relative to a root that the caller names. It executes no tool, reads no clock and no environment, and
//! prints nothing.
//!
//! [`RegressResult`]: gait_artifact::regress::RegressResult
#![forbid(unsafe_code)]

mod config;
mod fixture;
mod grade;
mod init;
mod junit;
mod layout;
mod metadata;
mod name;
mod result;
mod run;
mod sequence;
mod source;
mod watch;

pub use config::{CONFIG_PATH, Config, ConfigError};
pub use fixture::FixtureError;
pub use init::{InitError, Initialised, init};
pub use junit::{JunitForm, junit};
pub use layout::RUNPACK_FILE;
pub use metadata::{ContextDemand, Metadata, MetadataError, MetadataProblem};
pub use name::{FixtureName, InvalidName};
pub use result::{write_junit, write_result};
pub use run::{Options, RunError, run};
pub use sequence::Outcome;
pub use source::{Source, SourceError};
pub use watch::Inputs;
