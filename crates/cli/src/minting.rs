//! What commands that sign tokens have in common: key flags, life times, token files.

use std::{path::Path, time::Duration};

use gait_canon::{
    PrivateKey, json,
    keys::{self, KeySource},
};
use gait_disk::atomic;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::literal;
use crate::spec::Flag;

/// Where the signing key comes from.
pub(crate) const KEY_MODE: Flag = Flag::text("key-mode", "where the signing key comes from")
    .or("dev")
    .values(&["dev", "prod"]);
/// The signing key as a file.
pub(crate) const PRIVATE_KEY: Flag = Flag::path("private-key", "file of the signing key");
/// The signing key as a variable.
pub(crate) const PRIVATE_KEY_ENV: Flag = Flag::variable(
    "private-key-env",
    "environment variable that holds the signing key",
);

/// Tokens are readable by their owner alone.
const FILE_MODE: u32 = 0o600;

/// The key to sign with, and what the caller should know of it.
pub(crate) struct Signer {
    pub(crate) key: PrivateKey,
    pub(crate) warning: Option<&'static str>,
}

impl Signer {
    /// The key that [`KEY_MODE`], [`PRIVATE_KEY`] and [`PRIVATE_KEY_ENV`] name.
    pub(crate) fn of_flags(parsed: &Parsed, context: &Context<'_>) -> Result<Self, Failure> {
        let private = parsed.key_source("private-key", "private-key-env");
        let resolved = keys::signing_key(
            parsed.text("key-mode"),
            &private,
            &KeySource::default(),
            context.environment(),
        )?;
        let warning = resolved.is_ephemeral.then_some(keys::EPHEMERAL_KEY_WARNING);
        Ok(Self {
            key: resolved.key,
            warning,
        })
    }

    /// What text mode says of the key on standard error: nobody can verify what a key of this call alone has signed.
    pub(crate) fn notice(&self) -> String {
        self.warning
            .map(|warning| format!("warning: {warning}\n"))
            .unwrap_or_default()
    }
}

/// The life time that `text` gives, when it is a positive duration.
pub(crate) fn life_time(text: &str) -> Option<Duration> {
    literal::duration(text.trim())?.positive()
}

/// `given` without white space around it, or the default name of a token file.
pub(crate) fn token_path(given: &str, kind: &str, token_id: &str) -> String {
    match given.trim() {
        "" => format!("{kind}_{token_id}.json"),
        path => path.to_owned(),
    }
}

/// Writes `token` wherever the caller wants it, in one piece.
pub(crate) fn write_token(path: &str, token: &impl Serialize) -> Result<(), Failure> {
    let mut text = json::pretty(token)?;
    text.push('\n');
    let path = Path::new(path);
    if let Some(directory) = path.parent() {
        atomic::create_directories(directory)?;
    }
    atomic::write_or_replace(path, text.as_bytes(), FILE_MODE)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn life_times_are_positive() {
        for (text, seconds) in [
            (" 90m ", 5400.0),
            ("1.5h", 5400.0),
            ("+2h", 7200.0),
            ("100ms", 0.1),
        ] {
            assert_eq!(
                life_time(text).map(|ttl| ttl.as_secs_f64()),
                Some(seconds),
                "{text}"
            );
        }
        for text in ["", "0", "0s", "-1h", "1", "1d", "1h30", "soon"] {
            assert_eq!(life_time(text), None, "{text}");
        }
    }

    #[test]
    fn tokens_have_a_default_name() {
        assert_eq!(token_path(" ", "approval", "abc"), "approval_abc.json");
        assert_eq!(token_path(" x/t.json ", "approval", "abc"), "x/t.json");
    }

    #[test]
    fn tokens_are_written_anywhere_and_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("deep/token.json");
        for token in ["one", "two"] {
            write_token(path.to_str().unwrap(), &token).unwrap();
            assert_eq!(std::fs::read_to_string(&path).unwrap(), format!("\"{token}\"\n"));
        }
        assert!(write_token(directory.path().to_str().unwrap(), &"three").is_err());
    }
}
