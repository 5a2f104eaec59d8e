//! Lists of identities that were revoked.

use std::collections::BTreeSet;

use gait_canon::json::{self, Value};

/// Who may no longer act.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RevocationList {
    identities: BTreeSet<String>,
}

/// Why a list can't be used. A list that is not understood must not pass for an empty one.
#[derive(Debug, thiserror::Error)]
pub enum RevocationListError {
    /// The text is neither JSON nor plain lines in UTF-8.
    #[error("revocation list is not text")]
    NotText,
    /// It begins like JSON and is none.
    #[error("parse revocation list: {0}")]
    Json(#[from] json::Error),
    /// An object with neither of the two lists.
    #[error("revocation list has neither revoked_identities nor identities")]
    NoList,
    /// A list that holds something else than texts.
    #[error("revocation list must hold texts only")]
    NotTexts,
}

impl RevocationList {
    /// Reads a list: a JSON array of texts, a JSON object with such arrays in `revoked_identities` and `identities`, or
    /// one identity per line, where blank lines and lines that begin with `#` count for nothing. Entries are trimmed.
    ///
    /// An empty text revokes nobody. Text that begins with `[` or `{` is JSON, also when it is broken.
    pub fn read(bytes: &[u8]) -> Result<Self, RevocationListError> {
        let text = std::str::from_utf8(bytes)
            .map_err(|_| RevocationListError::NotText)?
            .trim();
        let identities = if text.starts_with(['[', '{']) {
            from_json(&json::parse(text.as_bytes())?)?
        } else {
            text.lines()
                .map(str::trim)
                .filter(|line| !line.is_empty() && !line.starts_with('#'))
                .map(str::to_owned)
                .collect()
        };
        Ok(Self { identities })
    }

    /// Whether exactly this identity is listed.
    #[must_use]
    pub fn revokes(&self, identity: &str) -> bool {
        self.identities.contains(identity)
    }
}

fn from_json(value: &Value) -> Result<BTreeSet<String>, RevocationListError> {
    let Some(object) = value.as_object() else {
        return texts(value);
    };
    let lists: Vec<&Value> = ["revoked_identities", "identities"]
        .iter()
        .filter_map(|name| object.get(name))
        .filter(|list| !list.is_null())
        .collect();
    if lists.is_empty() {
        return Err(RevocationListError::NoList);
    }
    let mut identities = BTreeSet::new();
    for list in lists {
        identities.append(&mut texts(list)?);
    }
    Ok(identities)
}

fn texts(list: &Value) -> Result<BTreeSet<String>, RevocationListError> {
    let items = list.as_array().ok_or(RevocationListError::NotTexts)?;
    items
        .iter()
        .map(|item| item.as_str().map(|text| text.trim().to_owned()))
        .filter(|text| text.as_ref().is_none_or(|text| !text.is_empty()))
        .map(|text| text.ok_or(RevocationListError::NotTexts))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_that_are_understood() {
        for (text, revoked) in [
            ("", &[][..]),
            (" \n", &[]),
            ("[]", &[]),
            (r#"["a", " b ", ""]"#, &["a", "b"]),
            (r#"{"revoked_identities":["a"]}"#, &["a"]),
            (
                r#"{"identities":["b"],"revoked_identities":["a"],"note":1}"#,
                &["a", "b"],
            ),
            (r#"{"identities":null,"revoked_identities":[]}"#, &[]),
            ("# who left\n a \r\n\nb", &["a", "b"]),
            ("\"a\"", &["\"a\""]),
        ] {
            let list = RevocationList::read(text.as_bytes()).unwrap();
            assert_eq!(list.identities.iter().collect::<Vec<_>>(), revoked, "{text}");
        }
        let list = RevocationList::read(b"Agent.Build").unwrap();
        assert!(list.revokes("Agent.Build") && !list.revokes("agent.build"));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for text in [
            r#"["a""#,
            r#"{"revoked":["a"]}"#,
            "{}",
            r#"{"identities":"a"}"#,
            r#"["a",1]"#,
            r#"["a"] b"#,
            r#"{"identities":["a"],"identities":[]}"#,
        ] {
            assert!(RevocationList::read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(RevocationList::read(b"\xff").is_err());
    }
}
