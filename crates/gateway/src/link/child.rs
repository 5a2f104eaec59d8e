//! A server that is a child process.

use std::ffi::OsString;
use std::io::{self, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};

use super::Tell;
use crate::pipe::{Arrival, Outbox, Unread, read_messages};

/// How long a server may take to end once its input is closed.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long it may take once it was told to end.
const LAST_PATIENCE: Duration = Duration::from_millis(1500);
/// How long one that says no more is given to end, so that what it ended with can be told.
const SHORT_PATIENCE: Duration = Duration::from_millis(250);
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
    /// When its input was closed.
    closed: Option<Instant>,
}

impl Started {
    pub(super) fn begin(launch: &Launch, mut tell: Tell) -> io::Result<Self> {
        let mut command = launch.command();
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let pipes = child.stdin.take().zip(child.stdout.take());
        let (input, output) = pipes.ok_or(io::ErrorKind::BrokenPipe)?;
        let pid = Pid::from_child(&child);
        thread::spawn(move || {
            read_messages(BufReader::new(output), |arrival| {
                if matches!(arrival, Arrival::End) {
                    await_end(pid);
                }
                tell(arrival)
            });
        });
        let (outbox, _) = Outbox::open(input);
        Ok(Self {
            child,
            outbox: Some(outbox),
            closed: None,
        })
    }

    pub(super) fn send(&self, message: String) -> Result<(), Unread> {
        self.outbox.as_ref().map_or(Ok(()), |outbox| outbox.send(message))
    }

    /// What it ended with, if it did.
    pub(super) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    pub(super) fn close(&mut self) {
        self.outbox = None;
        self.closed.get_or_insert_with(Instant::now);
    }

    /// As the protocol has it for servers on standard input: what does not end with its input is told to, and then made to.
    pub(super) fn end(mut self, is_urgent: bool) -> io::Result<ExitStatus> {
        self.close();
        let patience = self
            .closed
            .map_or(PATIENCE, |closed| PATIENCE.saturating_sub(closed.elapsed()));
        if !is_urgent && let Some(status) = self.wait(patience)? {
            return Ok(status);
        }
        // It may have ended in between.
        _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        if let Some(status) = self.wait(LAST_PATIENCE)? {
            return Ok(status);
        }
        self.child.kill()?;
        self.child.wait()
    }

    /// Waits so long for its end.
    fn wait(&mut self, patience: Duration) -> io::Result<Option<ExitStatus>> {
        let deadline = Instant::now() + patience;
        loop {
            let status = self.child.try_wait()?;
            if status.is_some() || Instant::now() >= deadline {
                return Ok(status);
            }
            thread::sleep(GLANCE);
        }
    }
}

/// Waits a moment until a child has ended, and leaves it to others to ask with what.
fn await_end(pid: Pid) {
    let looking = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let deadline = Instant::now() + SHORT_PATIENCE;
    while Instant::now() < deadline && matches!(waitid(WaitId::Pid(pid), looking), Ok(None)) {
        thread::sleep(Duration::from_millis(1));
    }
}
