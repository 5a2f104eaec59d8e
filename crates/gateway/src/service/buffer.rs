//! What waits for a client, stream by stream, and what may have to be said again.

use std::collections::{BTreeMap, VecDeque};

/// Bytes that wait for one client, or may have to be said again.
const MAX_BYTES: usize = 32 << 20;
/// Bytes of a stream that were read and may have to be said again.
const MAX_READ_BYTES: usize = 256 << 10;
/// Streams that are over and may have to be read again.
const MAX_ENDED: usize = 64;

/// The stream of what belongs to no request.
pub(super) const OWN: u64 = 0;

/// More waits for a client than may wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Full;

/// One message of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Event {
    /// Its place in the stream, from 1.
    pub(super) place: u64,
    /// The message.
    pub(super) text: String,
    /// Whether it is the last of the stream.
    pub(super) is_last: bool,
}

/// What a reader finds.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A message.
    Event(Event),
    /// Nothing yet.
    Nothing,
    /// Nothing will come any more.
    End,
}

/// Every stream to one client.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    streams: BTreeMap<u64, Stream>,
    bytes: usize,
    /// Whether what was read may have to be said again.
    keeps: bool,
}

#[derive(Debug, Default)]
struct Stream {
    events: VecDeque<Event>,
    last_place: u64,
    /// Up to where it was read.
    read: u64,
    read_bytes: usize,
    has_ended: bool,
    /// Who reads it; whoever came before does not any more.
    reader: u64,
    is_read: bool,
}

impl Buffer {
    pub(super) fn new(keeps: bool) -> Self {
        let mut buffer = Self {
            keeps,
            ..Self::default()
        };
        buffer.open(OWN);
        buffer
    }

    /// Opens a stream.
    pub(super) fn open(&mut self, number: u64) {
        self.streams.insert(number, Stream::default());
    }

    /// Whether anybody reads a stream at the moment.
    pub(super) fn is_read(&self, number: u64) -> bool {
        self.streams.get(&number).is_some_and(|stream| stream.is_read)
    }

    pub(super) fn has_readers(&self) -> bool {
        self.streams.values().any(|stream| stream.is_read)
    }

    /// Puts a message behind those that wait. Streams that are gone take none.
    pub(super) fn push(&mut self, number: u64, text: String, is_last: bool) -> Result<(), Full> {
        let Some(stream) = self.streams.get_mut(&number) else {
            return Ok(());
        };
        self.bytes += text.len();
        stream.last_place += 1;
        stream.has_ended |= is_last;
        stream.events.push_back(Event {
            place: stream.last_place,
            text,
            is_last,
        });
        if self.bytes > MAX_BYTES {
            self.forget_read(0);
        }
        if self.bytes > MAX_BYTES {
            self.forget_deserted(number);
        }
        if self.bytes > MAX_BYTES { Err(Full) } else { Ok(()) }
    }

    /// Takes over a stream behind the message at a place; the reader's number, or none when there is no such stream.
    pub(super) fn take_over(&mut self, number: u64) -> Option<u64> {
        let stream = self.streams.get_mut(&number)?;
        stream.reader += 1;
        stream.is_read = true;
        Some(stream.reader)
    }

    /// The next message behind the one at `after`.
    pub(super) fn read(&mut self, number: u64, reader: u64, after: u64) -> Found {
        let keeps = self.keeps;
        let Some(stream) = self
            .streams
            .get_mut(&number)
            .filter(|stream| stream.reader == reader)
        else {
            return Found::End;
        };
        let Some(event) = stream.events.iter().find(|event| event.place > after).cloned() else {
            return if stream.has_ended {
                Found::End
            } else {
                Found::Nothing
            };
        };
        if event.place > stream.read {
            stream.read = event.place;
            stream.read_bytes += event.text.len();
        }
        let allowed = if keeps { MAX_READ_BYTES } else { 0 };
        self.bytes -= stream.forget_read(allowed);
        Found::Event(event)
    }

    /// A reader is gone.
    pub(super) fn leave(&mut self, number: u64, reader: u64) {
        if let Some(stream) = self
            .streams
            .get_mut(&number)
            .filter(|stream| stream.reader == reader)
        {
            stream.is_read = false;
        }
        let ended: Vec<u64> = self
            .streams
            .iter()
            .filter(|(_, stream)| stream.has_ended && !stream.is_read)
            .map(|(number, _)| *number)
            .collect();
        let allowed = if self.keeps { MAX_ENDED } else { 0 };
        for number in &ended[..ended.len().saturating_sub(allowed)] {
            self.remove(*number);
        }
    }

    /// Forgets a stream.
    pub(super) fn remove(&mut self, number: u64) {
        if let Some(stream) = self.streams.remove(&number) {
            self.bytes -= stream.events.iter().map(|event| event.text.len()).sum::<usize>();
        }
    }

    /// Forgets answers that nobody came back for, `but` one.
    fn forget_deserted(&mut self, but: u64) {
        let is_deserted = |(number, stream): (&u64, &Stream)| {
            (stream.has_ended && !stream.is_read && *number != but).then_some(*number)
        };
        let deserted: Vec<u64> = self.streams.iter().filter_map(is_deserted).collect();
        for number in deserted {
            self.remove(number);
        }
    }

    fn forget_read(&mut self, allowed: usize) {
        for stream in self.streams.values_mut() {
            self.bytes -= stream.forget_read(allowed);
        }
    }
}

impl Stream {
    /// Forgets what was read beyond `allowed` bytes; how many bytes that were.
    fn forget_read(&mut self, allowed: usize) -> usize {
        let mut forgotten = 0;
        while self.read_bytes > allowed
            && self.events.front().is_some_and(|event| event.place <= self.read)
            && let Some(event) = self.events.pop_front()
        {
            self.read_bytes -= event.text.len();
            forgotten += event.text.len();
        }
        forgotten
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(buffer: &mut Buffer, reader: u64, mut after: u64) -> Vec<String> {
        let mut texts = Vec::new();
        while let Found::Event(event) = buffer.read(1, reader, after) {
            after = event.place;
            texts.push(event.text);
        }
        texts
    }

    #[test]
    fn what_was_read_can_be_read_again_by_who_comes_back() {
        let mut buffer = Buffer::new(true);
        buffer.open(1);
        let reader = buffer.take_over(1).unwrap();
        for text in ["a", "b"] {
            buffer.push(1, text.to_owned(), false).unwrap();
        }
        assert_eq!(texts(&mut buffer, reader, 0), ["a", "b"]);
        assert_eq!(buffer.read(1, reader, 2), Found::Nothing);
        buffer.leave(1, reader);
        buffer.push(1, "c".to_owned(), true).unwrap();
        let second = buffer.take_over(1).unwrap();
        assert_eq!(texts(&mut buffer, second, 1), ["b", "c"]);
        assert_eq!(buffer.read(1, second, 3), Found::End);
        // Only one reads a stream at a time.
        assert_eq!(buffer.read(1, reader, 0), Found::End);
    }

    #[test]
    fn answers_that_nobody_came_for_make_room() {
        let mut buffer = Buffer::new(true);
        let text = "x".repeat(MAX_BYTES / 4);
        for number in 1..20 {
            buffer.open(number);
            buffer.push(number, text.clone(), true).unwrap();
        }
        assert!(buffer.bytes <= MAX_BYTES);
    }

    #[test]
    fn what_nobody_reads_does_not_grow_without_end() {
        for keeps in [true, false] {
            let mut buffer = Buffer::new(keeps);
            buffer.open(1);
            let text = "x".repeat(MAX_BYTES / 4);
            assert!((0..5).any(|_| buffer.push(1, text.clone(), false) == Err(Full)));
            buffer.remove(1);
            assert_eq!(buffer.bytes, 0);

            buffer.open(1);
            let reader = buffer.take_over(1).unwrap();
            for place in 0..50 {
                buffer.push(1, text.clone(), false).unwrap();
                assert!(matches!(buffer.read(1, reader, place), Found::Event(_)));
            }
            for number in 2..2 + 2 * MAX_ENDED as u64 {
                buffer.open(number);
                let reader = buffer.take_over(number).unwrap();
                buffer.push(number, "x".to_owned(), true).unwrap();
                buffer.read(number, reader, 0);
                buffer.leave(number, reader);
            }
            assert!(buffer.streams.len() <= MAX_ENDED + 2);
        }
    }
}
