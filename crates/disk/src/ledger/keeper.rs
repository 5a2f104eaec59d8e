//! The thread beside the writer: it makes segments ready, and has the disk keep the files of those that are full.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, TryRecvError, channel};
use std::thread::{self, JoinHandle};

use super::files::make_durable;
use super::segment::Segment;
use crate::Error;

/// Bytes of the first segment. Every further one is twice as large, up to the size in the options, so that a service that
/// decides little takes little.
pub(super) const FIRST_SEGMENT: u64 = 1 << 20;

/// The writer's side.
#[derive(Debug)]
pub(super) struct Keeper {
    orders: Sender<Order>,
    spares: Receiver<Spare>,
    thread: JoinHandle<()>,
}

#[derive(Debug)]
enum Order {
    Make,
    Retire(Segment),
}

/// The answer to the wish for a segment.
#[derive(Debug)]
pub(super) enum Spare {
    Ready(Segment),
    /// Not yet.
    None,
    /// None could be made: the disk is full, say.
    Impossible,
    /// The disk did not keep what was written to it.
    Failed(Error),
}

impl Keeper {
    /// Starts the thread, which keeps segments of up to `largest` bytes in `directory`.
    pub(super) fn start(directory: PathBuf, largest: u64) -> Result<Self, Error> {
        let (orders, received) = channel();
        let (made, spares) = channel();
        let size = FIRST_SEGMENT.saturating_mul(2).min(largest.max(FIRST_SEGMENT));
        let bench = Bench {
            directory: directory.clone(),
            size,
            largest,
        };
        let thread = thread::Builder::new()
            .name("ledger-keeper".to_owned())
            .spawn(move || bench.work(&received, &made))
            .map_err(|source| Error::Io {
                action: "start the keeper of",
                path: directory,
                source,
            })?;
        Ok(Self {
            orders,
            spares,
            thread,
        })
    }

    /// Orders one segment more.
    pub(super) fn order(&self) {
        // A keeper that is gone is noticed when its segment is asked for.
        let _ = self.orders.send(Order::Make);
    }

    /// Has the files of a full segment flushed; then it is a spare.
    pub(super) fn retire(&self, full: Segment) {
        let _ = self.orders.send(Order::Retire(full));
    }

    /// The segment that was ordered or retired.
    pub(super) fn spare(&self, wait: bool) -> Spare {
        if wait {
            return self.spares.recv().unwrap_or(Spare::Impossible);
        }
        match self.spares.try_recv() {
            Ok(spare) => spare,
            Err(TryRecvError::Empty) => Spare::None,
            Err(TryRecvError::Disconnected) => Spare::Impossible,
        }
    }

    /// Waits for the work that is under way, and removes the spare segments.
    pub(super) fn finish(self) {
        drop(self.orders);
        let _ = self.thread.join();
        while let Ok(spare) = self.spares.try_recv() {
            if let Spare::Ready(segment) = spare {
                let _ = segment.remove();
            }
        }
    }
}

/// The thread's side.
#[derive(Debug)]
struct Bench {
    directory: PathBuf,
    /// Bytes of the next segment.
    size: u64,
    largest: u64,
}

impl Bench {
    fn work(mut self, orders: &Receiver<Order>, made: &Sender<Spare>) {
        while let Ok(order) = orders.recv() {
            let spare = match order {
                Order::Make => self.make(),
                Order::Retire(segment) => self.renew(segment),
            };
            self.size = self.size.saturating_mul(2).min(self.largest.max(FIRST_SEGMENT));
            if made.send(spare).is_err() {
                break;
            }
        }
    }

    fn make(&self) -> Spare {
        let made = Segment::create(&self.directory).and_then(|mut segment| {
            segment.reserve(self.size)?;
            Ok(segment)
        });
        made.map_or(Spare::Impossible, Spare::Ready)
    }

    fn renew(&self, mut segment: Segment) -> Spare {
        if let Err(error) = make_durable(&segment, segment.records_written()) {
            return Spare::Failed(error);
        }
        match segment.begin().and_then(|()| segment.reserve(self.size)) {
            Ok(()) => Spare::Ready(segment),
            Err(error) => Spare::Failed(error),
        }
    }
}
