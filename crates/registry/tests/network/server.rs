//! A server on this machine that does to its clients what servers do on bad days.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::PrivateKeyDer;
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// What becomes of a connection.
#[derive(Clone)]
pub(crate) enum Behaviour {
    /// An answer, given as it stands.
    Answer(Vec<u8>),
    /// An answer, and then nothing until the client goes.
    AnswerThenStall(Vec<u8>),
    /// An answer without end, as long as the client takes it.
    AnswerForever(Vec<u8>),
    /// Closed without an answer.
    HangUp,
    /// Dropped with the request unread, which the client sees as a reset.
    Reset,
    /// Nothing until the client goes.
    Stall,
}

impl Behaviour {
    pub(crate) fn status(status: u16) -> Self {
        Self::Answer(
            format!("HTTP/1.1 {status} Status\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
                .into_bytes(),
        )
    }

    pub(crate) fn document(body: &[u8]) -> Self {
        Self::Answer(answer(body.len(), body))
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Self {
        Self::Answer(
            format!(
                "HTTP/1.1 {status} Elsewhere\r\nLocation: {location}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
            .into_bytes(),
        )
    }
}

/// An answer that promises `length` bytes and begins with `body`.
pub(crate) fn answer(length: usize, body: &[u8]) -> Vec<u8> {
    let mut answer =
        format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n").into_bytes();
    answer.extend_from_slice(body);
    answer
}

/// A running server. The n-th connection gets the n-th behaviour, later ones the last.
pub(crate) struct Server {
    address: SocketAddr,
    name: &'static str,
    seen: Arc<Mutex<Vec<String>>>,
    thread: Option<JoinHandle<()>>,
    /// The certificate it shows, in DER.
    pub(crate) certificate: Option<Vec<u8>>,
}

impl Server {
    /// Speaks HTTP in the clear.
    pub(crate) fn plain(behaviours: impl IntoIterator<Item = Behaviour>) -> Self {
        Self::start(behaviours.into_iter().collect(), None)
    }

    /// Speaks HTTP over TLS, as `name`, with a certificate for `certified`.
    pub(crate) fn tls(
        name: &'static str,
        certified: &str,
        behaviours: impl IntoIterator<Item = Behaviour>,
    ) -> Self {
        let CertifiedKey { cert, signing_key } = generate_simple_self_signed([certified.to_owned()]).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![cert.der().clone()],
                PrivateKeyDer::try_from(signing_key.serialize_der()).unwrap(),
            )
            .unwrap();
        let mut server = Self::start(behaviours.into_iter().collect(), Some(Arc::new(config)));
        server.name = name;
        server.certificate = Some(cert.der().to_vec());
        server
    }

    fn start(behaviours: Vec<Behaviour>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let thread = std::thread::spawn(move || {
            for (number, connection) in listener.incoming().enumerate() {
                let behaviour = &behaviours[number.min(behaviours.len() - 1)];
                let mut socket = connection.unwrap();
                // The first byte tells the end of the test, which no request begins with.
                let mut first = [0];
                if matches!(socket.peek(&mut first), Ok(1)) && first == [0] {
                    return;
                }
                if matches!(behaviour, Behaviour::Reset) {
                    log.lock().unwrap().push(String::new());
                    continue;
                }
                match &tls {
                    None => serve(&mut socket, behaviour, &log),
                    Some(config) => {
                        let session = ServerConnection::new(Arc::clone(config)).unwrap();
                        let mut stream = StreamOwned::new(session, socket);
                        serve(&mut stream, behaviour, &log);
                        if !matches!(behaviour, Behaviour::HangUp) {
                            stream.conn.send_close_notify();
                            let _ = stream.flush();
                        }
                        socket = stream.sock;
                    }
                }
                let _ = socket.shutdown(Shutdown::Both);
            }
        });
        Self {
            address,
            name: "127.0.0.1",
            seen,
            thread: Some(thread),
            certificate: None,
        }
    }

    /// Its address with `path`.
    pub(crate) fn url(&self, path: &str) -> String {
        let scheme = if self.certificate.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}:{}{path}", self.name, self.address.port())
    }

    /// The request lines so far.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(mut socket) = TcpStream::connect(self.address) {
            let _ = socket.write_all(&[0]);
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Reads a request to its end and does what is to be done; errors are the client's affair.
fn serve<S: Read + Write>(stream: &mut S, behaviour: &Behaviour, log: &Mutex<Vec<String>>) {
    let mut reader = BufReader::new(&mut *stream);
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let request = line.trim_end().trim_end_matches(" HTTP/1.1").to_owned();
    log.lock().unwrap().push(request);
    while line.trim_end() != "" {
        line.clear();
        if reader.read_line(&mut line).unwrap_or(0) == 0 {
            return;
        }
    }
    drop(reader);
    let until_the_client_goes = |stream: &mut S| {
        let _ = std::io::copy(stream, &mut std::io::sink());
    };
    match behaviour {
        Behaviour::Answer(bytes) => {
            let _ = stream.write_all(bytes).and_then(|()| stream.flush());
        }
        Behaviour::AnswerThenStall(bytes) => {
            let _ = stream.write_all(bytes).and_then(|()| stream.flush());
            until_the_client_goes(stream);
        }
        Behaviour::AnswerForever(head) => {
            let blanks = vec![b' '; 65_536];
            let mut sent = stream.write_all(head);
            while sent.is_ok() {
                sent = stream.write_all(&blanks);
            }
        }
        Behaviour::HangUp | Behaviour::Reset => {}
        Behaviour::Stall => until_the_client_goes(stream),
    }
}
