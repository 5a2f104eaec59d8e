//! The process itself: whether it has ended, and how it is made to.

use std::io;
use std::os::fd::OwnedFd;
use std::process::{Child, ExitStatus};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};

/// A started program. It is reaped at the very end: until then no other process can get its id, which is also the id
/// of its group.
pub(super) struct Process {
    pub(super) child: Child,
    group: Pid,
    /// Becomes readable at the program's end; `None` where the system has no such thing.
    pub(super) exit: Option<OwnedFd>,
    pub(super) exited: bool,
    reaped: bool,
}

impl Process {
    pub(super) fn new(child: Child) -> Self {
        let group = Pid::from_child(&child);
        Self {
            child,
            group,
            exit: exit_descriptor(group),
            exited: false,
            reaped: false,
        }
    }

    pub(super) fn has_exited(&mut self) -> io::Result<bool> {
        if !self.exited {
            let look = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT | WaitIdOptions::NOHANG;
            self.exited = rustix::io::retry_on_intr(|| waitid(WaitId::Pid(self.group), look))?.is_some();
        }
        Ok(self.exited)
    }

    pub(super) fn signal_group(&self, signal: Signal) {
        // It fails only when the whole group has ended already.
        let _ = kill_process_group(self.group, signal);
    }

    /// Takes the status of a program that has exited.
    pub(super) fn reap(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        self.reaped = true;
        Ok(status)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if !self.reaped {
            self.signal_group(Signal::KILL);
            let _ = self.child.try_wait();
        }
    }
}

#[cfg(target_os = "linux")]
fn exit_descriptor(process: Pid) -> Option<OwnedFd> {
    rustix::process::pidfd_open(process, rustix::process::PidfdFlags::empty()).ok()
}

#[cfg(not(target_os = "linux"))]
fn exit_descriptor(_process: Pid) -> Option<OwnedFd> {
    None
}
