//! The gate through its one door, [`gait_gate::Gate::decide`], over deployments that live in memory.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that can not go on fails"
)]

mod boundary;
mod codes;
mod deployment;
#[path = "../../../policy/tests/generate/mod.rs"]
mod generate;
mod laws;
mod records;
mod refusals;
mod scenarios;
mod tokens;
mod trace;
