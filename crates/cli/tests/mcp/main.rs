//! `gait mcp gateway` between clients and servers of every kind, and what `gait mcp top` shows of it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod approvals;
mod approvals_of_many;
mod fleet;
mod gateway;
mod http;
mod listening;
mod messages;
mod record;
mod server;
mod site;
mod stdio;
mod top;
mod webhook;
