//! From what a caller names to the file of a runpack.

use std::path::{Path, PathBuf};

/// Where runs are recorded, below the working directory.
const RECORDED: &str = "gait-out";
/// Where runpacks are kept for good, below the home directory.
const KEPT: &str = ".gait/runpacks";

/// Why there is no runpack to look at.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocateError {
    /// Nothing was named.
    #[error("missing run_id or path")]
    Empty,
    /// The path leads to nothing, or to a directory.
    #[error("runpack not found: {0}")]
    NoSuchFile(String),
    /// No runpack is kept under this run id.
    #[error("runpack not found for run_id: {0}")]
    NoSuchRun(String),
}

/// The runpack that `reference` names.
///
/// With a slash, a backslash or the ending `.zip` it is a path and is taken as it stands. Anything else is a run id:
/// its runpack is looked up in `gait-out` below the working directory, then in `.gait/runpacks` below `home`.
pub fn locate(reference: &str, home: Option<&Path>) -> Result<PathBuf, LocateError> {
    if reference.is_empty() {
        return Err(LocateError::Empty);
    }
    if is_path(reference) {
        let path = PathBuf::from(reference);
        return if is_file(&path) {
            Ok(path)
        } else {
            Err(LocateError::NoSuchFile(reference.to_owned()))
        };
    }
    let name = format!("runpack_{reference}.zip");
    let kept = home.map(|home| home.join(KEPT));
    [Some(PathBuf::from(RECORDED)), kept]
        .into_iter()
        .flatten()
        .map(|directory| directory.join(&name))
        .find(|path| is_file(path))
        .ok_or_else(|| LocateError::NoSuchRun(reference.to_owned()))
}

/// Whether `reference` names a file rather than a run.
#[must_use]
pub fn is_path(reference: &str) -> bool {
    reference.contains(['/', '\\']) || has_ending(reference, ".zip")
}

/// Whether `text` ends with `ending`, letter case aside.
fn has_ending(text: &str, ending: &str) -> bool {
    text.len()
        .checked_sub(ending.len())
        .and_then(|start| text.get(start..))
        .is_some_and(|end| end.eq_ignore_ascii_case(ending))
}

fn is_file(path: &Path) -> bool {
    path.metadata().is_ok_and(|metadata| !metadata.is_dir())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_told_from_run_ids() {
        for (reference, path) in [
            ("run_a", false),
            ("run.json", false),
            ("é", false),
            ("zip", false),
            ("a.zip", true),
            ("a.ZIP", true),
            (".zip", true),
            ("./a", true),
            ("a\\b", true),
        ] {
            assert_eq!(is_path(reference), path, "{reference}");
        }
    }

    #[test]
    fn runs_are_kept_below_the_home_directory() {
        let home = tempfile::tempdir().unwrap();
        let directory = home.path().join(KEPT);
        std::fs::create_dir_all(directory.join("runpack_dir.zip")).unwrap();
        let runpack = directory.join("runpack_r.zip");
        std::fs::write(&runpack, "").unwrap();
        assert_eq!(locate("r", Some(home.path())), Ok(runpack.clone()));
        assert_eq!(locate("r", None), Err(LocateError::NoSuchRun("r".to_owned())));
        assert_eq!(
            locate("dir", Some(home.path())),
            Err(LocateError::NoSuchRun("dir".to_owned()))
        );
        let path = runpack.to_str().unwrap();
        assert_eq!(locate(path, None), Ok(runpack.clone()));
        assert_eq!(
            locate(directory.to_str().unwrap(), None),
            Err(LocateError::NoSuchFile(directory.to_str().unwrap().to_owned()))
        );
        assert_eq!(locate("", None), Err(LocateError::Empty));
    }
}
