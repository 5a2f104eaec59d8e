//! Streams of messages, one on a line, that never make the one who reads or writes them wait for the other side.

use std::io::{self, BufRead, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread;

use crate::frame;

/// Bytes that may wait for a reader that does not read.
pub(crate) const MAX_WAITING: usize = 64 << 20;

/// What a stream of messages brings.
#[derive(Debug)]
pub enum Arrival {
    /// A message, without its line feed.
    Message(Vec<u8>),
    /// A line that is longer than any message may be; the rest of the stream cannot be trusted.
    TooLong,
    /// The stream ended, or could not be read any more.
    End,
}

/// Reads messages until the stream ends, and tells each to `tell`, which says whether anybody still listens.
pub fn read_messages(mut stream: impl BufRead, mut tell: impl FnMut(Arrival) -> bool) {
    loop {
        let arrival = match next_line(&mut stream) {
            Ok(Some(line)) if line.is_empty() => continue,
            Ok(Some(line)) => Arrival::Message(line),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => Arrival::TooLong,
            Ok(None) | Err(_) => Arrival::End,
        };
        let is_last = !matches!(arrival, Arrival::Message(_));
        if !tell(arrival) || is_last {
            return;
        }
    }
}

/// The next line without its end; none at the end of the stream.
fn next_line(stream: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let chunk = match stream.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            return Ok((!line.is_empty()).then_some(line));
        }
        let end = memchr::memchr(b'\n', chunk);
        let taken = end.map_or(chunk.len(), |end| end + 1);
        line.extend_from_slice(&chunk[..end.unwrap_or(taken)]);
        stream.consume(taken);
        if line.len() > frame::MAX_BYTES {
            return Err(io::ErrorKind::InvalidData.into());
        }
        if end.is_some() {
            if line.last() == Some(&b'\r') {
                line.pop();
            }
            return Ok(Some(line));
        }
    }
}

/// Writes messages in order on a thread of its own.
#[derive(Debug)]
pub struct Outbox {
    messages: Sender<String>,
    waiting: Arc<AtomicUsize>,
}

/// The other side does not read, or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread;

impl Outbox {
    /// An outbox to `stream`, and the thread that empties it. The thread ends, and the stream is closed, when the outbox is
    /// dropped and empty, or when nobody reads any more.
    pub fn open(mut stream: impl Write + Send + 'static) -> (Self, thread::JoinHandle<()>) {
        let (messages, queue) = mpsc::channel::<String>();
        let waiting = Arc::new(AtomicUsize::new(0));
        let left = Arc::clone(&waiting);
        let writer = thread::spawn(move || {
            for message in queue {
                let size = message.len();
                let line = message + "\n";
                if stream
                    .write_all(line.as_bytes())
                    .and_then(|()| stream.flush())
                    .is_err()
                {
                    return;
                }
                left.fetch_sub(size, Ordering::AcqRel);
            }
        });
        (Self { messages, waiting }, writer)
    }

    /// Puts a message behind those that wait. Messages are single lines.
    pub fn send(&self, message: String) -> Result<(), Unread> {
        let message = single_line(message);
        if self.waiting.fetch_add(message.len(), Ordering::AcqRel) > MAX_WAITING {
            return Err(Unread);
        }
        self.messages.send(message).map_err(|_| Unread)
    }
}

/// The message on one line: between its values JSON may have line ends, and within them it has none.
fn single_line(message: String) -> String {
    if memchr::memchr2(b'\n', b'\r', message.as_bytes()).is_some() {
        message.replace(['\n', '\r'], " ")
    } else {
        message
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arrivals(text: &[u8]) -> Vec<String> {
        let mut found = Vec::new();
        read_messages(text, |arrival| {
            found.push(match arrival {
                Arrival::Message(line) => String::from_utf8_lossy(&line).into_owned(),
                Arrival::TooLong => "too long".to_owned(),
                Arrival::End => "end".to_owned(),
            });
            true
        });
        found
    }

    #[test]
    fn a_line_is_a_message() {
        assert_eq!(arrivals(b"{}\r\n\n[1]\nlast"), ["{}", "[1]", "last", "end"]);
        assert_eq!(arrivals(b""), ["end"]);
    }

    #[test]
    fn a_line_without_end_is_given_up() {
        let endless = vec![b' '; frame::MAX_BYTES + 1];
        assert_eq!(arrivals(&endless), ["too long"]);
    }

    #[test]
    fn messages_are_written_in_order_and_on_one_line_each() {
        let (reader, writer) = io::pipe().unwrap();
        let (outbox, thread) = Outbox::open(writer);
        outbox.send("{\"a\":\n1}".to_owned()).unwrap();
        outbox.send("2".to_owned()).unwrap();
        drop(outbox);
        thread.join().unwrap();
        assert_eq!(io::read_to_string(reader).unwrap(), "{\"a\": 1}\n2\n");
    }

    #[test]
    fn nobody_waits_for_who_does_not_read() {
        let (_reader, writer) = io::pipe().unwrap();
        let (outbox, _thread) = Outbox::open(writer);
        let large = "x".repeat(MAX_WAITING / 4);
        assert!((0..8).any(|_| outbox.send(large.clone()).is_err()));
    }
}
