//! Which destinations are accepted, judged by their text alone; the file system is not asked.

use std::path::{Component, Path, PathBuf};

/// A path that is refused because of its text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path is relative and leads out of the working directory.
    #[error("path must be local relative or absolute")]
    LeavesWorkingDirectory(PathBuf),
}

/// The shortest text for the same path: no empty or `.` segments, `..` taken together with the segment before it,
/// no trailing slash; `.` for the empty path. Leading `..` of a relative path stay, those of an absolute one go.
///
/// This is the rule of Go's `filepath.Clean` on Unix. Like it, it does not look at symbolic links.
#[must_use]
pub fn clean(path: &str) -> String {
    // Cleaning only drops whole segments, so text stays text.
    clean_path(Path::new(path)).to_string_lossy().into_owned()
}

/// The cleaned form of an absolute path, or of a relative one that stays inside the working directory.
///
/// The check is on text: a symbolic link inside the working directory may still lead elsewhere.
pub fn local_or_absolute(path: &Path) -> Result<PathBuf, PathError> {
    let cleaned = clean_path(path);
    if cleaned.starts_with("..") {
        return Err(PathError::LeavesWorkingDirectory(path.to_path_buf()));
    }
    Ok(cleaned)
}

fn clean_path(path: &Path) -> PathBuf {
    let mut cleaned = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => match cleaned.components().next_back() {
                Some(Component::Normal(_)) => {
                    cleaned.pop();
                }
                Some(Component::RootDir) => {}
                _ => cleaned.push(".."),
            },
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => cleaned.push(component),
        }
    }
    if cleaned.as_os_str().is_empty() {
        cleaned.push(".");
    }
    cleaned
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clean_gives_the_shortest_text() {
        for (path, expected) in [
            ("", "."),
            (".", "."),
            ("./", "."),
            ("/", "/"),
            ("//", "/"),
            ("abc", "abc"),
            ("abc/", "abc"),
            ("abc//def//", "abc/def"),
            ("./abc", "abc"),
            ("abc/./def", "abc/def"),
            ("abc/.", "abc"),
            ("abc/..", "."),
            ("abc/def/..", "abc"),
            ("abc/def/../..", "."),
            ("abc/def/../../..", ".."),
            ("abc/../../def", "../def"),
            ("..", ".."),
            ("../..", "../.."),
            ("../../abc", "../../abc"),
            ("/abc/def/../../..", "/"),
            ("/../abc", "/abc"),
            ("/abc/./../def", "/def"),
            ("//abc", "/abc"),
            ("a b/…/é", "a b/…/é"),
            ("...", "..."),
            ("..a/b..", "..a/b.."),
        ] {
            assert_eq!(clean(path), expected, "{path:?}");
        }
    }

    #[test]
    fn relative_paths_stay_in_the_working_directory() {
        for (path, expected) in [
            ("a/../t.json", Some("t.json")),
            ("./t.json", Some("t.json")),
            ("..t/x", Some("..t/x")),
            ("/../t.json", Some("/t.json")),
            ("", Some(".")),
            ("..", None),
            ("../t.json", None),
            ("a/../../t.json", None),
        ] {
            let accepted = local_or_absolute(Path::new(path));
            assert_eq!(accepted.ok().as_deref(), expected.map(Path::new), "{path:?}");
        }
        let refused = local_or_absolute(Path::new("../x")).unwrap_err();
        assert_eq!(refused.to_string(), "path must be local relative or absolute");
    }
}
