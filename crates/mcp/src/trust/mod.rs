//! How far the MCP server behind a call is trusted.
//!
//! The operator keeps a snapshot of what is known of each server; the policy says which calls need a trusted server and
//! what counts as one. A server that is not listed, or a snapshot that can't be had, is never trust.

mod decide;
mod snapshot;
mod store;

pub use decide::{decide, gravest_class};
pub use snapshot::{SnapshotError, TrustIndex};
pub use store::{TrustSource, TrustStore};
