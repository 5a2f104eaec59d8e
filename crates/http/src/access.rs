//! Who may ask: bearer tokens, and what keeps web pages away from a service that asks for none.
//!
//! A service on a loopback address without a token is open to every process of the machine, a browser among them. A page
//! from elsewhere could reach it by a name that it lets resolve to 127.0.0.1 (DNS rebinding), or simply post to it. So
//! there the `Host` and `Origin` of a request must name this machine, which a page from elsewhere can't bring about.

use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header, uri::Authority};
use gait_canon::Digest;

use crate::listen::is_loopback_host;

/// Why somebody may not ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AccessError {
    /// The service was asked for by a name that is not this machine's.
    #[error("host is not allowed: the service answers to loopback names only")]
    ForeignHost,
    /// A web page that this machine did not serve asks.
    #[error("origin is not allowed: the service answers to pages of this machine only")]
    ForeignOrigin,
    /// A token is asked for and none is shown.
    #[error("missing bearer authorization")]
    NoToken,
    /// Another token is shown.
    #[error("invalid bearer authorization")]
    WrongToken,
}

impl AccessError {
    /// The status that stands for it.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::ForeignHost | Self::ForeignOrigin => StatusCode::FORBIDDEN,
            Self::NoToken | Self::WrongToken => StatusCode::UNAUTHORIZED,
        }
    }
}

/// What a caller must show.
#[derive(Debug, Clone)]
pub enum Access {
    /// Nothing, but it must have asked for this machine by name.
    Loopback,
    /// A bearer token (RFC 6750).
    Token(BearerToken),
}

/// A token to compare with. Only its digest is kept, which takes as long to compare whatever the token.
#[derive(Debug, Clone)]
pub struct BearerToken(Digest);

impl BearerToken {
    /// The token `text`, without the white space around it; none when that is blank.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (!text.is_empty()).then(|| Self(Digest::of(text.as_bytes())))
    }

    /// Compares digests, every byte of them.
    fn matches(&self, shown: &str) -> bool {
        let shown = Digest::of(shown.as_bytes());
        let differences = self.0.as_bytes().iter().zip(shown.as_bytes());
        differences.fold(0, |sum, (left, right)| sum | (left ^ right)) == 0
    }
}

impl Access {
    /// Refuses a request that a foreign web page may have made.
    pub fn check_source(&self, headers: &HeaderMap, uri: &Uri) -> Result<(), AccessError> {
        match self {
            Self::Loopback if !names_this_machine(headers, uri) => Err(AccessError::ForeignHost),
            Self::Loopback if !comes_from_this_machine(headers) => Err(AccessError::ForeignOrigin),
            Self::Loopback | Self::Token(_) => Ok(()),
        }
    }

    /// Refuses a request without the token that is asked for.
    pub fn check_token(&self, headers: &HeaderMap) -> Result<(), AccessError> {
        let Self::Token(token) = self else {
            return Ok(());
        };
        let shown = text_of(headers.get(header::AUTHORIZATION))
            .trim()
            .strip_prefix("Bearer ")
            .ok_or(AccessError::NoToken)?;
        if token.matches(shown.trim()) {
            Ok(())
        } else {
            Err(AccessError::WrongToken)
        }
    }
}

/// Whether every name by which the service was asked for stands for this machine. HTTP/1.0 needs none.
fn names_this_machine(headers: &HeaderMap, uri: &Uri) -> bool {
    let named = headers
        .get_all(header::HOST)
        .iter()
        .all(|host| is_local(text_of(Some(host))));
    named
        && uri
            .authority()
            .is_none_or(|authority| is_local(authority.as_str()))
}

/// Whether the page that made the request, if one did, was served by this machine.
fn comes_from_this_machine(headers: &HeaderMap) -> bool {
    headers.get_all(header::ORIGIN).iter().all(|origin| {
        let origin = text_of(Some(origin));
        let authority = origin
            .strip_prefix("http://")
            .or_else(|| origin.strip_prefix("https://"));
        authority.is_some_and(is_local)
    })
}

fn is_local(authority: &str) -> bool {
    let Ok(authority) = authority.parse::<Authority>() else {
        return false;
    };
    let host = authority.host();
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    !authority.as_str().contains('@') && is_loopback_host(bare.unwrap_or(host))
}

/// The text of a header; what is no text can't match anything.
fn text_of(value: Option<&HeaderValue>) -> &str {
    value.and_then(|value| value.to_str().ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(*name, value.parse().unwrap());
        }
        headers
    }

    #[test]
    fn only_the_right_token_passes() {
        let access = Access::Token(BearerToken::new(" s3cret ").unwrap());
        for (shown, passes) in [
            ("Bearer s3cret", true),
            ("  Bearer   s3cret ", true),
            ("Bearer wrong", false),
            ("Bearer s3cre", false),
            ("Bearer s3cret2", false),
            ("bearer s3cret", false),
            ("Basic czNjcmV0", false),
            ("s3cret", false),
            ("Bearer", false),
            ("Bearer ", false),
        ] {
            let result = access.check_token(&headers(&[("authorization", shown)]));
            assert_eq!(result.is_ok(), passes, "{shown:?}");
        }
        assert!(access.check_token(&HeaderMap::new()).is_err());
        assert!(BearerToken::new("  ").is_none());
    }

    #[test]
    fn pages_from_elsewhere_are_kept_away() {
        for (pairs, passes) in [
            (&[][..], true),
            (&[("host", "127.0.0.1:8787")], true),
            (&[("host", "LOCALHOST")], true),
            (&[("host", "[::1]:80")], true),
            (&[("host", "evil.example")], false),
            (&[("host", "127.0.0.1.evil.example:8787")], false),
            (&[("host", "localhost:8787@evil.example")], false),
            (&[("host", "")], false),
            (&[("host", "localhost"), ("host", "evil.example")], false),
            (
                &[("host", "localhost"), ("origin", "http://localhost:3000")],
                true,
            ),
            (&[("host", "localhost"), ("origin", "https://[::1]")], true),
            (
                &[("host", "localhost"), ("origin", "https://evil.example")],
                false,
            ),
            (&[("host", "localhost"), ("origin", "null")], false),
            (&[("host", "localhost"), ("origin", "file://localhost")], false),
        ] {
            let result = Access::Loopback.check_source(&headers(pairs), &Uri::from_static("/x"));
            assert_eq!(result.is_ok(), passes, "{pairs:?}");
        }
        let absolute = Uri::from_static("http://evil.example/v1/evaluate");
        assert!(
            Access::Loopback
                .check_source(&HeaderMap::new(), &absolute)
                .is_err()
        );
        let token = Access::Token(BearerToken::new("t").unwrap());
        assert!(
            token
                .check_source(&headers(&[("host", "gait.example")]), &absolute)
                .is_ok()
        );
    }
}
