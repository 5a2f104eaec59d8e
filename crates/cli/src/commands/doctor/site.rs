//! What the checks may know of the machine: where to look, and what the caller said.

use std::path::{Path, PathBuf};

use gait_artifact::Timestamp;
use gait_canon::keys::KeySource;
use gait_disk::path::clean;

use super::{DEFAULT_OUTPUT_DIR, DEFAULT_WORKDIR};
use crate::arguments::Parsed;
use crate::config;
use crate::context::Context;
use crate::env;

/// Where temporary files go when the environment does not say.
const DEFAULT_TEMP_DIR: &str = "/tmp";
const DEFAULT_KEY_MODE: &str = "dev";

/// The place that is examined. Paths are as the caller would write them, so that fix commands can be pasted.
pub(super) struct Site<'a> {
    /// The working directory, cleaned.
    pub(super) workdir: String,
    /// Where artifacts go, cleaned; below the working directory unless it is absolute.
    pub(super) output_dir: String,
    /// Where temporary files go.
    pub(super) temp_dir: String,
    /// The home directory.
    pub(super) home: Option<String>,
    /// The directories in which programs are looked up, as `PATH` has them.
    pub(super) search_path: String,
    /// The name the program was called by.
    pub(super) invoked_as: String,
    /// The file that is running.
    pub(super) executable: Option<PathBuf>,
    /// The version of what is running.
    pub(super) version: &'a str,
    /// How signing keys are come by: trimmed, lower case, `dev` when blank.
    pub(super) key_mode: String,
    /// Where the private key is.
    pub(super) private_key: KeySource,
    /// Where the public key is.
    pub(super) public_key: KeySource,
    /// Whether to look closer than other programs have always done.
    pub(super) strict: bool,
    /// The environment.
    pub(super) environment: &'a dyn Fn(&str) -> Option<String>,
    /// The time.
    pub(super) now: Timestamp,
}

impl<'a> Site<'a> {
    /// What the command line and the process say.
    pub(super) fn of(parsed: &Parsed, context: &Context<'a>) -> Self {
        let given = |flag: &str, default: &str| match parsed.text(flag).trim() {
            "" => default.to_owned(),
            text => text.to_owned(),
        };
        let workdir = clean(&given("workdir", DEFAULT_WORKDIR));
        Self {
            output_dir: below(&workdir, &given("output-dir", DEFAULT_OUTPUT_DIR)),
            workdir,
            key_mode: given("key-mode", DEFAULT_KEY_MODE).to_lowercase(),
            private_key: trimmed(parsed.key_source("private-key", "private-key-env")),
            public_key: trimmed(parsed.key_source("public-key", "public-key-env")),
            strict: parsed.flag("strict"),
            ..Self::here(context)
        }
    }

    /// The working directory of the process, where nothing was said.
    pub(super) fn here(context: &Context<'a>) -> Self {
        let set = |name: &str| context.env(name).filter(|value| !value.is_empty());
        let workdir = clean(DEFAULT_WORKDIR);
        Self {
            output_dir: below(&workdir, DEFAULT_OUTPUT_DIR),
            workdir,
            temp_dir: set(env::TMPDIR.name).unwrap_or_else(|| DEFAULT_TEMP_DIR.to_owned()),
            home: set(env::HOME.name),
            search_path: set(env::PATH.name).unwrap_or_default(),
            invoked_as: context.arguments().first().cloned().unwrap_or_default(),
            executable: std::env::current_exe().ok(),
            version: context.producer_version(),
            key_mode: DEFAULT_KEY_MODE.to_owned(),
            private_key: KeySource::default(),
            public_key: KeySource::default(),
            strict: false,
            environment: context.environment(),
            now: context.now(),
        }
    }

    /// A path below the working directory.
    pub(super) fn path(&self, relative: &str) -> PathBuf {
        Path::new(&self.workdir).join(relative)
    }

    /// The file of project defaults.
    pub(super) fn config_path(&self) -> String {
        below(&self.workdir, config::DEFAULT_PATH)
    }

    /// The environment's answer, unless it is blank.
    pub(super) fn variable(&self, name: &str) -> Option<String> {
        (self.environment)(name).filter(|value| !value.trim().is_empty())
    }
}

/// `path` as it is, or below `directory` when it is relative; cleaned.
pub(super) fn below(directory: &str, path: &str) -> String {
    if path.starts_with('/') {
        clean(path)
    } else {
        clean(&format!("{directory}/{path}"))
    }
}

/// A blank source is none.
fn trimmed(source: KeySource) -> KeySource {
    let trimmed = |text: Option<String>| {
        text.map(|text| text.trim().to_owned())
            .filter(|text| !text.is_empty())
    };
    KeySource {
        path: trimmed(source.path),
        env: trimmed(source.env),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A place in `directory` where nothing is configured.
    pub(in crate::commands::doctor) fn site(directory: &Path) -> Site<'static> {
        let directory = directory.to_str().unwrap().to_owned();
        Site {
            output_dir: format!("{directory}/gait-out"),
            temp_dir: directory.clone(),
            home: Some(format!("{directory}/home")),
            search_path: String::new(),
            invoked_as: String::new(),
            executable: None,
            version: "0.0.0",
            key_mode: "dev".to_owned(),
            private_key: KeySource::default(),
            public_key: KeySource::default(),
            strict: false,
            environment: &|_| None,
            now: Timestamp::from_unix(0, 0),
            workdir: directory,
        }
    }

    #[test]
    fn paths_are_below_the_working_directory() {
        for (directory, path, want) in [
            (".", "./gait-out", "gait-out"),
            ("nope", "./gait-out", "nope/gait-out"),
            ("/w", "../x", "/x"),
            ("w", "/abs/", "/abs"),
        ] {
            assert_eq!(below(directory, path), want);
        }
    }
}
