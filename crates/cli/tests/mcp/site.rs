//! A directory with a policy and a server, and whatever the gateway leaves there.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::gateway::Gateway;
use crate::server::{SERVER, TOOLS};

/// Nothing takes longer.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Lets every tool run but one.
pub(crate) const NEVER_DROP: &str = "default_verdict: allow
rules:
  - {name: never-drop, effect: block, match: {tool_names: [drop]}}
";
/// The name of the server that stands alone.
pub(crate) const ALONE: &str = "files";

pub(crate) struct Site(TempDir);

impl Site {
    pub(crate) fn new(policy: &str) -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        site.write("server.sh", SERVER);
        site.write("tools.json", TOOLS);
        site.write("policy.yaml", policy);
        site
    }

    /// A directory with keys, too, by which approvals are given and verified.
    pub(crate) fn with_keys(policy: &str) -> Self {
        let site = Self::new(policy);
        assert!(site.gait(&["keys", "init", "--out-dir", "keys"]).status.success());
        site
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    pub(crate) fn command(&self) -> Command {
        let mut gait = Command::new(env!("CARGO_BIN_EXE_gait"));
        gait.current_dir(self.path())
            .env("HOME", self.path())
            .stdin(Stdio::null());
        gait
    }

    pub(crate) fn gait(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// The gateway with these flags and a client that is yet to say something.
    pub(crate) fn gateway(&self, flags: &[&str]) -> Command {
        let mut command = self.command();
        command
            .args(["mcp", "gateway", "--policy", "policy.yaml"])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(crate) fn start(&self, flags: &[&str]) -> Gateway {
        Gateway::start(self.gateway(flags))
    }

    /// Starts the gateway in front of the server of this directory alone.
    pub(crate) fn alone(&self, flags: &[&str]) -> Gateway {
        let server = ["--server", ALONE];
        self.start(&[&server[..], flags, &["--", "sh", "server.sh", ALONE]].concat())
    }

    /// Decides about a request as somebody in another terminal does.
    pub(crate) fn decide(&self, what: &str, id: &str) {
        let mut gait = self.command();
        gait.args(["approvals", what, id])
            .args(["--approver", "alice", "--reason-code", "CHG-1"]);
        if what == "approve" {
            gait.args(["--key-mode", "prod", "--private-key", "keys/gait_private.key"]);
        }
        let output = gait.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// Waits until a file is there.
    pub(crate) fn wait_for(&self, name: &str) {
        let until = Instant::now() + PATIENCE;
        while !self.path().join(name).exists() {
            assert!(Instant::now() < until, "{name} does not come");
            thread::yield_now();
        }
    }

    /// What reached the server of this name.
    pub(crate) fn seen(&self, server: &str) -> String {
        fs::read_to_string(self.path().join(format!("seen-{server}.jsonl"))).unwrap_or_default()
    }

    /// The calls that reached it.
    pub(crate) fn reached(&self, server: &str) -> Vec<String> {
        let seen = self.seen(server);
        let calls = seen.lines().filter(|line| line.contains("\"tools/call\""));
        calls.map(str::to_owned).collect()
    }

    /// The files of a directory that end so.
    pub(crate) fn files(&self, directory: &str, ending: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path().join(directory)).unwrap();
        let mut files: Vec<_> = entries
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.to_str().unwrap().ends_with(ending))
            .collect();
        files.sort();
        files
    }
}
