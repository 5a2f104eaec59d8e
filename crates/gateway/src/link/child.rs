//! A server that is a child process.

use std::ffi::OsString;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use super::Tell;
use crate::pipe::{Outbox, Unread, read_messages};

/// How long a server may take to end once its input is closed.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is looked at meanwhile.
const GLANCE: Duration = Duration::from_millis(10);

/// How a server is started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Launch {
    /// The program.
    pub program: OsString,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// Variables that it has besides those of this process.
    pub environment: Vec<(OsString, OsString)>,
    /// The directory that it begins in; none for that of this process.
    pub directory: Option<PathBuf>,
}

impl Launch {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(&self.arguments)
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        if let Some(directory) = &self.directory {
            command.current_dir(directory);
        }
        command
    }
}

/// A child that was started, and the way to it.
#[derive(Debug)]
pub struct Started {
    child: Child,
    outbox: Option<Outbox>,
}

impl Started {
    pub(super) fn begin(launch: &Launch, mut tell: Tell) -> io::Result<Self> {
        let mut command = launch.command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        thread::spawn(move || read_messages(BufReader::new(output), &mut tell));
        let (outbox, _) = Outbox::open(input);
        Ok(Self {
            child,
            outbox: Some(outbox),
        })
    }

    pub(super) fn send(&self, message: String) -> Result<(), Unread> {
        self.outbox.as_ref().map_or(Ok(()), |outbox| outbox.send(message))
    }

    pub(super) fn close(&mut self) {
        self.outbox = None;
    }

    pub(super) fn end(mut self) -> io::Result<ExitStatus> {
        self.close();
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait()? {
                return Ok(status);
            }
            thread::sleep(GLANCE);
        }
        self.child.kill()?;
        self.child.wait()
    }
}
