//! The digests of files, and what is found in them on the way.

use std::io::{self, Read, Seek, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use gait_artifact::finding::Finding;
use gait_canon::zip::{self, Limits};
use gait_canon::{Digest, Hasher};
use gait_disk::Progress;

use super::records::Inspection;
use super::source;
use crate::read::RunpackError;

/// A thread is worth its start when there is this much to digest, in bytes.
const WORTH_A_THREAD: u64 = 16 << 20;

/// A file to be digested.
pub(super) struct Task {
    pub(super) path: String,
    /// Unpacked size in bytes, as the archive's directory has it.
    pub(super) size: u64,
    /// The run that its records must name.
    pub(super) run_id: String,
    /// Whether its records may hold arguments and results.
    pub(super) raw: bool,
}

/// A file that has been digested.
pub(super) struct Examined {
    pub(super) digest: Digest,
    pub(super) findings: Vec<Finding>,
}

/// Digests the files of `tasks`, one after the other.
pub(super) fn in_order<R: Read + Seek>(
    archive: &mut zip::Reader<R>,
    tasks: &[Task],
    progress: &dyn Progress,
) -> Result<Vec<Examined>, RunpackError> {
    progress.expect(tasks.iter().map(|task| task.size).sum());
    tasks
        .iter()
        .map(|task| examine(archive, task, progress))
        .collect()
}

/// Digests the files of `tasks`, large ones first, by as many threads as there are processors and files to keep them busy.
/// Every thread but this one opens the archive at `path` for itself.
pub(super) fn in_parallel<R: Read + Seek>(
    path: &Path,
    archive: &mut zip::Reader<R>,
    tasks: &[Task],
    progress: &dyn Progress,
) -> Result<Vec<Examined>, RunpackError> {
    let total: u64 = tasks.iter().map(|task| task.size).sum();
    let busy = usize::try_from(total / WORTH_A_THREAD).unwrap_or(usize::MAX);
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let threads = processors.min(tasks.len()).min(busy);
    if threads < 2 {
        return in_order(archive, tasks, progress);
    }
    progress.expect(total);
    let mut order: Vec<usize> = (0..tasks.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(tasks[*index].size));
    let queue = Queue {
        tasks,
        order,
        next: AtomicUsize::new(0),
        done: Mutex::new(Vec::with_capacity(tasks.len())),
    };
    thread::scope(|scope| {
        for _ in 1..threads {
            // A thread that cannot open the archive leaves the work to the others, and this one has it open.
            scope.spawn(|| {
                if let Ok(source::Source::Large(file)) = source::open(path)
                    && let Ok(mut archive) = zip::Reader::open(file, Limits::default())
                {
                    queue.work(&mut archive, progress);
                }
            });
        }
        queue.work(archive, progress);
    });
    queue.results()
}

/// Files to be digested by several threads.
struct Queue<'a> {
    tasks: &'a [Task],
    /// Places in `tasks`.
    order: Vec<usize>,
    next: AtomicUsize,
    done: Mutex<Vec<(usize, Result<Examined, RunpackError>)>>,
}

impl Queue<'_> {
    fn work<R: Read + Seek>(&self, archive: &mut zip::Reader<R>, progress: &dyn Progress) {
        while let Some(&index) = self.order.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            let examined = examine(archive, &self.tasks[index], progress);
            let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
            done.push((index, examined));
        }
    }

    /// Results in the order of the tasks, or the first error in that order.
    fn results(self) -> Result<Vec<Examined>, RunpackError> {
        let mut done = self.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, examined)| examined).collect()
    }
}

fn examine<R: Read + Seek>(
    archive: &mut zip::Reader<R>,
    task: &Task,
    progress: &dyn Progress,
) -> Result<Examined, RunpackError> {
    let mut examination = Examination {
        hasher: Hasher::new(),
        inspection: Inspection::of(&task.path, &task.run_id, task.raw),
        progress,
    };
    archive
        .copy(&task.path, &mut examination)
        .map_err(|source| RunpackError::Entry {
            name: task.path.clone(),
            source,
        })?;
    Ok(Examined {
        digest: examination.hasher.finish(),
        findings: examination.inspection.map(Inspection::finish).unwrap_or_default(),
    })
}

/// Takes the content of a file.
struct Examination<'a> {
    hasher: Hasher,
    inspection: Option<Inspection<'a>>,
    progress: &'a dyn Progress,
}

impl Write for Examination<'_> {
    fn write(&mut self, piece: &[u8]) -> io::Result<usize> {
        self.hasher.update(piece);
        if let Some(inspection) = &mut self.inspection {
            inspection.push(piece);
        }
        self.progress.advance(piece.len() as u64);
        Ok(piece.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
