//! Bytes that never change.
//!
//! Everything Gait records is compared, digested and signed, so two programs, two machines and two years must arrive at
//! the same bytes. This crate is where they come from:
//!
//! * **In** comes untrusted JSON ([`json::Reader`]), key texts ([`keys`]), archives ([`zip::Reader`]). Each is read
//!   strictly, within limits, and refused (JSON with its place) when two readers could take it differently.
//! * **Out** goes canonical JSON (RFC 8785, [`json::canonical_bytes`]), its SHA-256 [`Digest`], an Ed25519 [`Signature`]
//!   over the digest's 32 raw bytes ([`sign`]), and ZIP archives that depend on nothing but their content ([`zip::write`]).
//!
//! It never reads a clock or the environment (callers pass a look-up), prints nothing, keeps no state, and panics on no
//! input. Randomness is asked of the operating system in one place, [`PrivateKey::generate`]; files are opened in one
//! place, for key texts.
//!
//! ```
//! use gait_canon::{PrivateKey, json, sign};
//!
//! let digest = json::canonical_digest_of_bytes(br#"{"verdict": "allow", "latency_ms": 1.50}"#)?;
//! assert_eq!(digest, json::canonical_digest_of_bytes(br#"{"latency_ms":1.5,"verdict":"allow"}"#)?);
//!
//! let key = PrivateKey::from_seed(&[7; 32]);
//! let signature = sign::sign(&digest, &key);
//! assert_eq!(sign::verify(&signature, &digest, &key.public()), Ok(true));
//! # Ok::<(), json::Error>(())
//! ```
#![forbid(unsafe_code)]

pub mod digest;
mod hex;
pub mod json;
pub mod keys;
pub mod sign;
pub mod zip;

pub use digest::{Digest, Hasher, short_id};
pub use keys::{KeyId, PrivateKey, PublicKey};
pub use sign::Signature;
