//! Files whose loss costs time and nothing else.

use std::ffi::OsString;
use std::fs::File;
use std::io::Write;
use std::path::Path;

use rustix::fs::{Mode, OFlags};

use crate::Error;
use crate::directory::Directory;
use crate::path::local_or_absolute;

/// Makes `bytes` the content of the file at `path` without waiting for the disk.
///
/// The rules for the destination are those of [`replace`](crate::atomic::replace), and readers see the old content or
/// the new. After a power cut they may see neither, so they must be able to tell and to do without.
///
/// The caller must hold whatever lock guards the file: the new content is written under one fixed hidden name,
/// `.<name>.tmp-cache`, so that killed processes leave at most one such file behind and the next call takes it over.
pub fn replace_cache(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let path = local_or_absolute(path)?;
    let (directory, name) = Directory::holding(&path)?;
    directory.require_replaceable(name, &path)?;
    let mut temporary = OsString::from(".");
    temporary.push(name);
    temporary.push(".tmp-cache");
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mode = Mode::from_raw_mode(mode);
    let fd = rustix::fs::openat(&directory, &temporary, flags, mode).map_err(Error::io("write", &path))?;
    let mut file = File::from(fd);
    let written = rustix::fs::fchmod(&file, mode)
        .map_err(Into::into)
        .and_then(|()| file.write_all(bytes));
    written.map_err(|source| Error::Io {
        action: "write",
        path: path.clone(),
        source,
    })?;
    rustix::fs::renameat(&directory, &temporary, &directory, name).map_err(Error::io("replace", &path))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    #[test]
    fn content_is_replaced_whole_and_left_overs_are_taken_over() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        fs::write(root.path().join(".state.tmp-cache"), "left by a killed process").unwrap();
        for content in ["first, long", "second"] {
            replace_cache(&path, content.as_bytes(), 0o600).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), content);
        }
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
    }

    #[test]
    fn only_regular_files_are_replaced() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("state");
        symlink("elsewhere", &path).unwrap();
        assert!(matches!(
            replace_cache(&path, b"x", 0o600),
            Err(Error::NotRegular { .. })
        ));
        fs::remove_file(&path).unwrap();
        symlink("elsewhere", root.path().join(".state.tmp-cache")).unwrap();
        assert!(replace_cache(&path, b"x", 0o600).is_err());
        assert!(!root.path().join("elsewhere").exists());
    }
}
