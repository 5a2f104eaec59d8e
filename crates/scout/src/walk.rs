//! Walking a directory tree, always in the same order.

use std::{
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

/// Directories that hold no sources of their own, in any case.
const SKIPPED: [&str; 4] = [".git", ".beads", "node_modules", "__pycache__"];

/// A directory that can't be listed.
#[derive(Debug, thiserror::Error)]
#[error("read directory {}: {source}", path.display())]
pub struct WalkError {
    /// The directory.
    pub path: PathBuf,
    /// What the system said.
    #[source]
    pub source: io::Error,
}

/// The files below a directory, in the order of their names, directory by directory.
///
/// Linked files count as files; linked directories are not entered, so there are no loops.
pub(crate) struct Walk {
    /// What is left to visit, the next one last.
    pending: Vec<Pending>,
    /// Whether directories without sources are passed over.
    sources_only: bool,
}

enum Pending {
    Directory(PathBuf),
    File(PathBuf),
}

impl Walk {
    /// Walks `root`, which may be a link itself. Paths begin with `root`, or with nothing when it is `.`. Directories that
    /// hold no sources of their own are passed over.
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            sources_only: true,
            ..Self::everything(root)
        }
    }

    /// The same, with every directory entered.
    pub(crate) fn everything(root: &Path) -> Self {
        Self {
            pending: vec![Pending::Directory(root.to_owned())],
            sources_only: false,
        }
    }

    fn list(&mut self, directory: &Path) -> io::Result<()> {
        let listed = if directory.as_os_str().is_empty() {
            Path::new(".")
        } else {
            directory
        };
        let mut entries: Vec<(OsString, bool)> = fs::read_dir(listed)?
            .map(|entry| entry.and_then(|entry| Ok((entry.file_name(), entry.file_type()?.is_dir()))))
            .collect::<Result<_, _>>()?;
        entries.sort_unstable();
        self.pending
            .extend(entries.into_iter().rev().map(|(name, is_directory)| {
                let path = directory.join(name);
                if is_directory {
                    Pending::Directory(path)
                } else {
                    Pending::File(path)
                }
            }));
        Ok(())
    }
}

impl Iterator for Walk {
    type Item = Result<PathBuf, WalkError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.pending.pop()? {
                Pending::File(path) => return Some(Ok(path)),
                Pending::Directory(path) if self.sources_only && is_skipped(&path) => {}
                Pending::Directory(path) => {
                    let path = path.strip_prefix(".").unwrap_or(&path).to_owned();
                    if let Err(source) = self.list(&path) {
                        return Some(Err(WalkError { path, source }));
                    }
                }
            }
        }
    }
}

fn is_skipped(directory: &Path) -> bool {
    let name = directory
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    SKIPPED.contains(&name.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_come_in_order_and_links_are_not_entered() {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path();
        for name in [
            "a/z.py",
            "a.py",
            "b/c/d.py",
            "Node_Modules/x.py",
            ".git/x.py",
            ".venv/v.py",
            "__PYCACHE__/x",
        ] {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), "").unwrap();
        }
        std::os::unix::fs::symlink(root, root.join("b/loop")).unwrap();
        let found: Vec<_> = Walk::new(root)
            .map(|path| {
                path.unwrap()
                    .strip_prefix(root)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        assert_eq!(found, [".venv/v.py", "a/z.py", "a.py", "b/c/d.py", "b/loop"]);
    }

    #[test]
    fn an_unreadable_directory_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("missing");
        assert!(
            Walk::new(&missing)
                .next()
                .unwrap()
                .is_err_and(|error| error.path == missing)
        );
    }
}
