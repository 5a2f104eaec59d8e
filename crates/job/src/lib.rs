//! Durable jobs.
#![forbid(unsafe_code)]
