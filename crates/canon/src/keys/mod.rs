//! Ed25519 keys, their texts, and where they come from.
//!
//! A key text is standard padded base64 without line breaks inside; white space around it is ignored. A private key is
//! 64 bytes (the 32-byte seed of RFC 8032, then the public key), a public key 32.

mod source;

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer as _, SigningKey, Verifier as _, VerifyingKey};
use zeroize::Zeroizing;

pub use self::source::{
    EPHEMERAL_KEY_WARNING, Environment, KeyError, KeyMode, KeySource, ResolvedKey, signing_key, verify_key,
};

use crate::{Digest, hex};

/// Which half of a pair an error speaks of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyKind {
    /// The half that signs.
    Private,
    /// The half that verifies.
    Public,
}

impl fmt::Display for KeyKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Private => "private",
            Self::Public => "public",
        })
    }
}

/// A key that signs. Its bytes are wiped when it is dropped and never printed.
#[derive(Clone)]
pub struct PrivateKey(SigningKey);

/// A key that verifies.
///
/// Any 32 bytes are a public key; bytes that are no point of the curve verify nothing.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey {
    bytes: [u8; 32],
    point: Option<VerifyingKey>,
}

/// The name of a key pair: the SHA-256 digest of the public key. Its text is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyId([u8; 32]);

impl PrivateKey {
    /// A fresh key from the operating system's randomness.
    pub fn generate() -> Result<Self, KeyError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(|_| KeyError::NoRandomness)?;
        Ok(Self::from_seed(&seed))
    }

    /// The key with this seed (the private key of RFC 8032 section 5.1.5).
    #[must_use]
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads a key text.
    ///
    /// A public half that does not belong to the seed is refused: signing with it would give the seed away.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let bytes = Zeroizing::new(decode(KeyKind::Private, text)?);
        let pair: &[u8; 64] = bytes.as_slice().try_into().map_err(|_| KeyError::Length {
            kind: KeyKind::Private,
            length: bytes.len(),
        })?;
        SigningKey::from_keypair_bytes(pair)
            .map(Self)
            .map_err(|_| KeyError::Halves)
    }

    /// The key text: 88 characters, no line feed. Wiped when dropped.
    #[must_use]
    pub fn to_base64(&self) -> Zeroizing<String> {
        let pair = Zeroizing::new(self.0.to_keypair_bytes());
        Zeroizing::new(STANDARD.encode(pair.as_slice()))
    }

    /// The public half.
    #[must_use]
    pub fn public(&self) -> PublicKey {
        let point = self.0.verifying_key();
        PublicKey {
            bytes: point.to_bytes(),
            point: Some(point),
        }
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.0.sign(message).to_bytes()
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey(key id {})", self.public().key_id())
    }
}

impl PublicKey {
    /// The key with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: &[u8; 32]) -> Self {
        Self {
            bytes: *bytes,
            point: VerifyingKey::from_bytes(bytes).ok(),
        }
    }

    /// Reads a key text.
    pub fn from_base64(text: &str) -> Result<Self, KeyError> {
        let bytes = decode(KeyKind::Public, text)?;
        match <&[u8; 32]>::try_from(bytes.as_slice()) {
            Ok(bytes) => Ok(Self::from_bytes(bytes)),
            Err(_) => Err(KeyError::Length {
                kind: KeyKind::Public,
                length: bytes.len(),
            }),
        }
    }

    /// The key text: 44 characters, no line feed.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The name of the pair.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        KeyId(*Digest::of(&self.bytes).as_bytes())
    }

    /// Whether `signature` is this key's Ed25519 signature of `message`.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        self.point
            .is_some_and(|point| point.verify(message, &signature).is_ok())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.to_base64())
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(hex::encode(&self.0).as_str())
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl serde::Serialize for KeyId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex::encode(&self.0).as_str())
    }
}

/// Decodes a key text. The error says nothing of what was found: it may be part of a secret.
fn decode(kind: KeyKind, text: &str) -> Result<Vec<u8>, KeyError> {
    STANDARD
        .decode(text.trim())
        .map_err(|_| KeyError::Encoding { kind })
}
