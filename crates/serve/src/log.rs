//! The log: one JSON object a line on standard error.
//!
//! A line says what was asked for and what came of it, never what a call's arguments or a caller's credentials were.
//! Writing must not hold up a decision: lines go through a bounded queue to a thread of their own, and when nobody takes
//! them off in time they are dropped and counted.

use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Duration;

use gait_canon::json;
use gait_gate::clock::{Clock as _, SystemClock};
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// Lines that may wait to be written.
const QUEUE: usize = 4096;

/// How long lines gather before they are written together. A thread that is not asleep in the queue costs those who put
/// lines into it nothing to wake.
const GATHER: Duration = Duration::from_millis(5);

/// Bytes after which a write takes no further line.
const WRITE_BYTES: usize = 64 << 10;

/// The writing end of a log.
#[derive(Debug, Clone)]
pub struct LogQueue {
    queue: SyncSender<Queued>,
    dropped: Arc<AtomicU64>,
}

/// What goes through the queue.
#[derive(Debug)]
enum Queued {
    Line(Vec<u8>),
    /// Nothing follows that has to be written.
    End,
}

/// The thread that writes a log.
#[derive(Debug)]
pub struct LogWriter {
    queue: SyncSender<Queued>,
    /// Hangs up when the thread has ended.
    ended: Receiver<()>,
}

impl LogQueue {
    /// A queue whose lines go to `sink`.
    pub fn to(sink: impl Write + Send + 'static) -> io::Result<(Self, LogWriter)> {
        let (queue, queued) = sync_channel(QUEUE);
        let (running, ended) = channel();
        thread::Builder::new().name("log".to_owned()).spawn(move || {
            write_all(&queued, sink);
            drop(running);
        })?;
        let writer = LogWriter {
            queue: queue.clone(),
            ended,
        };
        let dropped = Arc::default();
        Ok((Self { queue, dropped }, writer))
    }

    /// Lines that were dropped.
    #[must_use]
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Makes this the log of the whole process; nothing happens when it has one already.
    pub fn install(self, level: LevelFilter) {
        // Only a second log could fail, and then the first goes on.
        _ = tracing::subscriber::set_global_default(self.subscriber(level));
    }

    /// What turns events up to `level` into lines of this log.
    #[must_use]
    pub fn subscriber(self, level: LevelFilter) -> impl Subscriber + Send + Sync {
        tracing_subscriber::fmt()
            .event_format(JsonObject)
            .with_max_level(level)
            .with_writer(self)
            .finish()
    }
}

impl LogWriter {
    /// Waits until every line so far is written, but no longer than `patience`.
    pub fn finish(self, patience: Duration) {
        // A full queue means that nobody reads the log.
        if self.queue.try_send(Queued::End).is_ok() {
            // Either way the log is over.
            _ = self.ended.recv_timeout(patience);
        }
    }
}

fn write_all(queued: &Receiver<Queued>, mut sink: impl Write) {
    let mut lines = Vec::new();
    while let Ok(Queued::Line(first)) = queued.recv() {
        lines.extend_from_slice(&first);
        let ended = gather(queued, &mut lines);
        // A log that can't be written is no reason to stop deciding.
        _ = sink.write_all(&lines).and_then(|()| sink.flush());
        if ended {
            return;
        }
        if lines.len() < WRITE_BYTES {
            thread::sleep(GATHER);
        }
        lines.clear();
    }
}

/// Adds the lines that wait to `lines`. Tells whether nothing follows.
fn gather(queued: &Receiver<Queued>, lines: &mut Vec<u8>) -> bool {
    while lines.len() < WRITE_BYTES {
        match queued.try_recv() {
            Ok(Queued::Line(line)) => lines.extend_from_slice(&line),
            Ok(Queued::End) => return true,
            Err(_) => break,
        }
    }
    false
}

/// Writes an event as an object: when it was and how grave, what it tells, and what part of the program tells it.
///
/// There is one for every decision, so it is written as it comes, without a tree or a serializer in between.
struct JsonObject;

impl<S, N> FormatEvent<S, N> for JsonObject
where
    S: Subscriber + for<'span> LookupSpan<'span>,
    N: for<'writer> FormatFields<'writer> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let (now, metadata) = (SystemClock.now(), event.metadata());
        write!(writer, r#"{{"timestamp":"{now}","level":"{}""#, metadata.level())?;
        let mut members = Members {
            writer: &mut writer,
            written: Ok(()),
        };
        event.record(&mut members);
        members.written?;
        writeln!(writer, r#","target":"{}"}}"#, metadata.target())
    }
}

/// What an event tells, written as members of an object. Names of fields and targets are identifiers of the program and
/// need no escapes.
struct Members<'a, 'w> {
    writer: &'a mut Writer<'w>,
    written: fmt::Result,
}

impl Members<'_, '_> {
    fn member(&mut self, field: &Field, value: impl fmt::Display) {
        if self.written.is_ok() {
            self.written = write!(self.writer, r#","{}":{value}"#, field.name());
        }
    }
}

impl Visit for Members<'_, '_> {
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.member(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.member(field, value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.member(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match json::line(value) {
            Ok(text) => self.member(field, text),
            Err(_) => self.written = Err(fmt::Error),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }
}

impl<'a> MakeWriter<'a> for LogQueue {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line {
            queue: self,
            bytes: Vec::with_capacity(512),
        }
    }
}

/// One line on its way into the queue.
#[derive(Debug)]
pub struct Line<'a> {
    queue: &'a LogQueue,
    bytes: Vec<u8>,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.bytes.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let line = std::mem::take(&mut self.bytes);
        if line.is_empty() {
            return;
        }
        if let Err(TrySendError::Full(_)) = self.queue.queue.try_send(Queued::Line(line)) {
            self.queue.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::Sender;

    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);

    struct Sink(Sender<Vec<u8>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_vec()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// A sink that says when it is written to, and takes nothing off until its other end is gone.
    struct Stuck {
        reached: Sender<()>,
        released: Receiver<()>,
    }

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            _ = self.reached.send(());
            _ = self.released.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_event_is_one_line_of_json() {
        let (sender, received) = channel();
        let (queue, writer) = LogQueue::to(Sink(sender)).unwrap();
        tracing::subscriber::with_default(queue.subscriber(LevelFilter::INFO), || {
            tracing::info!(status = 200, peer = %"a\"b", idle = true, behind = -1, "request");
            tracing::debug!("not told");
        });
        writer.finish(PATIENCE);
        let text: Vec<u8> = received.iter().flatten().collect();
        let line: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(line["status"], 200);
        assert_eq!((&line["peer"], &line["level"]), (&"a\"b".into(), &"INFO".into()));
        assert_eq!((&line["idle"], &line["behind"]), (&true.into(), &(-1).into()));
        assert_eq!(line["target"], module_path!());
        assert_eq!(line["message"], "request");
        assert_eq!(text.last(), Some(&b'\n'));
    }

    #[test]
    fn a_stuck_sink_costs_lines_and_no_time() {
        let ((reached, stuck), (release, released)) = (channel(), channel());
        let (queue, writer) = LogQueue::to(Stuck { reached, released }).unwrap();
        queue.make_writer().write_all(b"line\n").unwrap();
        stuck.recv().unwrap();
        for _ in 0..QUEUE + 10 {
            queue.make_writer().write_all(b"line\n").unwrap();
        }
        assert_eq!(queue.dropped(), 10);
        writer.finish(PATIENCE);
        drop(release);
    }
}
