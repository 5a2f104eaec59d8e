//! Approved scripts: a registry of scripts that somebody let pass under one policy, and the match of a call with it.
//!
//! file → [`Registry`] (claims, in normal form) → [`VerifiedRegistry`] (every entry signed) → [`ScriptMatch`]. Whether a
//! match may decide a call at all is the pipeline's affair: kill switch, fail-closed and freeze windows come first.

mod matching;
mod registry;

pub use self::matching::{ScriptMatch, needs_context_evidence};
pub use self::registry::{
    EntryRejection, Registry, RegistryError, RegistryRejection, VerifiedRegistry, mint, store,
};

#[cfg(test)]
mod tests;
