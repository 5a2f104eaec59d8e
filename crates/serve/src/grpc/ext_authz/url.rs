//! An HTTP request as a call of the tool `http.<method>`.

use axum::http::uri::Authority;
use gait_artifact::intent::Target;
use gait_canon::Digest;
use gait_canon::json::Object;
use gait_mcp::call::ToolCall;

use super::request::Proxied;

/// Why a request is no call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum UrlError {
    #[error("the method is not one of HTTP")]
    Method,
    #[error("the scheme is not http or https")]
    Scheme,
    #[error("the host is not host:port")]
    Host,
    #[error("the path can be read in more than one way")]
    Path,
}

/// The call: its target is the URL without the query; the query and the digest of the body are arguments, so that an
/// approval of one request is none of another.
pub(super) fn call(request: &Proxied) -> Result<ToolCall, UrlError> {
    let is_method = (1..=32).contains(&request.method.len())
        && request
            .method
            .bytes()
            .all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    if !is_method {
        return Err(UrlError::Method);
    }
    let method = request.method.to_ascii_lowercase();
    let scheme = scheme(&request.scheme)?;
    let host = host(&request.host)?;
    let (path, query) = path(&request.path)?;
    let mut args = Object::new();
    for (name, value) in [
        ("method", method.as_str()),
        ("scheme", scheme),
        ("host", &host),
        ("path", path),
    ] {
        args.insert(name, value);
    }
    if let Some(query) = query {
        args.insert("query", query);
    }
    if !request.body.is_empty() && !request.is_cut_off() {
        args.insert("body_sha256", Digest::of(&request.body).to_string());
    }
    Ok(ToolCall {
        name: format!("http.{method}"),
        args,
        targets: vec![Target {
            kind: "url".to_owned(),
            value: format!("{scheme}://{host}{path}"),
            operation: operation(&method).to_owned(),
            ..Target::default()
        }],
        ..ToolCall::default()
    })
}

fn scheme(given: &str) -> Result<&'static str, UrlError> {
    match given.to_ascii_lowercase().as_str() {
        "" | "http" => Ok("http"),
        "https" => Ok("https"),
        _ => Err(UrlError::Scheme),
    }
}

fn host(given: &str) -> Result<String, UrlError> {
    let authority: Authority = given.parse().map_err(|_| UrlError::Host)?;
    let name = authority.host();
    if name.is_empty() || name.ends_with('.') || given.contains('@') {
        return Err(UrlError::Host);
    }
    Ok(given.to_ascii_lowercase())
}

/// The path and the query.
fn path(given: &str) -> Result<(&str, Option<&str>), UrlError> {
    let (path, query) = match given.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (given, None),
    };
    // `*` is the target of OPTIONS for the whole server; CONNECT has none.
    let is_path = path.starts_with('/') || matches!(path, "" | "*");
    let has_controls = given
        .bytes()
        .any(|byte| byte <= b' ' || byte == 0x7F || byte == b'#');
    if !is_path || has_controls || has_two_ways(path) {
        return Err(UrlError::Path);
    }
    Ok((path, query))
}

/// Whether `path` could be one path to whoever judges and another to whoever serves (RFC 3986 sections 5.2.4 and 6.2.2):
/// segments that are empty, `.` or `..`, also with the parameters that some servers cut off; backslashes; characters that
/// need not be encoded, slashes or controls in percent-encoding.
fn has_two_ways(path: &str) -> bool {
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        let name = segment.split(';').next().unwrap_or_default();
        let is_last = segments.peek().is_none();
        if matches!(name, "." | "..") || (name.is_empty() && !(is_last && segment.is_empty())) {
            return true;
        }
    }
    path.contains('\\') || path.split('%').skip(1).any(needs_no_encoding)
}

/// Whether what follows a percent sign encodes nothing, or what should not be encoded.
fn needs_no_encoding(rest: &str) -> bool {
    let digits = rest
        .get(..2)
        .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
    let Some(byte) = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()) else {
        return true;
    };
    byte.is_ascii_alphanumeric() || byte.is_ascii_control() || b"-._~/\\".contains(&byte)
}

/// What a method does by its definition (RFC 9110 section 9.2.1); what none defines may do anything.
fn operation(method: &str) -> &'static str {
    match method {
        "get" | "head" | "options" | "trace" => "read",
        "delete" => "delete",
        _ => "write",
    }
}

#[cfg(test)]
mod tests {
    use super::super::protocol::HttpRequest;
    use super::*;

    fn request(method: &str, host: &str, path: &str) -> Proxied {
        Proxied::from(HttpRequest {
            method: method.to_owned(),
            scheme: "https".to_owned(),
            host: host.to_owned(),
            path: path.to_owned(),
            ..HttpRequest::default()
        })
    }

    #[test]
    fn a_request_is_a_call_with_its_url_as_target() {
        let mut request = request("DELETE", "API.example:8443", "/v1/items?id=7");
        request.body = b"x".to_vec();
        let call = call(&request).unwrap();
        assert_eq!(call.name, "http.delete");
        let target = &call.targets[0];
        assert_eq!(
            (
                target.kind.as_str(),
                target.value.as_str(),
                target.operation.as_str()
            ),
            ("url", "https://api.example:8443/v1/items", "delete")
        );
        assert_eq!(call.args.get("query").unwrap().as_str(), Some("id=7"));
        let digest = Digest::of(b"x").to_string();
        assert_eq!(
            call.args.get("body_sha256").unwrap().as_str(),
            Some(digest.as_str())
        );
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_refused() {
        for (method, host, path, error) in [
            ("", "h", "/", UrlError::Method),
            ("G ET", "h", "/", UrlError::Method),
            ("GET", "", "/", UrlError::Host),
            ("GET", "a@b", "/", UrlError::Host),
            ("GET", "a b", "/", UrlError::Host),
            ("GET", "h", "/a/../b", UrlError::Path),
            ("GET", "h", "/a/..", UrlError::Path),
            ("GET", "h", "/a/.?x", UrlError::Path),
            ("GET", "h", "//a", UrlError::Path),
            ("GET", "h", "/a%2Fb", UrlError::Path),
            ("GET", "h", "/%2e%2E/b", UrlError::Path),
            ("GET", "h", "/a\\b", UrlError::Path),
            ("GET", "h", "/a#b", UrlError::Path),
            ("GET", "h", "/a b", UrlError::Path),
            ("GET", "h.", "/", UrlError::Host),
            ("GET", "h.:80", "/", UrlError::Host),
            ("GET", "h", "/a/..;x/b", UrlError::Path),
            ("GET", "h", "/a/;x/b", UrlError::Path),
            ("GET", "h", "/%61dmin", UrlError::Path),
            ("GET", "h", "/a%00", UrlError::Path),
            ("GET", "h", "/a%2", UrlError::Path),
            ("GET", "h", "/a%zz", UrlError::Path),
            ("GET", "h", "/a%+1", UrlError::Path),
            ("GET", "h", "/a%é", UrlError::Path),
            ("GET", "h", "a", UrlError::Path),
        ] {
            assert_eq!(
                call(&request(method, host, path)),
                Err(error),
                "{method} {host} {path}"
            );
        }
        for path in ["/", "/a/", "/a.b/..c?x=../%2e//", "/a%20b;v=1/%C3%A9", "*", ""] {
            assert!(call(&request("OPTIONS", "[::1]:80", path)).is_ok(), "{path}");
        }
        let mut foreign = request("GET", "h", "/");
        foreign.scheme = "file".to_owned();
        assert_eq!(call(&foreign), Err(UrlError::Scheme));
    }
}
