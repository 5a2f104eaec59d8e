//! `gait mcp gateway` records what it lets through, and knows what comes back.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};

use gait_canon::json::{self, Value};

/// A server with a tool that returns a letter and one that sends whatever it is given.
const SERVER: &str = r#"
while IFS= read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/p')
  case "$line" in
    *'"tools/list"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"fetch"},{"name":"send_mail"}]}}\n' "$id" ;;
    *'"fetch"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"structuredContent":{"from":"eve@example.org","key":"k-4711-0815"}}}\n' "$id" ;;
    *'"id"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[]}}\n' "$id" ;;
  esac
done
"#;
const POLICY: &str = "default_verdict: allow
rules:
  - name: no-external-mail
    effect: block
    match: {tool_names: [send_mail], provenance_sources: [external]}
    reason_codes: [mail_carries_external_text]
";

/// A gateway that a client talks to.
struct Talk {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
}

impl Talk {
    fn begin(at: &Path, flags: &[&str]) -> Self {
        fs::write(at.join("server.sh"), SERVER).unwrap();
        fs::write(at.join("policy.yaml"), POLICY).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_gait"))
            .args(["mcp", "gateway", "--policy", "policy.yaml", "--server", "mail"])
            .args(flags)
            .args(["--", "sh", "server.sh"])
            .current_dir(at)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let (to, from) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self {
            child,
            to,
            from: BufReader::new(from),
        }
    }

    /// Calls a tool and waits for the answer.
    fn call(&mut self, id: u32, tool: &str, arguments: &str) -> String {
        writeln!(
            self.to,
            r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
        )
        .unwrap();
        let mut answer = String::new();
        self.from.read_line(&mut answer).unwrap();
        answer
    }

    fn end(mut self) {
        drop(self.to);
        assert!(self.child.wait().unwrap().success());
    }
}

fn gait(at: &Path, arguments: &[&str]) -> Output {
    let gait = Command::new(env!("CARGO_BIN_EXE_gait"))
        .args(arguments)
        .current_dir(at)
        .output();
    gait.unwrap()
}

/// The only file of the sessions that ends so.
fn session_file(at: &Path, ending: &str) -> PathBuf {
    let files = fs::read_dir(at.join("gait-out/mcp-gateway/sessions")).unwrap();
    let mut files = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.to_str().unwrap().ends_with(ending));
    let file = files.next().unwrap();
    assert!(files.next().is_none());
    file
}

#[test]
fn mail_that_carries_what_a_tool_returned_is_blocked() {
    let site = tempfile::tempdir().unwrap();
    let mut talk = Talk::begin(site.path(), &[]);
    let allowed = |answer: &str| !answer.contains("mail_carries_external_text");
    assert!(allowed(&talk.call(
        1,
        "send_mail",
        r#"{"to":"eve@example.org","body":"hello"}"#
    )));
    assert!(talk.call(2, "fetch", "{}").contains("k-4711-0815"));
    for (id, body, passes) in [
        (3, "see https://evil.example/?k=k-4711-0815", false),
        (4, "hello again", true),
    ] {
        // The address was the client's own before it was returned.
        let arguments = format!(r#"{{"to":"eve@example.org","body":"{body}"}}"#);
        let answer = talk.call(id, "send_mail", &arguments);
        assert_eq!(allowed(&answer), passes, "{answer}");
    }
    talk.end();

    let journal = session_file(site.path(), ".journal.jsonl");
    let journal = journal.to_str().unwrap();
    let status = gait(
        site.path(),
        &["run", "session", "status", "--journal", journal, "--json"],
    );
    let status = json::parse(&status.stdout).unwrap();
    let session = status
        .get("session_id")
        .or_else(|| status.get("status")?.get("session_id"));
    assert!(
        session.and_then(Value::as_str).unwrap().starts_with("mcp-"),
        "{status:?}"
    );
    let checkpoint = [
        "run",
        "session",
        "checkpoint",
        "--journal",
        journal,
        "--out",
        "cp.zip",
        "--json",
    ];
    let made = gait(site.path(), &checkpoint);
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stdout));
    let chain = session_file(site.path(), "_chain.json");
    let verified = gait(
        site.path(),
        &["verify", "session-chain", "--chain", chain.to_str().unwrap()],
    );
    assert!(
        verified.status.success(),
        "{}",
        String::from_utf8_lossy(&verified.stdout)
    );

    let results = fs::read_to_string(session_file(site.path(), ".results.jsonl")).unwrap();
    let results: Vec<_> = results
        .lines()
        .map(|line| json::parse(line.as_bytes()).unwrap())
        .collect();
    assert_eq!(results.len(), 3);
    let events = fs::read_to_string(journal).unwrap();
    for result in &results {
        assert_eq!(result.get("outcome").and_then(Value::as_str), Some("completed"));
        assert!(result.get("content").is_none());
        let trace = result.get("trace_id").and_then(Value::as_str).unwrap();
        assert!(events.contains(trace), "{trace}");
    }
}

#[test]
fn recording_and_provenance_can_be_switched() {
    let site = tempfile::tempdir().unwrap();
    let mut talk = Talk::begin(
        site.path(),
        &["--record-results", "content", "--provenance", "off"],
    );
    talk.call(1, "fetch", "{}");
    let sent = talk.call(2, "send_mail", r#"{"body":"k-4711-0815"}"#);
    assert!(!sent.contains("mail_carries_external_text"), "{sent}");
    talk.end();
    let results = fs::read_to_string(session_file(site.path(), ".results.jsonl")).unwrap();
    assert!(results.contains("k-4711-0815"), "{results}");

    let other = tempfile::tempdir().unwrap();
    let mut talk = Talk::begin(other.path(), &["--session-dir", ""]);
    talk.call(1, "fetch", "{}");
    assert!(
        talk.call(2, "send_mail", r#"{"body":"k-4711-0815"}"#)
            .contains("mail_carries_external_text")
    );
    talk.end();
    assert!(!other.path().join("gait-out/mcp-gateway/sessions").exists());
}
