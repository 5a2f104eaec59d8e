//! Servers on standard input and output, and over HTTP.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::{Value, json};

/// A server on standard input and output that notes what reaches it. `$1` is its name, and `$2` is `modern` for one that
/// knows no sessions.
pub(crate) const SERVER: &str = r#"
while IFS= read -r line; do
  printf '%s\n' "$line" >> "seen-$1.jsonl"
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\("[^"]*"\|[0-9]*\).*/\1/p')
  case "$line" in
    *'"initialize"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"%s","version":"1"}}}\n' "$id" "$1" ;;
    *'"server/discover"'*)
      if [ "$2" = modern ]; then
        printf '{"jsonrpc":"2.0","id":%s,"result":{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"ttlMs":0,"cacheScope":"private"}}\n' "$id"
      else
        printf '{"jsonrpc":"2.0","id":%s,"error":{"code":-32601,"message":"no"}}\n' "$id"
      fi ;;
    *'"tools/list"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"tools":%s}}\n' "$id" "$(cat tools.json)" ;;
    *'"path":"/die"'*) exit 3 ;;
    *'"path":"/hold"'*)
      mkfifo "go-$1"
      touch "holds-$1"
      read -r go < "go-$1"
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"from":"%s"}}\n' "$id" "$1" ;;
    *'"path":"/steps"'*)
      token=$(printf '%s' "$line" | sed -n 's/.*"progressToken":\("[^"]*"\|[0-9]*\).*/\1/p')
      printf '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":1}}\n' "$token"
      printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"from":"%s"}}\n' "$id" "$1" ;;
    *'"fetch"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"structuredContent":{"from":"eve@example.org","key":"k-4711-0815"}}}\n' "$id" ;;
    *'"id"'*) printf '{"jsonrpc":"2.0","id":%s,"result":{"content":[],"from":"%s"}}\n' "$id" "$1" ;;
  esac
done
touch "ended-$1"
"#;
/// What the servers offer.
pub(crate) const TOOLS: &str = r#"[{"name":"read","inputSchema":{"type":"object","properties":{"path":{"type":"string"}},"required":["path"]}},{"name":"drop","inputSchema":{"type":"object"}}]"#;

/// A server over HTTP with the same tools, called `far`.
pub(crate) struct Remote {
    address: String,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Remote {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = address_of(&listener);
        let calls = Arc::<Mutex<Vec<String>>>::default();
        let log = Arc::clone(&calls);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                thread::spawn(move || serve(&stream, &log));
            }
        });
        Self { address, calls }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The address of no server.
    pub(crate) fn nowhere() -> String {
        address_of(&TcpListener::bind("127.0.0.1:0").unwrap())
    }

    /// The calls that reached it.
    pub(crate) fn reached(&self) -> Vec<String> {
        self.calls.lock().unwrap().clone()
    }
}

fn address_of(listener: &TcpListener) -> String {
    format!("http://{}/mcp", listener.local_addr().unwrap())
}

fn serve(stream: &TcpStream, calls: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(stream);
    while let Some((method, body)) = read_request(&mut reader) {
        let (status, answer) = if method == "POST" {
            answered(&body, calls)
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

fn answered(body: &str, calls: &Mutex<Vec<String>>) -> (&'static str, String) {
    let message: Value = serde_json::from_str(body).unwrap();
    let Some(id) = message.get("id") else {
        return ("202 Accepted", String::new());
    };
    let result = match message["method"].as_str() {
        Some("initialize") => {
            json!({"protocolVersion": "2025-11-25", "capabilities": {"tools": {}},
                "serverInfo": {"name": "far", "version": "1"}})
        }
        Some("tools/list") => json!({"tools": serde_json::from_str::<Value>(TOOLS).unwrap()}),
        Some("tools/call") => {
            calls.lock().unwrap().push(body.to_owned());
            json!({"content": [], "from": "far"})
        }
        Some("server/discover") => {
            let error = json!({"code": -32600, "message": "no session"});
            let answer = json!({"jsonrpc": "2.0", "id": null, "error": error});
            return ("400 Bad Request", answer.to_string());
        }
        _ => json!({}),
    };
    let answer = json!({"jsonrpc": "2.0", "id": id, "result": result});
    ("200 OK", answer.to_string())
}
