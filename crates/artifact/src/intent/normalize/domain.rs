//! The network name that a host or URL target addresses.
//!
//! What counts is the name that common HTTP clients would connect to, so the URL is taken apart as they do (RFC 3986 with
//! an authority after `//`). A text that such a client would refuse addresses nothing.

use std::borrow::Cow;

use crate::text;

/// The domain of a `host` target: scheme, path and port cut off.
pub(super) fn of_host(value: &str) -> String {
    let value = value.strip_prefix("http://").unwrap_or(value);
    let value = value.strip_prefix("https://").unwrap_or(value);
    let end = value.find(['/', ':']).unwrap_or(value.len());
    text::trim_lower(&value[..end])
}

/// The domain of a `url` target; empty when the URL is malformed or has no authority.
pub(super) fn of_url(value: &str) -> String {
    url_host(value).map_or_else(String::new, |host| text::trim_lower(&host))
}

fn url_host(url: &str) -> Option<Cow<'_, str>> {
    if url.bytes().any(|byte| byte.is_ascii_control()) {
        return None;
    }
    let (url, fragment) = url.split_once('#').unwrap_or((url, ""));
    let after_scheme = without_scheme(url)?;
    let has_scheme = after_scheme.len() < url.len();
    let hierarchy = after_scheme
        .split_once('?')
        .map_or(after_scheme, |(before, _)| before);
    if !has_scheme && hierarchy.starts_with("///") {
        return None;
    }
    let authority_and_path = hierarchy.strip_prefix("//")?;
    let (authority, path) =
        authority_and_path.split_at(authority_and_path.find('/').unwrap_or(authority_and_path.len()));
    if !is_well_escaped(path) || !is_well_escaped(fragment) {
        return None;
    }
    let host = match authority.rsplit_once('@') {
        Some((user, host)) if is_user_info(user) => host,
        Some(_) => return None,
        None => authority,
    };
    host_without_port(host)
}

/// What follows `scheme:`, or everything when there is no scheme; nothing when the scheme is empty.
fn without_scheme(url: &str) -> Option<&str> {
    for (at, byte) in url.bytes().enumerate() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if at > 0 => {}
            b':' => return (at > 0).then(|| &url[at + 1..]),
            _ => return Some(url),
        }
    }
    Some(url)
}

fn is_user_info(user: &str) -> bool {
    user.bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-._:~!$&'()*+,;=%@".contains(&byte))
        && is_well_escaped(user)
}

/// Whether every `%` is followed by two hex digits.
fn is_well_escaped(text: &str) -> bool {
    let mut rest = text.as_bytes();
    while let Some(at) = rest.iter().position(|&byte| byte == b'%') {
        if !matches!(rest.get(at + 1..at + 3), Some(digits) if digits.iter().all(u8::is_ascii_hexdigit)) {
            return false;
        }
        rest = &rest[at + 3..];
    }
    true
}

fn host_without_port(host: &str) -> Option<Cow<'_, str>> {
    if let Some(bracketed) = host.strip_prefix('[') {
        let (address, port) = bracketed.rsplit_once(']')?;
        if !is_port(port) {
            return None;
        }
        return match address.find("%25") {
            Some(at) => {
                let (address, zone) = address.split_at(at);
                Some(unescape(address, Part::Host)? + unescape(zone, Part::Zone)?)
            }
            None => unescape(address, Part::Host),
        };
    }
    match host.rfind(':') {
        Some(at) if is_port(&host[at..]) => unescape(&host[..at], Part::Host),
        Some(_) => None,
        None => unescape(host, Part::Host),
    }
}

/// Whether `text` is empty or a colon with digits, perhaps none, behind it.
fn is_port(text: &str) -> bool {
    text.is_empty()
        || text
            .strip_prefix(':')
            .is_some_and(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()))
}

#[derive(Clone, Copy, PartialEq)]
enum Part {
    /// A registered name or an address: ASCII must stand unescaped, save `%` itself.
    Host,
    /// The zone of an IPv6 address, which may escape more.
    Zone,
}

/// Decodes escapes; nothing when a byte or an escape has no place in a host.
fn unescape(text: &str, part: Part) -> Option<Cow<'_, str>> {
    if text.bytes().all(|byte| byte != b'%' && is_host_byte(byte)) {
        return Some(Cow::Borrowed(text));
    }
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        if byte == b'%' {
            let escaped = escaped_byte(bytes.get(at + 1..at + 3)?)?;
            let allowed = escaped == b'%'
                || match part {
                    Part::Host => !escaped.is_ascii(),
                    Part::Zone => escaped == b' ' || is_host_byte(escaped),
                };
            if !allowed {
                return None;
            }
            decoded.push(escaped);
            at += 3;
        } else if is_host_byte(byte) {
            decoded.push(byte);
            at += 1;
        } else {
            return None;
        }
    }
    Some(Cow::Owned(String::from_utf8_lossy(&decoded).into_owned()))
}

fn escaped_byte(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits)
        .ok()
        .filter(|digits| !digits.starts_with('+'))?;
    u8::from_str_radix(digits, 16).ok()
}

fn is_host_byte(byte: u8) -> bool {
    !byte.is_ascii() || byte.is_ascii_alphanumeric() || b"-_.~!$&'()*+,;=:[]<>\"".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts() {
        for (value, domain) in [
            ("X.example", "x.example"),
            ("http://x.example/p", "x.example"),
            ("http://https://x.example:443", "x.example"),
            ("https://http://x.example", "http"),
            ("HTTP://x.example", "http"),
            ("x.example.:80", "x.example."),
            (" x.example /p", "x.example"),
            ("::1", ""),
            ("", ""),
        ] {
            assert_eq!(of_host(value), domain, "{value}");
        }
    }

    #[test]
    fn urls_with_an_authority() {
        for (value, domain) in [
            ("https://X.Example./a?b=https://y#c", "x.example."),
            ("//x.example", "x.example"),
            ("https://user:p%40ss@x.example:8080/", "x.example"),
            ("https://a@b@x.example", "x.example"),
            ("https://x.example:", "x.example"),
            ("https://x.example?y", "x.example"),
            ("ftp://[2001:DB8::1]:21/", "2001:db8::1"),
            ("http://[fe80::1%25eth0%20x]/", "fe80::1%eth0 x"),
            ("http://bücher.example/%C3%BC", "bücher.example"),
            ("http://b%C3%BCcher.example/", "bücher.example"),
            ("http://a:b@[::1]", "::1"),
            ("http://a:b:80/", "a:b"),
            ("file:///etc/passwd", ""),
            ("http:///p", ""),
        ] {
            assert_eq!(of_url(value), domain, "{value}");
        }
    }

    #[test]
    fn texts_that_address_nothing() {
        for value in [
            "",
            "x.example/p",
            "x.example:80",
            "mailto:a@x.example",
            "http:x.example",
            "http:/x.example",
            ":x",
            "///x.example",
            "http://x.example:port/",
            "http://x example/",
            "http://x\\y/",
            "http://x%41.example/",
            "http://[::1/",
            "http://[::1]x/",
            "http://us er@x.example/",
            "http://u%@x.example/",
            "http://x.example/%zz",
            "http://x.example/#%",
            "http://x.example/\u{1}",
        ] {
            assert_eq!(of_url(value), "", "{value}");
        }
    }
}
