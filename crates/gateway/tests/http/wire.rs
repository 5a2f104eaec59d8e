//! Requests and answers as bytes: a client, and a server that does what a test tells it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A request or an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct Said {
    pub(crate) first: String,
    pub(crate) head: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Said {
    pub(crate) fn status(&self) -> u16 {
        self.first
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .unwrap_or_default()
    }

    /// A header by its name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.head.iter().find(|(key, _)| key == name);
        found.map(|(_, value)| value.as_str())
    }

    /// The text of a member that stands only once in the body.
    pub(crate) fn mentions(&self, text: &str) -> bool {
        self.body.contains(text)
    }
}

fn read_head(stream: &mut BufReader<TcpStream>) -> Option<Said> {
    let mut said = Said::default();
    stream.read_line(&mut said.first).ok().filter(|read| *read > 0)?;
    loop {
        let mut line = String::new();
        stream.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else {
            return Some(said);
        };
        said.head
            .push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

/// A server that answers each request by what `answer` writes, and remembers what it was asked.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    seen: Arc<Mutex<Vec<Said>>>,
}

impl Server {
    pub(crate) fn start(answer: impl Fn(&Said, &mut TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::<Mutex<Vec<Said>>>::default();
        let (answer, log) = (Arc::new(answer), Arc::clone(&seen));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (answer, log) = (Arc::clone(&answer), Arc::clone(&log));
                thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    let Some(mut asked) = read_head(&mut reader) else {
                        return;
                    };
                    let length = asked
                        .header("content-length")
                        .map_or(0, |text| text.parse().unwrap());
                    let mut body = vec![0; length];
                    reader.read_exact(&mut body).unwrap();
                    asked.body = String::from_utf8(body).unwrap();
                    log.lock().unwrap().push(asked.clone());
                    answer(&asked, &mut { stream });
                });
            }
        });
        Self { address, seen }
    }

    /// What it was asked, the gateway's own listings left out.
    pub(crate) fn asked(&self) -> Vec<Said> {
        let seen = self.seen.lock().unwrap();
        seen.iter()
            .filter(|said| !said.mentions("gait-tools"))
            .cloned()
            .collect()
    }

    /// How often the gateway listed.
    pub(crate) fn listings(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.iter().filter(|said| said.mentions("gait-tools")).count()
    }
}

/// Answers with one body.
pub(crate) fn whole(stream: &mut TcpStream, status: &str, content_type: &str, body: &str) {
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nX-Server: yes\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    // The gateway may have seen enough.
    _ = stream.write_all(text.as_bytes());
}

/// Begins a stream of events, which ends with the connection.
pub(crate) fn begin_events(stream: &mut TcpStream) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n";
    stream.write_all(head.as_bytes()).unwrap();
}

/// Sends a request; the answer comes from what is returned.
pub(crate) fn send(
    address: SocketAddr,
    method: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> BufReader<TcpStream> {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let length = body.len();
    let mut text = format!("{method} /mcp HTTP/1.1\r\nConnection: close\r\nContent-Length: {length}\r\n");
    if headers.iter().all(|(name, _)| *name != "Host") {
        text.push_str("Host: localhost\r\n");
    }
    for (name, value) in headers {
        text.extend([name, ": ", value, "\r\n"]);
    }
    stream
        .write_all(format!("{text}Content-Type: application/json\r\n\r\n{body}").as_bytes())
        .unwrap();
    BufReader::new(stream)
}

/// Sends a request and reads all of its answer.
pub(crate) fn ask(address: SocketAddr, method: &str, headers: &[(&str, &str)], body: &str) -> Said {
    read(&mut send(address, method, headers, body))
}

/// Reads an answer to its end.
pub(crate) fn read(stream: &mut BufReader<TcpStream>) -> Said {
    let mut said = read_head(stream).unwrap_or_default();
    if said.header("transfer-encoding") == Some("chunked") {
        while let Some(chunk) = read_chunk(stream) {
            said.body.push_str(&chunk);
        }
    } else {
        stream.read_to_string(&mut said.body).unwrap();
    }
    said
}

/// The head of an answer that goes on.
pub(crate) fn begin(stream: &mut BufReader<TcpStream>) -> Said {
    read_head(stream).unwrap_or_default()
}

/// The next chunk; none at the end.
pub(crate) fn read_chunk(stream: &mut BufReader<TcpStream>) -> Option<String> {
    let mut size = String::new();
    stream.read_line(&mut size).ok()?;
    let size = usize::from_str_radix(size.trim(), 16)
        .ok()
        .filter(|size| *size > 0)?;
    let mut chunk = vec![0; size + 2];
    stream.read_exact(&mut chunk).ok()?;
    chunk.truncate(size);
    String::from_utf8(chunk).ok()
}
