//! The service as its callers see it: over a socket, with files behind it.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod abuse;
mod answers;
mod client;
mod ending;
mod proxies;
mod reload;
mod running;
