//! Group commit: what many threads ask for at once is done by one of them in one go.

use std::{
    collections::HashMap,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// The longest time that whoever leads waits for those who were there a moment ago: about what a flush costs.
const GATHERING: Duration = Duration::from_micros(100);

/// Jobs that wait to be done together, and outcomes that wait to be picked up.
///
/// Whoever finds nobody leading takes all jobs that have gathered, does them, and hands out the outcomes; meanwhile the
/// next jobs gather. Jobs are done in the order they came. A thread waits for its own job only, so there are never more
/// jobs than threads.
///
/// The first thread to come back from a batch would lead the next one alone, and all the others the one after that: half of
/// all batches would be wasted on one job. So whoever leads gives as many as were there last time a moment to come back.
/// Where nobody else was there, nobody is waited for.
#[derive(Debug)]
pub(super) struct GroupCommit<Job, Outcome> {
    queue: Mutex<Queue<Job, Outcome>>,
    /// A batch is done.
    changed: Condvar,
    /// As many jobs wait as are expected.
    arrived: Condvar,
}

#[derive(Debug)]
struct Queue<Job, Outcome> {
    next_ticket: u64,
    waiting: Vec<(u64, Job)>,
    done: HashMap<u64, Outcome>,
    led: bool,
    /// Jobs that were done or waiting when the last batch was done.
    expected: usize,
}

impl<Job, Outcome> GroupCommit<Job, Outcome> {
    pub(super) fn new() -> Self {
        Self {
            queue: Mutex::new(Queue {
                next_ticket: 0,
                waiting: Vec::new(),
                done: HashMap::new(),
                led: false,
                expected: 0,
            }),
            changed: Condvar::new(),
            arrived: Condvar::new(),
        }
    }

    /// Has `job` done and gives its outcome. `work` does a batch: it gives an outcome for every job, in their order.
    pub(super) fn run(&self, job: Job, work: impl FnOnce(Vec<Job>) -> Vec<Outcome>) -> Outcome {
        let mut queue = self.lock();
        let ticket = queue.next_ticket;
        queue.next_ticket += 1;
        queue.waiting.push((ticket, job));
        if queue.led && queue.waiting.len() == queue.expected {
            self.arrived.notify_one();
        }
        while queue.led {
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
            if let Some(outcome) = queue.done.remove(&ticket) {
                return outcome;
            }
        }
        // Nobody leads and this job is not done, so it is among those that wait.
        queue.led = true;
        (queue, _) = self
            .arrived
            .wait_timeout_while(queue, GATHERING, |queue| queue.waiting.len() < queue.expected)
            .unwrap_or_else(PoisonError::into_inner);
        let (tickets, jobs): (Vec<_>, Vec<_>) = std::mem::take(&mut queue.waiting).into_iter().unzip();
        drop(queue);
        let size = tickets.len();
        let outcomes = work(jobs);
        let mut queue = self.lock();
        queue.expected = size + queue.waiting.len();
        queue.done.extend(tickets.into_iter().zip(outcomes));
        queue.led = false;
        self.changed.notify_all();
        queue
            .done
            .remove(&ticket)
            .expect("a batch has an outcome for every job, this one's included")
    }

    /// Whether jobs have gathered that nobody does yet. Asked while doing a batch: whether another follows at once.
    pub(super) fn has_waiting(&self) -> bool {
        !self.lock().waiting.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Queue<Job, Outcome>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Barrier,
        atomic::{AtomicUsize, Ordering},
    };

    use super::*;

    #[test]
    fn every_job_gets_its_own_outcome() {
        let group = GroupCommit::new();
        let batches = AtomicUsize::new(0);
        let barrier = Barrier::new(8);
        std::thread::scope(|scope| {
            for thread in 0..8_u32 {
                let (group, batches, barrier) = (&group, &batches, &barrier);
                scope.spawn(move || {
                    barrier.wait();
                    for number in 0..200_u32 {
                        let job = thread * 1000 + number;
                        let outcome = group.run(job, |jobs| {
                            batches.fetch_add(1, Ordering::Relaxed);
                            jobs.into_iter().map(|job| job + 1).collect()
                        });
                        assert_eq!(outcome, job + 1);
                    }
                });
            }
        });
        assert!(batches.into_inner() <= 1600);
    }

    #[test]
    fn jobs_gather_while_somebody_leads() {
        let group = GroupCommit::new();
        let (led, go) = (Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            let first = scope.spawn(|| {
                group.run(0, |jobs| {
                    led.wait();
                    go.wait();
                    jobs.iter().map(|_| jobs.len()).collect()
                })
            });
            led.wait();
            let others: Vec<_> = (1..5)
                .map(|job| {
                    scope.spawn({
                        let group = &group;
                        move || group.run(job, |jobs| jobs.iter().map(|_| jobs.len()).collect())
                    })
                })
                .collect();
            while group.lock().waiting.len() < 4 {
                std::thread::yield_now();
            }
            go.wait();
            assert_eq!(first.join().unwrap(), 1);
            for other in others {
                assert_eq!(other.join().unwrap(), 4);
            }
        });
    }
}
