//! Which file runs when somebody types `gait`.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gait_disk::path::clean;
use gait_gate::child::{self, Ending, Limits};
use serde::Serialize;

use super::check::{Outcome, quoted};
use super::site::Site;

const NAMES: [&str; 2] = ["gait", "gait.exe"];
/// What makes the program where its sources are.
const BUILD: &str = "cargo build --release -p gait-cli && cp target/release/gait ./gait";
/// Saying one's version takes moments.
const LIMITS: Limits = Limits {
    time: Duration::from_secs(5),
    grace: Duration::from_millis(500),
    stdout: 4 << 10,
    stderr: 4 << 10,
};

/// The program as a user finds it.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Binary {
    /// The file.
    #[serde(rename = "binary_path", skip_serializing_if = "String::is_empty")]
    path: String,
    /// How it was found.
    #[serde(rename = "binary_path_source", skip_serializing_if = "str::is_empty")]
    source: &'static str,
    /// Another file of that name, which `PATH` finds instead.
    #[serde(rename = "path_binary_path", skip_serializing_if = "String::is_empty")]
    in_search_path: String,
    /// What it answers to `version`.
    #[serde(rename = "binary_version", skip_serializing_if = "String::is_empty")]
    version: String,
}

/// Finds the program and looks whether it runs.
pub(super) fn check(site: &Site<'_>) -> (Binary, Outcome) {
    let Some((path, source)) = find(site) else {
        let outcome = Outcome::warn("no gait was found in PATH or in the working directory").fix(BUILD);
        return (Binary::default(), outcome);
    };
    let shadowing = in_search_path(site).filter(|other| source == INVOKED && !same_file(other, &path));
    let mut binary = Binary {
        path: path.to_string_lossy().into_owned(),
        source,
        in_search_path: shadowing.map_or_else(String::new, |other| other.to_string_lossy().into_owned()),
        version: String::new(),
    };
    let outcome = match fs::metadata(&path) {
        Err(error) => Outcome::warn(format!("{} cannot be looked at: {error}", binary.path)).fix(BUILD),
        Ok(found) if !is_executable(&found) => Outcome::warn(format!("{} cannot be run", binary.path))
            .fix(format!("chmod +x {}", quoted(&binary.path))),
        Ok(_) => match version_of(&path, site) {
            Ok(version) => {
                binary.version = version;
                let also = match binary.in_search_path.as_str() {
                    "" => String::new(),
                    other => format!("; PATH finds {other} instead"),
                };
                Outcome::pass(format!("{} is {}{also}", binary.path, binary.version))
            }
            Err(reason) => Outcome::warn(format!("{} does not answer: {reason}", binary.path)).fix(BUILD),
        },
    };
    (binary, outcome)
}

const INVOKED: &str = "invoked_executable";

/// The file, and how it was found.
fn find(site: &Site<'_>) -> Option<(PathBuf, &'static str)> {
    let exists = |path: &PathBuf| fs::metadata(path).is_ok_and(|found| !found.is_dir());
    if let Some(path) = invoked(site).filter(exists) {
        return Some((path, INVOKED));
    }
    if let Some(path) = in_search_path(site) {
        return Some((path, "path"));
    }
    let local = NAMES
        .iter()
        .filter_map(|name| absolute(&site.path(name)))
        .find(exists)?;
    Some((local, "workdir"))
}

/// The file that the caller named, or else the one that is running, if it goes by the program's name.
fn invoked(site: &Site<'_>) -> Option<PathBuf> {
    let name = site.invoked_as.trim();
    let path = match (name, &site.executable) {
        ("", Some(executable)) => executable.clone(),
        _ => PathBuf::from(name),
    };
    let base = path.file_name()?.to_str()?;
    if !NAMES.contains(&base) {
        return None;
    }
    if path.components().count() > 1 || path.is_absolute() || name.contains('/') {
        absolute(&path)
    } else {
        look_up(base, site)
    }
}

/// The program that `PATH` finds.
fn in_search_path(site: &Site<'_>) -> Option<PathBuf> {
    look_up(NAMES[0], site)
}

/// Relative directories in `PATH` mean something else in every directory, so they are passed over.
fn look_up(name: &str, site: &Site<'_>) -> Option<PathBuf> {
    site.search_path
        .split(':')
        .filter(|directory| directory.starts_with('/'))
        .map(|directory| Path::new(directory).join(name))
        .find(|path| fs::metadata(path).is_ok_and(|found| is_executable(&found)))
}

fn absolute(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    Some(PathBuf::from(clean(path.to_str()?)))
}

fn is_executable(found: &Metadata) -> bool {
    found.is_file() && found.mode() & 0o111 != 0
}

fn same_file(one: &Path, other: &Path) -> bool {
    let identity = |path: &Path| {
        let found = fs::metadata(path).ok()?;
        Some((found.dev(), found.ino()))
    };
    one == other || identity(one).is_some_and(|one| Some(one) == identity(other))
}

/// What the program at `path` answers to `version`. The one that is running need not be asked.
fn version_of(path: &Path, site: &Site<'_>) -> Result<String, String> {
    if let Some(executable) = &site.executable
        && same_file(path, executable)
    {
        return Ok(format!("gait {}", site.version));
    }
    let arguments = [OsString::from("version")];
    let command = child::Command {
        args: &arguments,
        ..child::Command::new(path.as_os_str(), LIMITS)
    };
    let finished = child::run(&command).map_err(|error| error.to_string())?;
    let answer = String::from_utf8_lossy(&finished.stdout.bytes).trim().to_owned();
    match finished.ending {
        Ending::Exited(0) if answer.starts_with("gait ") => Ok(answer),
        Ending::Exited(0) => Err("it is another program".to_owned()),
        Ending::Exited(code) => Err(format!("it ended with exit code {code}")),
        Ending::TimedOut => Err("it took too long".to_owned()),
        Ending::Signalled(_) | Ending::Interrupted => Err("it was ended".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::commands::doctor::check::Status;
    use crate::commands::doctor::site::tests::site;

    fn program(path: &Path, answer: &str) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, format!("#!/bin/sh\necho '{answer}'\n")).unwrap();
        fs::set_permissions(path, Permissions::from_mode(0o755)).unwrap();
    }

    #[test]
    fn the_program_is_found_where_a_user_would() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let mut site = site(root);
        let (binary, outcome) = check(&site);
        assert_eq!((binary, outcome.fix_command.as_str()), (Binary::default(), BUILD));

        program(&root.join("gait"), "gait 1");
        assert_eq!(check(&site).0.source, "workdir");
        program(&root.join("bin/gait"), "gait 2");
        site.search_path = format!(".:{}/none:{}/bin", root.display(), root.display());
        let (binary, outcome) = check(&site);
        assert_eq!((binary.source, binary.version.as_str()), ("path", "gait 2"));
        assert_eq!(outcome.status, Status::Pass);

        site.invoked_as = format!("{}/x/../gait", root.display());
        let (binary, _) = check(&site);
        assert_eq!((binary.source, binary.version.as_str()), (INVOKED, "gait 1"));
        assert!(binary.in_search_path.ends_with("/bin/gait"));
        site.invoked_as = "gait".to_owned();
        assert!(check(&site).0.path.ends_with("/bin/gait"));
        assert_eq!(check(&site).0.in_search_path, "");
        site.invoked_as = "/somewhere/renamed".to_owned();
        assert_eq!(check(&site).0.source, "path");
    }

    #[test]
    fn what_cannot_answer_is_told() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("gait");
        let site = site(directory.path());
        program(&path, "another program");
        assert!(check(&site).1.message.ends_with("it is another program"));
        fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        assert_eq!(
            check(&site).1.fix_command,
            format!("chmod +x '{}'", path.display())
        );
    }

    #[test]
    fn the_running_program_is_not_started_again() {
        let directory = tempfile::tempdir().unwrap();
        let mut site = site(directory.path());
        let path = directory.path().join("gait");
        fs::write(&path, "no program at all").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o755)).unwrap();
        site.executable = Some(path);
        let (binary, outcome) = check(&site);
        assert_eq!(
            (binary.version.as_str(), outcome.status),
            ("gait 0.0.0", Status::Pass)
        );
        assert_eq!(binary.source, INVOKED);
    }
}
