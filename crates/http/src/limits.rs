//! How much one caller may ask of the service, and how long it may take.

use std::time::Duration;

/// What the service puts up with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of a request body.
    pub request_bytes: usize,
    /// Bytes of a request's head.
    pub header_bytes: usize,
    /// Open connections; more wait to be accepted.
    pub connections: usize,
    /// Requests for a decision in work; more are refused.
    pub in_flight: usize,
    /// Until the head of a request has arrived.
    pub header_time: Duration,
    /// Until a whole request has arrived.
    pub request_time: Duration,
    /// Until a decision is made, and again until a caller takes a piece of the reply.
    pub reply_time: Duration,
    /// Until the next request on a connection.
    pub idle_time: Duration,
    /// How long requests in work may still take when the service is told to end.
    pub drain_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            request_bytes: 1 << 20,
            header_bytes: 1 << 20,
            connections: 1024,
            in_flight: 512,
            header_time: Duration::from_secs(5),
            request_time: Duration::from_secs(30),
            reply_time: Duration::from_secs(30),
            idle_time: Duration::from_secs(60),
            drain_time: Duration::from_secs(30),
        }
    }
}
