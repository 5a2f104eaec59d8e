//! A directory with a policy and servers, and servers over HTTP.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use gait_canon::json::{self, Value};

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(60);
/// A server on standard input and output that notes what reaches it. `$1` is its name.
const SERVER: &str = r#"
while IFS= read -r line; do
  printf '%s\n' "$line" >> "seen-$1.jsonl"
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/p')
  case "$line" in
    *'"initialize"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"%s","version":"1"}}}\n' "$id" "$1" ;;
    *'"server/discover"'*) printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no"}}\n' "$id" ;;
    *'"tools/list"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":%s}}\n' "$id" "$(cat tools.json)" ;;
    *'"path":"/die"'*) exit 3 ;;
    *'"path":"/steps"'*)
      token=$(printf '%s' "$line" | sed -n 's/.*"progressToken":\("[^"]*"\|[0-9]*\).*/\1/p')
      printf '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1}}\n' "$token"
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"from":"%s"}}\n' "$id" "$1" ;;
    *'"id"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"from":"%s"}}\n' "$id" "$1" ;;
  esac
done
touch "ended-$1"
"#;
const TOOLS: &str = r#"[{"name":"read","inputSchema":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}},{"name":"drop","inputSchema":{"type":"object"}}]"#;
const POLICY: &str = "default_verdict: allow
rules:
  - {name: never-drop, effect: block, match: {tool_names: [drop]}}
";

/// A directory with a policy and servers, and whatever the gateway leaves there.
pub(crate) struct Site(tempfile::TempDir);

impl Site {
    pub(crate) fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        site.write("server.sh", SERVER);
        site.write("tools.json", TOOLS);
        site.write("policy.yaml", POLICY);
        site
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    /// The gateway with these flags and a client that is yet to say something.
    pub(crate) fn gateway(&self, flags: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gait"));
        command
            .args(["mcp", "gateway", "--policy", "policy.yaml"])
            .args(flags)
            .current_dir(self.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    /// What a client that says `messages` and waits for all answers is told, and what the operator is.
    pub(crate) fn talk(&self, flags: &[&str], messages: &[&str]) -> (Vec<Value>, String) {
        let mut child = self.gateway(flags).spawn().unwrap();
        let mut input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut answers = Vec::new();
        for message in messages {
            input.write_all(format!("{message}\n").as_bytes()).unwrap();
            while message.contains("\"id\"") {
                let mut line = String::new();
                assert!(output.read_line(&mut line).unwrap() > 0, "{message}");
                let heard = json::parse(line.as_bytes()).unwrap();
                let is_answer = heard.get("method").is_none();
                answers.push(heard);
                if is_answer {
                    break;
                }
            }
        }
        drop(input);
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        assert!(child.wait().unwrap().success(), "{told}");
        (answers, told)
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
}

/// A server over HTTP with the same tools, called `far`.
pub(crate) struct Remote {
    listener: Arc<TcpListener>,
    called: Arc<Mutex<Vec<String>>>,
}

impl Remote {
    pub(crate) fn start() -> Self {
        let listener = Arc::new(TcpListener::bind("127.0.0.1:0").unwrap());
        let called = Arc::<Mutex<Vec<String>>>::default();
        let (shared, log) = (Arc::clone(&listener), Arc::clone(&called));
        thread::spawn(move || {
            for stream in shared.incoming().flatten() {
                let log = Arc::clone(&log);
                thread::spawn(move || serve(&stream, &log));
            }
        });
        Self { listener, called }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}/mcp", self.listener.local_addr().unwrap())
    }

    /// The address of no server.
    pub(crate) fn nowhere() -> String {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/mcp", listener.local_addr().unwrap())
    }

    /// The tools that were called.
    pub(crate) fn called(&self) -> Vec<String> {
        self.called.lock().unwrap().clone()
    }
}

fn serve(stream: &TcpStream, called: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    while let Some((method, body)) = read_request(&mut reader) {
        let (status, answer) = if method == "POST" {
            answered(&body, called)
        } else {
            ("405 Method Not Allowed", String::new())
        };
        let length = answer.len();
        let head = format!(
            "HTTP/1.1 {status}\r\nContent-Type: application/json\r\nMcp-Session-Id: s1\r\nContent-Length: {length}\r\n\r\n"
        );
        if (&mut { stream }).write_all((head + &answer).as_bytes()).is_err() {
            return;
        }
    }
}

fn read_request(reader: &mut BufReader<&TcpStream>) -> Option<(String, String)> {
    let mut first = String::new();
    reader.read_line(&mut first).ok().filter(|read| *read > 0)?;
    let mut length = 0;
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        match line.trim_end().split_once(':') {
            None => break,
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().unwrap();
            }
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let method = first.split(' ').next().unwrap().to_owned();
    Some((method, String::from_utf8(body).unwrap()))
}

fn answered(body: &str, called: &Mutex<Vec<String>>) -> (&'static str, String) {
    let message = json::parse(body.as_bytes()).unwrap();
    let Some(id) = message.get("id") else {
        return ("202 Accepted", String::new());
    };
    let body = match message.get("method").and_then(Value::as_str) {
        Some("initialize") => r#""result":{"protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"far","version":"1"}}"#.to_owned(),
        Some("tools/list") => format!(r#""result":{{"tools":{TOOLS}}}"#),
        Some("tools/call") => {
            let tool = message.get("params").unwrap().get("name").unwrap();
            called.lock().unwrap().push(tool.as_str().unwrap().to_owned());
            r#""result":{"content":[],"from":"far"}"#.to_owned()
        }
        Some("server/discover") => {
            return ("400 Bad Request", r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"no session"}}"#.to_owned());
        }
        _ => r#""result":{}"#.to_owned(),
    };
    (
        "200 OK",
        format!(r#"{{"jsonrpc":"2.0","id":{},{body}}}"#, json::compact(id)),
    )
}

/// The answer to a request.
pub(crate) fn answer(answers: &[Value], id: i64) -> &Value {
    let found = answers
        .iter()
        .find(|answer| answer.get("id").and_then(Value::as_i64) == Some(id));
    found.expect("every request is answered")
}

/// The result of a request.
pub(crate) fn result(answers: &[Value], id: i64) -> &Value {
    let answer = answer(answers, id);
    answer.get("result").unwrap_or(answer)
}

/// A call of a tool.
pub(crate) fn call(id: i64, tool: &str, arguments: &str) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
    )
}
