//! Whether the directories that commands write to can be written to.

use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write as _};
use std::path::Path;
use std::process;

use super::check::{Outcome, quoted};
use super::site::Site;

pub(super) fn workdir(site: &Site<'_>) -> Outcome {
    let make = format!("mkdir -p {}", quoted(&site.workdir));
    match fs::metadata(&site.workdir) {
        Ok(found) if !found.is_dir() => Outcome::fail("the working directory is not a directory").fix(make),
        Ok(_) => writable("the working directory", &site.workdir),
        Err(error) => Outcome::fail(format!("the working directory cannot be looked at: {error}")).fix(make),
    }
}

pub(super) fn output_dir(site: &Site<'_>) -> Outcome {
    match fs::metadata(&site.output_dir) {
        Ok(found) if !found.is_dir() => Outcome::fail("the output directory is not a directory"),
        Ok(_) => writable("the output directory", &site.output_dir),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Outcome::warn("the output directory does not exist yet")
                .fix(format!("mkdir -p {}", quoted(&site.output_dir)))
        }
        Err(error) => Outcome::fail(format!("the output directory cannot be looked at: {error}")),
    }
}

pub(super) fn temp_dir(site: &Site<'_>) -> Outcome {
    writable("the directory for temporary files", &site.temp_dir)
}

fn writable(what: &str, directory: &str) -> Outcome {
    match probe(Path::new(directory)) {
        Ok(()) => Outcome::pass(format!("{what} is writable")),
        Err(error) => Outcome::fail(format!("{what} is not writable: {error}"))
            .fix(format!("chmod u+w {}", quoted(directory))),
    }
}

/// Writes a file and removes it. Permissions alone don't tell: the disk may be full or mounted for reading only.
fn probe(directory: &Path) -> io::Result<()> {
    let path = directory.join(format!(".gait-doctor-writecheck-{}", process::id()));
    let create = || OpenOptions::new().write(true).create_new(true).open(&path);
    let mut file = match create() {
        // Left behind by a process that had our number and was killed.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            fs::remove_file(&path)?;
            create()?
        }
        created => created?,
    };
    let written = file.write_all(b"ok");
    fs::remove_file(&path)?;
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::doctor::check::Status;
    use crate::commands::doctor::site::tests::site;

    #[test]
    fn directories_are_probed_and_left_as_they_were() {
        let directory = tempfile::tempdir().unwrap();
        let site = site(directory.path());
        assert_eq!(workdir(&site).status, Status::Pass);
        assert_eq!(temp_dir(&site).status, Status::Pass);
        let missing = output_dir(&site);
        assert_eq!(missing.status, Status::Warn);
        assert_eq!(missing.fix_command, format!("mkdir -p '{}'", site.output_dir));
        fs::create_dir(&site.output_dir).unwrap();
        assert_eq!(output_dir(&site).status, Status::Pass);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
        assert_eq!(fs::read_dir(&site.output_dir).unwrap().count(), 0);
    }

    #[test]
    fn what_a_killed_process_left_is_no_obstacle() {
        let directory = tempfile::tempdir().unwrap();
        let left = directory
            .path()
            .join(format!(".gait-doctor-writecheck-{}", process::id()));
        fs::write(&left, "").unwrap();
        assert!(probe(directory.path()).is_ok());
        assert!(!left.exists());
    }

    #[test]
    fn files_are_no_directories() {
        let directory = tempfile::tempdir().unwrap();
        let mut site = site(directory.path());
        fs::write(&site.output_dir, "").unwrap();
        assert_eq!(
            output_dir(&site),
            Outcome::fail("the output directory is not a directory")
        );
        site.workdir = site.output_dir.clone();
        site.output_dir += "/deeper";
        assert_eq!(workdir(&site).status, Status::Fail);
        assert_eq!(output_dir(&site).status, Status::Fail);
        site.workdir = format!("{}/gone", directory.path().display());
        assert_eq!(workdir(&site).fix_command, format!("mkdir -p '{}'", site.workdir));
    }
}
