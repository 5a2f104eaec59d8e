//! A caller that sends what it is told, byte by byte if need be.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::Value;

/// No reply takes longer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A reply.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    head: String,
    pub(crate) body: String,
}

impl Reply {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    /// A header by its name in lower case; empty when it is not there.
    pub(crate) fn header(&self, name: &str) -> String {
        let lines = self.head.lines().filter_map(|line| line.split_once(':'));
        let mut values = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
        values
            .next()
            .map(|(_, value)| value.trim().to_owned())
            .unwrap_or_default()
    }
}

pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream
}

/// Sends `request` and reads until the service hangs up.
pub(crate) fn send(address: SocketAddr, request: &[u8]) -> Reply {
    let mut stream = connect(address);
    stream.write_all(request).unwrap();
    read(&mut stream)
}

/// Reads until the service hangs up.
pub(crate) fn read(stream: &mut TcpStream) -> Reply {
    let mut bytes = Vec::new();
    // A service that hangs up in the middle of a request resets the connection; what it said before counts.
    _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8(bytes).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok());
    Reply {
        status: status.unwrap_or_default(),
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

pub(crate) fn get(address: SocketAddr, path: &str) -> Reply {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    send(address, request.as_bytes())
}

/// Posts `body` with `headers`, each a line without its end.
pub(crate) fn post(address: SocketAddr, path: &str, headers: &[&str], body: &[u8]) -> Reply {
    let headers: Vec<String> = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let headers = headers.concat();
    let length = body.len();
    let mut request =
        format!("POST {path} HTTP/1.1\r\n{headers}Connection: close\r\nContent-Length: {length}\r\n\r\n")
            .into_bytes();
    request.extend_from_slice(body);
    send(address, &request)
}

/// Asks for a decision as ordinary clients do.
pub(crate) fn evaluate(address: SocketAddr, body: &str) -> Reply {
    let headers = ["Host: localhost", "Content-Type: application/json"];
    post(address, "/v1/evaluate", &headers, body.as_bytes())
}
