//! From the bytes of a policy file to a checked [`Policy`].
//!
//! Three steps, and the first error ends the reading: the YAML is parsed ([`crate::yaml`]), its structure is read into
//! a draft whose keys and types are known (`draft`), and the draft is normalised and checked, section by section
//! (`normalize`). The drafts of rules are normalised one by one as they are read (`rules`). Every error knows line, column
//! and key path.

mod draft;
mod duration;
mod error;
mod legacy;
mod normalize;
mod rule;
mod rules;
mod section;
mod settings;

use std::borrow::Cow;

use gait_artifact::policy::Policy;

pub use duration::duration_text;
pub use error::{Fault, InvalidSetting, PolicyError};
pub use legacy::{LegacyField, LegacyFields};

use crate::yaml::{self, Documents, UnknownKeys};

/// Reads, normalises and checks a policy.
///
/// Bytes that are not UTF-8 count as U+FFFD each, as they do in intents.
pub fn read(bytes: &[u8]) -> Result<Policy, PolicyError> {
    read_text(&text_of(bytes))
}

/// [`read`] for text.
pub fn read_text(text: &str) -> Result<Policy, PolicyError> {
    let document = yaml::parse(text, Documents::Single)?;
    legacy::refuse(&document)?;
    let draft = document.read(UnknownKeys::Refuse)?;
    normalize::policy(draft)
}

/// The text of a policy file as [`read`] sees it, for showing the line of an error.
#[must_use]
pub fn text_of(bytes: &[u8]) -> Cow<'_, str> {
    if bytes.len() > yaml::MAX_BYTES + 1 {
        // Too large to be read in any case; one byte more than the limit says so without copying more.
        return text_of(&bytes[..=yaml::MAX_BYTES]);
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        return Cow::Borrowed(text);
    }
    let replace = |chunk: std::str::Utf8Chunk<'_>| {
        let mut text = chunk.valid().to_owned();
        text.extend(std::iter::repeat_n(
            char::REPLACEMENT_CHARACTER,
            chunk.invalid().len(),
        ));
        text
    };
    Cow::Owned(bytes.utf8_chunks().map(replace).collect())
}
