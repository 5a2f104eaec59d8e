//! What was read from files, exchanged for another when they change.
//!
//! Asking costs a look at the files' times. The first to see a change reads everything anew, and those who come meanwhile
//! wait for it; whoever holds what was read before keeps that.

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;

use crate::stamp::{Look, Stamps};

/// What to do about files that have become unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    /// There is nothing to go by until they are usable again.
    Refuse,
    /// What was read last still counts.
    Keep,
}

/// Reads everything; the error says why it can't be used.
pub type Load<T> = Box<dyn Fn() -> Result<T, String> + Send + Sync>;

/// Is told of everything that was read anew.
pub type Observe<T> = Box<dyn Fn(&Epoch<T>) + Send + Sync>;

/// What files said when they were read before anything was asked of a [`Reloading`].
#[derive(Debug)]
pub struct First<T> {
    /// What was read, or why there is nothing to go by yet.
    pub value: Result<T, String>,
    /// The files, taken before they were read: what changed in between then shows as a change.
    pub stamps: Stamps,
}

impl<T> First<T> {
    /// Has `load` read; `files` are those that it reads.
    #[must_use]
    pub fn read(files: Vec<PathBuf>, load: &Load<T>) -> Self {
        let stamps = Stamps::of(files.into_iter(), SystemTime::now());
        Self {
            value: load(),
            stamps,
        }
    }
}

/// What was read from files, as they are now.
pub struct Reloading<T> {
    load: Load<T>,
    on_invalid: OnInvalid,
    observe: Observe<T>,
    current: ArcSwap<Epoch<T>>,
    turn: Mutex<()>,
}

/// What counts between two changes.
#[derive(Debug)]
pub struct Epoch<T> {
    /// Counts changes, from 1.
    pub number: u64,
    /// What was read, or why there is nothing to go by.
    pub value: Result<Arc<T>, Arc<str>>,
    /// Why the files can't be used as they are now, when they can't.
    pub invalid: Option<Arc<str>>,
    stamps: Stamps,
}

impl<T> Epoch<T> {
    /// Whether the files have changed since, as far as their times tell.
    #[must_use]
    pub fn look(&self) -> Look {
        self.stamps.look()
    }
}

impl<T> Reloading<T> {
    /// Reads for the first time; `files` are those that `load` reads. `observe` is not told of the first time.
    #[must_use]
    pub fn new(load: Load<T>, files: Vec<PathBuf>, on_invalid: OnInvalid, observe: Observe<T>) -> Self {
        Self::starting_with(First::read(files, &load), load, on_invalid, observe)
    }

    /// Begins with what was read already; `load` reads the files of `first` when they change, not before. `observe` is not
    /// told of the first time.
    #[must_use]
    pub fn starting_with(first: First<T>, load: Load<T>, on_invalid: OnInvalid, observe: Observe<T>) -> Self {
        let First { value, stamps } = first;
        let first = Epoch {
            number: 1,
            invalid: value.as_ref().err().map(|reason| Arc::from(reason.as_str())),
            value: value.map(Arc::new).map_err(Arc::from),
            stamps,
        };
        Self {
            load,
            on_invalid,
            observe,
            current: ArcSwap::from_pointee(first),
            turn: Mutex::new(()),
        }
    }

    /// What counted when the files were last looked at.
    #[must_use]
    pub fn latest(&self) -> Arc<Epoch<T>> {
        self.current.load_full()
    }

    /// What counts now. Reads everything anew if a file has changed.
    pub fn refresh(&self) -> Arc<Epoch<T>> {
        let epoch = self.latest();
        if epoch.look() == Look::Same {
            return epoch;
        }
        // A thread that fell over while it held the lock left nothing half done.
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = self.latest();
        if epoch.stamps.have_changed(SystemTime::now()) {
            self.exchange(&epoch)
        } else {
            epoch
        }
    }

    /// Reads everything anew, whatever the files' times say.
    pub fn reload(&self) -> Arc<Epoch<T>> {
        let _turn = self.turn.lock().unwrap_or_else(PoisonError::into_inner);
        self.exchange(&self.latest())
    }

    fn exchange(&self, last: &Epoch<T>) -> Arc<Epoch<T>> {
        let stamps = last.stamps.retaken(SystemTime::now());
        let (value, invalid) = match (self.load)() {
            Ok(loaded) => (Ok(Arc::new(loaded)), None),
            Err(reason) => {
                let reason = Arc::<str>::from(reason);
                let keeps = self.on_invalid == OnInvalid::Keep && last.value.is_ok();
                let value = if keeps {
                    last.value.clone()
                } else {
                    Err(Arc::clone(&reason))
                };
                (value, Some(reason))
            }
        };
        let fresh = Arc::new(Epoch {
            number: last.number + 1,
            value,
            invalid,
            stamps,
        });
        self.current.store(Arc::clone(&fresh));
        (self.observe)(&fresh);
        fresh
    }
}

impl<T: fmt::Debug> fmt::Debug for Reloading<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reloading")
            .field("on_invalid", &self.on_invalid)
            .field("current", &self.latest())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    fn reading(path: &Path, on_invalid: OnInvalid) -> (Reloading<String>, Arc<AtomicUsize>) {
        let file = path.to_owned();
        let load: Load<String> = Box::new(move || {
            let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
            if text.contains("bad") { Err(text) } else { Ok(text) }
        });
        let told = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&told);
        let observe: Observe<String> = Box::new(move |_| _ = count.fetch_add(1, Ordering::Relaxed));
        (
            Reloading::new(load, vec![path.to_owned()], on_invalid, observe),
            told,
        )
    }

    #[test]
    fn a_change_shows_at_once_and_what_cannot_be_used_is_not() {
        for (on_invalid, then) in [(OnInvalid::Refuse, Err("bad")), (OnInvalid::Keep, Ok("two"))] {
            let directory = tempfile::tempdir().unwrap();
            let path = directory.path().join("file");
            std::fs::write(&path, "one").unwrap();
            let (reading, told) = reading(&path, on_invalid);
            assert_eq!(reading.refresh().number, 1);
            // The same length, and perhaps within the same tick of the file system's clock.
            for (content, value, invalid) in [
                ("two", Ok("two"), None),
                ("bad", then, Some("bad")),
                ("six", Ok("six"), None),
            ] {
                std::fs::write(&path, content).unwrap();
                let epoch = reading.refresh();
                let read = epoch.value.as_ref().map(|text| text.as_str());
                assert_eq!(read.map_err(|reason| &**reason), value, "{on_invalid:?}");
                assert_eq!(epoch.invalid.as_deref(), invalid, "{on_invalid:?}");
            }
            assert_eq!((reading.latest().number, told.load(Ordering::Relaxed)), (4, 3));
            assert_eq!(reading.reload().number, 5);
        }
    }

    #[test]
    fn what_was_read_already_is_not_read_again_and_a_change_since_then_shows() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        for (changes, reads, then) in [(false, 1, "one"), (true, 2, "two")] {
            std::fs::write(&path, "one").unwrap();
            let reads_made = Arc::<AtomicUsize>::default();
            let (file, count) = (path.clone(), Arc::clone(&reads_made));
            let load: Load<String> = Box::new(move || {
                count.fetch_add(1, Ordering::Relaxed);
                std::fs::read_to_string(&file).map_err(|error| error.to_string())
            });
            let first = First {
                stamps: Stamps::take(std::slice::from_ref(&path), SystemTime::now()),
                value: load(),
            };
            if changes {
                std::fs::write(&path, "two").unwrap();
            }
            let reading = Reloading::starting_with(first, load, OnInvalid::Refuse, Box::new(|_| ()));
            assert_eq!(reading.latest().value.as_ref().unwrap().as_str(), "one");
            assert_eq!(reading.refresh().value.as_ref().unwrap().as_str(), then);
            assert_eq!(reads_made.load(Ordering::Relaxed), reads);
        }
    }

    #[test]
    fn a_first_reading_that_cannot_be_used_is_waited_out() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "bad").unwrap();
        let file = path.clone();
        let load: Load<String> =
            Box::new(move || std::fs::read_to_string(&file).map_err(|error| error.to_string()));
        let first = First {
            stamps: Stamps::take(std::slice::from_ref(&path), SystemTime::now()),
            value: Err("bad".to_owned()),
        };
        let reading = Reloading::starting_with(first, load, OnInvalid::Keep, Box::new(|_| ()));
        assert_eq!(reading.latest().invalid.as_deref(), Some("bad"));
        assert_eq!(reading.refresh().number, 1);
        std::fs::write(&path, "two").unwrap();
        assert_eq!(reading.refresh().value.as_ref().unwrap().as_str(), "two");
    }

    #[test]
    fn who_comes_during_a_change_sees_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file");
        std::fs::write(&path, "one").unwrap();
        let (reading, told) = reading(&path, OnInvalid::Refuse);
        std::fs::write(&path, "two").unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    assert_eq!(reading.refresh().value.as_ref().unwrap().as_str(), "two");
                });
            }
        });
        // A file of this moment may be read again to be sure of it, but is taken for new only once.
        assert_eq!(told.load(Ordering::Relaxed), 1);
    }
}
