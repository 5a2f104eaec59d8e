//! External programs, run to an end that is certain.
//!
//! A program runs in a process group of its own, without a shell, with a limit on its time and on the bytes kept of
//! its output. When its time is up, all of the group is ended: first asked (SIGTERM), then made to (SIGKILL). Nothing
//! is waited for beyond that, not even a grandchild that left the group and still holds a pipe.
//!
//! Being in a group of its own, the program does not get the signals that a terminal sends to the caller (Ctrl-C).
//! A caller that handles signals passes a descriptor that becomes readable on one ([`Command::interrupt`]); nothing
//! here installs a handler. A caller killed by a signal that it does not handle leaves the program running.

mod pipe;
mod process;
#[cfg(test)]
mod tests;

use std::ffi::{OsStr, OsString};
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::Signal;

use pipe::{Input, Stream};
use process::Process;

/// How long output is still read after the program itself has ended and something it started holds the pipes.
const LINGER: Duration = Duration::from_secs(1);
/// The same after the whole group was killed.
const LINGER_AFTER_KILL: Duration = Duration::from_millis(100);
/// How long the end of a killed program is waited for. It takes long only inside a broken file system.
const KILL_WAIT: Duration = Duration::from_secs(5);
/// How often the program is looked after where the system does not tell of its end.
const TICK: Duration = Duration::from_millis(10);
/// Bytes moved at once: what a pipe holds by default.
const CHUNK: usize = 64 * 1024;

/// A program to run.
#[derive(Clone, Copy, Debug)]
pub struct Command<'a> {
    /// The program: a path when it holds a slash, otherwise searched in `PATH`.
    pub program: &'a OsStr,
    /// Its arguments, without the program's own name.
    pub args: &'a [OsString],
    /// All that it can read on its standard input. It need not read it.
    pub stdin: &'a [u8],
    /// The directory it starts in; `None` is the caller's.
    pub directory: Option<&'a Path>,
    /// Variables added to the caller's environment.
    pub environment: &'a [(OsString, OsString)],
    /// What it may use.
    pub limits: Limits,
    /// Ends the group like a time-out does as soon as this becomes readable.
    pub interrupt: Option<BorrowedFd<'a>>,
}

/// What a program may use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Time from its start until it is asked to end.
    pub time: Duration,
    /// Time from then until it is made to end.
    pub grace: Duration,
    /// Bytes kept of its standard output. What comes after them is read and dropped.
    pub stdout: usize,
    /// Bytes kept of its standard error.
    pub stderr: usize,
}

impl<'a> Command<'a> {
    /// Runs `program` without arguments or input, in the caller's directory and environment.
    #[must_use]
    pub fn new(program: &'a OsStr, limits: Limits) -> Self {
        Self {
            program,
            args: &[],
            stdin: b"",
            directory: None,
            environment: &[],
            limits,
            interrupt: None,
        }
    }
}

/// A program that has ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finished {
    /// How it ended.
    pub ending: Ending,
    /// What it said on standard output.
    pub stdout: Captured,
    /// What it said on standard error.
    pub stderr: Captured,
}

/// How a program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// By itself, with this exit code.
    Exited(i32),
    /// By a signal with this number that came from somewhere else.
    Signalled(i32),
    /// Its time was up. What it made of the request to end does not matter.
    TimedOut,
    /// The caller's [`Command::interrupt`] became readable.
    Interrupted,
}

/// What was kept of an output stream.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captured {
    /// The first bytes, as many as the limit allows.
    pub bytes: Vec<u8>,
    /// Whether more came than that.
    pub truncated: bool,
    /// Whether the stream was still open when reading stopped, so that more might have come.
    pub cut_off: bool,
}

/// Why a program did not run to an end.
#[derive(Debug, thiserror::Error)]
pub enum ChildError {
    /// It did not start: no such program, no permission, no such directory.
    #[error("start {}: {source}", program.display())]
    Start {
        /// The program as given.
        program: OsString,
        /// The system's answer.
        source: io::Error,
    },
    /// It started, but its end or its output could not be observed. It has been killed.
    #[error("wait for {}: {source}", program.display())]
    Wait {
        /// The program as given.
        program: OsString,
        /// The system's answer.
        source: io::Error,
    },
}

/// Runs `command` to its end.
pub fn run(command: &Command<'_>) -> Result<Finished, ChildError> {
    let deadline = after(command.limits.time);
    let child = spawn(command).map_err(|source| ChildError::Start {
        program: command.program.to_owned(),
        source,
    })?;
    Supervision::new(child, command)
        .and_then(|supervision| supervision.finish(deadline))
        .map_err(|source| ChildError::Wait {
            program: command.program.to_owned(),
            source,
        })
}

/// The time that is `duration` away; for a duration too long to be told, one that nobody lives to see.
fn after(duration: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);
    Instant::now() + duration.min(CENTURY)
}

fn spawn(command: &Command<'_>) -> io::Result<Child> {
    let mut builder = std::process::Command::new(command.program);
    builder
        .args(command.args)
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .stdin(if command.stdin.is_empty() {
            Stdio::null()
        } else {
            Stdio::piped()
        })
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0);
    if let Some(directory) = command.directory {
        builder.current_dir(directory);
    }
    builder.spawn()
}

/// A running program with its pipes, all of them without waiting.
struct Supervision<'a> {
    process: Process,
    stdin: Input<'a>,
    stdout: Stream,
    stderr: Stream,
    interrupt: Option<BorrowedFd<'a>>,
    grace: Duration,
    buffer: Vec<u8>,
}

/// Why waiting for something stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wake {
    Done,
    TimeUp,
    Interrupted,
}

impl<'a> Supervision<'a> {
    fn new(child: Child, command: &Command<'a>) -> io::Result<Self> {
        let mut process = Process::new(child);
        let child = &mut process.child;
        let stdin = Input::new(child.stdin.take(), command.stdin)?;
        let stdout = Stream::new(child.stdout.take().map(OwnedFd::from), command.limits.stdout)?;
        let stderr = Stream::new(child.stderr.take().map(OwnedFd::from), command.limits.stderr)?;
        Ok(Self {
            process,
            stdin,
            stdout,
            stderr,
            interrupt: command.interrupt,
            grace: command.limits.grace,
            buffer: vec![0; CHUNK],
        })
    }

    fn finish(mut self, deadline: Instant) -> io::Result<Finished> {
        let ended = match self.until_exit(deadline)? {
            Wake::Done => None,
            Wake::TimeUp => Some(Ending::TimedOut),
            Wake::Interrupted => Some(Ending::Interrupted),
        };
        // One interruption is enough: from here on there is an end in any case.
        self.interrupt = None;
        if ended.is_some() {
            self.end_group()?;
            self.until_closed(after(LINGER_AFTER_KILL))?;
        } else {
            self.until_closed(deadline.min(after(LINGER)))?;
        }
        let status = self.process.reap()?;
        Ok(Finished {
            ending: ended.unwrap_or_else(|| Ending::from(status)),
            stdout: self.stdout.into_captured(),
            stderr: self.stderr.into_captured(),
        })
    }

    fn end_group(&mut self) -> io::Result<()> {
        self.process.signal_group(Signal::TERM);
        self.until_exit(after(self.grace))?;
        self.process.signal_group(Signal::KILL);
        match self.until_exit(after(KILL_WAIT))? {
            Wake::Done => Ok(()),
            _ => Err(io::ErrorKind::TimedOut.into()),
        }
    }

    /// Moves bytes until the program has ended.
    fn until_exit(&mut self, deadline: Instant) -> io::Result<Wake> {
        loop {
            if self.process.has_exited()? {
                return Ok(Wake::Done);
            }
            match self.step(deadline)? {
                Wake::Done => {}
                stop => return Ok(stop),
            }
        }
    }

    /// Moves bytes until all that write to the program's output have closed it.
    fn until_closed(&mut self, deadline: Instant) -> io::Result<()> {
        self.stdin.close();
        loop {
            // What is in the pipes is taken even when there is no time left.
            self.move_bytes()?;
            if !self.stdout.is_open() && !self.stderr.is_open() || self.step(deadline)? != Wake::Done {
                return Ok(());
            }
        }
    }

    /// Waits until something happens, at most until `deadline`, and moves what bytes there are.
    fn step(&mut self, deadline: Instant) -> io::Result<Wake> {
        let remaining = deadline.saturating_duration_since(Instant::now());
        if remaining.is_zero() {
            return Ok(Wake::TimeUp);
        }
        self.wait(remaining)?;
        if let Some(interrupt) = self.interrupt
            && is_readable(interrupt)?
        {
            return Ok(Wake::Interrupted);
        }
        self.move_bytes()?;
        Ok(Wake::Done)
    }

    fn wait(&self, remaining: Duration) -> io::Result<()> {
        let mut events = Vec::with_capacity(5);
        events.extend(
            self.stdin
                .pipe
                .as_ref()
                .map(|pipe| PollFd::new(pipe, PollFlags::OUT)),
        );
        for stream in [&self.stdout, &self.stderr] {
            events.extend(stream.pipe.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        }
        events.extend(
            self.interrupt
                .map(|interrupt| PollFd::from_borrowed_fd(interrupt, PollFlags::IN)),
        );
        let mut timeout = remaining;
        if !self.process.exited {
            match &self.process.exit {
                Some(exit) => events.push(PollFd::new(exit, PollFlags::IN)),
                None => timeout = timeout.min(TICK),
            }
        }
        poll_events(&mut events, timeout)?;
        Ok(())
    }

    fn move_bytes(&mut self) -> io::Result<()> {
        self.stdin.write_some()?;
        self.stdout.read_some(&mut self.buffer)?;
        self.stderr.read_some(&mut self.buffer)
    }
}

impl From<ExitStatus> for Ending {
    fn from(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Exited(code),
            (None, Some(signal)) => Self::Signalled(signal),
            // A process that was reaped has one of the two; no exit code of a program is negative.
            (None, None) => Self::Exited(-1),
        }
    }
}

fn is_readable(descriptor: BorrowedFd<'_>) -> io::Result<bool> {
    let mut events = [PollFd::new(&descriptor, PollFlags::IN)];
    poll_events(&mut events, Duration::ZERO)
}

/// Waits for one of the events; `false` when none came in time.
fn poll_events(events: &mut [PollFd<'_>], timeout: Duration) -> io::Result<bool> {
    // More time than can be told is as good as no limit.
    let timeout = Timespec::try_from(timeout).ok();
    match poll(events, timeout.as_ref()) {
        Ok(count) => Ok(count > 0),
        // A signal was handled; the caller looks around and comes back.
        Err(Errno::INTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
