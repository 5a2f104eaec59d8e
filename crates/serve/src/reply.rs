//! What goes back: one object, as JSON, as an event or as a line.

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use gait_canon::json;
use serde::Serialize;

/// The form of a reply that holds a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A JSON object and a line feed.
    Json,
    /// One server-sent event called `evaluate`.
    EventStream,
    /// One line of JSON.
    Lines,
}

impl Form {
    const fn content_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Json => "application/json",
            Self::EventStream => "text/event-stream",
            Self::Lines => "application/x-ndjson",
        })
    }
}

/// A reply with one decision.
pub(crate) fn decision<T: Serialize>(form: Form, status: StatusCode, answer: &T) -> Response {
    let Ok(line) = json::line(answer) else {
        return unencodable();
    };
    let body = match form {
        Form::EventStream => format!("event: evaluate\ndata: {line}\n\n"),
        Form::Json | Form::Lines => unescaped(line) + "\n",
    };
    let mut response = with_body(status, form.content_type(), body);
    if form == Form::EventStream {
        let headers = response.headers_mut();
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive"));
    }
    response
}

/// A reply with any other object.
pub(crate) fn json<T: Serialize>(status: StatusCode, value: &T) -> Response {
    match json::line(value) {
        Ok(line) => with_body(status, Form::Json.content_type(), unescaped(line) + "\n"),
        Err(_) => unencodable(),
    }
}

/// A reply with a text.
pub(crate) fn with_body(status: StatusCode, content_type: HeaderValue, body: impl Into<Body>) -> Response {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, content_type);
    // Nothing here is meant to be looked at by a browser as anything but what it says it is.
    let nosniff = HeaderValue::from_static("nosniff");
    response
        .headers_mut()
        .insert(header::X_CONTENT_TYPE_OPTIONS, nosniff);
    response
}

fn unencodable() -> Response {
    let body = "{\"error\":\"failed to encode the reply\",\"ok\":false}\n";
    with_body(StatusCode::INTERNAL_SERVER_ERROR, Form::Json.content_type(), body)
}

/// The line with `<`, `>` and `&` as themselves: only in an event stream are they escaped.
fn unescaped(line: String) -> String {
    if !line.contains("\\u00") {
        return line;
    }
    let mut text = String::with_capacity(line.len());
    let mut rest = line.as_str();
    while let Some(at) = rest.find('\\') {
        let (before, escape) = rest.split_at(at);
        text.push_str(before);
        let (plain, length) = match escape.get(..6) {
            Some("\\u003c") => ("<", 6),
            Some("\\u003e") => (">", 6),
            Some("\\u0026") => ("&", 6),
            // A backslash and what it escapes stay together, so that an escaped backslash is not taken for the next one.
            _ => (escape.get(..2).unwrap_or(escape), 2.min(escape.len())),
        };
        text.push_str(plain);
        rest = &escape[length..];
    }
    text.push_str(rest);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_three_escapes_are_undone() {
        for (line, want) in [
            (r#"{"a":"x"}"#, r#"{"a":"x"}"#),
            (r#"{"a":"\u003cb\u003e\u0026"}"#, r#"{"a":"<b>&"}"#),
            (r#"{"a":"\\u003c\u0000\"\u003c"}"#, r#"{"a":"\\u003c\u0000\"<"}"#),
            (r#"{"a":"\\\u003c\u2028é\n"}"#, r#"{"a":"\\<\u2028é\n"}"#),
        ] {
            assert_eq!(unescaped(line.to_owned()), want);
        }
    }
}
