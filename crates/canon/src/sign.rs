//! Signatures over digests: Ed25519 (RFC 8032) on the 32 raw bytes of a digest.
//!
//! Verification follows the cofactorless equation with byte comparison of R, as Go's `crypto/ed25519` and RFC 8032
//! section 5.1.7 (its second form) have it, so that the verdicts of both programs agree on every input. An S not below the group
//! order is refused, which makes signatures non-malleable. Public keys of small order are not refused: a key is trusted
//! because the operator named it, and somebody who can name keys needs no weak ones.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::{Digest, PrivateKey, PublicKey, hex};

/// The only signature algorithm.
pub const ED25519: &str = "ed25519";

/// A signature as it stands in an artifact, in this field order. Its texts are unchecked until [`verify`].
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signature {
    /// Algorithm: `ed25519`.
    #[serde(default)]
    pub alg: String,
    /// Lower-case hex SHA-256 of the public key.
    #[serde(default)]
    pub key_id: String,
    /// Standard padded base64 of the 64 signature bytes.
    #[serde(default)]
    pub sig: String,
    /// Lower-case hex of the signed digest.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signed_digest: String,
}

/// Why a signature could not be held against a digest and a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// The signature does not say what it signs.
    #[error("missing signed_digest")]
    MissingDigest,
    /// The signature signs something else.
    #[error("signed_digest mismatch")]
    DigestMismatch,
    /// Any algorithm but Ed25519.
    #[error("unsupported alg: {0}")]
    UnsupportedAlgorithm(String),
    /// The signature names another key.
    #[error("key id mismatch")]
    KeyMismatch,
    /// The signature is not base64.
    #[error("decode sig: not standard padded base64")]
    Encoding,
    /// The signature has the wrong size.
    #[error("invalid signature length: {0}")]
    Length(usize),
}

/// Signs `digest`.
#[must_use]
pub fn sign(digest: &Digest, key: &PrivateKey) -> Signature {
    Signature {
        alg: ED25519.to_owned(),
        key_id: key.public().key_id().to_string(),
        sig: STANDARD.encode(key.sign(digest.as_bytes())),
        signed_digest: digest.to_string(),
    }
}

/// Holds `signature` against the digest recomputed from the document and the key it should be by.
///
/// The first check that fails gives the error; `Ok(false)` means that everything is well-formed but Ed25519 does not hold.
/// An empty `key_id` is accepted: the key decides.
pub fn verify(signature: &Signature, recomputed: &Digest, key: &PublicKey) -> Result<bool, SignatureError> {
    if signature.signed_digest.is_empty() {
        return Err(SignatureError::MissingDigest);
    }
    // Equality with 64 hex digits also settles that the text decodes to 32 bytes.
    if signature.signed_digest != hex::encode(recomputed.as_bytes()).as_str() {
        return Err(SignatureError::DigestMismatch);
    }
    if signature.alg != ED25519 {
        return Err(SignatureError::UnsupportedAlgorithm(signature.alg.clone()));
    }
    if !signature.key_id.is_empty() && signature.key_id != key.key_id().to_string() {
        return Err(SignatureError::KeyMismatch);
    }
    let bytes = STANDARD
        .decode(&signature.sig)
        .map_err(|_| SignatureError::Encoding)?;
    let bytes: [u8; 64] = bytes
        .try_into()
        .map_err(|bytes: Vec<u8>| SignatureError::Length(bytes.len()))?;
    Ok(key.verifies(recomputed.as_bytes(), &bytes))
}

/// The Ed25519 signature of `message` itself, for formats that say which bytes are signed.
///
/// The caller must see to it that the message cannot be taken for one of another format; a bare digest can.
#[must_use]
pub fn sign_message(message: &[u8], key: &PrivateKey) -> [u8; 64] {
    key.sign(message)
}

/// Whether `signature` is `key`'s Ed25519 signature of `message` itself.
#[must_use]
pub fn verify_message(message: &[u8], signature: &[u8; 64], key: &PublicKey) -> bool {
    key.verifies(message, signature)
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Signature {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Signature".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "object",
            "description": "Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)",
            "required": ["alg", "key_id", "sig"],
            "properties": {
                "alg": { "type": "string" },
                "key_id": { "type": "string" },
                "sig": { "type": "string" },
                "signed_digest": { "type": "string", "pattern": "^[a-fA-F0-9]{64}$" }
            },
            "additionalProperties": false
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PrivateKey {
        PrivateKey::from_seed(&[3; 32])
    }

    fn signed() -> (Digest, Signature) {
        let digest = Digest::of(b"document");
        (digest, sign(&digest, &key()))
    }

    #[test]
    fn what_is_signed_verifies() {
        let (digest, signature) = signed();
        assert_eq!(verify(&signature, &digest, &key().public()), Ok(true));
        let anonymous = Signature {
            key_id: String::new(),
            ..signature
        };
        assert_eq!(verify(&anonymous, &digest, &key().public()), Ok(true));
    }

    #[test]
    fn the_message_is_the_raw_digest() {
        let (digest, signature) = signed();
        let bytes: [u8; 64] = STANDARD.decode(signature.sig).unwrap().try_into().unwrap();
        assert!(key().public().verifies(digest.as_bytes(), &bytes));
        assert!(!key().public().verifies(digest.to_string().as_bytes(), &bytes));
    }

    #[test]
    fn a_wrong_but_well_formed_signature_does_not_hold() {
        let (digest, signature) = signed();
        let other = sign(&Digest::of(b"other"), &key());
        let swapped = Signature {
            sig: other.sig,
            ..signature.clone()
        };
        assert_eq!(verify(&swapped, &digest, &key().public()), Ok(false));
        let anonymous = Signature {
            key_id: String::new(),
            ..signature
        };
        assert_eq!(
            verify(&anonymous, &digest, &PrivateKey::from_seed(&[4; 32]).public()),
            Ok(false)
        );
    }

    #[test]
    fn checks_come_in_order() {
        let (digest, good) = signed();
        let text = str::to_owned;
        // Each case repairs what the one before was refused for.
        let mut signature = Signature::default();
        let check = |signature: &Signature| {
            verify(signature, &digest, &key().public())
                .unwrap_err()
                .to_string()
        };
        assert_eq!(check(&signature), "missing signed_digest");
        signature.signed_digest = good.signed_digest.to_uppercase();
        assert_eq!(check(&signature), "signed_digest mismatch");
        signature.signed_digest = good.signed_digest;
        signature.alg = text("Ed25519");
        assert_eq!(check(&signature), "unsupported alg: Ed25519");
        signature.alg = good.alg;
        signature.key_id = good.key_id.to_uppercase();
        assert_eq!(check(&signature), "key id mismatch");
        signature.key_id = good.key_id;
        signature.sig = text("****");
        assert_eq!(check(&signature), "decode sig: not standard padded base64");
        signature.sig = text("AAAA");
        assert_eq!(check(&signature), "invalid signature length: 3");
        signature.sig = good.sig;
        assert_eq!(verify(&signature, &digest, &key().public()), Ok(true));
    }

    #[test]
    fn json_form() {
        let (_, signature) = signed();
        let value = crate::json::to_value(&signature).unwrap();
        assert_eq!(
            value.as_object().unwrap().keys().collect::<Vec<_>>(),
            ["alg", "key_id", "sig", "signed_digest"]
        );
        assert_eq!(crate::json::from_value::<Signature>(&value).unwrap(), signature);
        assert!(crate::json::read::<Signature>(br#"{"alg":"ed25519","extra":null}"#).is_err());
    }
}
