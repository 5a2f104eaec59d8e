//! Messages on their way to somebody who reads them in their own time.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use super::sink::Sink;

/// Bytes that may wait for a reader that does not read.
pub(crate) const MAX_WAITING: usize = 64 << 20;

/// Writes messages in order, and never makes the one who sends them wait.
///
/// Whoever sends writes at once as much as the stream takes without waiting, unless something waits already; the rest is
/// written by a thread that may wait. A message to somebody who reads costs no change of threads.
#[derive(Debug)]
pub struct Outbox(Arc<Post>);

/// The other side does not read, or is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unread;

#[derive(Debug)]
struct Post {
    sink: Sink,
    queue: Mutex<Queue>,
    /// There is something to write, or there never will be.
    changed: Condvar,
}

/// What could not be written at once.
#[derive(Debug, Default)]
struct Queue {
    lines: VecDeque<Vec<u8>>,
    /// Bytes of the lines and of the one that the thread is writing.
    ///
    /// INVARIANT: while there are any, only the thread writes; while there are none, only who holds the lock. So lines come
    /// out in their order and never within each other.
    bytes: usize,
    state: State,
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Open,
    /// What waits is still written.
    Closed,
    /// Nobody reads any more.
    Broken,
}

impl Outbox {
    /// An outbox to `stream`, and the thread that writes what waits. The thread ends, and the stream is closed, when the
    /// outbox is dropped and nothing waits, or when nobody reads any more.
    pub fn open(stream: impl Into<OwnedFd>) -> (Self, JoinHandle<()>) {
        let post = Arc::new(Post {
            sink: Sink::new(stream.into()),
            queue: Mutex::default(),
            changed: Condvar::new(),
        });
        let writer = thread::spawn({
            let post = Arc::clone(&post);
            move || post.write_waiting()
        });
        (Self(post), writer)
    }

    /// Sends a message behind those that wait. Messages are single lines.
    pub fn send(&self, message: String) -> Result<(), Unread> {
        self.0.send(line(message))
    }
}

impl Drop for Outbox {
    fn drop(&mut self) {
        let mut queue = self.0.lock();
        if queue.state == State::Open {
            queue.state = State::Closed;
        }
        drop(queue);
        self.0.changed.notify_one();
    }
}

impl Post {
    fn send(&self, mut line: Vec<u8>) -> Result<(), Unread> {
        let mut queue = self.lock();
        if queue.state == State::Broken || queue.bytes > MAX_WAITING {
            return Err(Unread);
        }
        if queue.bytes == 0 {
            let Ok(taken) = self.sink.offer(&line) else {
                queue.state = State::Broken;
                drop(queue);
                self.changed.notify_one();
                return Err(Unread);
            };
            if taken == line.len() {
                return Ok(());
            }
            line.drain(..taken);
        }
        queue.bytes += line.len();
        queue.lines.push_back(line);
        drop(queue);
        self.changed.notify_one();
        Ok(())
    }

    /// Writes what waits until there will be no more.
    fn write_waiting(&self) {
        let mut queue = self.lock();
        loop {
            while let Some(line) = queue.lines.pop_front() {
                drop(queue);
                let written = self.sink.write(&line);
                queue = self.lock();
                queue.bytes -= line.len();
                if written.is_err() {
                    queue.state = State::Broken;
                    queue.lines.clear();
                }
            }
            if queue.state != State::Open {
                return;
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The message as one line: between its values JSON may have line ends, and within them it has none.
fn line(message: String) -> Vec<u8> {
    let mut line = message.into_bytes();
    if memchr::memchr2(b'\n', b'\r', &line).is_some() {
        for byte in &mut line {
            if matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use std::io::{self, BufRead, BufReader, Read};
    use std::os::unix::net::UnixStream;
    use std::sync::mpsc;

    use proptest::prelude::*;

    use super::*;

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

    #[test]
    fn what_does_not_fit_waits_and_goes_through_whole() {
        let (mut reader, writer) = io::pipe().unwrap();
        let (outbox, thread) = Outbox::open(writer);
        let messages = [1 << 20, 1, 4095, 4096, 4097, 1 << 18, 1].map(|size| "m".repeat(size));
        for message in &messages {
            outbox.send(message.clone()).unwrap();
        }
        assert_ne!(outbox.0.lock().bytes, 0);
        drop(outbox);
        let mut text = String::new();
        reader.read_to_string(&mut text).unwrap();
        assert!(text.lines().eq(messages.iter()));
        thread.join().unwrap();
    }

    #[test]
    fn one_who_is_gone_is_noticed() {
        let (reader, writer) = io::pipe().unwrap();
        let (outbox, thread) = Outbox::open(writer);
        outbox.send("read".to_owned()).unwrap();
        drop(reader);
        assert_eq!(outbox.send("unread".to_owned()), Err(Unread));
        assert_eq!(outbox.send("unread".to_owned()), Err(Unread));
        thread.join().unwrap();
    }

    #[test]
    fn one_who_goes_while_something_waits_is_noticed() {
        let (reader, writer) = io::pipe().unwrap();
        let (outbox, thread) = Outbox::open(writer);
        outbox.send("x".repeat(1 << 20)).unwrap();
        drop(reader);
        thread.join().unwrap();
        assert_eq!(outbox.send("unread".to_owned()), Err(Unread));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        /// The reader takes a line whenever it is told to, so that some messages are written at once and others wait.
        #[test]
        fn messages_keep_their_order_however_slowly_they_are_read(
            steps in prop::collection::vec((0_usize..20_000, 0_usize..3), 1..60),
            is_socket: bool,
        ) {
            let (reader, writer) = if is_socket {
                let (reader, writer) = UnixStream::pair().unwrap();
                (OwnedFd::from(reader), OwnedFd::from(writer))
            } else {
                let (reader, writer) = io::pipe().unwrap();
                (reader.into(), writer.into())
            };
            let (take, taking) = mpsc::channel();
            let reading = thread::spawn(move || {
                let mut lines = BufReader::new(std::fs::File::from(reader)).lines().map(Result::unwrap);
                let mut read: Vec<_> = taking.iter().filter_map(|()| lines.next()).collect();
                read.extend(lines);
                read
            });
            let (outbox, writing) = Outbox::open(writer);
            let mut sent = Vec::new();
            for (number, (size, read)) in steps.into_iter().enumerate() {
                let message = format!("{number} {}", "x".repeat(size));
                outbox.send(message.clone()).unwrap();
                sent.push(message);
                (0..read).for_each(|_| take.send(()).unwrap());
            }
            drop((outbox, take));
            prop_assert_eq!(reading.join().unwrap(), sent);
            writing.join().unwrap();
        }
    }
}
