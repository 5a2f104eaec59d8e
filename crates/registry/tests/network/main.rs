//! Fetching and installing from real servers, all on this machine, that behave and that do not.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod fetch;
mod install;
mod sample;
mod server;
