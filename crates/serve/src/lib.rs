//! The decision service: tool calls come in over HTTP, verdicts with signed and durable traces go out.
//!
//! What comes in: requests of agents, proxies and SDKs, from callers that are not believed. What goes out: for each call
//! the decision of [`gait_mcp::boundary`], after its trace is on the disk. A request that gets no decision gets an error,
//! and an error lets nothing through.
//!
//! Policy, keys and state are read once and exchanged when their files change; what a request costs does not depend on
//! their size, nor on how many decisions were made before. The crate executes nothing, and knows no command line.

mod access;
mod engine;
mod limits;
mod listen;
mod log;
mod media;
mod metrics;
mod pace;
mod refusal;
mod reply;
mod request;
mod watch;

pub use access::{Access, BearerToken};
pub use engine::{Load, OnInvalid};
pub use limits::Limits;
pub use listen::{ListenAddress, ListenError};
pub use log::{LogQueue, LogWriter};
