//! What real tools do to this machine.

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use gait_disk::atomic;
use gait_gate::child::{self, Ending, Finished, Limits};
use gait_runpack::replay::{COMMAND_OUTPUT_LIMIT, COMMAND_TIME_LIMIT, Executor, ToolError};

use crate::wrapper::interrupt;

/// Files a replay writes are for whoever replays.
const FILE_MODE: u32 = 0o600;
/// The shell of commands. It is no login shell: what a user's profile says is no part of the run.
const SHELL: &str = "/bin/sh";
/// In front of every command: both outputs are one, in the order they are written, and what the command started in the
/// background ends with it.
const PROLOGUE: &str = "exec 2>&1\ntrap 'trap \"\" TERM; kill -TERM 0' EXIT\n";

const LIMITS: Limits = Limits {
    time: COMMAND_TIME_LIMIT,
    grace: Duration::ZERO,
    stdout: COMMAND_OUTPUT_LIMIT,
    stderr: COMMAND_OUTPUT_LIMIT,
};

/// This machine, until somebody asks the program to end.
pub(super) struct Host {
    interrupt: UnixStream,
}

impl Host {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            interrupt: interrupt::on_signal()?,
        })
    }
}

impl Executor for Host {
    fn write_file(&self, path: &Path, content: &[u8]) -> Result<(), ToolError> {
        atomic::create_parents(path)
            .and_then(|()| atomic::replace(path, content, FILE_MODE))
            .map_err(|error| ToolError::System(error.into()))
    }

    /// The command and all that it starts is one process group, which is ended as a whole when the time is up.
    fn run_command(&self, command: &str) -> Result<Vec<u8>, ToolError> {
        let script = [PROLOGUE, command].concat();
        let finished = child::run(&child::Command {
            args: &[OsString::from("-c"), OsString::from(script)],
            interrupt: Some(self.interrupt.as_fd()),
            ..child::Command::new(OsStr::new(SHELL), LIMITS)
        });
        outcome(finished.map_err(|error| ToolError::System(error.into()))?)
    }
}

fn outcome(finished: Finished) -> Result<Vec<u8>, ToolError> {
    /// SIGKILL, by which a group ends whose time is up.
    const KILLED: i32 = 9;
    match finished.ending {
        Ending::Exited(0) if finished.stdout.cut_off => Err(ToolError::LeftRunning),
        Ending::Exited(0) => Ok(finished.stdout.bytes),
        Ending::Exited(code) => Err(ToolError::Exit(code)),
        Ending::Signalled(signal) => Err(ToolError::Signal(signal)),
        Ending::TimedOut => Err(ToolError::Signal(KILLED)),
        Ending::Interrupted => Err(ToolError::Interrupted),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn told(command: &str) -> Result<String, String> {
        let output = Host::new().unwrap().run_command(command);
        output
            .map(|bytes| String::from_utf8(bytes).unwrap())
            .map_err(|error| error.to_string())
    }

    #[test]
    fn commands_are_told_by_output_or_ending() {
        for (command, expected) in [
            ("echo out; echo err 1>&2; echo more", Ok("out\nerr\nmore\n")),
            ("printf ok", Ok("ok")),
            ("echo said; exit 3", Err("exit status 3")),
            ("kill -9 $$", Err("signal: killed")),
            ("kill -15 $$", Err("signal: terminated")),
            ("fi", Err("exit status 2")),
            ("(exit 4)", Err("exit status 4")),
            ("sleep 1000 & echo hi", Ok("hi\n")),
            ("exec echo hi", Ok("hi\n")),
        ] {
            let told = told(command);
            let told = told.as_ref().map(String::as_str).map_err(String::as_str);
            assert_eq!(told, expected, "{command}");
        }
    }

    #[test]
    fn only_the_first_bytes_of_an_output_are_kept() {
        let told = told("head -c 100000 /dev/zero | tr '\\0' x").unwrap();
        assert_eq!(told.len(), COMMAND_OUTPUT_LIMIT);
    }

    #[test]
    fn files_are_their_owners_and_links_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let host = Host::new().unwrap();
        let path = root.path().join("a/b.txt");
        host.write_file(&path, b"content").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"content");
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let link = root.path().join("link");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        assert!(host.write_file(&link, b"other").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"content");
        assert!(host.write_file(Path::new("../outside"), b"x").is_err());
    }
}
