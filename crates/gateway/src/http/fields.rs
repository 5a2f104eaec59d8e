//! Which header fields pass from one side to the other.

use axum::http::{HeaderMap, HeaderName, header};

/// Fields that concern one connection only (RFC 9110 section 7.6.1).
const HOP_BY_HOP: [HeaderName; 8] = [
    header::CONNECTION,
    HeaderName::from_static("keep-alive"),
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
];

/// Fields of a request that the gateway sets itself or keeps to itself.
const OF_THE_REQUEST: [HeaderName; 4] = [
    header::HOST,
    header::CONTENT_LENGTH,
    header::ACCEPT_ENCODING,
    header::EXPECT,
];

/// Fields by which a client shows who it is.
const CREDENTIALS: [HeaderName; 2] = [header::AUTHORIZATION, header::COOKIE];

/// Fields of an answer that the gateway sets itself, or that would lead clients around it.
const OF_THE_ANSWER: [HeaderName; 2] = [header::CONTENT_LENGTH, header::ALT_SVC];

/// The fields of a request that the server is told.
pub(crate) fn of_request(mut headers: HeaderMap, with_credentials: bool) -> HeaderMap {
    remove_hop_by_hop(&mut headers);
    remove(&mut headers, &OF_THE_REQUEST);
    if !with_credentials {
        remove(&mut headers, &CREDENTIALS);
    }
    headers
}

/// The fields of an answer that the client is told.
pub(crate) fn of_answer(mut headers: HeaderMap) -> HeaderMap {
    remove_hop_by_hop(&mut headers);
    remove(&mut headers, &OF_THE_ANSWER);
    headers
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(header::CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|names| names.split(','))
        .filter_map(|name| name.trim().parse().ok())
        .collect();
    remove(headers, &named);
    remove(headers, &HOP_BY_HOP);
}

fn remove(headers: &mut HeaderMap, names: &[HeaderName]) {
    for name in names {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left(text: &[(&str, &str)], with_credentials: bool) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for (name, value) in text {
            headers.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let headers = of_request(headers, with_credentials);
        let mut names: Vec<_> = headers.keys().map(ToString::to_string).collect();
        names.sort();
        names
    }

    #[test]
    fn what_concerns_a_connection_or_a_caller_stays_behind() {
        let given = [
            ("host", "a"),
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("te", "trailers"),
            ("authorization", "Bearer t"),
            ("cookie", "c"),
            ("mcp-session-id", "s"),
            ("x-other", "1"),
        ];
        assert_eq!(left(&given, false), ["mcp-session-id", "x-other"]);
        assert_eq!(
            left(&given, true),
            ["authorization", "cookie", "mcp-session-id", "x-other"]
        );
    }
}
