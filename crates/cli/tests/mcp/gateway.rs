//! A gateway that runs.

use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::sync::mpsc::{self, Receiver};
use std::thread;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::site::PATIENCE;

pub(crate) struct Gateway {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Receiver<String>,
    told: Receiver<String>,
}

impl Gateway {
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        Self {
            stdin: child.stdin.take(),
            said: lines(child.stdout.take().unwrap()),
            told: lines(child.stderr.take().unwrap()),
            child,
        }
    }

    pub(crate) fn send(&mut self, message: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    /// The next line on standard output.
    pub(crate) fn line(&self) -> String {
        self.said.recv_timeout(PATIENCE).unwrap()
    }

    /// The next message.
    pub(crate) fn next(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Sends a request and waits for its answer; what comes before is passed over.
    pub(crate) fn ask(&mut self, request: &str) -> Value {
        self.send(request);
        loop {
            let heard = self.next();
            if heard.get("method").is_none() {
                return heard;
            }
        }
    }

    /// The request for an approval that people are told of on standard error.
    pub(crate) fn asked(&self) -> String {
        loop {
            let line = self.told.recv_timeout(PATIENCE).unwrap();
            if let Some((_, rest)) = line.split_once("gait approvals approve ") {
                return rest.split(' ').next().unwrap().to_owned();
            }
        }
    }

    pub(crate) fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Ends it at once, as nobody can keep it from.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end.
    pub(crate) fn wait(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    /// Tells it to end, and waits until it has.
    pub(crate) fn terminate(mut self) {
        kill_process(self.pid(), Signal::TERM).unwrap();
        let is_success = self.child.wait().unwrap().success();
        assert!(is_success, "{}", self.rest().1);
    }

    /// Ends its input and waits for its end; what it said since, to the client and to people.
    pub(crate) fn end(mut self) -> (Vec<Value>, String) {
        drop(self.stdin.take());
        let is_success = self.child.wait().unwrap().success();
        let (said, told) = self.rest();
        assert!(is_success, "{told}");
        let said = said.iter().map(|line| serde_json::from_str(line).unwrap());
        (said.collect(), told)
    }

    /// What it says until its end.
    fn rest(&self) -> (Vec<String>, String) {
        (
            self.said.iter().collect(),
            self.told.iter().collect::<Vec<_>>().join("\n"),
        )
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines() {
            if line.is_err() || tell.send(line.unwrap()).is_err() {
                return;
            }
        }
    });
    told
}
