//! Portable packs of evidence.
#![forbid(unsafe_code)]
