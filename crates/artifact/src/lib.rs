//! The nouns of Gait: every artifact is a type, and its JSON Schema is generated from the type.
//!
//! What comes in: JSON documents read strictly by [`gait_canon::json`]. What goes out: the same documents, member for
//! member in their published order, plus the digests and identifiers that belong to a noun itself (an intent's digest,
//! a trace's id). This crate reads no file, no clock and no environment, and it decides nothing.

pub mod activity;
pub mod approval;
pub mod bundle;
pub mod context;
pub mod contract;
pub mod credential;
pub mod decision;
pub mod delegation;
pub mod event;
pub mod explain;
pub mod finding;
pub mod form;
pub mod guard;
pub mod intent;
pub mod inventory;
pub mod job;
pub mod kill_switch;
pub mod mcp;
#[cfg(feature = "schema")]
mod members;
pub mod pack;
pub mod policy;
pub mod policy_test;
pub mod printable;
pub mod proof;
pub mod rate_limit;
pub mod reason_code;
pub mod registry;
pub mod regress;
pub mod relationship;
pub mod report;
pub mod result;
pub mod runpack;
#[cfg(feature = "schema")]
pub mod schema;
pub mod scout;
pub mod script;
pub mod session;
pub mod shape;
pub mod suggest;
pub mod text;
pub mod time;
pub mod trace;
pub mod triage;
pub mod verdict;
pub mod vocabulary;
pub mod voice;

pub use time::Timestamp;
pub use verdict::Verdict;
