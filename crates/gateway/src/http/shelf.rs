//! The catalogues of the server: one for each session, and in the stateless era one for everybody who shows the same
//! authorization.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use gait_canon::Digest;
use tokio::sync::{Mutex as AsyncMutex, MutexGuard as AsyncGuard};

use crate::catalog::Catalog;

/// Catalogues that are kept.
const MAX_CATALOGS: usize = 4096;
/// How long a catalogue counts. Not every server tells that its tools changed.
const MAX_AGE: Duration = Duration::from_secs(60);

/// Every catalogue that is kept.
#[derive(Debug, Default)]
pub(crate) struct Shelf(Mutex<HashMap<Digest, Arc<Place>>>);

/// The place of one catalogue.
#[derive(Debug, Default)]
pub(crate) struct Place {
    known: Mutex<Option<Known>>,
    /// Held by whoever lists.
    listing: AsyncMutex<()>,
}

#[derive(Debug, Clone)]
struct Known {
    catalog: Arc<Catalog>,
    /// When its listing began.
    since: Instant,
    /// The rules that it was reviewed by.
    rules: u64,
}

impl Shelf {
    /// The place of the catalogue of those who show `key`.
    pub(crate) fn place(&self, key: Digest) -> Arc<Place> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if places.len() >= MAX_CATALOGS && !places.contains_key(&key) {
            // Whoever holds one keeps it; the others list again.
            places.clear();
        }
        Arc::clone(places.entry(key).or_default())
    }
}

impl Place {
    /// The catalogue by these rules, unless it is too old.
    pub(crate) fn current(&self, rules: u64) -> Option<Arc<Catalog>> {
        self.since(Instant::now().checked_sub(MAX_AGE), rules)
    }

    /// The catalogue by these rules whose listing began after `moment`.
    pub(crate) fn since(&self, moment: Option<Instant>, rules: u64) -> Option<Arc<Catalog>> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .as_ref()
            .filter(|known| known.rules == rules && moment.is_none_or(|moment| known.since > moment))
            .map(|known| Arc::clone(&known.catalog))
    }

    /// Waits until nobody else lists.
    pub(crate) async fn list(&self) -> AsyncGuard<'_, ()> {
        self.listing.lock().await
    }

    /// Keeps the catalogue of a listing that began at `since` under these rules.
    pub(crate) fn keep(&self, catalog: Arc<Catalog>, since: Instant, rules: u64) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        *known = Some(Known {
            catalog,
            since,
            rules,
        });
    }

    /// The catalogue is no longer true.
    pub(crate) fn forget(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
