//! Where calls go that need an approval.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use gait_approval::state::Sealer;

use super::petition::{News, Petition};
use super::presented::Presented;
use super::reply::Reply;
use super::settings::DeskSettings;
use super::work::{self, Job, Voice};

/// Asks people about calls, and tells what came of it. All of its work is done on one thread of its own, so whoever asks never
/// waits for the queue.
#[derive(Debug)]
pub struct Desk {
    jobs: Sender<Job>,
    worker: Option<JoinHandle<()>>,
    numbers: AtomicU64,
    sealer: Sealer,
}

/// A petition that may still be waiting. Dropping it ends that, without a word; the request stays in the queue.
#[derive(Debug)]
#[must_use = "dropping it ends the waiting"]
pub struct Hold {
    number: u64,
    is_abandoned: Arc<AtomicBool>,
    jobs: Sender<Job>,
}

impl Desk {
    /// Opens a desk; an error when there can be no thread.
    pub fn open(settings: DeskSettings) -> io::Result<Self> {
        let (jobs, work) = mpsc::channel();
        let sealer = settings.sealer.clone();
        let worker = thread::Builder::new()
            .name("approvals".to_owned())
            .spawn(move || work::run(settings, &work))?;
        Ok(Self {
            jobs,
            worker: Some(worker),
            numbers: AtomicU64::new(0),
            sealer,
        })
    }

    /// Takes a petition in, and tells `then` on another thread what comes of it. `then` must not wait.
    pub fn receive(&self, petition: Petition, then: impl FnMut(News) + Send + 'static) -> Hold {
        let is_abandoned = Arc::new(AtomicBool::new(false));
        let number = self.numbers.fetch_add(1, Ordering::Relaxed);
        let voice = Voice {
            number,
            is_abandoned: Arc::clone(&is_abandoned),
            then: Box::new(then),
        };
        if let Err(mpsc::SendError(Job::Receive(petition, voice))) =
            self.jobs.send(Job::Receive(Box::new(petition), voice))
        {
            work::refuse_without_worker(&petition, voice);
        }
        Hold {
            number,
            is_abandoned,
            jobs: self.jobs.clone(),
        }
    }

    /// The message for the server, without what it says to the gateway and with what was kept for the server; nothing when the
    /// message says nothing to the gateway.
    #[must_use]
    pub fn restored(&self, presented: &Presented, message: &str) -> Option<String> {
        presented.restored(message, &self.sealer)
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        _ = self.jobs.send(Job::End);
        if let Some(worker) = self.worker.take() {
            _ = worker.join();
        }
    }
}

impl Hold {
    /// Passes on what somebody answered in the client.
    pub fn reply(&self, reply: Reply) {
        _ = self.jobs.send(Job::Reply(self.number, reply));
    }

    /// Ends the waiting as if its time were over.
    pub fn give_up(&self) {
        _ = self.jobs.send(Job::GiveUp(self.number));
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.is_abandoned.store(true, Ordering::Release);
    }
}
