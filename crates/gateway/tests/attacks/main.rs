//! What somebody would try who wants a call to reach a server without being allowed.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod approved;
#[allow(dead_code, reason = "the tests over HTTP use all of it")]
#[path = "../http/running.rs"]
mod running;
#[allow(dead_code, reason = "the tests of approvals use all of it")]
#[path = "../approvals/site.rs"]
mod site;
mod smuggled;
#[allow(dead_code, reason = "the tests over HTTP use all of it")]
#[path = "../http/wire.rs"]
mod wire;
