//! The nouns of Gait: every artifact is a type, and its JSON Schema is generated from the type.
//!
//! What comes in: JSON documents read strictly by [`gait_canon::json`]. What goes out: the same documents, member for
//! member in their published order, plus the digests and identifiers that belong to a noun itself (an intent's digest,
//! a trace's id). This crate reads no file, no clock and no environment, and it decides nothing.

pub mod decision;
pub mod intent;
pub mod policy;
pub mod relationship;
pub mod time;
pub mod trace;
pub mod verdict;

pub use time::Timestamp;
pub use verdict::Verdict;
