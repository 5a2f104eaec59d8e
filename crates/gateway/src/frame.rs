//! One message of JSON-RPC 2.0 as MCP frames it.
//!
//! A message is looked at, never rewritten: members that nobody here knows stay where they are. What two readers could
//! understand differently is refused, because the gateway must judge the very call that the server will see.

use gait_canon::json::{Document, Error, Kind, Part, Reader};

use crate::fold;

/// Bytes of one message. Content of tools may be large; what is larger than this belongs into a resource of its own.
pub const MAX_BYTES: usize = 16 << 20;
/// Values of one message, which bounds the memory that reading takes.
const MAX_VALUES: usize = 1 << 20;
/// Bytes of an id. Many are kept at a time, for as long as an answer takes.
const MAX_ID_BYTES: usize = 1024;
/// The members that JSON-RPC knows.
const MEMBERS: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];

/// Why a text is no message.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// It is no JSON that means one thing.
    #[error("{0}")]
    Json(#[from] Error),
    /// Several messages at once, which MCP took out again in its revision 2025-06-18.
    #[error("batches are not accepted")]
    Batch,
    /// It is JSON and no object.
    #[error("a message must be an object")]
    NotObject,
    /// `jsonrpc` is missing or names another version.
    #[error("jsonrpc must be \"2.0\"")]
    Version,
    /// An id must be an integer or a string that is not too long to be remembered.
    #[error("id must be an integer, or a string of at most {MAX_ID_BYTES} bytes")]
    Id,
    /// `method` must be a string.
    #[error("method must be a string")]
    Method,
    /// A message asks and answers, or does neither.
    #[error("a message must have either a method, a result or an error")]
    Shape,
    /// A member is one that JSON-RPC knows, save for its case. Peers that disregard case would go by it.
    #[error("members must be written in lower case")]
    Case,
    /// `params` must be an object.
    #[error("params must be an object")]
    Params,
}

/// Reads the JSON of a message.
pub fn read(bytes: &[u8]) -> Result<Document<'_>, FrameError> {
    Ok(Reader::new()
        .max_bytes(MAX_BYTES)
        .max_values(MAX_VALUES)
        .document(bytes)?)
}

/// The id of a request, in the form in which ids are compared.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum RequestId {
    /// An integer.
    Integer(i64),
    /// A text.
    Text(String),
}

impl RequestId {
    /// The id as JSON.
    #[must_use]
    pub fn to_json(&self) -> String {
        match self {
            Self::Integer(number) => number.to_string(),
            Self::Text(text) => gait_canon::json::compact(&text.as_str().into()),
        }
    }

    /// Reads an id.
    pub fn read(part: Part<'_>) -> Result<Self, FrameError> {
        match part.kind() {
            Kind::String => {
                let text = part.as_str().filter(|text| text.len() <= MAX_ID_BYTES);
                text.map(|text| Self::Text(text.to_owned())).ok_or(FrameError::Id)
            }
            Kind::Number => part.read().map(Self::Integer).map_err(|_| FrameError::Id),
            _ => Err(FrameError::Id),
        }
    }
}

/// What a message is.
#[derive(Debug)]
pub enum Message<'d> {
    /// Somebody asks.
    Request(Request<'d>),
    /// Somebody tells.
    Notification {
        /// What it is about.
        method: &'d str,
        /// The rest of it.
        params: Option<Part<'d>>,
    },
    /// Somebody answers.
    Response(Response<'d>),
}

/// A request.
#[derive(Debug, Clone)]
pub struct Request<'d> {
    /// What the answer will be known by.
    pub id: RequestId,
    /// What is asked.
    pub method: &'d str,
    /// The rest of it, an object.
    pub params: Option<Part<'d>>,
}

/// An answer.
#[derive(Debug)]
pub struct Response<'d> {
    /// The request it answers; none where the other side could not read that.
    pub id: Option<RequestId>,
    /// What was asked for; none for an error.
    pub result: Option<Part<'d>>,
}

impl<'d> Message<'d> {
    /// What the message in `document` is.
    pub fn of(document: &'d Document<'_>) -> Result<Self, FrameError> {
        let root = document.root();
        match root.kind() {
            Kind::Object => {}
            Kind::Array => return Err(FrameError::Batch),
            _ => return Err(FrameError::NotObject),
        }
        if root.get("jsonrpc").and_then(Part::as_str) != Some("2.0") {
            return Err(FrameError::Version);
        }
        if fold::has_variant_of(root, &MEMBERS) {
            return Err(FrameError::Case);
        }
        let (result, error) = (root.get("result"), given(root, "error"));
        let Some(method) = root.get("method") else {
            return Self::response(root, result, error);
        };
        let method = method.as_str().ok_or(FrameError::Method)?;
        if result.is_some() || error.is_some() {
            return Err(FrameError::Shape);
        }
        let params = given(root, "params");
        if params.is_some_and(|params| params.kind() != Kind::Object) {
            return Err(FrameError::Params);
        }
        Ok(match root.get("id") {
            Some(id) => Self::Request(Request {
                id: RequestId::read(id)?,
                method,
                params,
            }),
            None => Self::Notification { method, params },
        })
    }

    fn response(
        root: Part<'d>,
        result: Option<Part<'d>>,
        error: Option<Part<'d>>,
    ) -> Result<Self, FrameError> {
        if result.is_some() == error.is_some() {
            return Err(FrameError::Shape);
        }
        let id = match root.get("id") {
            Some(id) if id.kind() != Kind::Null => Some(RequestId::read(id)?),
            // Only an error may have been caused by something that could not be read.
            _ if error.is_some() => None,
            _ => return Err(FrameError::Id),
        };
        Ok(Self::Response(Response { id, result }))
    }
}

/// A member that says something. Libraries that write what is absent as null mean nothing by it, and peers read it so.
fn given<'d>(root: Part<'d>, member: &str) -> Option<Part<'d>> {
    root.get(member).filter(|part| part.kind() != Kind::Null)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(text: &str) -> String {
        let document = match read(text.as_bytes()) {
            Ok(document) => document,
            Err(error) => return error.to_string(),
        };
        match Message::of(&document) {
            Ok(Message::Request(Request { id, method, .. })) => format!("request {} {method}", id.to_json()),
            Ok(Message::Notification { method, .. }) => format!("notification {method}"),
            Ok(Message::Response(Response { id, result })) => {
                let id = id.map_or_else(|| "null".to_owned(), |id| id.to_json());
                format!("response {id} {}", result.is_some())
            }
            Err(error) => error.to_string(),
        }
    }

    #[test]
    fn messages_are_told_apart() {
        for (text, expected) in [
            (r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#, "request 1 ping"),
            (
                r#"{"jsonrpc":"2.0","id":"a\"b","method":"x/y","params":{}}"#,
                r#"request "a\"b" x/y"#,
            ),
            (r#"{"jsonrpc":"2.0","method":"n"}"#, "notification n"),
            (
                r#"{"jsonrpc":"2.0","method":"n","params":null}"#,
                "notification n",
            ),
            (r#"{"jsonrpc":"2.0","id":7,"result":null}"#, "response 7 true"),
            (
                r#"{"jsonrpc":"2.0","id":7,"result":{},"error":null}"#,
                "response 7 true",
            ),
            (
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700}}"#,
                "response null false",
            ),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }

    #[test]
    fn what_has_no_one_meaning_is_refused() {
        for (text, expected) in [
            ("[]", FrameError::Batch.to_string()),
            ("1", FrameError::NotObject.to_string()),
            (r#"{"id":1,"method":"ping"}"#, FrameError::Version.to_string()),
            (
                r#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#,
                FrameError::Id.to_string(),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1.5,"method":"ping"}"#,
                FrameError::Id.to_string(),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":2}"#,
                FrameError::Method.to_string(),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"a","result":{}}"#,
                FrameError::Shape.to_string(),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"result":{},"error":{}}"#,
                FrameError::Shape.to_string(),
            ),
            (r#"{"jsonrpc":"2.0","id":1}"#, FrameError::Shape.to_string()),
            (
                r#"{"jsonrpc":"2.0","id":1,"error":null}"#,
                FrameError::Shape.to_string(),
            ),
            (r#"{"jsonrpc":"2.0","result":{}}"#, FrameError::Id.to_string()),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}"#,
                FrameError::Params.to_string(),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping","METHOD":"tools/call"}"#,
                FrameError::Case.to_string(),
            ),
            (
                "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"param\u{17F}\":{}}",
                FrameError::Case.to_string(),
            ),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
        assert!(
            kind(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","method":"tools/call"}"#)
                .contains("duplicate")
        );
    }
}
