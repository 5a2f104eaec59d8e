//! The HTTP request that a proxy asks about, as its attributes tell it.

use std::collections::HashMap;

use super::protocol::HttpRequest;

/// Set by Envoy when it passes on the beginning of a body alone.
const PARTIAL_BODY: &str = "x-envoy-auth-partial-body";

/// A request behind the proxy. Nothing in it is believed.
#[derive(Debug, Default)]
pub(super) struct Proxied {
    pub(super) method: String,
    pub(super) scheme: String,
    pub(super) host: String,
    /// With the query.
    pub(super) path: String,
    /// Empty also where the proxy doesn't pass bodies on.
    pub(super) body: Vec<u8>,
    /// By their names in lower case, in order. Proxies join values of one name by commas, or tell each.
    headers: HashMap<String, Vec<String>>,
}

impl From<HttpRequest> for Proxied {
    fn from(given: HttpRequest) -> Self {
        let mut headers = HashMap::<String, Vec<String>>::new();
        let mut add = |name: &str, value: String| {
            headers.entry(name.to_ascii_lowercase()).or_default().push(value);
        };
        for (name, value) in given.headers {
            add(&name, value);
        }
        for header in given.header_map.into_iter().flat_map(|map| map.headers) {
            let value = if header.raw_value.is_empty() {
                header.value
            } else {
                String::from_utf8_lossy(&header.raw_value).into_owned()
            };
            add(&header.key, value);
        }
        let body = if given.raw_body.is_empty() {
            given.body.into_bytes()
        } else {
            given.raw_body
        };
        Self {
            method: given.method,
            scheme: given.scheme,
            host: given.host,
            path: given.path,
            body,
            headers,
        }
    }
}

impl Proxied {
    /// The values of a header by its name in lower case.
    pub(super) fn header(&self, name: &str) -> &[String] {
        self.headers.get(name).map_or(&[], Vec::as_slice)
    }

    /// Whether there is more of the body than the proxy tells.
    pub(super) fn is_cut_off(&self) -> bool {
        self.header(PARTIAL_BODY)
            .iter()
            .any(|value| !value.trim().eq_ignore_ascii_case("false"))
    }

    /// Whether the body is compressed, so that what it says shows to its receiver only.
    pub(super) fn is_encoded(&self) -> bool {
        self.header("content-encoding").iter().any(|encoding| {
            let encoding = encoding.trim();
            !encoding.is_empty() && !encoding.eq_ignore_ascii_case("identity")
        })
    }

    /// Whether the body is, or is said to be, JSON.
    pub(super) fn is_json(&self) -> bool {
        let said = self.header("content-type").iter().any(|given| {
            let media_type = given
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase();
            media_type == "application/json" || media_type.ends_with("+json")
        });
        // Lenient readers pass over byte order marks, and take UTF-16.
        let passed_over = |byte: &u8| byte.is_ascii_whitespace() || b"\0\xEF\xBB\xBF\xFE\xFF".contains(byte);
        let first = self.body.iter().find(|byte| !passed_over(byte));
        said || matches!(first, Some(b'{' | b'['))
    }
}

#[cfg(test)]
mod tests {
    use super::super::protocol::{HeaderMap, HeaderValue};
    use super::*;

    #[test]
    fn headers_arrive_in_both_ways() {
        let raw = HeaderValue {
            key: "Mcp-Name".to_owned(),
            raw_value: b"t".to_vec(),
            ..HeaderValue::default()
        };
        let request = Proxied::from(HttpRequest {
            headers: HashMap::from([("Content-Type".to_owned(), "text/plain".to_owned())]),
            header_map: Some(HeaderMap {
                headers: vec![raw.clone(), raw],
            }),
            ..HttpRequest::default()
        });
        assert_eq!(request.header("content-type"), ["text/plain"]);
        assert_eq!(request.header("mcp-name"), ["t", "t"]);
        assert!(request.header("x").is_empty());
    }

    #[test]
    fn bodies_that_cannot_be_seen_whole_show() {
        let with = |name: &str, value: &str| {
            Proxied::from(HttpRequest {
                headers: HashMap::from([(name.to_owned(), value.to_owned())]),
                ..HttpRequest::default()
            })
        };
        assert!(with(PARTIAL_BODY, "true").is_cut_off());
        assert!(!with(PARTIAL_BODY, "false").is_cut_off());
        assert!(with("content-encoding", "gzip").is_encoded());
        assert!(!with("content-encoding", "identity").is_encoded());
        assert!(with("content-type", "application/vnd.api+json; a=b").is_json());
        assert!(!with("content-type", "text/plain").is_json());
        for (body, looks) in [
            (&b"\n {"[..], true),
            (b"\xEF\xBB\xBF{", true),
            (b"\xFE\xFF\0{", true),
            (b"a={", false),
            (b"", false),
        ] {
            let request = Proxied {
                body: body.to_vec(),
                ..Proxied::default()
            };
            assert_eq!(request.is_json(), looks, "{body:?}");
        }
    }
}
