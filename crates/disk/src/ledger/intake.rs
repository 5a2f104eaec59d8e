//! The queue between those who have records and the one thread that writes them.

use std::collections::VecDeque;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::{Gather, LedgerError};
use crate::Error;

/// Bytes after which a batch takes no further record.
const BATCH_BYTES: usize = 4 << 20;

/// What a waiting record takes besides its content, roughly: its path, its callback, its place.
const OVERHEAD: usize = 512;

/// The longest time that the writer waits for as many records as came together the last time: a few times what it takes to
/// wake a thread, little beside what a flush takes.
const GATHERING: Duration = Duration::from_micros(200);

/// The longest time that the writer waits for somebody to say that nothing follows: those who are too busy to say so are
/// too busy to miss the outcome.
const UNHURRIED: Duration = Duration::from_millis(1);

/// Records that are not waited for any longer, whoever says nothing.
const MANY: usize = 256;

/// Takes the outcome and the content of a record.
type Then = Box<dyn FnOnce(Result<(), LedgerError>, Vec<u8>) + Send>;

/// A record that waits, and whom to tell.
pub(super) struct Job {
    pub(super) path: PathBuf,
    pub(super) bytes: Vec<u8>,
    pub(super) then: Then,
}

impl Job {
    pub(super) fn tell(self, outcome: Result<(), LedgerError>) {
        (self.then)(outcome, self.bytes);
    }

    const fn cost(&self) -> usize {
        self.bytes.len() + OVERHEAD
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

#[derive(Debug)]
pub(super) struct Intake {
    queue: Mutex<Queue>,
    /// There is something to write, or there never will be.
    changed: Condvar,
    /// Bytes that may wait.
    limit: usize,
    /// How long records gather.
    gather: Gather,
    /// Whether any record waits, for those who would rather not take the lock.
    has_waiting: AtomicBool,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Job>,
    bytes: usize,
    /// Records at which the writer is to be woken; 0 while it is awake.
    wake_at: usize,
    /// Records that were taken last, or came in the meantime: about as many may come again.
    expected: usize,
    /// Somebody said that nothing follows.
    hurried: bool,
    state: State,
}

#[derive(Debug, Default, Clone)]
enum State {
    #[default]
    Open,
    /// What waits is still written.
    Closed,
    Poisoned(Arc<Error>),
}

impl Intake {
    pub(super) fn new(limit: usize, gather: Gather) -> Self {
        Self {
            queue: Mutex::default(),
            changed: Condvar::new(),
            limit,
            gather,
            has_waiting: AtomicBool::new(false),
        }
    }

    /// Puts a record into the queue, or tells at once why not.
    pub(super) fn push(&self, job: Job) {
        let mut queue = self.lock();
        let refusal = match &queue.state {
            State::Poisoned(error) => LedgerError::Poisoned(Arc::clone(error)),
            State::Closed => LedgerError::Closed,
            // A single record always fits, however small the limit.
            State::Open if queue.bytes > 0 && queue.bytes.saturating_add(job.cost()) > self.limit => {
                LedgerError::Overloaded { waiting: queue.bytes }
            }
            State::Open => {
                queue.bytes += job.cost();
                queue.waiting.push_back(job);
                self.has_waiting.store(true, Ordering::Relaxed);
                let wakes = queue.waiting.len() == queue.wake_at;
                // A writer that wakes up before the lock is free only goes to sleep again.
                drop(queue);
                if wakes {
                    self.changed.notify_one();
                }
                return;
            }
        };
        drop(queue);
        job.tell(Err(refusal));
    }

    /// What waits need not wait for more.
    pub(super) fn hurry(&self) {
        // Who pushed a record on this thread sees it; others speak for themselves.
        if !self.has_waiting.load(Ordering::Relaxed) {
            return;
        }
        let mut queue = self.lock();
        // A writer that is awake sees it when it is done with what it has.
        let wakes = !queue.waiting.is_empty() && !queue.hurried && queue.wake_at > 0;
        queue.hurried = !queue.waiting.is_empty();
        drop(queue);
        if wakes {
            self.changed.notify_one();
        }
    }

    /// Waits for records and takes as many as make a batch, in their order. None when the queue is closed and empty.
    ///
    /// Where many come at the same time, the first is given a moment for the others to follow: a batch costs two changes
    /// of threads, whatever its size. Where records come one by one, none waits for another.
    pub(super) fn take(&self, batch: &mut Vec<Job>) {
        let mut queue = self.gathered();
        while queue.waiting.is_empty() && matches!(queue.state, State::Open) {
            queue.wake_at = 1;
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        queue.wake_at = 0;
        queue.hurried = false;
        let mut taken = 0;
        while taken < BATCH_BYTES {
            let Some(job) = queue.waiting.pop_front() else {
                break;
            };
            taken += job.cost();
            batch.push(job);
        }
        queue.bytes -= taken;
        queue.expected = batch.len();
        self.has_waiting
            .store(!queue.waiting.is_empty(), Ordering::Relaxed);
    }

    /// The queue, once those who may follow had their moment.
    fn gathered(&self) -> MutexGuard<'_, Queue> {
        let mut queue = self.lock();
        queue.expected += queue.waiting.len();
        let (enough, patience) = match self.gather {
            Gather::AsManyAsBefore if queue.expected > 1 => (queue.expected, GATHERING),
            Gather::AsManyAsBefore => return queue,
            Gather::UntilHurried => (MANY, UNHURRIED),
        };
        queue.wake_at = enough;
        self.changed
            .wait_timeout_while(queue, patience, |queue| {
                queue.waiting.len() < enough && !queue.hurried && matches!(queue.state, State::Open)
            })
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Takes no more records. Those that wait are still written.
    pub(super) fn close(&self) {
        let mut queue = self.lock();
        if matches!(queue.state, State::Open) {
            queue.state = State::Closed;
        }
        self.changed.notify_one();
    }

    /// Takes no more records, and tells those that wait why.
    pub(super) fn poison(&self, error: &Arc<Error>) {
        let mut queue = self.lock();
        queue.state = State::Poisoned(Arc::clone(error));
        queue.bytes = 0;
        let waiting = std::mem::take(&mut queue.waiting);
        drop(queue);
        for job in waiting {
            job.tell(Err(LedgerError::Poisoned(Arc::clone(error))));
        }
    }

    /// The failure that ended the ledger, if one did.
    pub(super) fn poisoned(&self) -> Option<Arc<Error>> {
        match &self.lock().state {
            State::Poisoned(error) => Some(Arc::clone(error)),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Ends the queue when the writer ends, even if by a panic of a callback: nobody waits for a thread that is gone.
#[derive(Debug)]
pub(super) struct Attended(pub(super) Arc<Intake>);

impl Drop for Attended {
    fn drop(&mut self) {
        self.0.close();
        let waiting = std::mem::take(&mut self.0.lock().waiting);
        for job in waiting {
            job.tell(Err(LedgerError::Closed));
        }
    }
}
