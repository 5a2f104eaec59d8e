//! A stream of server-sent events (HTML Living Standard section 9.2), taken apart without losing a byte.

use bytes::{Bytes, BytesMut};

use crate::frame;

/// Bytes of one event: a message and what stands around it.
const MAX_BYTES: usize = frame::MAX_BYTES + (64 << 10);
/// Streams may begin with this mark, which readers skip.
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// An event is longer than any may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooLong;

/// Cuts a stream into events.
#[derive(Debug, Default)]
pub(crate) struct Events {
    buffer: BytesMut,
    /// Where the line begins that is not complete.
    line: usize,
    /// How far the buffer was searched for its end.
    searched: usize,
    /// The event that is not complete.
    event: Draft,
    /// Whether the first line was seen.
    begun: bool,
    /// Whether a line feed at the beginning of what comes next belongs to the line before.
    skips_feed: bool,
}

/// What is known of an event.
#[derive(Debug, Default)]
struct Draft {
    data: Option<Vec<u8>>,
    rest: Vec<u8>,
    is_rewritten: bool,
}

/// One event, or a comment.
#[derive(Debug)]
pub(crate) struct Event {
    raw: Bytes,
    draft: Draft,
}

impl Events {
    /// Takes in the next bytes of the stream.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let skips_feed = std::mem::take(&mut self.skips_feed);
        let bytes = bytes.strip_prefix(b"\n").filter(|_| skips_feed).unwrap_or(bytes);
        self.buffer.extend_from_slice(bytes);
    }

    /// The next event that is complete.
    pub(crate) fn next(&mut self) -> Result<Option<Event>, TooLong> {
        while let Some(found) = memchr::memchr2(b'\n', b'\r', &self.buffer[self.searched..]) {
            let end = self.searched + found;
            let is_return = self.buffer[end] == b'\r';
            let is_pair = is_return && self.buffer.get(end + 1) == Some(&b'\n');
            let after = end + 1 + usize::from(is_pair);
            if is_return && !is_pair {
                // Not every reader takes a lone return for an end.
                self.event.is_rewritten = true;
                self.skips_feed = after == self.buffer.len();
            }
            let is_blank = end == self.line;
            if !is_blank {
                self.take_line(end);
            }
            (self.line, self.searched) = (after, after);
            if is_blank {
                return Ok(Some(self.take_event(after)));
            }
        }
        self.searched = self.buffer.len();
        if self.buffer.len() > MAX_BYTES {
            return Err(TooLong);
        }
        Ok(None)
    }

    fn take_line(&mut self, end: usize) {
        let mut line = &self.buffer[self.line..end];
        if !std::mem::replace(&mut self.begun, true)
            && let Some(rest) = line.strip_prefix(BYTE_ORDER_MARK)
        {
            self.event.is_rewritten = true;
            line = rest;
        }
        self.event.take_line(line);
    }

    fn take_event(&mut self, end: usize) -> Event {
        (self.line, self.searched) = (0, 0);
        self.begun = true;
        Event {
            raw: self.buffer.split_to(end).freeze(),
            draft: std::mem::take(&mut self.event),
        }
    }
}

impl Draft {
    fn take_line(&mut self, line: &[u8]) {
        let colon = memchr::memchr(b':', line);
        let (field, value) = line.split_at(colon.unwrap_or(line.len()));
        let value = value.strip_prefix(b":").unwrap_or(value);
        match field {
            b"data" => {
                let value = value.strip_prefix(b" ").unwrap_or(value);
                match &mut self.data {
                    Some(data) => {
                        data.push(b'\n');
                        data.extend_from_slice(value);
                    }
                    None => self.data = Some(value.to_vec()),
                }
            }
            b"" | b"event" | b"id" | b"retry" => {
                self.rest.extend_from_slice(line);
                self.rest.push(b'\n');
            }
            // What readers must ignore, some might not.
            _ => self.is_rewritten = true,
        }
    }
}

impl Event {
    /// The message that it carries.
    pub(crate) fn data(&self) -> Option<&[u8]> {
        self.draft.data.as_deref().filter(|data| !data.is_empty())
    }

    /// By what the stream can be gone on with after this event; empty where that is no longer possible.
    pub(crate) fn id(&self) -> Option<&str> {
        self.field("id")
    }

    /// How long to wait before that, in milliseconds.
    pub(crate) fn retry(&self) -> Option<u64> {
        self.field("retry")?.parse().ok()
    }

    /// The last value of a field that stands beside the message.
    fn field(&self, name: &str) -> Option<&str> {
        let lines = std::str::from_utf8(&self.draft.rest).ok()?.lines();
        let mut values = lines.filter_map(|line| {
            let (field, value) = line.split_once(':').unwrap_or((line, ""));
            (field == name).then(|| value.strip_prefix(' ').unwrap_or(value))
        });
        values.next_back()
    }

    /// The event as it came, when it can be read in one way only.
    pub(crate) fn into_bytes(self) -> Bytes {
        if !self.draft.is_rewritten {
            return self.raw;
        }
        let data = self.draft.data.as_deref();
        written(&self.draft.rest, data)
    }

    /// The event with another message.
    pub(crate) fn carrying(&self, message: &str) -> Bytes {
        written(&self.draft.rest, Some(message.as_bytes()))
    }

    /// What is left of the event without its message: its id, by which a client may resume the stream.
    pub(crate) fn without_message(&self) -> Option<Bytes> {
        (!self.draft.rest.is_empty()).then(|| written(&self.draft.rest, None))
    }
}

/// An event that carries `message`.
pub(crate) fn event(message: &str) -> Bytes {
    written(b"event: message\n", Some(message.as_bytes()))
}

fn written(rest: &[u8], data: Option<&[u8]>) -> Bytes {
    let mut event = rest.to_vec();
    for line in data
        .into_iter()
        .flat_map(|data| data.split(|byte| *byte == b'\n'))
    {
        event.extend_from_slice(b"data: ");
        event.extend_from_slice(line.strip_suffix(b"\r").unwrap_or(line));
        event.push(b'\n');
    }
    event.push(b'\n');
    event.into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The message and the bytes of every event of `stream`, which arrives in pieces of `size` bytes.
    fn cut(stream: &[u8], size: usize) -> Vec<(Option<String>, String)> {
        let mut events = Events::default();
        let mut found = Vec::new();
        for piece in stream.chunks(size) {
            events.push(piece);
            while let Some(event) = events.next().unwrap() {
                let data = event
                    .data()
                    .map(|data| String::from_utf8_lossy(data).into_owned());
                found.push((data, String::from_utf8_lossy(&event.into_bytes()).into_owned()));
            }
        }
        found
    }

    #[test]
    fn events_are_cut_as_readers_do() {
        for (stream, expected) in [
            ("data: {}\n\n", &[(Some("{}"), "data: {}\n\n")][..]),
            (
                "event: message\r\nid: 7\r\ndata:{\r\ndata: }\r\n\r\n",
                &[(
                    Some("{\n}"),
                    "event: message\r\nid: 7\r\ndata:{\r\ndata: }\r\n\r\n",
                )],
            ),
            (": alive\n\n", &[(None, ": alive\n\n")]),
            ("id: 1\ndata:\n\n", &[(None, "id: 1\ndata:\n\n")]),
            // What readers could take apart differently is written anew.
            ("data: 1\rdata: 2\r\r", &[(Some("1\n2"), "data: 1\ndata: 2\n\n")]),
            ("\u{FEFF}data: 1\n\n", &[(Some("1"), "data: 1\n\n")]),
            (" data: hidden\ndata: 1\n\n", &[(Some("1"), "data: 1\n\n")]),
            ("data: cut off", &[]),
        ] {
            let found = cut(stream.as_bytes(), stream.len());
            let found: Vec<_> = found
                .iter()
                .map(|(data, raw)| (data.as_deref(), raw.as_str()))
                .collect();
            assert_eq!(found, expected, "{stream:?}");
        }
    }

    #[test]
    fn what_stands_beside_a_message_is_known() {
        let mut events = Events::default();
        events.push(b"id: 1\nid:a b\nretry: 20\ndata: {}\n\nretry: x\ndata: {}\n\n");
        let first = events.next().unwrap().unwrap();
        assert_eq!((first.id(), first.retry()), (Some("a b"), Some(20)));
        let second = events.next().unwrap().unwrap();
        assert_eq!((second.id(), second.retry()), (None, None));
    }

    #[test]
    fn messages_are_exchanged_and_cut_out() {
        let mut events = Events::default();
        events.push(b"id: 1\ndata: {}\n\ndata: {}\n\n");
        let event = events.next().unwrap().unwrap();
        assert_eq!(event.carrying("{\n}"), "id: 1\ndata: {\ndata: }\n\n");
        assert_eq!(event.without_message().unwrap(), "id: 1\n\n");
        assert!(events.next().unwrap().unwrap().without_message().is_none());
    }

    #[test]
    fn an_event_without_end_is_given_up() {
        let mut events = Events::default();
        events.push(&vec![b'x'; MAX_BYTES + 1]);
        assert_eq!(events.next().unwrap_err(), TooLong);
    }

    proptest! {
        #[test]
        fn pieces_make_no_difference(stream in "(data|id|x|:|: |\n|\r|\r\n|[a-z]){0,40}", size in 1_usize..5) {
            let messages = |size| -> Vec<_> { cut(stream.as_bytes(), size).into_iter().map(|event| event.0).collect() };
            prop_assert_eq!(messages(size), messages(stream.len().max(1)));
        }
    }
}
