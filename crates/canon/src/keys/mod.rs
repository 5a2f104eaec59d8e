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

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 8032 section 7.1, tests 1 to 3: seed, public key, message, signature.
    const RFC_8032: [[&str; 4]; 3] = [
        [
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ],
        [
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ],
        [
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
        ],
    ];

    fn bytes<const N: usize>(digits: &str) -> [u8; N] {
        let decoded: Vec<u8> = (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect();
        decoded.try_into().unwrap()
    }

    fn message(digits: &str) -> Vec<u8> {
        (0..digits.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap())
            .collect()
    }

    #[test]
    fn rfc_8032_vectors() {
        for [seed, public, text, signature] in RFC_8032 {
            let key = PrivateKey::from_seed(&bytes(seed));
            assert_eq!(*key.public().as_bytes(), bytes(public));
            assert_eq!(key.sign(&message(text)), bytes(signature));
            assert!(key.public().verifies(&message(text), &bytes(signature)));
        }
    }

    #[test]
    fn a_flipped_bit_is_noticed() {
        let [_, public, text, signature] = RFC_8032[2];
        let (public, signature) = (bytes::<32>(public), bytes::<64>(signature));
        for bit in (0..512).step_by(5) {
            let mut flipped = signature;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !PublicKey::from_bytes(&public).verifies(&message(text), &flipped),
                "signature bit {bit}"
            );
        }
        for bit in (0..256).step_by(5) {
            let mut flipped = public;
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert!(
                !PublicKey::from_bytes(&flipped).verifies(&message(text), &signature),
                "key bit {bit}"
            );
        }
    }

    /// Adding the group order to S gives the same point; accepting it would make signatures malleable.
    #[test]
    fn scalars_not_below_the_order_are_refused() {
        const ORDER: &str = "edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010";
        let [_, public, text, signature] = RFC_8032[1];
        let mut malleated = bytes::<64>(signature);
        let mut carry = 0;
        for (byte, addend) in malleated[32..].iter_mut().zip(bytes::<32>(ORDER)) {
            let sum = u16::from(*byte) + u16::from(addend) + carry;
            *byte = (sum & 0xFF) as u8;
            carry = sum >> 8;
        }
        assert!(!PublicKey::from_bytes(&bytes(public)).verifies(&message(text), &malleated));
    }

    /// The neutral element as key makes R = S = 0·B a signature of everything; see the module on signatures for why such
    /// keys are left to whoever names them.
    #[test]
    fn small_order_keys_follow_the_plain_equation() {
        let neutral = {
            let mut point = [0; 32];
            point[0] = 1;
            point
        };
        let mut signature = [0; 64];
        signature[..32].copy_from_slice(&neutral);
        assert!(PublicKey::from_bytes(&neutral).verifies(b"anything", &signature));
        assert!(!PublicKey::from_bytes(&bytes(RFC_8032[0][1])).verifies(b"anything", &signature));
    }

    #[test]
    fn bytes_off_the_curve_verify_nothing() {
        let mut off_curve = [0; 32];
        off_curve[0] = 2;
        let key = PublicKey::from_bytes(&off_curve);
        assert!(key.point.is_none());
        assert!(!key.verifies(b"", &[0; 64]));
    }

    #[test]
    fn key_texts_round_trip() {
        let key = PrivateKey::generate().unwrap();
        let text = key.to_base64();
        assert_eq!(text.len(), 88);
        let again = PrivateKey::from_base64(&format!("\u{a0}\n{}\r\n", *text)).unwrap();
        assert_eq!(again.public(), key.public());
        let public = PublicKey::from_base64(&key.public().to_base64()).unwrap();
        assert_eq!(public, key.public());
        assert_eq!(
            public.key_id().to_string(),
            Digest::of(public.as_bytes()).to_string()
        );
    }

    #[test]
    fn wrong_key_texts_are_refused() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let other = PrivateKey::from_seed(&[8; 32]);
        let pair = [[7; 32], *other.public().as_bytes()].concat();
        let broken = format!("{}\n{}", &key.to_base64()[..44], &key.to_base64()[44..]);
        let unpadded = key.to_base64().trim_end_matches('=').to_owned();
        let cases = [
            (STANDARD.encode([7; 32]), "invalid private key length: 32"),
            (STANDARD.encode([7; 65]), "invalid private key length: 65"),
            (String::new(), "invalid private key length: 0"),
            (
                "not base64".to_owned(),
                "decode private key: not standard padded base64",
            ),
            (broken, "decode private key: not standard padded base64"),
            (unpadded, "decode private key: not standard padded base64"),
            (
                STANDARD.encode(pair),
                "invalid private key: its public half does not belong to its seed",
            ),
        ];
        for (text, expected) in cases {
            assert_eq!(
                PrivateKey::from_base64(&text).unwrap_err().to_string(),
                expected,
                "{text}"
            );
        }
        let error = PublicKey::from_base64(&STANDARD.encode([7; 33])).unwrap_err();
        assert_eq!(error.to_string(), "invalid public key length: 33");
    }

    #[test]
    fn secrets_are_not_printed() {
        let key = PrivateKey::from_seed(&[7; 32]);
        assert_eq!(
            format!("{key:?}"),
            format!("PrivateKey(key id {})", key.public().key_id())
        );
    }
}
