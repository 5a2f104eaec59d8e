//! Streams of messages, one on a line, that never make the one who reads or writes them wait for the other side.

mod outbox;
mod sink;

use std::io::{self, BufRead};

use crate::frame;

pub(crate) use outbox::MAX_WAITING;
pub use outbox::{Outbox, Unread};

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
}
