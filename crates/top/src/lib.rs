//! What the MCP gateways of a machine do, for people who look on.
//!
//! ```text
//! gateway ─▶ Writer ─▶ files of one directory ─▶ Tail ─┐
//!                         approval queue ─▶ PendingCalls ─┴▶ Model ─▶ view, or a snapshot for programs
//! ```
//!
//! What comes in: lines that gateways write about their calls and servers. What goes out: rates, times and the latest calls.
//! Nothing here decides anything, and nothing of the arguments of a call is in what is written: this is no record, traces
//! are. Losing a line loses a line on a screen.
#![forbid(unsafe_code)]

pub mod activity;
pub mod model;
pub mod pending;
pub mod view;
