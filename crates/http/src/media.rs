//! The content type of a request (RFC 9110 section 8.3).

use axum::http::{HeaderMap, header};

/// Why a body is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The content type is not one.
    #[error("invalid content-type header")]
    MalformedContentType,
    /// The body is something other than JSON.
    #[error("content-type must be application/json")]
    ContentType,
    /// The body is compressed, so its size can't be limited before the work is done.
    #[error("content-encoding is not supported")]
    ContentEncoding,
}

/// Refuses a body that says it is something other than plain JSON. A body that says nothing is taken for JSON.
pub fn require_json(headers: &HeaderMap) -> Result<(), MediaError> {
    let encoded = headers.get_all(header::CONTENT_ENCODING).iter().any(|encoding| {
        let encoding = encoding.to_str().unwrap_or("unreadable").trim();
        !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")
    });
    if encoded {
        return Err(MediaError::ContentEncoding);
    }
    let Some(given) = headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let given = given
        .to_str()
        .map_err(|_| MediaError::MalformedContentType)?
        .trim();
    if given.is_empty() {
        return Ok(());
    }
    let (media_type, parameters) = given.split_once(';').unwrap_or((given, ""));
    if !has_sound_parameters(parameters) {
        return Err(MediaError::MalformedContentType);
    }
    if media_type.trim().eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(MediaError::ContentType)
    }
}

/// Whether every parameter is `name=value` or `name="value"`.
fn has_sound_parameters(parameters: &str) -> bool {
    let mut rest = parameters.trim();
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else {
            return false;
        };
        let Some(after) = after_value(value) else {
            return false;
        };
        if !is_token(name) {
            return false;
        }
        rest = match after.trim_start().strip_prefix(';') {
            Some(next) => next.trim(),
            None if after.trim().is_empty() => "",
            None => return false,
        };
    }
    true
}

/// What follows the token or quoted string at the beginning of `text`.
fn after_value(text: &str) -> Option<&str> {
    if let Some(quoted) = text.strip_prefix('"') {
        let mut escaped = false;
        let end = quoted.find(|c| {
            let ends = c == '"' && !escaped;
            escaped = c == '\\' && !escaped;
            ends
        })?;
        return quoted.get(end + 1..);
    }
    let end = text
        .find(|c: char| c == ';' || c.is_whitespace())
        .unwrap_or(text.len());
    let (value, after) = text.split_at(end);
    is_token(value).then_some(after)
}

/// A token of RFC 9110 section 5.6.2.
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_passes_with_any_parameters() {
        for (content_type, passes) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/json;", true),
            ("application/json; a=b; c=\"d;\\\" e\" ", true),
            ("", true),
            ("text/plain", false),
            ("application/x-www-form-urlencoded", false),
            ("application/json+x", false),
            ("a/b/c;;=", false),
            ("application/json; charset", false),
            ("application/json; =x", false),
            ("application/json; a=\"b", false),
            ("application/json; a=b c", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
            assert_eq!(require_json(&headers).is_ok(), passes, "{content_type:?}");
        }
        assert!(require_json(&HeaderMap::new()).is_ok());
    }

    #[test]
    fn compressed_bodies_are_refused() {
        for (encoding, passes) in [("identity", true), ("gzip", false), ("br", false), ("x", false)] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_ENCODING, encoding.parse().unwrap());
            assert_eq!(require_json(&headers).is_ok(), passes, "{encoding}");
        }
    }
}
