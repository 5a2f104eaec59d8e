//! Looking at many files at once, with the result of looking at one after the other.
//!
//! Directories are listed in order under a lock; each worker takes a handful of files from the list and keeps what it
//! found until the end. A file's place in the order decides where findings disagree and which failure is told, so that
//! neither depends on the workers. Memory grows with what is found and with the largest directory, not with the tree.

use std::{
    fs,
    num::NonZero,
    panic,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    thread, vec,
};

use super::{
    ScanError, Scope, Surface,
    files::{FileType, items_of},
};
use crate::{item::Items, walk::Walk};

/// How many files a worker takes at once.
const BATCH: usize = 32;

impl Scope {
    /// Looks for tools and servers, in `threads` files at the same time.
    pub fn scan(&self, threads: NonZero<usize>) -> Result<Surface, ScanError> {
        let queue = Mutex::new(Queue::new(self)?);
        let outcomes: Vec<_> = thread::scope(|scope| {
            let spawn = |_| scope.spawn(|| work(&queue));
            let workers: Vec<_> = (0..threads.get()).map(spawn).collect();
            let joined = workers.into_iter().map(thread::ScopedJoinHandle::join);
            joined
                .map(|outcome| outcome.unwrap_or_else(|panic| panic::resume_unwind(panic)))
                .collect()
        });
        let mut items = Items::default();
        let mut first = lock(&queue).failed.take();
        for outcome in outcomes {
            match outcome {
                Ok(found) => items.merge(found),
                Err(failed) if first.as_ref().is_some_and(|first| first.place < failed.place) => {}
                Err(failed) => first = Some(failed),
            }
        }
        match first {
            Some(failed) => Err(failed.error),
            None => Ok(Surface {
                items: items.into_vec(),
            }),
        }
    }
}

/// What stopped the scan, and where.
struct Failed {
    place: u64,
    error: ScanError,
}

/// A file of interest, and its place among all of them.
struct Found {
    place: u64,
    path: PathBuf,
    file_type: FileType,
}

/// The files that nobody has looked at yet, found as they are asked for.
struct Queue<'a> {
    scope: &'a Scope,
    roots: vec::IntoIter<&'a Path>,
    walk: Option<Walk>,
    /// How many places were given.
    places: u64,
    failed: Option<Failed>,
}

impl<'a> Queue<'a> {
    /// All files of `scope`. Its roots must be directories, or links to some.
    fn new(scope: &'a Scope) -> Result<Self, ScanError> {
        for root in scope.roots() {
            let metadata = fs::metadata(root).map_err(|source| ScanError::Root {
                root: root.to_owned(),
                source,
            })?;
            if !metadata.is_dir() {
                return Err(ScanError::NotADirectory(root.to_owned()));
            }
        }
        let roots: Vec<_> = scope.roots().collect();
        Ok(Self {
            scope,
            roots: roots.into_iter(),
            walk: None,
            places: 0,
            failed: None,
        })
    }

    /// Whoever failed has seen to all places before his own, and those behind it no longer matter.
    fn stop(&mut self) {
        self.roots = Vec::new().into_iter();
        self.walk = None;
    }
}

impl Iterator for Queue<'_> {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            let Some(walk) = &mut self.walk else {
                self.walk = Some(Walk::new(self.roots.next()?));
                continue;
            };
            match walk.next() {
                None => self.walk = None,
                Some(Err(error)) => {
                    self.stop();
                    self.failed = Some(Failed {
                        place: self.places,
                        error: error.into(),
                    });
                }
                Some(Ok(path)) => {
                    let Some(file_type) = FileType::of(&path).filter(|_| self.scope.holds(&path)) else {
                        continue;
                    };
                    self.places += 1;
                    return Some(Found {
                        place: self.places - 1,
                        path,
                        file_type,
                    });
                }
            }
        }
    }
}

fn lock<'q, 'a>(queue: &'q Mutex<Queue<'a>>) -> MutexGuard<'q, Queue<'a>> {
    // A worker that panicked ends the scan when it is joined; until then the list is still good.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(queue: &Mutex<Queue<'_>>) -> Result<Items, Failed> {
    let mut items = Items::default();
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        batch.extend(lock(queue).by_ref().take(BATCH));
        if batch.is_empty() {
            return Ok(items);
        }
        for Found {
            place,
            path,
            file_type,
        } in batch.drain(..)
        {
            match items_of(&path, file_type) {
                Ok(found) => found.into_iter().for_each(|item| items.add(place, item)),
                Err(error) => {
                    lock(queue).stop();
                    return Err(Failed { place, error });
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MANY: NonZero<usize> = NonZero::new(7).unwrap();

    fn write(root: &Path, name: &str, content: &str) {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    #[test]
    fn the_first_failure_is_told() {
        let directory = tempfile::tempdir().unwrap();
        for file in 0..200 {
            write(
                directory.path(),
                &format!("{file:03}/tool.py"),
                "@tool\ndef f(): pass",
            );
        }
        for file in [90, 91, 150] {
            write(directory.path(), &format!("{file:03}/mcp.json"), "{");
        }
        let scope = Scope::new(&[directory.path().to_str().unwrap()]);
        for _ in 0..20 {
            let error = scope.scan(MANY).unwrap_err().to_string();
            assert!(error.contains("/090/mcp.json"), "{error}");
        }
    }

    #[test]
    fn files_that_are_none_are_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let _socket = std::os::unix::net::UnixListener::bind(directory.path().join("socket.py")).unwrap();
        std::os::unix::fs::symlink("/dev/zero", directory.path().join("endless.py")).unwrap();
        let scope = Scope::new(&[directory.path().to_str().unwrap()]);
        assert_eq!(scope.scan(MANY).unwrap(), Surface::default());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn workers_change_nothing(files in prop::collection::btree_map("[a-c]{1,2}(/[a-c]){0,2}", "(Read|read|READ|drop_it)", 0..80)) {
            let directory = tempfile::tempdir().unwrap();
            for (name, tool) in &files {
                write(directory.path(), &format!("{name}.py"), &format!("@tool\ndef {tool}(): pass"));
            }
            let scope = Scope::new(&[directory.path().to_str().unwrap()]);
            let alone = scope.scan(NonZero::<usize>::MIN).unwrap();
            prop_assert_eq!(&scope.scan(MANY).unwrap(), &alone);
            // Looking twice finds the same.
            let twice = Scope::new(&[directory.path(), &directory.path().join("a")].map(|root| root.to_str().unwrap().to_owned()));
            if directory.path().join("a").is_dir() {
                prop_assert_eq!(&twice.scan(MANY).unwrap(), &alone);
            }
        }
    }
}
