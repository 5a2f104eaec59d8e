//! Which fingerprints came from where, in bounded memory that never takes for unknown what it once knew.

use std::collections::{HashMap, HashSet, VecDeque};
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use super::Source;

/// Fingerprints whose source is known; about 600 KB of text.
const MAX_KNOWN: usize = 1 << 16;
/// Fingerprints of what the client said itself.
const MAX_SAID: usize = 1 << 16;
/// Fingerprints that are remembered without their source; about 9 MB of text.
const MAX_BLURRED: usize = 1 << 20;
/// Bits for each of them, and how many of them one fingerprint sets: one in 100,000 others is mistaken for one of them.
const BITS_EACH: usize = 32;
const PROBES: u32 = 8;

/// Where a fingerprint came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// From this.
    Known(Arc<Source>),
    /// From something that was returned; from what, was forgotten. Or it cannot be told any more.
    Blurred,
    /// Nothing returned it.
    Own,
}

/// What one client was told, and what it said itself before.
#[derive(Debug, Default)]
pub(super) struct Store {
    known: HashMap<u64, Arc<Source>, Spread>,
    /// From the oldest to the newest.
    order: VecDeque<u64>,
    said: Said,
    blurred: Option<Blurred>,
    /// Whether more was forgotten than can be remembered of it.
    is_over: bool,
}

impl Store {
    /// A store that knows nothing of what was returned before.
    pub(super) fn ignorant() -> Self {
        Self {
            is_over: true,
            ..Self::default()
        }
    }

    /// Something with this fingerprint was returned. What the client had said before stays its own, and what was returned
    /// twice came from where it came from first.
    pub(super) fn learn(&mut self, fingerprint: u64, source: &Arc<Source>) {
        if self.said.contains(fingerprint) || self.known.contains_key(&fingerprint) {
            return;
        }
        if self.order.len() >= MAX_KNOWN
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
            self.is_over |= !self.blurred.get_or_insert_default().insert(oldest);
        }
        self.known.insert(fingerprint, Arc::clone(source));
        self.order.push_back(fingerprint);
    }

    pub(super) fn origin(&self, fingerprint: u64) -> Origin {
        if let Some(source) = self.known.get(&fingerprint) {
            return Origin::Known(Arc::clone(source));
        }
        if self.said.contains(fingerprint) {
            return Origin::Own;
        }
        let is_blurred = |blurred: &Blurred| blurred.contains(fingerprint);
        if self.is_over || self.blurred.as_ref().is_some_and(is_blurred) {
            return Origin::Blurred;
        }
        Origin::Own
    }

    /// The client says something that nothing returned.
    pub(super) fn say(&mut self, fingerprint: u64) {
        self.said.insert(fingerprint);
    }
}

/// Hashes fingerprints, which are hashes already: it is enough that nobody can foresee where they are put.
#[derive(Debug, Clone)]
struct Spread(u64);

impl Default for Spread {
    fn default() -> Self {
        Self(RandomState::new().build_hasher().finish())
    }
}

impl BuildHasher for Spread {
    type Hasher = Placed;

    fn build_hasher(&self) -> Placed {
        Placed(self.0)
    }
}

struct Placed(u64);

impl Hasher for Placed {
    fn write_u64(&mut self, fingerprint: u64) {
        let hash = (self.0 ^ fingerprint).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        self.0 = (hash ^ (hash >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The fingerprints of what was said last. Forgetting one makes its next return count, nothing else.
#[derive(Debug, Default)]
struct Said {
    known: HashSet<u64, Spread>,
    order: VecDeque<u64>,
}

impl Said {
    fn contains(&self, fingerprint: u64) -> bool {
        self.known.contains(&fingerprint)
    }

    fn insert(&mut self, fingerprint: u64) {
        if !self.known.insert(fingerprint) {
            return;
        }
        if self.order.len() >= MAX_SAID
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        self.order.push_back(fingerprint);
    }
}

/// A Bloom filter: it knows everything that was put in, and takes a few others for it.
#[derive(Debug)]
struct Blurred {
    words: Vec<u64>,
    count: usize,
}

impl Default for Blurred {
    fn default() -> Self {
        Self {
            words: vec![0; MAX_BLURRED * BITS_EACH / 64],
            count: 0,
        }
    }
}

impl Blurred {
    /// Whether there was room.
    fn insert(&mut self, fingerprint: u64) -> bool {
        for (word, bit) in Self::bits(fingerprint) {
            self.words[word] |= bit;
        }
        self.count += 1;
        self.count <= MAX_BLURRED
    }

    fn contains(&self, fingerprint: u64) -> bool {
        Self::bits(fingerprint).all(|(word, bit)| self.words[word] & bit != 0)
    }

    /// Fingerprints are hashes, so two halves of one make all the others (Kirsch and Mitzenmacher, 2006).
    fn bits(fingerprint: u64) -> impl Iterator<Item = (usize, u64)> {
        const BITS: usize = MAX_BLURRED * BITS_EACH;
        let step = (fingerprint >> 32) | 1;
        (0..u64::from(PROBES)).map(move |probe| {
            let hash = fingerprint.wrapping_add(probe.wrapping_mul(step));
            // The number of bits is a power of two below 2^32.
            let bit = usize::try_from(hash & (BITS as u64 - 1)).unwrap_or_default();
            (bit / 64, 1 << (bit % 64))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(name: &str) -> Arc<Source> {
        Arc::new(Source {
            is_external: false,
            trace_id: name.to_owned(),
            digest: String::new(),
        })
    }

    /// Fingerprints are spread like hashes.
    fn spread(number: u64) -> u64 {
        number
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(29)
            .wrapping_mul(0xBF58_476D_1CE4_E5B9)
    }

    #[test]
    fn what_was_said_before_it_was_returned_is_the_clients_own() {
        let mut store = Store::default();
        store.say(1);
        store.learn(1, &source("a"));
        store.learn(2, &source("a"));
        store.learn(2, &source("b"));
        assert_eq!(store.origin(1), Origin::Own);
        assert_eq!(store.origin(2), Origin::Known(source("a")));
        assert_eq!(store.origin(3), Origin::Own);
    }

    #[test]
    fn nothing_that_was_returned_is_ever_the_clients_own() {
        let mut store = Store::default();
        let source = source("a");
        let many = MAX_KNOWN as u64 * 2;
        for number in 0..many {
            store.learn(spread(number), &source);
        }
        assert!((0..many).all(|number| store.origin(spread(number)) != Origin::Own));
        assert_eq!(store.origin(spread(0)), Origin::Blurred);
        assert_eq!(store.known.len(), MAX_KNOWN);
        let mistaken = (many..many + 100_000).filter(|number| store.origin(spread(*number)) != Origin::Own);
        assert!(mistaken.count() < 10);
        assert!(!store.is_over);
    }

    #[test]
    fn what_cannot_be_told_any_more_counts_as_returned() {
        let mut store = Store::ignorant();
        assert_eq!(store.origin(7), Origin::Blurred);
        let mut blurred = Blurred::default();
        assert!((0..MAX_BLURRED as u64).all(|number| blurred.insert(spread(number))));
        assert!(!blurred.insert(spread(u64::MAX)));
        store.learn(7, &source("a"));
        assert_eq!(store.origin(7), Origin::Known(source("a")));
    }
}
