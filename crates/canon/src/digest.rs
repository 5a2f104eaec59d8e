//! SHA-256 digests and the short identifiers made from them.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest as _, Sha256};

use crate::{hex, json};

/// A SHA-256 digest (FIPS 180-4). Its text is 64 lower-case hex digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest([u8; 32]);

/// A text that is not a digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 lower-case hex digits")]
pub struct DigestError;

impl Digest {
    /// The digest of `bytes`.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The digest of the canonical JSON (RFC 8785) of `value`.
    pub fn of_canonical<T: Serialize + ?Sized>(value: &T) -> Result<Self, json::Error> {
        json::canonical_digest(value)
    }

    /// The digest with these 32 bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads 64 hex digits of either case.
    pub fn parse_any_case(text: &str) -> Result<Self, DigestError> {
        hex::decode(text).map(Self).ok_or(DigestError)
    }
}

impl FromStr for Digest {
    type Err = DigestError;

    /// Reads 64 lower-case hex digits.
    fn from_str(text: &str) -> Result<Self, DigestError> {
        if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(DigestError);
        }
        Self::parse_any_case(text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(hex::encode(&self.0).as_str())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

impl Serialize for Digest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(hex::encode(&self.0).as_str())
    }
}

impl<'de> Deserialize<'de> for Digest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(feature = "schema")]
impl schemars::JsonSchema for Digest {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Digest".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({ "type": "string", "pattern": "^[0-9a-f]{64}$" })
    }
}

/// A digest computed piece by piece, for content that is not in memory at once.
#[derive(Clone, Default)]
pub struct Hasher(Sha256);

impl Hasher {
    /// A hasher that has seen nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next piece.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all pieces.
    #[must_use]
    pub fn finish(self) -> Digest {
        Digest(self.0.finalize().into())
    }
}

impl std::io::Write for Hasher {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The first 24 hex digits (12 bytes) of the digest of `text`: what artifact identifiers are made of.
#[must_use]
pub fn short_id(text: &str) -> String {
    let digest = Digest::of(text.as_bytes());
    hex::encode(digest.as_bytes()).as_str()[..24].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn known_digests() {
        assert_eq!(Digest::of(b"abc").to_string(), ABC);
        assert_eq!(short_id("abc"), ABC[..24]);
        let mut hasher = Hasher::new();
        hasher.update(b"a");
        hasher.update(b"bc");
        assert_eq!(hasher.finish(), Digest::of(b"abc"));
        let object = json::parse(br#"{"b":1.0,"a":null}"#).unwrap();
        assert_eq!(
            Digest::of_canonical(&object).unwrap(),
            Digest::of(br#"{"a":null,"b":1}"#)
        );
        assert_eq!(
            json::canonical_digest_of_bytes(br#"{"b":1.0,"a":null}"#).unwrap(),
            Digest::of(br#"{"a":null,"b":1}"#)
        );
    }

    #[test]
    fn texts_are_read_strictly() {
        assert_eq!(ABC.parse(), Ok(Digest::of(b"abc")));
        assert_eq!(
            Digest::parse_any_case(&ABC.to_uppercase()),
            Ok(Digest::of(b"abc"))
        );
        let refused = [
            ABC.to_uppercase(),
            ABC[1..].to_owned(),
            format!("{ABC}0"),
            format!("sha256:{ABC}"),
            ABC.replace('b', "g"),
            format!(" {}", &ABC[1..]),
            format!("+{}", &ABC[1..]),
            "é".repeat(32),
            String::new(),
        ];
        for text in refused {
            assert_eq!(text.parse::<Digest>(), Err(DigestError), "{text}");
        }
    }

    #[test]
    fn json_form_is_the_text() {
        let digest = Digest::of(b"abc");
        let value = json::to_value(&digest).unwrap();
        assert_eq!(value.as_str(), Some(ABC));
        assert_eq!(json::from_value::<Digest>(&value).unwrap(), digest);
        assert!(json::from_value::<Digest>(&ABC.to_uppercase().into()).is_err());
    }
}
