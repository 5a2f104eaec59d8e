//! What an agent did, recorded, verified, replayed and compared.
//!
//! A runpack is an archive of five files: the run, what was meant to be done (intents), what came of it (results), what was
//! looked at (references), and a manifest that vouches for the other four by digest, and for itself by signature.
//!
//! * **In** come the notes of a recorder ([`RecordInput`]), the records of a run ([`Content`]) or the bytes of a runpack
//!   ([`Runpack::read`]). Bytes are held to their manifest before a record is believed; they are untrusted, and cost no
//!   more than their size allows.
//! * **Out** go runpacks ([`write()`]) that depend on nothing but their records: the same run, recorded twice, is the same
//!   file.
//!
//! It reads no clock and no environment, prints nothing, and leaves the decision where output goes to its callers.
#![forbid(unsafe_code)]

pub mod chain;
pub mod content;
pub mod diff;
mod document;
mod footer;
pub mod inspect;
mod lines;
pub mod locate;
pub mod manifest;
mod read;
pub mod record;
pub mod reduce;
pub mod refs;
pub mod replay;
pub mod session;
mod spool;
pub mod verify;
mod write;

pub use chain::{ChainError, ChainVerification, read_chain, verify_chain};
pub use content::{CaptureMode, Content};
pub use footer::{footer, ticket_line};
pub use lines::{LineError, LineProblem};
pub use locate::{LocateError, locate};
pub use manifest::{manifest_digest, parse_manifest, signable};
pub use read::{RunSummary, Runpack, RunpackError, RunpackOf, open_archive};
pub use record::{RecordInput, RecordOptions, Recorded, record};
pub use refs::{Drift, drift, envelope_of, normalize_refs};
pub use verify::{
    HashMismatch, SignatureReport, SignatureStatus, Verification, VerifyOptions, verify, verify_reader,
};
pub use write::{OutputPathError, WriteError, output_path, seal, to_bytes, write, write_to};
