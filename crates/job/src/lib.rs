//! Durable jobs: work of an agent that outlives its process, with checkpoints, approvals and an emergency stop.
//!
//! What comes in are commands (submit, checkpoint, pause, approve, resume, stop, cancel) and the time at which they are
//! given. What goes out is the job's new state, on the disk together with the event that explains it: both or neither,
//! whenever the process dies.
//!
//! - [`machine`] is the law: a pure function from a state and a command to the next state and its event, or to a refusal.
//!   A job that is completed, cancelled or emergency stopped stays so; only a stopped job may still be cancelled.
//! - [`JobStore`] is the deed: one directory per job, one lock around every change, a marker that makes a change that
//!   was interrupted either whole or undone before anybody looks at the job again.
//! - [`dispatch`] is the question a tool boundary asks before every call of a job: may it go on?
//! - [`divergences`] is the look from outside: which jobs have files that disagree.
//! - [`fingerprint`] and [`invariants`] say where and under what terms a job was submitted.
//!
//! The crate reads no clock and no environment, evaluates no policy and never prints.
#![forbid(unsafe_code)]

mod audit;
pub mod dispatch;
mod divergence;
mod error;
pub mod fingerprint;
pub mod invariants;
mod log;
pub mod machine;
mod pending;
mod priority;
mod resume;
pub mod revocation;
mod store;

pub use divergence::{Divergence, divergences};
pub use error::JobError;
pub use machine::{Approval, Checkpoint, Command, Refusal, Submission, Transition};
pub use resume::Resumption;
pub use revocation::RevocationList;
pub use store::{History, JobStore};
