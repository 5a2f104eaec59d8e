//! A connection that must keep pace: its other end has only so long for the head of a request, for taking a reply, and
//! between requests. The time for a body is counted where bodies are read.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::limits::Limits;

/// What a connection is doing; shared with the service that answers its requests.
#[derive(Debug, Default)]
pub(crate) struct Phase(AtomicU8);

/// Nothing of the next request has arrived.
const IDLE: u8 = 0;
/// The head of a request is arriving.
const HEAD: u8 = 1;
/// A request is being answered.
const REQUEST: u8 = 2;

impl Phase {
    /// The head of a request has arrived.
    pub(crate) fn begin_request(&self) {
        self.0.store(REQUEST, Ordering::Relaxed);
    }

    /// The reply is on its way.
    pub(crate) fn end_request(&self) {
        self.0.store(IDLE, Ordering::Relaxed);
    }

    fn get(&self) -> u8 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A byte stream that fails with [`io::ErrorKind::TimedOut`] when its other end is too slow.
#[derive(Debug)]
pub(crate) struct Paced<S> {
    stream: S,
    phase: Arc<Phase>,
    limits: Limits,
    /// The phase that was seen last, and when it must be over.
    reading: (u8, Instant),
    read_alarm: Pin<Box<Sleep>>,
    /// When the pending write must have moved on.
    writing: Option<Instant>,
    write_alarm: Pin<Box<Sleep>>,
}

impl<S> Paced<S> {
    /// A fresh connection, on which a request is expected at once.
    pub(crate) fn new(stream: S, phase: Arc<Phase>, limits: Limits) -> Self {
        phase.0.store(HEAD, Ordering::Relaxed);
        let now = Instant::now();
        let until = now + limits.header_time;
        Self {
            stream,
            phase,
            limits,
            reading: (HEAD, until),
            read_alarm: Box::pin(sleep_until(until)),
            writing: None,
            write_alarm: Box::pin(sleep_until(until)),
        }
    }

    /// When the other end must have sent what is expected of it; none while it is answered.
    fn read_deadline(&mut self) -> Option<Instant> {
        let phase = self.phase.get();
        if phase != self.reading.0 {
            let allowed = if phase == HEAD {
                self.limits.header_time
            } else {
                self.limits.idle_time
            };
            self.reading = (phase, Instant::now() + allowed);
        }
        (phase != REQUEST).then_some(self.reading.1)
    }

    /// Turns a pending write into an error once it has been pending for too long.
    fn pace_write<T>(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.writing = None;
            return written;
        }
        let until = *self
            .writing
            .get_or_insert_with(|| Instant::now() + self.limits.reply_time);
        ready!(alarm(&mut self.write_alarm, until, context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

/// Ready at `until`.
fn alarm(sleep: &mut Pin<Box<Sleep>>, until: Instant, context: &mut Context<'_>) -> Poll<()> {
    if sleep.deadline() != until {
        sleep.as_mut().reset(until);
    }
    sleep.as_mut().poll(context)
}

impl<S: AsyncRead + Unpin> AsyncRead for Paced<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let this = &mut *self;
        let deadline = this.read_deadline();
        // Also asked when bytes are there: a head that trickles in is never without.
        if deadline.is_some_and(|until| Instant::now() >= until) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        let before = buffer.filled().len();
        let read = Pin::new(&mut this.stream).poll_read(context, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before && this.phase.get() == IDLE {
                this.phase.0.store(HEAD, Ordering::Relaxed);
                this.reading = (HEAD, Instant::now() + this.limits.header_time);
            }
            return read;
        }
        let Some(until) = deadline else {
            return Poll::Pending;
        };
        ready!(alarm(&mut this.read_alarm, until, context));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Paced<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.pace_write(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.pace_write(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.stream).poll_flush(context);
        self.pace_write(context, flushed)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.stream).poll_shutdown(context);
        self.pace_write(context, shut)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
    use tokio::time::{advance, sleep};

    use super::*;

    fn paced(buffer: usize) -> (Paced<DuplexStream>, DuplexStream, Arc<Phase>) {
        let (near, far) = duplex(buffer);
        let phase = Arc::default();
        (
            Paced::new(near, Arc::clone(&phase), Limits::default()),
            far,
            phase,
        )
    }

    fn is_timeout<T: std::fmt::Debug>(result: &io::Result<T>) -> bool {
        result
            .as_ref()
            .is_err_and(|error| error.kind() == io::ErrorKind::TimedOut)
    }

    #[tokio::test(start_paused = true)]
    async fn a_silent_connection_has_as_long_as_a_head_may_take() {
        let (mut near, _far, _) = paced(64);
        let begun = Instant::now();
        assert!(is_timeout(&near.read_u8().await));
        assert_eq!(begun.elapsed(), Limits::default().header_time);
    }

    #[tokio::test(start_paused = true)]
    async fn a_head_that_trickles_in_is_cut_off() {
        let (mut near, mut far, _) = paced(64);
        tokio::spawn(async move {
            while far.write_all(b"x").await.is_ok() {
                sleep(Limits::default().header_time / 10).await;
            }
        });
        let begun = Instant::now();
        let mut read = Ok(0);
        while read.is_ok() {
            read = near.read_u8().await;
        }
        assert!(is_timeout(&read));
        assert!(begun.elapsed() <= Limits::default().header_time * 2);
    }

    #[tokio::test(start_paused = true)]
    async fn between_requests_a_connection_may_rest() {
        let (mut near, mut far, phase) = paced(64);
        far.write_all(b"a").await.unwrap();
        near.read_u8().await.unwrap();
        phase.begin_request();
        advance(Limits::default().idle_time * 10).await;
        far.write_all(b"b").await.unwrap();
        near.read_u8().await.unwrap();
        phase.end_request();
        let begun = Instant::now();
        assert!(is_timeout(&near.read_u8().await));
        assert_eq!(begun.elapsed(), Limits::default().idle_time);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_does_not_take_its_reply_is_cut_off() {
        let (mut near, _far, _) = paced(8);
        let begun = Instant::now();
        assert!(is_timeout(&near.write_all(&[0; 64]).await));
        assert_eq!(begun.elapsed(), Limits::default().reply_time);
    }
}
