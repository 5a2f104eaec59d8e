//! What the caller demands of a manifest beside a signature.

use gait_artifact::text::{trim, trim_lower};
use gait_canon::Digest;

/// What stands in front of a digest where its algorithm is said.
pub(crate) const DIGEST_PREFIX: &str = "sha256:";

/// The digest that a manifest must have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin(Option<Digest>);

impl Pin {
    /// Reads a pin: 64 hex digits of either case, with `sha256:` in front or without. Blank text is no pin; any other
    /// text is one that no manifest has.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = trim_lower(text);
        if text.is_empty() {
            return None;
        }
        let digits = text.strip_prefix(DIGEST_PREFIX).unwrap_or(&text);
        Some(Self(digits.parse().ok()))
    }

    /// The pin of exactly this digest.
    #[must_use]
    pub const fn of(digest: Digest) -> Self {
        Self(Some(digest))
    }

    /// Whether it is the pin of `digest`.
    #[must_use]
    pub fn admits(&self, digest: &Digest) -> bool {
        self.0.as_ref() == Some(digest)
    }

    /// The digest, unless the pin is of none.
    #[must_use]
    pub const fn digest(&self) -> Option<&Digest> {
        self.0.as_ref()
    }
}

/// The publishers whose packs are taken; none named means all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Publishers(Vec<String>);

/// Why a publisher's pack is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PublisherRefusal {
    /// The manifest does not say who publishes it.
    #[error("publishers are restricted, and the manifest names none")]
    Unnamed,
    /// Somebody else publishes it.
    #[error("publisher {0:?} is not one of those allowed")]
    NotAllowed(String),
}

impl Publishers {
    /// Takes names as people write them; letter case and surrounding white space do not matter.
    #[must_use]
    pub fn new<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> Self {
        let names = names.into_iter().map(|name| trim_lower(name.as_ref()));
        Self(names.filter(|name| !trim(name).is_empty()).collect())
    }

    /// Whether packs of `publisher`, in lower case, are taken.
    pub fn admit(&self, publisher: &str) -> Result<(), PublisherRefusal> {
        if self.0.is_empty() {
            Ok(())
        } else if publisher.is_empty() {
            Err(PublisherRefusal::Unnamed)
        } else if self.0.iter().any(|name| name == publisher) {
            Ok(())
        } else {
            Err(PublisherRefusal::NotAllowed(publisher.to_owned()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_leniently_and_compared_exactly() {
        let digest = Digest::of(b"x");
        let admits = |text: &str| Pin::parse(text).map(|pin| pin.admits(&digest));
        assert_eq!(admits(&digest.to_string()), Some(true));
        assert_eq!(
            admits(&format!(" SHA256:{} ", digest.to_string().to_uppercase())),
            Some(true)
        );
        for never in ["sha256:", "zz", "sha256:sha256:", &digest.to_string()[1..]] {
            assert_eq!(admits(never), Some(false), "{never}");
        }
        assert_eq!(admits(" "), None);
    }

    #[test]
    fn publishers_are_compared_without_letter_case() {
        let allowed = Publishers::new(["Acme Labs ", "", "other"]);
        assert_eq!(allowed.admit("acme labs"), Ok(()));
        assert_eq!(allowed.admit(""), Err(PublisherRefusal::Unnamed));
        assert_eq!(
            allowed.admit("acme"),
            Err(PublisherRefusal::NotAllowed("acme".to_owned()))
        );
        assert_eq!(Publishers::new([" ", ""]).admit(""), Ok(()));
    }
}
