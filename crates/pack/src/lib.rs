//! Packs: portable archives of evidence about one run, job, call or decision.
//!
//! A pack is built once and read anywhere. Building goes entries → [`build::seal`] (every entry hashed, a proof chain
//! over them, a manifest whose digest is the pack's id, perhaps signed) → an archive that depends on nothing but its
//! content. Reading starts with [`PackArchive`]: an archive whose names are unique and whose manifest is well formed;
//! that its content is what the manifest says is for [`verify`] to establish.
//!
//! Content streams in both directions: memory does not grow with the size of a pack. Nothing here prints, knows exit
//! codes or reads the clock.
#![forbid(unsafe_code)]

mod archive;
pub mod attest;
pub mod authorization;
pub mod build;
pub mod call;
pub mod diff;
mod entry;
pub mod export;
pub mod guard;
pub mod inspect;
pub mod lines;
pub mod manifest;
pub mod proof;
mod run_payload;
pub mod verify;

pub use archive::{OpenError, PackArchive, PackKind};
pub use entry::{EntryContent, PackEntry, kind_of};
pub use gait_disk::Scratch;
