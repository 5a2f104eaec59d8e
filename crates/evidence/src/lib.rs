//! Audit evidence: gathered into packs, taken from around an incident, kept for as long as it must be, encrypted at rest.
//!
//! * **In** come the summary of a run and the records that other commands left beside it: traces, approval audits, credential
//!   records, regression results, inventories. A record must say what it is, and a signed one must be what was signed.
//! * **Out** goes an [`EvidencePack`]: every record re-encoded through the members that are known of it, summaries, a list of
//!   audit controls with the evidence for each, a page for people, and a manifest over all of it. The same input gives the
//!   same bytes. Reading and verifying such packs is [`gait_pack`]'s.
//! * [`retain`] deletes what is older than it must be, and nothing else. [`seal`] encrypts a file under a key that its owner
//!   keeps. [`gateway`] turns the logs of tool gateways into chained proof records. [`triage`] is one page about an incident.
//!
//! Nothing here prints, knows exit codes, or reads the clock, the environment or the network.
#![forbid(unsafe_code)]

mod bundle;
pub mod collect;
mod error;
pub mod gateway;
pub mod incident;
pub mod pack;
pub mod record;
pub mod retain;
pub mod seal;
mod summary;
pub mod triage;

pub use collect::Collection;
pub use error::PackError;
pub use gait_pack::guard::Template;
pub use pack::EvidencePack;
