//! A client in front of a child process that dies, stops listening or does not read.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io;
use std::path::Path;
use std::process::ExitStatus;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_artifact::mcp::McpServer;
use gait_disk::ledger::{Ledger, LedgerOptions};
use gait_disk::reload::{OnInvalid, Reloading};
use gait_gateway::call::Caller;
use gait_gateway::fleet::{Fleet, Inlet, Member, Staff};
use gait_gateway::judge::Judge;
use gait_gateway::link::{Launch, Target};
use gait_gateway::notice::Notice;
use gait_gateway::pipe::Arrival;
use gait_gateway::review::Reviewer;
use tempfile::TempDir;

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A fleet of one server that runs.
struct Running {
    inlet: Inlet,
    heard: Receiver<String>,
    noted: Arc<Mutex<Vec<String>>>,
    thread: JoinHandle<io::Result<Option<ExitStatus>>>,
    directory: TempDir,
}

impl Running {
    /// The server is a script of the shell.
    fn start(script: &str) -> Self {
        let directory = TempDir::new().unwrap();
        let launch = Launch {
            program: "sh".into(),
            arguments: vec!["-c".into(), script.into()],
            directory: Some(directory.path().to_path_buf()),
            ..Launch::default()
        };
        let member = Member {
            identity: McpServer {
                server_id: "files".to_owned(),
                ..McpServer::default()
            },
            target: Target::Child(launch),
        };
        let fleet = Fleet::alone(member, "n").with_ledger_alone();
        let inlet = fleet.inlet();
        let (tell, heard) = mpsc::channel();
        let noted = Arc::<Mutex<Vec<String>>>::default();
        let staff = staff(directory.path(), Arc::clone(&noted));
        let thread = thread::spawn(move || {
            // The test may have heard enough.
            let to_client = Box::new(move |message| {
                _ = tell.send(message);
                Ok(())
            });
            fleet.run(to_client, staff)
        });
        Self {
            inlet,
            heard,
            noted,
            thread,
            directory,
        }
    }

    fn say(&self, message: &str) -> bool {
        self.inlet.attend(Arrival::Message(message.as_bytes().to_vec()))
    }

    fn hear(&self) -> String {
        self.heard.recv_timeout(PATIENCE).unwrap()
    }

    fn end(self) -> Option<ExitStatus> {
        self.thread.join().unwrap().unwrap()
    }
}

fn staff(directory: &Path, noted: Arc<Mutex<Vec<String>>>) -> Staff {
    let load = Box::new(|| Err("no call is judged".to_owned()));
    let rules = Reloading::new(load, Vec::new(), OnInvalid::Refuse, Box::new(|_| ()));
    let traces = directory.join("traces");
    let (ledger, _) = Ledger::open(&traces.join(".ledger"), LedgerOptions::default()).unwrap();
    let (server, caller) = (McpServer::default(), Caller::default());
    Staff {
        caller: caller.clone(),
        judge: Arc::new(Judge::new(rules, ledger, traces, server, caller)),
        reviewer: Arc::new(Reviewer::new(directory.join("pins.json"), false)),
        now: Arc::new(|| Timestamp::EPOCH_1980),
        watch: Arc::new(move |server, notice| {
            if let Notice::Ended(status) = notice {
                noted.lock().unwrap().push(format!("{server} {status:?}"));
            }
        }),
    }
}

fn ping(id: u32) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"ping"}}"#)
}

fn gone(id: u32, why: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32603,"message":"the server files {why} before it answered"}}}}"#
    )
}

#[test]
fn who_waits_for_a_server_that_dies_is_told_what_it_ended_with() {
    for (end, why, code) in [
        ("exit 3", "ended (exit status: 3)", Some(3)),
        ("kill -9 $$", "ended (signal: 9 (SIGKILL))", None),
    ] {
        let running = Running::start(&format!("read -r one; read -r two; {end}"));
        running.say(&ping(1));
        running.say(&ping(2));
        let mut heard = [running.hear(), running.hear()];
        heard.sort();
        assert_eq!(heard, [gone(1, why), gone(2, why)]);
        let noted = Arc::clone(&running.noted);
        let status = running.end().unwrap();
        assert_eq!(status.code(), code);
        assert_eq!(*noted.lock().unwrap(), [format!("files {:?}", Some(status))]);
    }
}

#[test]
fn what_a_server_said_before_it_died_comes_before_its_end() {
    let answer = r#"{"jsonrpc":"2.0","id":1,"result":{}}"#;
    let notice = r#"{"jsonrpc":"2.0","method":"notifications/closed"}"#;
    // It takes nothing any more, says so, and has its last word when the second request was lost.
    let running = Running::start(&format!(
        "mkfifo go; read -r one; exec 0<&-; echo '{notice}'; read -r go < go; echo '{answer}'; exit 4"
    ));
    running.say(&ping(1));
    assert_eq!(running.hear(), notice);
    running.say(&ping(2));
    fs::write(running.directory.path().join("go"), "go\n").unwrap();
    assert_eq!(running.hear(), answer);
    assert_eq!(running.hear(), gone(2, "ended (exit status: 4)"));
    assert_eq!(running.end().unwrap().code(), Some(4));
}

#[test]
fn a_server_that_does_not_read_holds_nobody_up() {
    let running = Running::start("mkfifo go; read -r go < go");
    let large = "x".repeat(1 << 20);
    for id in 0..16 {
        let request = format!(
            r#"{{"jsonrpc":"2.0","id":{id},"method":"ping","params":{{"_meta":{{"x":"{large}"}}}}}}"#
        );
        assert!(running.say(&request));
    }
    running.inlet.stop();
    assert!(!running.end().unwrap().success());
}

#[test]
fn a_server_that_ends_because_its_client_did_is_no_news() {
    let running = Running::start("cat > /dev/null");
    running.inlet.tell(Arrival::End);
    let noted = Arc::clone(&running.noted);
    assert!(running.end().unwrap().success());
    assert!(noted.lock().unwrap().is_empty());
}
