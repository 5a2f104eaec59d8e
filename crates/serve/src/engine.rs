//! What decides, and how it is exchanged for another while requests are answered.
//!
//! Policy, keys and state are read once and used until one of their files changes. A request looks at the files' times
//! and nothing else; the first to see a change waits until everything is read anew, and so do those that come while that
//! lasts. Requests in work keep what they began with.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use arc_swap::ArcSwap;
use gait_disk::stamp::{Look, Stamps};
use tokio::task::spawn_blocking;

use crate::metrics::Metrics;

/// What to do about a policy file, or another file of the deployment, that has become unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnInvalid {
    /// Decide nothing until it is usable again.
    Refuse,
    /// Go on with what was read last.
    Keep,
}

/// Reads everything that deciding takes; the error says why it can't be used.
pub type Load<T> = Box<dyn Fn() -> Result<T, String> + Send + Sync>;

/// What decides at present, and where it comes from.
pub(crate) struct Engine<T> {
    load: Load<T>,
    files: Vec<PathBuf>,
    on_invalid: OnInvalid,
    current: ArcSwap<Epoch<T>>,
    reloading: Mutex<()>,
    /// Held by the look at the files that requests wait for.
    looking: Arc<tokio::sync::Mutex<()>>,
    /// Counts those looks when they begin.
    looks: AtomicU64,
    metrics: Arc<Metrics>,
}

/// What decides between two changes.
#[derive(Debug)]
pub(crate) struct Epoch<T> {
    /// Counts changes, from 1.
    pub(crate) number: u64,
    /// What decides, or why nothing can be decided.
    pub(crate) decider: Result<Arc<T>, Arc<str>>,
    /// Why the files can't be used as they are now, when they can't.
    pub(crate) invalid: Option<Arc<str>>,
    stamps: Stamps,
}

impl<T: Send + Sync + 'static> Engine<T> {
    /// Begins with `first`, which was read from `files` after `stamps` were taken of them.
    pub(crate) fn new(
        load: Load<T>,
        files: Vec<PathBuf>,
        on_invalid: OnInvalid,
        metrics: Arc<Metrics>,
    ) -> Self {
        let stamps = Stamps::take(&files, SystemTime::now());
        let loaded = load();
        let invalid = loaded.as_ref().err().map(|reason| Arc::from(reason.as_str()));
        let decider = loaded.map(Arc::new).map_err(Arc::from);
        let first = Epoch {
            number: 1,
            decider,
            invalid,
            stamps,
        };
        Self {
            load,
            files,
            on_invalid,
            current: ArcSwap::from_pointee(first),
            reloading: Mutex::new(()),
            looking: Arc::default(),
            looks: AtomicU64::new(0),
            metrics,
        }
    }

    /// What decides now, by the files as they are now.
    pub(crate) async fn current(self: &Arc<Self>) -> Arc<Epoch<T>> {
        let epoch = self.current.load_full();
        if epoch.stamps.look() == Look::Same {
            return epoch;
        }
        // Those who come while somebody looks share the next look: any that began after they came tells them enough.
        let seen = self.looks.load(Ordering::SeqCst);
        let turn = Arc::clone(&self.looking).lock_owned().await;
        if self.looks.load(Ordering::SeqCst) != seen {
            return self.current.load_full();
        }
        self.looks.fetch_add(1, Ordering::SeqCst);
        let engine = Arc::clone(self);
        let look = move || {
            let fresh = engine.refresh();
            // Not before, even if the request that began this has gone away.
            drop(turn);
            fresh
        };
        // Reading happens off the threads that serve connections. The task can only fail with the runtime itself.
        match spawn_blocking(look).await {
            Ok(fresh) => fresh,
            Err(_) => self.current.load_full(),
        }
    }

    /// What decided when the files were last looked at.
    pub(crate) fn latest(&self) -> Arc<Epoch<T>> {
        self.current.load_full()
    }

    /// Reads everything anew if a file has changed.
    pub(crate) fn refresh(&self) -> Arc<Epoch<T>> {
        // A thread that fell over while it held the lock left nothing half done.
        let _turn = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let epoch = self.current.load_full();
        if epoch.stamps.have_changed(SystemTime::now()) {
            self.exchange(&epoch)
        } else {
            epoch
        }
    }

    /// Reads everything anew whatever the files' times say.
    pub(crate) fn reload(&self) -> Arc<Epoch<T>> {
        let _turn = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        self.exchange(&self.current.load_full())
    }

    fn exchange(&self, last: &Epoch<T>) -> Arc<Epoch<T>> {
        let stamps = Stamps::take(&self.files, SystemTime::now());
        let number = last.number + 1;
        let fresh = match (self.load)() {
            Ok(loaded) => {
                self.metrics.reloads.add_one();
                tracing::info!(epoch = number, "reloaded");
                Epoch {
                    number,
                    decider: Ok(Arc::new(loaded)),
                    invalid: None,
                    stamps,
                }
            }
            Err(reason) => {
                self.metrics.failed_reloads.add_one();
                let kept = self.on_invalid == OnInvalid::Keep && last.decider.is_ok();
                tracing::error!(reason, kept, "reload failed");
                let reason = Arc::<str>::from(reason);
                let decider = if kept {
                    last.decider.clone()
                } else {
                    Err(Arc::clone(&reason))
                };
                Epoch {
                    number,
                    decider,
                    invalid: Some(reason),
                    stamps,
                }
            }
        };
        let fresh = Arc::new(fresh);
        self.current.store(Arc::clone(&fresh));
        fresh
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn engine(path: &Path, on_invalid: OnInvalid) -> Engine<String> {
        let file = path.to_owned();
        let load: Load<String> = Box::new(move || {
            let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
            if text.contains("bad") { Err(text) } else { Ok(text) }
        });
        Engine::new(load, vec![path.to_owned()], on_invalid, Arc::default())
    }

    #[test]
    fn a_change_shows_at_once_and_a_bad_one_stops_everything() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "one").unwrap();
        let engine = engine(&path, OnInvalid::Refuse);
        assert_eq!(engine.refresh().number, 1);
        for (content, decides) in [("two", true), ("bad", false), ("six", true), ("ten", true)] {
            // The same length, and perhaps within the same tick of the file system's clock.
            std::fs::write(&path, content).unwrap();
            let epoch = engine.refresh();
            assert_eq!(epoch.decider.is_ok(), decides, "{content}");
            assert_eq!(epoch.invalid.is_none(), decides);
            if decides {
                assert_eq!(epoch.decider.as_ref().unwrap().as_str(), content);
            }
        }
        std::fs::remove_file(&path).unwrap();
        assert!(engine.refresh().decider.is_err());
        assert_eq!(engine.metrics.reloads.get(), 3);
        assert_eq!(engine.metrics.failed_reloads.get(), 2);
    }

    #[test]
    fn the_last_good_one_is_kept_where_that_is_wanted() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "one").unwrap();
        let engine = engine(&path, OnInvalid::Keep);
        std::fs::write(&path, "bad").unwrap();
        let epoch = engine.refresh();
        assert_eq!(epoch.decider.as_ref().unwrap().as_str(), "one");
        assert_eq!(epoch.invalid.as_deref(), Some("bad"));
        std::fs::write(&path, "two").unwrap();
        let epoch = engine.refresh();
        assert_eq!(epoch.decider.as_ref().unwrap().as_str(), "two");
        assert!(epoch.invalid.is_none());
    }

    #[test]
    fn a_forced_reload_reads_unchanged_files_too() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "one").unwrap();
        let engine = engine(&path, OnInvalid::Refuse);
        assert_eq!(engine.reload().number, 2);
        assert_eq!(engine.refresh().number, 2);
    }

    #[tokio::test]
    async fn whoever_asks_gets_what_the_files_say() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "one").unwrap();
        let engine = Arc::new(engine(&path, OnInvalid::Refuse));
        std::fs::write(&path, "two").unwrap();
        let asked = engine.current().await;
        assert_eq!(asked.decider.as_ref().unwrap().as_str(), "two");
        assert_eq!(engine.latest().number, asked.number);
    }

    #[tokio::test]
    async fn those_who_ask_at_once_share_a_look() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "one").unwrap();
        let engine = Arc::new(engine(&path, OnInvalid::Refuse));
        std::fs::write(&path, "two").unwrap();
        let turn = Arc::clone(&engine.looking).lock_owned().await;
        let asking: Vec<_> = (0..32)
            .map(|_| {
                let engine = Arc::clone(&engine);
                tokio::spawn(async move { engine.current().await })
            })
            .collect();
        // Each that waits for its turn holds the lock, beside the engine and this turn.
        while Arc::strong_count(&engine.looking) < asking.len() + 2 {
            tokio::task::yield_now().await;
        }
        drop(turn);
        for asked in asking {
            assert_eq!(asked.await.unwrap().decider.as_ref().unwrap().as_str(), "two");
        }
        assert_eq!(engine.looks.load(Ordering::SeqCst), 1);
    }
}
