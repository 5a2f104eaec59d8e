//! `gait mcp serve` as a process: how it begins, what it says, how it ends.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const CALL: &str = r#"{"call":{"name":"tool.search","args":{"password":"hunter2"},
    "context":{"identity":"agent","workspace":"/w","risk_class":"high"}}}"#;

fn workspace(policy: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::write(directory.path().join("p.yaml"), policy).unwrap();
    directory
}

fn serve(directory: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gait"));
    command
        .current_dir(directory)
        .args(["mcp", "serve", "--json"])
        .args(flags)
        .env("TOKEN", "s3cret-token")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A service that has told its address.
struct Serving {
    child: Child,
    started: Value,
}

impl Serving {
    fn start(directory: &Path, flags: &[&str]) -> Self {
        let flags = [&["--policy", "p.yaml", "--listen", "127.0.0.1:0"], flags].concat();
        Self::start_as_told(directory, &flags)
    }

    /// Starts it with `flags` and no others.
    fn start_as_told(directory: &Path, flags: &[&str]) -> Self {
        let mut child = serve(directory, flags).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let started = serde_json::from_str(&line).unwrap();
        Self { child, started }
    }

    fn address(&self) -> &str {
        self.started["listen"].as_str().unwrap()
    }

    /// Asks for a decision; gives the whole reply.
    fn evaluate(&self, headers: &str) -> String {
        let mut stream = TcpStream::connect(self.address()).unwrap();
        let length = CALL.len();
        let head = format!(
            "POST /v1/evaluate HTTP/1.1\r\nHost: {}\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n",
            self.address()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(CALL.as_bytes()).unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    fn signal(&self, signal: Signal) {
        let id = Pid::from_raw(self.child.id().try_into().unwrap()).unwrap();
        kill_process(id, signal).unwrap();
    }

    /// Ends the service with `signal`; gives its exit code and its log.
    fn end(mut self, signal: Signal) -> (Option<i32>, String) {
        self.signal(signal);
        let mut log = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut log)
            .unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

#[test]
fn it_tells_its_port_decides_and_ends_when_told() {
    for signal in [Signal::TERM, Signal::INT] {
        let directory = workspace("default_verdict: block\n");
        let serving = Serving::start(directory.path(), &[]);
        assert_eq!(serving.started["ok"], true);
        assert_eq!(serving.started["policy"], "p.yaml");
        let reply = serving.evaluate("");
        assert!(reply.starts_with("HTTP/1.1 200 OK\r\n"), "{reply}");
        assert!(reply.contains(r#""verdict":"block""#), "{reply}");
        let (code, log) = serving.end(signal);
        assert_eq!(code, Some(0), "{log}");
        let ledger = directory.path().join("gait-out/mcp-serve/traces/.ledger");
        assert_eq!(fs::read_dir(ledger).unwrap().count(), 0);
    }
}

#[test]
fn proxies_are_told_their_port() {
    let directory = workspace("default_verdict: block\n");
    let closed = Serving::start(directory.path(), &[]);
    assert!(closed.started.get("ext_authz_listen").is_none());
    let flags = ["--ext-authz-listen", "127.0.0.1:0", "--ext-authz-pass", "ping"];
    let serving = Serving::start(directory.path(), &flags);
    let address = serving.started["ext_authz_listen"].as_str().unwrap();
    assert_ne!(address, serving.address());
    // It stays connected while the service ends.
    let resting = TcpStream::connect(address).unwrap();
    for service in [&serving, &closed] {
        service.evaluate("");
    }
    let (code, log) = serving.end(Signal::TERM);
    drop(resting);
    assert_eq!(code, Some(0), "{log}");
    assert_eq!(closed.end(Signal::TERM).0, Some(0));
}

#[test]
fn the_log_is_json_and_keeps_secrets() {
    let directory = workspace("default_verdict: allow\n");
    let flags = ["--auth-mode", "token", "--auth-token-env", "TOKEN"];
    let serving = Serving::start(directory.path(), &flags);
    assert!(serving.evaluate("").starts_with("HTTP/1.1 401 "));
    assert!(
        serving
            .evaluate("Authorization: Bearer s3cret-token\r\n")
            .starts_with("HTTP/1.1 200 ")
    );
    let (_, log) = serving.end(Signal::TERM);
    let lines: Vec<Value> = log
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let decision = lines.iter().find(|line| line["message"] == "decision").unwrap();
    assert_eq!(decision["verdict"], "allow");
    assert_eq!(decision["status"], 200);
    for secret in ["s3cret-token", "hunter2", "password"] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn project_defaults_stand_in_for_flags() {
    const TOKEN: &str = "Authorization: Bearer s3cret-token\r\n";
    let directory = workspace("default_verdict: block\n");
    fs::create_dir(directory.path().join(".gait")).unwrap();
    fs::write(
        directory.path().join(".gait/config.yaml"),
        "mcp_serve: {listen: '127.0.0.1:0', auth_mode: TOKEN, auth_token_env: TOKEN, http_verdict_status: strict}\n",
    )
    .unwrap();
    fs::write(
        directory.path().join("small.yaml"),
        "mcp_serve: {listen: '127.0.0.1:0', max_request_bytes: 10}\n",
    )
    .unwrap();
    let others = ["--policy", "p.yaml", "--config", "small.yaml"];
    let without = ["--policy", "p.yaml", "--no-config", "--listen", "127.0.0.1:0"];
    for (flags, headers, status) in [
        (&["--policy", "p.yaml"][..], "", "401"),
        (&["--policy", "p.yaml"], TOKEN, "403"),
        (
            &["--policy", "p.yaml", "--http-verdict-status", "compat"],
            TOKEN,
            "200",
        ),
        (&["--policy", "p.yaml", "--auth-mode", "off"], "", "403"),
        (&others, "", "413"),
        (&without, "", "200"),
    ] {
        let serving = Serving::start_as_told(directory.path(), flags);
        assert!(!serving.address().ends_with(":8787"));
        let reply = serving.evaluate(headers);
        assert!(
            reply.starts_with(&format!("HTTP/1.1 {status} ")),
            "{flags:?}: {reply}"
        );
        assert_eq!(serving.end(Signal::TERM).0, Some(0));
    }
}

#[test]
fn a_hangup_reads_everything_anew() {
    let directory = workspace("default_verdict: allow\n");
    let mut serving = Serving::start(directory.path(), &[]);
    // Told when it listens: from then on it listens to signals too.
    let mut log = BufReader::new(serving.child.stderr.take().unwrap());
    let mut wait_for = |message: &str| {
        let mut line = String::new();
        while !line.contains(message) {
            line.clear();
            assert_ne!(log.read_line(&mut line).unwrap(), 0, "{message}");
        }
    };
    wait_for("listening");
    serving.signal(Signal::HUP);
    wait_for("reloaded");
    serving.signal(Signal::TERM);
    assert_eq!(serving.child.wait().unwrap().code(), Some(0));
}

#[test]
fn what_could_decide_nothing_does_not_begin() {
    let directory = workspace("default_verdict: allow\n");
    fs::write(directory.path().join("broken.yaml"), "nope: [").unwrap();
    fs::write(directory.path().join("state.json"), "{").unwrap();
    fs::write(
        directory.path().join("token.yaml"),
        "mcp_serve: {auth_mode: token}\n",
    )
    .unwrap();
    fs::write(
        directory.path().join("far.yaml"),
        "mcp_serve: {listen: '0.0.0.0:0'}\n",
    )
    .unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for flags in [
        &[][..],
        &["--policy", "none.yaml"],
        &["--policy", "broken.yaml"],
        &["--policy", "p.yaml", "more"],
        &["--policy", "p.yaml", "--adapter", "nope"],
        &["--policy", "p.yaml", "--profile", "nope"],
        &["--policy", "p.yaml", "--key-mode", "nope"],
        &["--policy", "p.yaml", "--key-mode", "prod"],
        &[
            "--policy",
            "p.yaml",
            "--key-mode",
            "prod",
            "--private-key",
            "none.key",
        ],
        &["--policy", "p.yaml", "--kill-switch-state", "none.json"],
        &["--policy", "p.yaml", "--kill-switch-state", "state.json"],
        &["--policy", "p.yaml", "--context-envelope", "none.json"],
        &["--policy", "p.yaml", "--listen", "0.0.0.0:0"],
        &["--policy", "p.yaml", "--listen", "127.0.0.1:99999"],
        &["--policy", "p.yaml", "--listen", &taken],
        &["--policy", "p.yaml", "--ext-authz-listen", "0.0.0.0:0"],
        &["--policy", "p.yaml", "--ext-authz-listen", "nope"],
        &["--policy", "p.yaml", "--ext-authz-listen", "127.0.0.1:99999"],
        &[
            "--policy",
            "p.yaml",
            "--listen",
            "127.0.0.1:0",
            "--ext-authz-listen",
            &taken,
        ],
        &["--policy", "p.yaml", "--ext-authz-pass", "ping"],
        &[
            "--policy",
            "p.yaml",
            "--ext-authz-listen",
            "127.0.0.1:0",
            "--ext-authz-pass",
            "ping,tools/call",
        ],
        &["--policy", "p.yaml", "--auth-mode", "token"],
        &[
            "--policy",
            "p.yaml",
            "--auth-mode",
            "token",
            "--auth-token-env",
            "UNSET",
        ],
        &["--policy", "p.yaml", "--max-request-bytes", "0"],
        &["--policy", "p.yaml", "--trace-dir", "p.yaml/x"],
        &["--policy", "p.yaml", "--trace-max-age", "-1h"],
        &["--policy", "p.yaml", "--trace-max-count", "-1"],
        &["--policy", "p.yaml", "--on-invalid-policy", "nope"],
        &["--policy", "p.yaml", "--log-level", "nope"],
        &["--policy", "p.yaml", "--config", "none.yaml"],
        &["--policy", "p.yaml", "--config", "broken.yaml"],
        &["--policy", "p.yaml", "--config", "token.yaml"],
        &["--policy", "p.yaml", "--config", "far.yaml"],
    ] {
        let Output { status, stdout, .. } = serve(directory.path(), flags).output().unwrap();
        assert_eq!(status.code(), Some(6), "{flags:?}");
        let failure: Value = serde_json::from_slice(&stdout).unwrap();
        assert_eq!(
            (&failure["ok"], &failure["executed"]),
            (&false.into(), &false.into()),
            "{flags:?}"
        );
    }
}
