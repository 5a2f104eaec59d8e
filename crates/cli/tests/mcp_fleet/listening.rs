//! A gateway that listens, and a client that asks it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command};
use std::time::Duration;

use gait_canon::json::{self, Value};

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(60);

/// A gateway that listens.
pub(crate) struct Listening {
    child: Child,
    address: String,
}

/// An answer.
#[derive(Debug, Default)]
pub(crate) struct Said {
    pub(crate) status: u16,
    head: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Said {
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.head.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    pub(crate) fn json(&self) -> Value {
        json::parse(self.body.as_bytes()).unwrap()
    }
}

/// An answer that goes on.
pub(crate) struct Stream(BufReader<TcpStream>);

impl Stream {
    /// The message of the next event.
    pub(crate) fn event(&mut self) -> String {
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "the stream ended");
            if let Some(data) = line.strip_prefix("data: ") {
                return data.trim_end().to_owned();
            }
        }
    }
}

impl Listening {
    /// Starts the gateway and waits until it listens.
    pub(crate) fn start(mut command: Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        let stdout = child.stdout.as_mut().unwrap();
        BufReader::new(stdout).read_line(&mut line).unwrap();
        let (_, rest) = line
            .split_once("listening=")
            .expect("the gateway says where it listens");
        let address = rest.split_whitespace().next().unwrap().to_owned();
        Self { child, address }
    }

    pub(crate) fn post(&self, headers: &[(&str, &str)], body: &str) -> Said {
        self.ask("POST", headers, body)
    }

    pub(crate) fn ask(&self, method: &str, headers: &[(&str, &str)], body: &str) -> Said {
        read(&mut self.send(method, headers, body))
    }

    /// Asks for an answer that goes on.
    pub(crate) fn stream(&self, method: &str, headers: &[(&str, &str)], body: &str) -> Stream {
        let mut stream = self.send(method, headers, body);
        let head = read_head(&mut stream);
        assert_eq!(
            (head.status, head.header("content-type")),
            (200, "text/event-stream")
        );
        Stream(stream)
    }

    fn send(&self, method: &str, headers: &[(&str, &str)], body: &str) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let length = body.len();
        let mut text = format!("{method} /mcp HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n");
        for (name, value) in [
            ("Host", "localhost"),
            ("Accept", "application/json, text/event-stream"),
            ("Content-Type", "application/json"),
        ] {
            if headers.iter().all(|(given, _)| *given != name) {
                text.extend([name, ": ", value, "\r\n"]);
            }
        }
        for (name, value) in headers {
            text.extend([name, ": ", value, "\r\n"]);
        }
        // Who is refused may not be heard to the end.
        _ = stream.write_all(format!("{text}\r\n{body}").as_bytes());
        BufReader::new(stream)
    }

    /// Tells the gateway to end, and waits until it has.
    pub(crate) fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").arg(pid).status().unwrap().success());
        let mut told = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut told)
            .unwrap();
        assert!(self.child.wait().unwrap().success(), "{told}");
    }
}

fn read_head(stream: &mut BufReader<TcpStream>) -> Said {
    let mut said = Said::default();
    let mut first = String::new();
    stream.read_line(&mut first).unwrap();
    said.status = first.split(' ').nth(1).unwrap_or("0").parse().unwrap();
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return said;
        };
        said.head
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn read(stream: &mut BufReader<TcpStream>) -> Said {
    let mut said = read_head(stream);
    // Where the end is known by the connection's, it may be cut off after what was refused.
    let length = said.header("content-length").parse().unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    said.body = String::from_utf8(body).unwrap();
    said
}
