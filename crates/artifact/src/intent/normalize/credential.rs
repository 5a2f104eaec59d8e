//! Raw credentials have no place in an intent: it is kept, traced and shown.

use gait_canon::json::{Object, Value};

use crate::{
    intent::{IntentError, Problem, field::Field},
    text,
};

/// Parts of a member name that suggest a credential.
const SUGGESTIVE: &[&str] = &[
    "token",
    "secret",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "access_key",
    "access-key",
    "password",
    "credential",
];

/// Ends of a member name that say the value only speaks of a credential.
const HARMLESS_ENDS: &[&str] = &[
    "_ref",
    "_refs",
    "_digest",
    "_digests",
    "_hash",
    "_issuer",
    "_source",
    "_type",
    "_ttl",
    "_ttl_seconds",
    "_id",
    "_ids",
    "_name",
    "_names",
    "_scope",
    "_scopes",
];

/// Starts of a value that say where a credential is, not what it is.
const REFERENCES: &[&str] = &["env:", "stub:", "cmd:", "ref:", "sha256:"];

/// Starts of well-known kinds of credentials.
const CREDENTIAL_STARTS: &[&str] = &["ghp_", "gho_", "github_pat_", "sk-", "AKIA", "ASIA"];

/// The shortest text that is taken for a credential without a well-known start, in bytes.
const SHORTEST_SECRET: usize = 16;

/// Refuses an object that holds a raw credential at any depth; the first by name is reported.
pub(super) fn refuse_raw_credentials(object: &Object, field: Field<'_>) -> Result<(), IntentError> {
    let mut members: Vec<(&str, &Value)> = object.iter().collect();
    members.sort_unstable_by_key(|&(name, _)| name);
    for (name, value) in members {
        let field = field.member(name);
        if suggests_credential(name) {
            refuse_secret_text(value, field)?;
        }
        refuse_in_value(value, field)?;
    }
    Ok(())
}

fn refuse_in_value(value: &Value, field: Field<'_>) -> Result<(), IntentError> {
    match value {
        Value::Object(object) => refuse_raw_credentials(object, field),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| refuse_in_value(item, field.item(index))),
        _ => Ok(()),
    }
}

/// The value of a suggestive name: a text, or texts in lists of any depth.
fn refuse_secret_text(value: &Value, field: Field<'_>) -> Result<(), IntentError> {
    match value {
        Value::String(text) if looks_like_credential(text) => {
            Err(IntentError::at(field, Problem::RawCredential))
        }
        Value::Array(items) => items
            .iter()
            .enumerate()
            .try_for_each(|(index, item)| refuse_secret_text(item, field.item(index))),
        _ => Ok(()),
    }
}

fn suggests_credential(name: &str) -> bool {
    let name = text::trim_lower(name);
    SUGGESTIVE.iter().any(|part| name.contains(part)) && !HARMLESS_ENDS.iter().any(|end| name.ends_with(end))
}

/// Whether `text` reads like a credential rather than a reference to one or its digest.
pub(super) fn looks_like_credential(text: &str) -> bool {
    let text = text::trim(text);
    if starts_with_any_case(text, REFERENCES) || text::is_hex64(&text.to_ascii_lowercase()) {
        return false;
    }
    if CREDENTIAL_STARTS.iter().any(|start| text.starts_with(start)) {
        return true;
    }
    let bytes = text.as_bytes();
    bytes.len() >= SHORTEST_SECRET
        && !bytes
            .iter()
            .any(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
        && bytes.iter().any(u8::is_ascii_alphabetic)
        && bytes.iter().any(u8::is_ascii_digit)
}

/// Whether `text` starts with one of the ASCII `starts`, in whatever case.
pub(super) fn starts_with_any_case(text: &str, starts: &[&str]) -> bool {
    starts.iter().any(|start| {
        text.get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_suggest_a_credential() {
        for name in [
            "token",
            "Access_Token",
            " MY-SECRET ",
            "apikey",
            "x-api-key",
            "ACCESS-KEY",
            "passwords",
        ] {
            assert!(suggests_credential(name), "{name}");
        }
        for name in [
            "path",
            "token_id",
            "Secret_Ref",
            "credential_ttl_seconds",
            "tokens_names",
            "pass",
        ] {
            assert!(!suggests_credential(name), "{name}");
        }
    }

    #[test]
    fn values_that_look_like_a_credential() {
        for value in ["ghp_x", " sk-1 ", "AKIA", "abcdefgh12345678", "12345678-ABCDEFG"] {
            assert!(looks_like_credential(value), "{value}");
        }
        let digest = "AB".repeat(32);
        for value in [
            "",
            " ",
            "akia",
            "ENV:abcdefgh12345678",
            "Sha256:abcdefgh12345678",
            "abcdefgh1234567",
            "abcdefgh 12345678",
            "abcdefghijklmnop",
            "1234567890123456",
            &digest,
        ] {
            assert!(!looks_like_credential(value), "{value}");
        }
    }
}
