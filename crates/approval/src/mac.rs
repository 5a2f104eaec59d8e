//! HMAC-SHA256 (RFC 2104) for what only this deployment, or a receiver that shares its secret, must be able to make.

use std::fmt;

use gait_canon::Digest;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The fewest bytes of a secret. A shorter one could be found by trying.
const FEWEST_BYTES: usize = 16;

/// A secret that authenticates messages.
#[derive(Clone)]
pub struct MacKey(Hmac<Sha256>);

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MacKeyError {
    /// The secret is too short to be one.
    #[error("a secret has at least {FEWEST_BYTES} bytes")]
    TooShort,
    /// The operating system has no randomness.
    #[error("the operating system gives no random bytes")]
    NoRandomness,
}

impl MacKey {
    /// The key that is this secret, of at least 16 bytes.
    pub fn new(secret: &[u8]) -> Result<Self, MacKeyError> {
        if secret.len() < FEWEST_BYTES {
            return Err(MacKeyError::TooShort);
        }
        Hmac::new_from_slice(secret)
            .map(Self)
            .map_err(|_| MacKeyError::TooShort)
    }

    /// The tag of the pieces of a message, one after the other.
    #[must_use]
    pub fn tag(&self, pieces: &[&[u8]]) -> Digest {
        Digest::from_bytes(self.fed(pieces).finalize().into_bytes().into())
    }

    /// Whether `tag` is the tag of that message. Takes the same time wherever they differ.
    #[must_use]
    pub fn verifies(&self, pieces: &[&[u8]], tag: &[u8]) -> bool {
        self.fed(pieces).verify_slice(tag).is_ok()
    }

    fn fed(&self, pieces: &[&[u8]]) -> Hmac<Sha256> {
        let mut mac = self.0.clone();
        for piece in pieces {
            mac.update(piece);
        }
        mac
    }
}

impl fmt::Debug for MacKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MacKey")
    }
}

/// 16 random bytes in hex, for what must never come twice.
pub fn nonce() -> Result<String, MacKeyError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| MacKeyError::NoRandomness)?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test cases 3, 4 and 6.
    #[test]
    fn tags_are_those_of_the_standard() {
        let ascending: Vec<u8> = (1..=25).collect();
        for (key, message, tag) in [
            (
                vec![0xaa; 20],
                vec![0xdd; 50],
                "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
            ),
            (
                ascending,
                vec![0xcd; 50],
                "82558a389a443c0ea4cc819899f2083a85f0faa3e578f8077a2e3ff46729665b",
            ),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
            ),
        ] {
            let key = MacKey::new(&key).unwrap();
            let (start, end) = message.split_at(7);
            assert_eq!(key.tag(&[start, end]).to_string(), tag);
            assert!(key.verifies(&[&message], key.tag(&[&message]).as_bytes()));
            assert!(!key.verifies(&[&message], &key.tag(&[&message]).as_bytes()[..31]));
            assert!(!key.verifies(&[start], key.tag(&[&message]).as_bytes()));
        }
    }

    #[test]
    fn short_secrets_are_none() {
        assert_eq!(MacKey::new(b"fifteen bytes..").err(), Some(MacKeyError::TooShort));
        assert_eq!(
            format!("{:?}", MacKey::new(b"sixteen bytes...").unwrap()),
            "MacKey"
        );
    }

    #[test]
    fn nonces_do_not_repeat() {
        let (one, other) = (nonce().unwrap(), nonce().unwrap());
        assert_eq!(one.len(), 32);
        assert_ne!(one, other);
    }
}
