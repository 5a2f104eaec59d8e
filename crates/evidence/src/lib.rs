//! Audit packs, incidents, retention and encryption at rest.
#![forbid(unsafe_code)]
