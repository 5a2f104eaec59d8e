//! Where arguments came from: which of them carry what tools returned before, without the agent's help.
//!
//! A [`Memory`] learns what the servers of one client return and traces the arguments that this client sends. A text of the
//! arguments that carries something of a result gets the source `tool_output`, and `external` beside it when the tool that
//! returned it reaches into the open world, so that rules for either source find what their authors mean. What the client
//! had said itself before a tool returned it is no tool's output.
//!
//! What is recognised: addresses, paths and ids wherever they are put, and passages of
//! [`SURE`] letters and digits however they are set. What is translated, summed up or encrypted is not recognised: this
//! finds what is copied.
//!
//! The memory is bounded. The sources of the oldest texts are forgotten first, then only that they were returned is known,
//! and when even that would be too much, everything that the client did not say before counts as returned. Arguments that
//! are too long to be looked at count as returned, too.

mod fingerprint;
mod memories;
mod plain;
mod store;
mod walk;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use gait_artifact::intent::ArgProvenance;
use gait_canon::json::{Object, Part};

use fingerprint::Scratch;
use store::{Origin, Store};
use walk::{Sent, Told};

pub use fingerprint::SURE;
pub use memories::Memories;

/// Bytes of the texts in arguments that are looked at.
pub const MAX_ARGUMENT_BYTES: usize = 1 << 20;
/// Places in arguments that are named. Behind them the arguments are named as a whole.
const MAX_PLACES: usize = 128;

/// The words for sources (see the intent schema).
const EXTERNAL: &str = "external";
const TOOL_OUTPUT: &str = "tool_output";

/// Something that was returned to a client.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Source {
    /// Whether it came from beyond what the operator vouches for.
    pub is_external: bool,
    /// The trace of the call that returned it; blank where it was no call.
    pub trace_id: String,
    /// SHA-256 of the canonical result; blank where there is none.
    pub digest: String,
}

/// What one client was told by its servers, and what it said itself.
#[derive(Debug, Default)]
pub struct Memory {
    store: Store,
    scratch: Scratch,
    found: Vec<u64>,
}

/// A memory that several threads use.
#[derive(Debug, Clone, Default)]
pub struct SharedMemory(Arc<Mutex<Memory>>);

impl SharedMemory {
    /// Shares `memory`.
    #[must_use]
    pub fn new(memory: Memory) -> Self {
        Self(Arc::new(Mutex::new(memory)))
    }

    /// See [`Memory::learn`].
    pub fn learn(&self, result: Part<'_>, source: Source) {
        self.lock().learn(result, source);
    }

    /// See [`Memory::trace`].
    #[must_use]
    pub fn trace(&self, arguments: &Object) -> Vec<ArgProvenance> {
        self.lock().trace(arguments)
    }

    fn lock(&self) -> MutexGuard<'_, Memory> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the text at one place came from.
#[derive(Debug, Default)]
struct Found {
    /// From the open world.
    external: Option<Arc<Source>>,
    /// From any tool.
    returned: Option<Arc<Source>>,
    is_blurred: bool,
}

impl Memory {
    /// The memory of a client that was told nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The memory of a client that was told things that were forgotten: whatever it says counts as returned.
    #[must_use]
    pub fn ignorant() -> Self {
        Self {
            store: Store::ignorant(),
            ..Self::default()
        }
    }

    /// Learns what was returned.
    pub fn learn(&mut self, result: Part<'_>, source: Source) {
        let source = Arc::new(source);
        let Self { store, scratch, .. } = self;
        let mut learn = |fingerprint| store.learn(fingerprint, &source);
        walk::result(result, &mut |told| match told {
            Told::Text(text) => scratch.fingerprints(text, &mut learn),
            Told::Bytes(text) => scratch.whole(text, &mut learn),
        });
    }

    /// The sources of `arguments` that were returned; and what else is in them was said by the client from now on.
    pub fn trace(&mut self, arguments: &Object) -> Vec<ArgProvenance> {
        let mut entries = Vec::new();
        let (mut bytes, mut places) = (0, 0);
        let mut is_enough = false;
        walk::arguments(arguments, &mut |place, sent| {
            let (Sent::Value(text) | Sent::Name(text)) = sent;
            bytes += text.len();
            if bytes > MAX_ARGUMENT_BYTES || places == MAX_PLACES {
                is_enough = true;
                return false;
            }
            let found = self.look(text, matches!(sent, Sent::Name(_)));
            if found.is_something() {
                places += 1;
                found.tell(place.path(), &mut entries);
            }
            true
        });
        if is_enough {
            let everything = Found {
                is_blurred: true,
                ..Found::default()
            };
            everything.tell("$".to_owned(), &mut entries);
        }
        entries
    }

    fn look(&mut self, text: &str, is_name: bool) -> Found {
        let Self {
            store,
            scratch,
            found,
        } = self;
        found.clear();
        if is_name {
            scratch.passages(text, &mut |fingerprint| found.push(fingerprint));
        } else {
            scratch.fingerprints(text, &mut |fingerprint| found.push(fingerprint));
        }
        let mut all = Found::default();
        found.retain(|fingerprint| match store.origin(*fingerprint) {
            Origin::Known(source) => {
                all.add(&source);
                false
            }
            Origin::Blurred => {
                all.is_blurred = true;
                false
            }
            Origin::Own => true,
        });
        for fingerprint in found {
            store.say(*fingerprint);
        }
        all
    }
}

impl Found {
    fn add(&mut self, source: &Arc<Source>) {
        let place = if source.is_external {
            &mut self.external
        } else {
            &mut self.returned
        };
        place.get_or_insert_with(|| Arc::clone(source));
    }

    const fn is_something(&self) -> bool {
        self.external.is_some() || self.returned.is_some() || self.is_blurred
    }

    /// What comes from the open world is output of a tool as well. Where the source is forgotten, it may be from there.
    fn tell(&self, path: String, entries: &mut Vec<ArgProvenance>) {
        let unknown = Source::default();
        let external = self.external.as_deref();
        let returned = external.or(self.returned.as_deref());
        let external = external.or(self.is_blurred.then_some(&unknown));
        let entry = |path: String, word: &str, source: &Source| ArgProvenance {
            arg_path: path,
            source: word.to_owned(),
            source_ref: source.trace_id.clone(),
            integrity_digest: source.digest.clone(),
        };
        if let Some(source) = external {
            entries.push(entry(path.clone(), EXTERNAL, source));
        }
        entries.push(entry(path, TOOL_OUTPUT, returned.unwrap_or(&unknown)));
    }
}

#[cfg(test)]
mod tests;
