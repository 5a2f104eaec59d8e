//! Action contracts.
#![forbid(unsafe_code)]
