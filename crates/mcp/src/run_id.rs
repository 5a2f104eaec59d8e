//! Names for runs: safe in file names, and the same for the same call.

use gait_canon::Digest;

/// What every run id begins with.
const PREFIX: &str = "run_";
/// How many hex digits of the intent's digest name a run that nobody named.
const DIGEST_DIGITS: usize = 12;

/// The run id that `text` gives: every run of characters other than ASCII letters, digits, `_` and `-` becomes one `_`,
/// none stand at the ends, and `run_` comes first. `None` when nothing is left.
#[must_use]
pub fn normalize(text: &str) -> Option<String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '_' | '-');
    let mut id = String::with_capacity(PREFIX.len() + text.len());
    for piece in text.trim().split_inclusive(|letter| !is_plain(letter)) {
        let plain = piece.trim_end_matches(|letter| !is_plain(letter));
        id.push_str(plain);
        if plain.len() < piece.len() && (!plain.is_empty() || id.is_empty()) {
            id.push('_');
        }
    }
    let id = id.trim_matches('_');
    match id {
        "" => None,
        _ if id.starts_with(PREFIX) => Some(id.to_owned()),
        _ => Some(format!("{PREFIX}{id}")),
    }
}

/// The run a call belongs to: the one `requested` at the boundary, else the one its `context` names, else one named by
/// the digest of its intent.
#[must_use]
pub fn resolve(requested: &str, context: &str, intent: &Digest) -> String {
    normalize(requested)
        .or_else(|| normalize(context))
        .unwrap_or_else(|| format!("{PREFIX}mcp_{}", &intent.to_string()[..DIGEST_DIGITS]))
}
