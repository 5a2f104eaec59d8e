//! The decision service: tool calls come in over HTTP, verdicts with signed and durable traces go out.
//!
//! What comes in: requests of agents, proxies and SDKs, from callers that are not believed. What goes out: for each call
//! the decision of [`gait_mcp::boundary`], after its trace is on the disk. A request that gets no decision gets an error,
//! and an error lets nothing through.
//!
//! Policy, keys and state are read once and exchanged when their files change; what a request costs does not depend on
//! their size, nor on how many decisions were made before. The crate executes nothing, and knows no command line.

mod api;
mod artifacts;
mod decide;
mod engine;
mod grpc;
mod journals;
mod keep;
mod log;
mod metrics;
mod records;
mod refusal;
mod reply;
mod request;
mod retention;
mod service;
mod unbroken;
mod waits;

#[cfg(feature = "schema")]
pub mod openapi;

pub use artifacts::Directories;
pub use decide::{Decider, DecisionSettings, VerdictStatus};
pub use gait_http::{Access, BearerToken, Limits, ListenAddress, ListenError};
pub use gait_mcp::sessions::{Appended, CheckpointFiles, SessionCall, SessionSettings, Sessions};
pub use grpc::ExtAuthzSettings;
pub use log::{LogQueue, LogWriter};
pub use retention::{Class, Protected, Retention, Rule};
pub use service::{Ending, ServeError, Service, Settings};
pub use waits::Waiting;

/// What is told by a log, and all that weighs more.
pub use tracing::level_filters::LevelFilter as LogLevel;
