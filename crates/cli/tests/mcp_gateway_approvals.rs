//! `gait mcp gateway` asks, and somebody in another terminal decides.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// A server that notes what reaches it and answers by ids.
const SERVER: &str = r#"
while IFS= read -r line; do
  printf '%s\n' "$line" >> seen.jsonl
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/p')
  case "$line" in
    *'"tools/list"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":[{"name":"drop","inputSchema":{"type":"object"}}]}}\n' "$id" ;;
    *'"id"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"ran":true}}\n' "$id" ;;
  esac
done
"#;
const POLICY: &str = "default_verdict: block
rules:
  - {name: ask, effect: require_approval, match: {tool_names: [drop]}}
";
const MODERN: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}"#;

/// A directory with a policy, keys and a server.
struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::write(site.0.path().join("server.sh"), SERVER).unwrap();
        fs::write(site.0.path().join("policy.yaml"), POLICY).unwrap();
        assert!(site.gait(&["keys", "init", "--out-dir", "keys"]).status.success());
        site
    }

    fn command(&self) -> Command {
        let mut gait = Command::new(env!("CARGO_BIN_EXE_gait"));
        gait.current_dir(self.0.path()).env("HOME", self.0.path());
        gait
    }

    fn gait(&self, arguments: &[&str]) -> Output {
        self.command().args(arguments).output().unwrap()
    }

    /// Decides about a request as somebody in another terminal does.
    fn decide(&self, what: &str, id: &str) {
        let mut gait = self.command();
        gait.args([
            "approvals",
            what,
            id,
            "--approver",
            "alice",
            "--reason-code",
            "CHG-1",
        ]);
        if what == "approve" {
            gait.args(["--key-mode", "prod", "--private-key", "keys/gait_private.key"]);
        }
        let output = gait.output().unwrap();
        assert!(output.status.success(), "{output:?}");
    }

    /// The calls that reached the server.
    fn reached(&self) -> Vec<String> {
        let seen = fs::read_to_string(self.0.path().join("seen.jsonl")).unwrap_or_default();
        let calls = seen.lines().filter(|line| line.contains("\"tools/call\""));
        calls.map(str::to_owned).collect()
    }

    fn start(&self, flags: &[&str], target: &[&str]) -> Gateway {
        let mut child = self
            .command()
            .args(["mcp", "gateway", "--policy", "policy.yaml", "--server", "files"])
            .args(["--approval-public-key", "keys/gait_public.key"])
            .args(flags)
            .args(target)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Gateway {
            stdin: child.stdin.take(),
            said: lines(child.stdout.take().unwrap()),
            told: lines(child.stderr.take().unwrap()),
            child,
        }
    }

    fn beside_client(&self, flags: &[&str]) -> Gateway {
        self.start(flags, &["--", "sh", "server.sh"])
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

/// A gateway that runs.
struct Gateway {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Receiver<String>,
    told: Receiver<String>,
}

impl Gateway {
    fn send(&mut self, message: &str) {
        writeln!(self.stdin.as_mut().unwrap(), "{message}").unwrap();
    }

    fn next(&self) -> Value {
        let line = self.said.recv_timeout(PATIENCE).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// The request that people are told of on standard error.
    fn asked(&self) -> String {
        loop {
            let line = self.told.recv_timeout(PATIENCE).unwrap();
            if let Some((_, rest)) = line.split_once("gait approvals approve ") {
                return rest.split(' ').next().unwrap().to_owned();
            }
        }
    }

    /// Closes its input and waits for its end.
    fn end(mut self) {
        drop(self.stdin.take());
        assert!(self.child.wait().unwrap().success());
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

fn call(id: u32, arguments: &str, rest: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"drop","arguments":{arguments}{rest}}}}}"#
    )
}

/// The codes of a refusal, and the request that it names.
fn refused(answer: &Value) -> (String, &str) {
    let decision = &answer["result"]["_meta"]["gait/decision"];
    assert_eq!(decision["executed"], json!(false), "{answer}");
    let request = decision["approval_request_id"].as_str().unwrap_or_default();
    (decision["reason_codes"].to_string(), request)
}

#[test]
fn a_call_waits_without_holding_others_up_and_runs_once() {
    let site = Site::new();
    let mut gateway = site.beside_client(&[]);
    gateway.send(&call(1, "{}", ""));
    let id = gateway.asked();
    gateway.send(r#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#);
    assert_eq!(gateway.next()["id"], 2);
    assert!(site.reached().is_empty());
    site.decide("approve", &id);
    assert_eq!(
        gateway.next(),
        json!({"jsonrpc": "2.0", "id": 1, "result": {"content": [], "ran": true}})
    );
    assert_eq!(site.reached(), [call(1, "{}", "")]);

    // The approval is used; the next call asks anew, and is denied.
    gateway.send(&call(3, "{}", ""));
    let next = gateway.asked();
    assert_ne!(next, id);
    site.decide("deny", &next);
    let answer = gateway.next();
    let (codes, request) = refused(&answer);
    assert!(codes.contains("approval_denied") && request == next, "{answer}");
    assert_eq!(site.reached().len(), 1);
    gateway.end();
}

#[test]
fn who_does_not_wait_asks_again_about_the_same_request() {
    let site = Site::new();
    let mut gateway = site.beside_client(&["--approval-wait", "0"]);
    gateway.send(&call(1, "{}", ""));
    let id = gateway.asked();
    let answer = gateway.next();
    let (codes, request) = refused(&answer);
    assert!(codes.contains("approval_pending") && request == id, "{answer}");
    let text = answer["result"]["content"][0]["text"].as_str().unwrap();
    for command in ["approve", "deny"] {
        assert!(
            text.contains(&format!("gait approvals {command} {id} --dir ")),
            "{text}"
        );
    }
    site.decide("approve", &id);
    gateway.send(&call(2, "{}", ""));
    assert_eq!(gateway.next()["result"]["ran"], true);
    gateway.end();
}

#[test]
fn a_client_that_goes_away_lets_nothing_run() {
    let site = Site::new();
    let mut gateway = site.beside_client(&[]);
    gateway.send(&call(1, "{}", ""));
    let id = gateway.asked();
    gateway.send(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    gateway.send(&call(2, r#"{"other":1}"#, ""));
    gateway.asked();
    drop(gateway.stdin.take());
    let answer = gateway.next();
    assert_eq!(answer["id"], 2);
    assert!(refused(&answer).0.contains("approval_pending"), "{answer}");
    gateway.end();
    site.decide("approve", &id);
    assert!(site.reached().is_empty());
}

#[test]
fn a_client_is_sent_away_and_comes_back_once_with_the_same_call() {
    let site = Site::new();
    let mut gateway = site.beside_client(&[]);
    let theirs = r#","requestState":"of the server""#;
    let rest = format!("{theirs},{MODERN}");
    let invite = |gateway: &mut Gateway, id: u32| {
        gateway.send(&call(id, "{}", &rest));
        let answer = gateway.next();
        assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
        answer["result"]["requestState"].as_str().unwrap().to_owned()
    };
    let back = |state: &str| {
        format!(
            r#","inputResponses":{{"gait-approval":{{"action":"accept","content":{{}}}}}},"requestState":"{state}",{MODERN}"#
        )
    };
    let state = invite(&mut gateway, 1);
    let id = gateway.asked();
    let altered = format!(
        "{}{}",
        &state[..state.len() - 2],
        if state.ends_with("AA") { "BB" } else { "AA" }
    );
    for (arguments, state, code) in [
        ("{}", altered.as_str(), "approval_state_invalid"),
        (r#"{"other":1}"#, &state, "approval_token_intent_mismatch"),
    ] {
        gateway.send(&call(2, arguments, &back(state)));
        let answer = gateway.next();
        assert!(refused(&answer).0.contains(code), "{answer}");
    }
    site.decide("approve", &id);
    gateway.send(&call(3, "{}", &back(&state)));
    assert_eq!(gateway.next()["result"]["ran"], true);
    // What the client said to the server reached it, and nothing of the gateway's did.
    assert_eq!(site.reached(), [call(3, "{}", &rest)]);
    gateway.send(&call(4, "{}", &back(&state)));
    let answer = gateway.next();
    assert!(refused(&answer).0.contains("approval_state_replayed"), "{answer}");
    assert_eq!(site.reached().len(), 1);
    gateway.end();
}

#[test]
fn a_client_of_the_era_of_sessions_is_asked_meanwhile() {
    let site = Site::new();
    let mut gateway = site.beside_client(&[]);
    gateway.send(r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{}}}}"#);
    gateway.next();
    for (action, code) in [
        ("decline", "approval_withdrawn"),
        ("cancel", "approval_withdrawn"),
    ] {
        gateway.send(&call(1, "{}", ""));
        let question = gateway.next();
        assert_eq!(question["method"], "elicitation/create");
        let message = question["params"]["message"].as_str().unwrap();
        assert!(message.contains(&gateway.asked()), "{message}");
        let id = &question["id"];
        gateway.send(&json!({"jsonrpc": "2.0", "id": id, "result": {"action": action}}).to_string());
        let answer = gateway.next();
        assert!(refused(&answer).0.contains(code), "{answer}");
    }
    gateway.send(&call(2, "{}", ""));
    let question = gateway.next();
    site.decide("approve", &gateway.asked());
    // The form is taken back, and the call runs.
    let cancelled = gateway.next();
    assert_eq!(cancelled["params"]["requestId"], question["id"], "{cancelled}");
    assert_eq!(gateway.next()["result"]["ran"], true);
    let seen = fs::read_to_string(site.0.path().join("seen.jsonl")).unwrap();
    assert!(
        !seen.contains("gait-approval") && !seen.contains("\"action\""),
        "{seen}"
    );
    gateway.end();
}

#[test]
fn settings_are_explained_without_secrets() {
    let site = Site::new();
    let explain = |flags: &[&str]| {
        let mut gait = site.command();
        gait.args([
            "mcp",
            "gateway",
            "--policy",
            "policy.yaml",
            "--explain-config",
            "--json",
        ]);
        let output = gait.args(flags).args(["--", "true"]).output().unwrap();
        let config: Value = serde_json::from_slice(&output.stdout).unwrap();
        config["approvals"].clone()
    };
    assert_eq!(explain(&[])["can_be_given"], false);
    let key = ["--approval-public-key", "keys/gait_public.key"];
    let address = "https://hooks.example/T0?token=hunter2";
    let approvals = explain(
        &[
            &key[..],
            &["--approval-webhook", address, "--approval-wait", "7s"],
        ]
        .concat(),
    );
    assert_eq!(
        (
            &approvals["can_be_given"],
            &approvals["webhook"],
            &approvals["wait_seconds"]
        ),
        (&json!(true), &json!("hooks.example"), &json!(7))
    );
    assert!(!approvals.to_string().contains("hunter2"));
}

/// A request over HTTP and the body of its answer.
fn post(address: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let head = format!(
        "POST /mcp HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n{headers}Content-Length: {length}\r\n\r\n"
    );
    stream.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").unwrap();
    body.to_owned()
}

/// A server over HTTP, and the calls that reached it.
fn server() -> (String, Arc<Mutex<Vec<String>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/mcp", listener.local_addr().unwrap());
    let calls = Arc::<Mutex<Vec<String>>>::default();
    let log = Arc::clone(&calls);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            serve(stream, &log);
        }
    });
    (address, calls)
}

fn serve(mut stream: TcpStream, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut length = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or_default() <= 2 {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let body = String::from_utf8(body).unwrap();
    let asked: Value = serde_json::from_str(&body).unwrap_or_default();
    let result = if asked["method"] == "tools/list" {
        json!({"tools": [{"name": "drop", "inputSchema": {"type": "object"}}]})
    } else {
        json!({"content": [], "ran": true})
    };
    if asked["method"] == "tools/call" {
        log.lock().unwrap().push(body);
    }
    let text = json!({"jsonrpc": "2.0", "id": asked["id"], "result": result}).to_string();
    let length = text.len();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n"
    );
    _ = stream.write_all(format!("{head}{text}").as_bytes());
}

/// A gateway over HTTP, and its address.
fn over_http(site: &Site, upstream: &str) -> (Gateway, String) {
    let gateway = site.start(
        &[
            "--listen",
            "127.0.0.1:0",
            "--upstream",
            upstream,
            "--drain-timeout",
            "1s",
        ],
        &[],
    );
    let line = gateway.said.recv_timeout(PATIENCE).unwrap();
    let (_, rest) = line.split_once("listening=").unwrap();
    let address = rest.split(' ').next().unwrap();
    let address = address
        .trim_start_matches("tcp://")
        .trim_start_matches("http://")
        .to_owned();
    (gateway, address)
}

#[test]
fn a_call_over_http_waits_too() {
    let site = Site::new();
    let (upstream, calls) = server();
    let (gateway, address) = over_http(&site, &upstream);
    for (decision, expected) in [("approve", "\"ran\":true"), ("deny", "approval_denied")] {
        let address = address.clone();
        let asking = thread::spawn(move || post(&address, "", &call(1, "{}", "")));
        let id = gateway.asked();
        site.decide(decision, &id);
        let answer = asking.join().unwrap();
        assert!(answer.contains(expected), "{answer}");
    }
    assert_eq!(calls.lock().unwrap().len(), 1);

    // A client that cancels is answered at once.
    let asking = {
        let address = address.clone();
        thread::spawn(move || post(&address, "", &call(2, r#"{"other":1}"#, "")))
    };
    gateway.asked();
    let cancel = r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":2}}"#;
    post(&address, "", cancel);
    assert!(asking.join().unwrap().contains("approval_pending"));
    assert_eq!(calls.lock().unwrap().len(), 1);
}

#[test]
fn a_client_over_http_is_sent_away_and_comes_back() {
    let site = Site::new();
    let (upstream, calls) = server();
    let (gateway, address) = over_http(&site, &upstream);
    let headers = "MCP-Protocol-Version: 2026-07-28\r\nMcp-Method: tools/call\r\nMcp-Name: drop\r\n";
    let rest = format!(",{MODERN}");
    let ask = |body: &str| -> Value { serde_json::from_str(&post(&address, headers, body)).unwrap() };
    let answer = ask(&call(1, "{}", &rest));
    assert_eq!(answer["result"]["resultType"], "input_required", "{answer}");
    let state = answer["result"]["requestState"].as_str().unwrap();
    site.decide("approve", &gateway.asked());
    let back = format!(
        r#","inputResponses":{{"gait-approval":{{"action":"accept"}}}},"requestState":"{state}"{rest}"#
    );
    let swapped = ask(&call(2, r#"{"other":1}"#, &back));
    assert!(
        refused(&swapped).0.contains("approval_token_intent_mismatch"),
        "{swapped}"
    );
    assert_eq!(ask(&call(3, "{}", &back))["result"]["ran"], true);
    assert_eq!(*calls.lock().unwrap(), [call(3, "{}", &rest)]);
    let replayed = ask(&call(4, "{}", &back));
    assert!(
        refused(&replayed).0.contains("approval_state_replayed"),
        "{replayed}"
    );
}
