//! The files that a verdict depends on, and whether they are still as they were.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::config::Config;
use crate::fixture;

/// The files that grading depends on, as they were at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs(BTreeMap<PathBuf, Option<Mark>>);

/// What a file system tells of a file without reading it. A file that is written or replaced gets another: at least its
/// status change is later, which nobody can set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Mark {
    device: u64,
    inode: u64,
    length: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Mark {
    /// `None` when there is no such file.
    fn of(path: &Path) -> Option<Self> {
        let file = fs::metadata(path).ok()?;
        Some(Self {
            device: file.dev(),
            inode: file.ino(),
            length: file.len(),
            modified: (file.mtime(), file.mtime_nsec()),
            changed: (file.ctime(), file.ctime_nsec()),
        })
    }
}

impl Inputs {
    /// Looks at the configuration `config` below `root`, at the expectations, runpack and candidate of every fixture it
    /// lists, and at `others`. Of a configuration that cannot be read, only the file itself is known.
    ///
    /// Looked at before grading, this notices what is written meanwhile.
    #[must_use]
    pub fn look(root: &Path, config: &Path, others: impl IntoIterator<Item = PathBuf>) -> Self {
        let config = root.join(config);
        let fixtures = Config::read(&config)
            .map(|config| config.fixtures)
            .unwrap_or_default();
        let mut paths: Vec<_> = others.into_iter().collect();
        for configured in &fixtures {
            let runpack = fixture::shown(configured);
            let candidate = fixture::metadata(root, configured)
                .ok()
                .and_then(|metadata| fixture::candidate(&metadata, &runpack));
            paths.extend(candidate.map(|path| root.join(path)));
            paths.push(root.join(runpack));
            paths.push(fixture::metadata_path(root, configured));
        }
        paths.push(config);
        Self::at(paths)
    }

    /// The same files as they are now. While none has changed, these are also the files that grading depends on.
    #[must_use]
    pub fn now(&self) -> Self {
        Self::at(self.0.keys().cloned())
    }

    /// The files that are not as they were `before`, sorted by path.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Vec<&Path> {
        let changed = self
            .0
            .iter()
            .filter(|(path, mark)| before.0.get(*path) != Some(mark));
        changed.map(|(path, _)| path.as_path()).collect()
    }

    fn at(paths: impl IntoIterator<Item = PathBuf>) -> Self {
        let marked = paths.into_iter().map(|path| {
            let mark = Mark::of(&path);
            (path, mark)
        });
        Self(marked.collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONFIG: &str = r#"{"fixtures":[{"name":"a","runpack":"fixtures/a/runpack.zip"}]}"#;
    const FIXTURE: &str =
        r#"{"name":"a","run_id":"r","runpack":"runpack.zip","candidate_runpack":"../../now.zip"}"#;

    #[test]
    fn every_file_that_grading_reads_is_an_input() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        fs::create_dir_all(root.join("fixtures/a")).unwrap();
        let files = [
            ("fixtures/a/fixture.json", FIXTURE),
            ("fixtures/a/runpack.zip", "a runpack"),
            ("gait.yaml", CONFIG),
            ("now.zip", "another"),
            ("policy.yaml", "a policy"),
        ];
        for (name, text) in files {
            fs::write(root.join(name), text).unwrap();
        }
        let look = || Inputs::look(root, Path::new("gait.yaml"), [root.join("policy.yaml")]);
        for (name, text) in files {
            let before = look();
            assert_eq!(before.now(), before);
            fs::remove_file(root.join(name)).unwrap();
            let without = before.now();
            assert_eq!(
                without.changed_since(&before),
                [root.join(name)],
                "{name} is gone"
            );
            fs::write(root.join(name), text).unwrap();
            let again = before.now();
            assert_eq!(again.changed_since(&without), [root.join(name)], "{name} is back");
        }
    }

    #[test]
    fn a_configuration_that_cannot_be_read_is_an_input_by_itself() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        for text in [None, Some("{"), Some("{}")] {
            if let Some(text) = text {
                fs::write(root.join("gait.yaml"), text).unwrap();
            }
            let inputs = Inputs::look(root, Path::new("gait.yaml"), []);
            assert_eq!(inputs.0.len(), 1);
        }
    }
}
