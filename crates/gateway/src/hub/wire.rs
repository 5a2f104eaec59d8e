//! JSON as it goes over the wire: messages that are written, and objects that are changed without touching the rest of them.

use std::borrow::Cow;

use gait_canon::json::{self, Kind, Part};

/// What becomes of the member of an object: another value, or nothing.
pub(super) type Change<'k> = (&'k str, Option<String>);

/// `text` as a JSON string.
pub(super) fn string(text: &str) -> String {
    json::compact(&text.into())
}

/// The object with the changes, of which the first counts where there are two of one member. Every other byte of it stays as
/// it is, and what it lacks stands at its end.
pub(super) fn patched(object: Part<'_>, changes: &[Change<'_>]) -> String {
    let text = object.raw();
    if changes.is_empty() || object.kind() != Kind::Object {
        return text.to_owned();
    }
    let start = object.span().start;
    let mut kept: Vec<Cow<'_, str>> = Vec::new();
    let mut from = 1;
    let mut members = object.members().peekable();
    let mut added: Vec<&Change<'_>> = changes.iter().collect();
    while let Some((key, value)) = members.next() {
        let span = value.span();
        let (value_start, value_end) = (span.start - start, span.end - start);
        // Between a value and the next key stand only blanks and one comma.
        let end = match members.peek() {
            Some(_) => value_end + text[value_end..].find(',').unwrap_or(0),
            None => text.len() - 1,
        };
        match changes.iter().find(|(changed, _)| *changed == key) {
            None => kept.push(text[from..end].into()),
            Some((_, None)) => {}
            Some((_, Some(json))) => {
                kept.push(format!("{}{json}{}", &text[from..value_start], &text[value_end..end]).into());
            }
        }
        added.retain(|(changed, _)| *changed != key);
        from = end + 1;
    }
    let member = |(key, json): &Change<'_>| Some(format!("{}:{}", string(key), json.as_ref()?).into());
    kept.extend(added.into_iter().filter_map(member));
    format!("{{{}}}", kept.join(","))
}

/// An object that has only what the changes give it.
pub(super) fn object(members: &[Change<'_>]) -> String {
    let member = |(key, json): &Change<'_>| Some(format!("{}:{}", string(key), json.as_ref()?));
    let members: Vec<String> = members.iter().filter_map(member).collect();
    format!("{{{}}}", members.join(","))
}

/// A request of the hub's own, or one that it writes for somebody.
pub(super) fn request(id: i64, method: &str, params: &str) -> String {
    let method = string(method);
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{method},\"params\":{params}}}")
}

/// A notification.
pub(super) fn notification(method: &str, params: &str) -> String {
    let method = string(method);
    format!("{{\"jsonrpc\":\"2.0\",\"method\":{method},\"params\":{params}}}")
}

/// An answer to the request whose id is written `id`.
pub(super) fn response(id: &str, answer: &Answer) -> String {
    match answer {
        Answer::Result(json) => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"result\":{json}}}"),
        Answer::Error(json) => format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{json}}}"),
    }
}

/// What a request is answered with, as JSON.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    Result(String),
    Error(String),
}

impl Answer {
    /// The error with `code`.
    pub(super) fn error(code: i32, message: &str) -> Self {
        Self::Error(format!("{{\"code\":{code},\"message\":{}}}", string(message)))
    }

    /// The result of a tool that failed, as a model reads it.
    pub(super) fn failed_tool(text: &str) -> Self {
        let text = string(text);
        Self::Result(format!(
            "{{\"content\":[{{\"type\":\"text\",\"text\":{text}}}],\"isError\":true}}"
        ))
    }
}

/// A notification about a request.
pub(super) fn cancelled(id: &str) -> String {
    notification(
        "notifications/cancelled",
        &object(&[("requestId", Some(id.to_owned()))]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;

    #[test]
    fn changes_leave_the_rest_as_it_is() {
        let text = "{ \"a\" : 1.0 , \"b\":[ ],\"c\":{\"x,\":\",\"} }";
        for (changes, expected) in [
            (vec![], text),
            (vec![("a", None)], "{ \"b\":[ ],\"c\":{\"x,\":\",\"} }"),
            (vec![("c", None), ("z", None)], "{ \"a\" : 1.0 , \"b\":[ ]}"),
            (
                vec![("b", Some("2".to_owned())), ("d\"", Some("3".to_owned()))],
                "{ \"a\" : 1.0 , \"b\":2,\"c\":{\"x,\":\",\"} ,\"d\\\"\":3}",
            ),
            (vec![("a", None), ("b", None), ("c", None)], "{}"),
        ] {
            let document = frame::read(text.as_bytes()).unwrap();
            assert_eq!(patched(document.root(), &changes), expected);
        }
        let empty = frame::read(b" { } ").unwrap();
        assert_eq!(patched(empty.root(), &[("a", Some("1".to_owned()))]), "{\"a\":1}");
    }
}
