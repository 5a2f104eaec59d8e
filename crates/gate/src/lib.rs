//! The gate: one call at the boundary between an agent and its tools.
//!
//! What comes in: an intent as its caller wrote it, the tokens it presents, and a gate that holds the policy, the keys
//! and the facts of the deployment. What goes out: a [`Decision`] with a signed trace. The order of checks stands in
//! one place, [`Gate::decide`]; each check has a module of its own.
//!
//! Only an enforced `allow` makes a [`Permit`], the one thing that lets a call execute. Whatever goes wrong on the way
//! is an error, and an error lets nothing through. The crate prints nothing and knows no command line; files, processes
//! and the clock are reached through small seams ([`rate_limit::RateLimiter`], [`credential::CredentialBroker`],
//! [`dispatch::DispatchGuard`], [`clock::Clock`]).

pub mod approval;
pub mod audit;
pub mod child;
pub mod clock;
pub mod credential;
mod decide;
pub mod decision;
pub mod delegation;
pub mod dispatch;
mod entrance;
mod error;
pub mod facts;
mod gate;
pub mod kill_switch;
pub mod load;
mod outcome;
mod prepare;
pub mod profile;
pub mod rate_limit;
mod record_file;
mod relation;
pub mod report;
mod require;
mod ruled;
pub mod say_token;
pub mod script;
mod seal;
mod stages;
pub mod store;
pub mod token;
pub mod trace;

pub use decision::{Decision, Permit};
pub use entrance::Entrance;
pub use error::GateError;
pub use facts::Fact;
pub use gate::{Call, Deployment, Gate, Signer};
pub use outcome::{Outcome, Simulation};
pub use ruled::Ruled;
