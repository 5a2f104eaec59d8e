//! A gateway that listens, and a client that asks it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::Command;

use serde_json::Value;

use crate::gateway::Gateway;
use crate::site::{PATIENCE, Site};

pub(crate) struct Listening {
    gateway: Gateway,
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
        serde_json::from_str(&self.body).unwrap()
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
    pub(crate) fn start(site: &Site, flags: &[&str]) -> Self {
        Self::begun(site.gateway(&[&["--listen", "127.0.0.1:0"], flags].concat()))
    }

    /// The same for a gateway that is told to listen already.
    pub(crate) fn begun(command: Command) -> Self {
        let gateway = Gateway::start(command);
        let line = gateway.line();
        let (_, rest) = line
            .split_once("listening=")
            .expect("the gateway says where it listens");
        let address = rest.split_whitespace().next().unwrap().to_owned();
        Self { gateway, address }
    }

    /// The request for an approval that people are told of on standard error.
    pub(crate) fn asked(&self) -> String {
        self.gateway.asked()
    }

    pub(crate) fn post(&self, headers: &[(&str, &str)], body: &str) -> Said {
        self.ask("POST", headers, body)
    }

    pub(crate) fn ask(&self, method: &str, headers: &[(&str, &str)], body: &str) -> Said {
        self.begin(method, headers, body).wait()
    }

    /// Asks, and does not wait for the answer.
    pub(crate) fn begin(&self, method: &str, headers: &[(&str, &str)], body: &str) -> Asked {
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
        Asked(BufReader::new(stream))
    }

    /// Asks for an answer that goes on.
    pub(crate) fn stream(&self, method: &str, headers: &[(&str, &str)], body: &str) -> Stream {
        self.begin(method, headers, body).stream()
    }

    /// Tells the gateway to end, and waits until it has.
    pub(crate) fn end(self) {
        self.gateway.terminate();
    }
}

/// A request that is not answered.
pub(crate) struct Asked(BufReader<TcpStream>);

impl Asked {
    /// The answer.
    pub(crate) fn wait(mut self) -> Said {
        let mut said = self.head();
        // Where the end is known by the connection's, it may be cut off after what was refused.
        let length = said.header("content-length").parse().unwrap_or(0);
        let mut body = vec![0; length];
        self.0.read_exact(&mut body).unwrap();
        said.body = String::from_utf8(body).unwrap();
        said
    }

    /// The answer that goes on.
    pub(crate) fn stream(mut self) -> Stream {
        let head = self.head();
        assert_eq!(
            (head.status, head.header("content-type")),
            (200, "text/event-stream")
        );
        Stream(self.0)
    }

    fn head(&mut self) -> Said {
        let mut said = Said::default();
        let mut first = String::new();
        self.0.read_line(&mut first).unwrap();
        said.status = first.split(' ').nth(1).unwrap_or("0").parse().unwrap();
        loop {
            let mut line = String::new();
            self.0.read_line(&mut line).unwrap();
            let Some((name, value)) = line.trim_end().split_once(':') else {
                return said;
            };
            said.head
                .push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
}
