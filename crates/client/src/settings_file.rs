//! A client's file: read, replaced, and given back as it was.
//!
//! What was there before lies beside the file under a name with the digest of what took its place:
//! `mcp.json.gait-<digest>.bak`. As long as the file is what was written, that name leads back; when somebody changed the
//! file since, it does not, and nothing of his is lost. No record of its own has to be kept in step with the file.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use gait_canon::Digest;
use gait_disk::ReadError;
use gait_disk::atomic;
use gait_disk::read::read_bounded;

/// No file of settings is longer, in bytes. Claude Code keeps its history beside the servers.
const MAX_BYTES: usize = 64 << 20;
/// New files, and what was there before, are for their owner: settings hold secrets.
const PRIVATE: u32 = 0o600;
/// So many hexadecimal digits tell the states of one file apart.
const DIGEST_LENGTH: usize = 16;
const ENDING: &str = ".bak";

/// Why a file was left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FileError {
    /// It can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is no text.
    #[error("{} is not UTF-8", .0.display())]
    Utf8(PathBuf),
    /// It, or what was there before, can't be written.
    #[error(transparent)]
    Write(#[from] gait_disk::Error),
    /// It can't be examined or removed.
    #[error("{action} {}: {source}", path.display())]
    Io {
        /// What was tried.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Somebody else wrote it since it was read.
    #[error("{} was changed by another program at this moment; try again", .0.display())]
    Contended(PathBuf),
}

/// A file as it was when it was opened.
#[derive(Debug)]
pub struct SettingsFile {
    path: PathBuf,
    text: Option<String>,
    mode: u32,
}

impl SettingsFile {
    /// Reads the file at `path`; it may be missing. Links are followed, so that they stay links.
    pub fn open(path: &Path) -> Result<Self, FileError> {
        let path = match path.canonicalize() {
            Ok(real) => real,
            Err(error) if is_missing(&error) => path.to_owned(),
            Err(source) => return Err(failed("examine", path)(source)),
        };
        let text = read(&path)?;
        let mode = match &text {
            Some(_) => {
                fs::metadata(&path)
                    .map_err(failed("examine", &path))?
                    .permissions()
                    .mode()
                    & 0o777
            }
            None => PRIVATE,
        };
        Ok(Self { path, text, mode })
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What it says; none when it is missing.
    #[must_use]
    pub fn text(&self) -> Option<&str> {
        self.text.as_deref()
    }

    /// What was there before the file was changed to what it says; none when it is not what [`SettingsFile::install`]
    /// wrote. The inner text is none where there was no file.
    pub fn original(&self) -> Result<Option<Option<String>>, FileError> {
        let kept = match &self.text {
            Some(text) => read(&self.backup_of(text))?,
            None => None,
        };
        Ok(kept.map(|text| (!text.is_empty()).then_some(text)))
    }

    /// Makes `new` what the file says, and keeps `original` for [`SettingsFile::restore`]. Gives the place where that is
    /// kept.
    pub fn install(&self, new: &str, original: Option<&str>) -> Result<PathBuf, FileError> {
        let backup = self.backup_of(new);
        let older = self.backups()?;
        if let Some(directory) = self.path.parent() {
            atomic::create_directories(directory)?;
        }
        atomic::write_or_replace(&backup, original.unwrap_or_default().as_bytes(), PRIVATE)?;
        self.replace(new)?;
        // They lead back from states that are gone.
        for older in older.iter().filter(|older| **older != backup) {
            remove(older)?;
        }
        Ok(backup)
    }

    /// Makes `new` what the file says. What was kept goes with it: [`SettingsFile::restore`] leads back from there as well.
    pub fn amend(&self, new: &str) -> Result<(), FileError> {
        match self.original()? {
            Some(original) => self.install(new, original.as_deref()).map(drop),
            None => self.replace(new),
        }
    }

    /// Gives the file back as it was before [`SettingsFile::install`]; whether that could be told.
    pub fn restore(&self) -> Result<bool, FileError> {
        let (Some(text), Some(original)) = (&self.text, self.original()?) else {
            return Ok(false);
        };
        if let Some(original) = original {
            self.replace(&original)?;
        } else {
            self.require_unchanged()?;
            remove(&self.path)?;
        }
        remove(&self.backup_of(text))?;
        Ok(true)
    }

    fn replace(&self, new: &str) -> Result<(), FileError> {
        self.require_unchanged()?;
        atomic::write_or_replace(&self.path, new.as_bytes(), self.mode)?;
        Ok(())
    }

    /// Clients write their files themselves. What they wrote since is not overwritten.
    fn require_unchanged(&self) -> Result<(), FileError> {
        if read(&self.path)? == self.text {
            Ok(())
        } else {
            Err(FileError::Contended(self.path.clone()))
        }
    }

    /// Where the way back from `text` is kept.
    fn backup_of(&self, text: &str) -> PathBuf {
        let digest = Digest::of(text.as_bytes()).to_string();
        let digest = digest.strip_prefix("sha256:").unwrap_or(&digest);
        let digest = digest.get(..DIGEST_LENGTH).unwrap_or(digest);
        let mut name = self.backup_prefix();
        name.push_str(digest);
        name.push_str(ENDING);
        self.path.with_file_name(name)
    }

    fn backup_prefix(&self) -> String {
        let name = self.path.file_name().unwrap_or_default();
        format!("{}.gait-", name.to_string_lossy())
    }

    /// Every way back that lies beside the file.
    fn backups(&self) -> Result<Vec<PathBuf>, FileError> {
        let directory = match self.path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let entries = match fs::read_dir(directory) {
            Ok(entries) => entries,
            Err(error) if is_missing(&error) => return Ok(Vec::new()),
            Err(source) => return Err(failed("list", directory)(source)),
        };
        let prefix = self.backup_prefix();
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed("list", directory))?.file_name();
            let digest = name
                .to_str()
                .and_then(|name| name.strip_prefix(&prefix)?.strip_suffix(ENDING));
            if digest.is_some_and(|digest| digest.len() == DIGEST_LENGTH) {
                found.push(self.path.with_file_name(name));
            }
        }
        Ok(found)
    }
}

fn read(path: &Path) -> Result<Option<String>, FileError> {
    match read_bounded(path, MAX_BYTES) {
        Ok(bytes) => {
            let text = String::from_utf8(bytes).map_err(|_| FileError::Utf8(path.to_owned()))?;
            Ok(Some(text))
        }
        Err(ReadError::NotFound { .. }) => Ok(None),
        Err(ReadError::Io { source, .. }) if is_missing(&source) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Whether nothing is there; below a file nothing can be.
fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn remove(path: &Path) -> Result<(), FileError> {
    fs::remove_file(path).map_err(failed("remove", path))
}

fn failed(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError::Io { action, path, source }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_way_back_is_exact() {
        let directory = tempfile::tempdir().unwrap();
        let (path, link) = (directory.path().join("s.json"), directory.path().join("link"));
        fs::write(&path, "old\r\n").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let file = SettingsFile::open(&link).unwrap();
        assert!(file.original().unwrap().is_none() && !file.restore().unwrap());
        let backup = file.install("new", file.text()).unwrap();
        assert_eq!(fs::read_to_string(&backup).unwrap(), "old\r\n");
        assert!(link.symlink_metadata().unwrap().is_symlink());
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&backup)), (0o640, 0o600));

        SettingsFile::open(&path).unwrap().amend("newer").unwrap();
        assert!(!backup.exists());
        assert!(SettingsFile::open(&path).unwrap().restore().unwrap());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old\r\n");
        assert_eq!(mode(&path), 0o640);
        assert_eq!(names(directory.path()), ["link", "s.json"]);
    }

    #[test]
    fn what_somebody_wrote_is_not_lost() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("s.json");
        fs::write(&path, "old").unwrap();
        let file = SettingsFile::open(&path).unwrap();
        file.install("new", file.text()).unwrap();
        fs::write(&path, "new, and more").unwrap();
        let changed = SettingsFile::open(&path).unwrap();
        assert!(!changed.restore().unwrap());
        assert!(matches!(file.install("x", None), Err(FileError::Contended(_))));
        assert_eq!(fs::read_to_string(&path).unwrap(), "new, and more");
    }

    #[test]
    fn a_file_that_was_not_there_goes_again() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/s.json");
        let file = SettingsFile::open(&path).unwrap();
        assert_eq!(file.text(), None);
        fs::write(directory.path().join("file"), "").unwrap();
        let below_file = SettingsFile::open(&directory.path().join("file/s.json")).unwrap();
        assert_eq!(below_file.text(), None);
        file.install("{}", None).unwrap();
        let written = SettingsFile::open(&path).unwrap();
        assert_eq!(written.original().unwrap(), Some(None));
        assert!(written.restore().unwrap());
        assert!(names(&directory.path().join("deep")).is_empty());
    }
}
