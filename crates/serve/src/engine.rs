//! What decides, and how it is exchanged for another while requests are answered.
//!
//! Policy, keys and state are read once and used until one of their files changes. A request looks at the files' times
//! and nothing else; the first to see a change waits until everything is read anew, and so do those that come while that
//! lasts. Requests in work keep what they began with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gait_disk::reload::{Epoch, First, Load, OnInvalid, Reloading};
use gait_disk::stamp::Look;
use tokio::task::spawn_blocking;

use crate::metrics::Metrics;

/// What decides at present, and where it comes from.
pub(crate) struct Engine<T> {
    reading: Reloading<T>,
    /// Held by the look at the files that requests wait for.
    looking: Arc<tokio::sync::Mutex<()>>,
    /// Counts those looks when they begin.
    looks: AtomicU64,
}

impl<T: Send + Sync + 'static> Engine<T> {
    /// Begins with what was read already; `load` reads it anew when its files change.
    pub(crate) fn new(first: First<T>, load: Load<T>, on_invalid: OnInvalid, metrics: Arc<Metrics>) -> Self {
        let observe = Box::new(move |epoch: &Epoch<T>| report(epoch, &metrics));
        Self {
            reading: Reloading::starting_with(first, load, on_invalid, observe),
            looking: Arc::default(),
            looks: AtomicU64::new(0),
        }
    }

    /// What decides now, by the files as they are now.
    pub(crate) async fn current(self: &Arc<Self>) -> Arc<Epoch<T>> {
        let epoch = self.latest();
        if epoch.look() == Look::Same {
            return epoch;
        }
        // Those who come while somebody looks share the next look: any that began after they came tells them enough.
        let seen = self.looks.load(Ordering::SeqCst);
        let turn = Arc::clone(&self.looking).lock_owned().await;
        if self.looks.load(Ordering::SeqCst) != seen {
            return self.latest();
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
            Err(_) => self.latest(),
        }
    }

    /// What decided when the files were last looked at.
    pub(crate) fn latest(&self) -> Arc<Epoch<T>> {
        self.reading.latest()
    }

    /// Reads everything anew if a file has changed.
    pub(crate) fn refresh(&self) -> Arc<Epoch<T>> {
        self.reading.refresh()
    }

    /// Reads everything anew whatever the files' times say.
    pub(crate) fn reload(&self) -> Arc<Epoch<T>> {
        self.reading.reload()
    }
}

/// Tells those who run the service what came of reading everything anew.
fn report<T>(epoch: &Epoch<T>, metrics: &Metrics) {
    match &epoch.invalid {
        None => {
            metrics.reloads.add_one();
            tracing::info!(epoch = epoch.number, "reloaded");
        }
        Some(reason) => {
            metrics.failed_reloads.add_one();
            tracing::error!(reason = &**reason, kept = epoch.value.is_ok(), "reload failed");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn engine(path: &Path, metrics: &Arc<Metrics>) -> Engine<String> {
        let file = path.to_owned();
        let load: Load<String> = Box::new(move || {
            let text = std::fs::read_to_string(&file).map_err(|error| error.to_string())?;
            if text.contains("bad") { Err(text) } else { Ok(text) }
        });
        let first = First::read(vec![path.to_owned()], &load);
        Engine::new(first, load, OnInvalid::Refuse, Arc::clone(metrics))
    }

    #[test]
    fn changes_are_counted_by_what_came_of_them() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "one").unwrap();
        let metrics = Arc::<Metrics>::default();
        let engine = engine(&path, &metrics);
        for content in ["two", "bad", "six", "ten"] {
            std::fs::write(&path, content).unwrap();
            engine.refresh();
        }
        assert_eq!((metrics.reloads.get(), metrics.failed_reloads.get()), (3, 1));
    }

    #[tokio::test]
    async fn whoever_asks_gets_what_the_files_say() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "one").unwrap();
        let engine = Arc::new(engine(&path, &Arc::default()));
        std::fs::write(&path, "two").unwrap();
        let asked = engine.current().await;
        assert_eq!(asked.value.as_ref().unwrap().as_str(), "two");
        assert_eq!(engine.latest().number, asked.number);
    }

    #[tokio::test]
    async fn those_who_ask_at_once_share_a_look() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("policy.yaml");
        std::fs::write(&path, "one").unwrap();
        let engine = Arc::new(engine(&path, &Arc::default()));
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
            assert_eq!(asked.await.unwrap().value.as_ref().unwrap().as_str(), "two");
        }
        assert_eq!(engine.looks.load(Ordering::SeqCst), 1);
    }
}
