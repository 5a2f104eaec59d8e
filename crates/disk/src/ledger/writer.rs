//! The thread that writes: one write and one flush for all records that wait, then their files.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustix::io::Errno;

use super::LedgerError;
use super::files::{Directories, Standing, make_durable, standing};
use super::frame::{self, MAX_PATH, Record};
use super::intake::{Attended, Job};
use super::keeper::{FIRST_SEGMENT, Keeper, Spare};
use super::segment::{AppendError, Segment};
use crate::Error;

/// How many times its size a segment may grow while no other is ready. Then the records wait.
const LARGEST_EXCESS: u64 = 8;

/// Bytes of the buffer that are kept from one batch to the next.
const KEPT_BUFFER: usize = 1 << 20;

#[derive(Debug)]
pub(super) struct Writer {
    intake: Attended,
    file_mode: u32,
    segment: Segment,
    /// Bytes of the segment at which the next should be ready, unless it is on its way.
    order_at: Option<u64>,
    keeper: Keeper,
    directories: Directories,
    frames: Vec<u8>,
}

/// A record in the log whose file is not made yet.
#[derive(Debug)]
struct Logged {
    job: Job,
    /// Where the file goes: absolute and without links.
    real: PathBuf,
}

impl Writer {
    pub(super) fn new(intake: Attended, file_mode: u32, segment: Segment, keeper: Keeper) -> Self {
        Self {
            intake,
            file_mode,
            segment,
            order_at: Some(FIRST_SEGMENT / 2),
            keeper,
            directories: Directories::default(),
            frames: Vec::new(),
        }
    }

    /// Writes until the queue is closed or the disk fails.
    pub(super) fn run(mut self) {
        if let Err(error) = self.segment.reserve(FIRST_SEGMENT) {
            self.poison(&Arc::new(error));
        }
        let mut batch = Vec::new();
        loop {
            self.intake.0.take(&mut batch);
            if batch.is_empty() {
                break;
            }
            let outcome = self.commit(&mut batch).and_then(|()| self.rotate());
            if let Err(error) = outcome {
                self.poison(&error);
            }
        }
        if self.intake.0.poisoned().is_none() {
            self.retire_all();
        }
    }

    /// Writes a batch and tells everybody in it. An error is one after which nothing can be trusted.
    pub(super) fn commit(&mut self, batch: &mut Vec<Job>) -> Result<(), Arc<Error>> {
        self.directories.begin();
        let taken = SystemTime::now();
        let logged = self.encode(batch, taken);
        if logged.is_empty() {
            return Ok(());
        }
        match self.segment.append(&mut self.frames, logged.len()) {
            Ok(()) => {}
            Err(AppendError::Write(error)) => {
                tell_all(logged, &LedgerError::Log(Arc::new(error)));
                return Ok(());
            }
            Err(AppendError::Sync(error)) => {
                let error = Arc::new(error);
                tell_all(logged, &LedgerError::Poisoned(Arc::clone(&error)));
                return Err(error);
            }
        }
        let made: Vec<_> = logged
            .into_iter()
            .map(|logged| (self.make_file(&logged, taken), logged.job))
            .collect();
        // All at once: those who wait then wake each other's threads once, not once for every file.
        for (outcome, job) in made {
            job.tell(outcome);
        }
        Ok(())
    }

    /// Makes the frames of a batch. Records that have no place to go to are told so.
    fn encode(&mut self, batch: &mut Vec<Job>, taken: SystemTime) -> Vec<Logged> {
        self.frames.clear();
        self.frames.shrink_to(KEPT_BUFFER);
        let mut logged = Vec::with_capacity(batch.len());
        for job in batch.drain(..) {
            match self.real_path(&job.path) {
                Ok(real) => {
                    let record = self.record(&job, &real, taken);
                    frame::push(&mut self.frames, self.segment.nonce(), &record);
                    logged.push(Logged { job, real });
                }
                Err(error) => job.tell(Err(LedgerError::File(Arc::new(error)))),
            }
        }
        logged
    }

    fn real_path(&mut self, path: &Path) -> Result<PathBuf, Error> {
        let (destination, name) = self.directories.holding(path)?;
        let real = destination.real_path(name);
        if real.as_os_str().len() > MAX_PATH {
            return Err(Error::io("create", path)(Errno::NAMETOOLONG));
        }
        Ok(real)
    }

    fn record<'a>(&self, job: &'a Job, real: &'a Path, taken: SystemTime) -> Record<'a> {
        Record {
            path: real,
            mode: self.file_mode,
            taken,
            bytes: &job.bytes,
        }
    }

    fn make_file(&mut self, logged: &Logged, taken: SystemTime) -> Result<(), LedgerError> {
        let record = self.record(&logged.job, &logged.real, taken);
        let failed = |error| LedgerError::File(Arc::new(error));
        let (destination, name) = self.directories.holding(&logged.job.path).map_err(failed)?;
        match destination.create(name, &record) {
            Ok(()) => Ok(()),
            // The same record once more is no conflict.
            Err(Error::AlreadyExists { .. }) if standing(&record).is_ok_and(Standing::is_whole) => Ok(()),
            Err(Error::AlreadyExists { .. }) => Err(LedgerError::Conflict {
                path: logged.job.path.clone(),
            }),
            Err(error) => Err(failed(error)),
        }
    }

    /// Goes on with the next segment when this one is full and the next is ready.
    fn rotate(&mut self) -> Result<(), Arc<Error>> {
        let written = self.segment.len();
        if self.order_at.is_some_and(|at| written >= at) {
            self.order_at = None;
            self.keeper.order();
        }
        let full_at = self.segment.reserved().max(FIRST_SEGMENT);
        if written < full_at {
            return Ok(());
        }
        let must_wait = written >= full_at.saturating_mul(LARGEST_EXCESS);
        match self.keeper.spare(must_wait) {
            Spare::Ready(next) => {
                let full = std::mem::replace(&mut self.segment, next);
                self.keeper.retire(full);
            }
            Spare::None => {}
            Spare::Impossible => self.order_at = Some(written.saturating_add(full_at)),
            Spare::Failed(error) => return Err(Arc::new(error)),
        }
        Ok(())
    }

    fn poison(&self, error: &Arc<Error>) {
        self.intake.0.poison(error);
    }

    /// Leaves nothing to be recovered. What cannot be made durable stays in the log.
    fn retire_all(self) {
        self.keeper.finish();
        if self.segment.is_empty() || make_durable(&self.segment, self.segment.records_written()).is_ok() {
            let _ = self.segment.remove();
        }
    }
}

fn tell_all(logged: Vec<Logged>, error: &LedgerError) {
    for logged in logged {
        logged.job.tell(Err(error.clone()));
    }
}
