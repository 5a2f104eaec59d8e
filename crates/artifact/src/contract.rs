//! Action contracts: what a scanner proposes about an action path, and what an operator activated of it.
//!
//! A proposal is evidence for reading alone. Its envelope is a type; the contract inside stays the tree that was read,
//! because its identities are computed over the texts as they stand.

pub mod activation;
pub mod proposal;
pub mod receipt;
pub mod terms;
