//! Requests of the Model Context Protocol behind a proxy, and the headers that mirror them.
//!
//! The proxy hands the very bytes on to the server. So nothing is passed over that a server, or the proxy, could read
//! otherwise than it is read here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use gait_canon::json::{self, Object, Reader, Value};
use gait_mcp::call::ToolCall;

use super::request::Proxied;

/// The one method that calls a tool.
pub(super) const CALL_METHOD: &str = "tools/call";

/// What stands for the method of an answer to the server.
const RESPONSE: &str = "response";

/// The values of a frame.
const MAX_VALUES: usize = 1 << 20;

/// The headers that mirror method and name, for proxies that don't read bodies.
const MIRRORS: [&str; 2] = ["mcp-method", "mcp-name"];

/// Headers that only requests of the protocol have.
const PROTOCOL_HEADERS: [&str; 4] = [MIRRORS[0], MIRRORS[1], "mcp-protocol-version", "mcp-session-id"];

/// Why a body is no request of the protocol.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum FrameError {
    #[error(transparent)]
    Json(#[from] json::Error),
    #[error("expected one JSON-RPC message, not a batch")]
    Batch,
    #[error("expected a JSON-RPC message")]
    NotAMessage,
    #[error("jsonrpc must be \"2.0\"")]
    Version,
    #[error("method must be a string that is not blank")]
    Method,
    #[error("member {0:?} could be taken for another")]
    Lookalike(String),
    #[error("params must be an object")]
    Params,
    #[error("params.name must be a string that is not blank")]
    Name,
    #[error("params.arguments must be an object")]
    Arguments,
}

/// One message.
#[derive(Debug)]
pub(super) struct Frame {
    /// Its method; `response` for an answer.
    method: String,
    params: Object,
}

/// What a body may be.
pub(super) fn read_value(body: &[u8]) -> Result<Value, FrameError> {
    Ok(Reader::new().max_values(MAX_VALUES).parse(body)?)
}

/// Whether `request`, whose body is `body`, looks like one of the protocol.
pub(super) fn looks_like_one(request: &Proxied, body: &Value) -> bool {
    let is_message = |value: &Value| {
        value
            .as_object()
            .is_some_and(|members| members.keys().any(|key| key.eq_ignore_ascii_case("jsonrpc")))
    };
    is_message(body)
        || body
            .as_array()
            .is_some_and(|messages| messages.iter().any(is_message))
        || has_headers(request)
}

/// Whether `request` has headers of the protocol.
pub(super) fn has_headers(request: &Proxied) -> bool {
    PROTOCOL_HEADERS
        .iter()
        .any(|name| !request.header(name).is_empty())
}

/// Whether `request` has headers that mirror a body.
pub(super) fn has_mirrors(request: &Proxied) -> bool {
    MIRRORS.iter().any(|name| !request.header(name).is_empty())
}

impl Frame {
    /// Reads one message.
    pub(super) fn read(body: Value) -> Result<Self, FrameError> {
        let mut members = match body {
            Value::Object(members) => members,
            Value::Array(_) => return Err(FrameError::Batch),
            _ => return Err(FrameError::NotAMessage),
        };
        refuse_lookalikes(
            &members,
            &["jsonrpc", "id", "method", "params", "result", "error"],
        )?;
        if members.get("jsonrpc").and_then(Value::as_str) != Some("2.0") {
            return Err(FrameError::Version);
        }
        let is_answer = members.contains_key("result") || members.contains_key("error");
        let method = match members.remove("method") {
            Some(Value::String(method)) if !method.trim().is_empty() && !is_answer => method,
            None if is_answer => RESPONSE.to_owned(),
            _ => return Err(FrameError::Method),
        };
        let params = match members.remove("params") {
            Some(Value::Object(params)) => params,
            None => Object::new(),
            Some(_) => return Err(FrameError::Params),
        };
        refuse_lookalikes(&params, &["name", "arguments", "uri"])?;
        Ok(Self { method, params })
    }

    /// The method.
    pub(super) fn method(&self) -> &str {
        &self.method
    }

    /// Whether the headers that mirror this message say what it says.
    pub(super) fn agrees_with_headers(&self, request: &Proxied) -> bool {
        let name = match self.method.as_str() {
            CALL_METHOD | "prompts/get" => self.params.get("name"),
            "resources/read" => self.params.get("uri"),
            _ => None,
        };
        let name = name.and_then(Value::as_str);
        [(MIRRORS[0], Some(self.method.as_str())), (MIRRORS[1], name)]
            .into_iter()
            .all(|(header, said)| request.header(header).iter().all(|value| says(value, said)))
    }

    /// The call of a tool; for other methods that of `mcp.<method>`, with the params for arguments.
    pub(super) fn into_call(mut self) -> Result<ToolCall, FrameError> {
        if self.method != CALL_METHOD {
            return Ok(ToolCall {
                name: format!("mcp.{}", self.method),
                args: self.params,
                ..ToolCall::default()
            });
        }
        let name = match self.params.remove("name") {
            Some(Value::String(name)) if !name.trim().is_empty() => name,
            _ => return Err(FrameError::Name),
        };
        let args = match self.params.remove("arguments") {
            Some(Value::Object(arguments)) => arguments,
            None => Object::new(),
            Some(_) => return Err(FrameError::Arguments),
        };
        Ok(ToolCall {
            name,
            args,
            ..ToolCall::default()
        })
    }
}

/// Refuses members that some readers take for one of `names`, because they don't look at the case of letters.
fn refuse_lookalikes(members: &Object, names: &[&str]) -> Result<(), FrameError> {
    let lookalike = members
        .keys()
        .find(|key| !names.contains(key) && names.iter().any(|name| key.eq_ignore_ascii_case(name)));
    match lookalike {
        Some(key) => Err(FrameError::Lookalike(key.to_owned())),
        None => Ok(()),
    }
}

/// Whether the value of a header is `said`, as it is or in Base64, which names need that are not plain ASCII.
fn says(value: &str, said: Option<&str>) -> bool {
    let Some(said) = said else {
        return false;
    };
    let encoded = value
        .strip_prefix("=?base64?")
        .and_then(|rest| rest.strip_suffix("?="));
    match encoded {
        Some(encoded) => STANDARD
            .decode(encoded)
            .is_ok_and(|bytes| bytes == said.as_bytes()),
        None => value == said,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::protocol::HttpRequest;
    use super::*;

    fn frame(body: &str) -> Result<Frame, FrameError> {
        Frame::read(read_value(body.as_bytes())?)
    }

    fn request(headers: &[(&str, &str)]) -> Proxied {
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Proxied::from(HttpRequest {
            headers: headers.collect::<HashMap<_, _>>(),
            ..HttpRequest::default()
        })
    }

    #[test]
    fn messages_are_calls() {
        let call = |body: &str| frame(body).unwrap().into_call().unwrap();
        let tool = call(
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t","arguments":{"a":1},"_meta":{}},
                "context":{"identity":"admin"},"targets":[{"kind":"path","value":"/"}]}"#,
        );
        assert_eq!((tool.name.as_str(), tool.args.len()), ("t", 1));
        assert!(tool.context.identity.is_empty() && tool.targets.is_empty());
        let list = call(r#"{"jsonrpc":"2.0","id":1,"method":"tools/list","params":{"cursor":"c"}}"#);
        assert_eq!((list.name.as_str(), list.args.len()), ("mcp.tools/list", 1));
        let answer = call(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
        assert_eq!(answer.name, "mcp.response");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for body in [
            "",
            "{",
            "7",
            "[]",
            r#"[{"jsonrpc":"2.0","method":"ping"}]"#,
            r#"{"method":"ping"}"#,
            r#"{"jsonrpc":"1.0","method":"ping"}"#,
            r#"{"jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"2.0","method":" "}"#,
            r#"{"jsonrpc":"2.0","method":"ping","result":{}}"#,
            r#"{"jsonrpc":"2.0","method":"ping","Method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","method":"ping","method":"tools/call"}"#,
            r#"{"jsonrpc":"2.0","method":"ping","params":[]}"#,
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"a","NAME":"b"}}"#,
            "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"} {}",
            "{\"jsonrpc\":\"2.0\",\"method\":\"\u{0}\u{FEFF}\"",
        ] {
            assert!(frame(body).is_err(), "{body}");
        }
        for params in [
            "{}",
            r#"{"name":""}"#,
            r#"{"name":7}"#,
            r#"{"name":"t","arguments":null}"#,
            r#"{"name":"t","arguments":[]}"#,
        ] {
            let body = format!(r#"{{"jsonrpc":"2.0","method":"tools/call","params":{params}}}"#);
            assert!(frame(&body).unwrap().into_call().is_err(), "{params}");
        }
    }

    #[test]
    fn headers_must_say_what_the_body_says() {
        let call = r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"grüße"}}"#;
        let ping = r#"{"jsonrpc":"2.0","method":"ping"}"#;
        for (body, headers, agrees) in [
            (call, &[][..], true),
            (call, &[("Mcp-Method", "tools/call"), ("Mcp-Name", "grüße")], true),
            (call, &[("mcp-name", "=?base64?Z3LDvMOfZQ==?=")], true),
            (call, &[("mcp-name", "=?base64?Z3I=?=")], false),
            (call, &[("mcp-name", "=?base64?!?=")], false),
            (call, &[("mcp-name", "other")], false),
            (call, &[("mcp-name", "grüße,grüße")], false),
            (call, &[("mcp-method", "tools/list")], false),
            (call, &[("mcp-method", "")], false),
            (ping, &[("mcp-method", "ping")], true),
            (ping, &[("mcp-name", "t")], false),
        ] {
            let frame = frame(body).unwrap();
            assert_eq!(
                frame.agrees_with_headers(&request(headers)),
                agrees,
                "{body} {headers:?}"
            );
        }
    }

    #[test]
    fn looks_decide_where_nobody_else_does() {
        let none = request(&[]);
        for (body, looks) in [
            (r#"{"JSONRPC":"2.0"}"#, true),
            (r#"[{"jsonrpc":"2.0"}]"#, true),
            (r#"{"method":"card"}"#, false),
            ("[]", false),
        ] {
            assert_eq!(
                looks_like_one(&none, &json::parse(body.as_bytes()).unwrap()),
                looks,
                "{body}"
            );
        }
        assert!(looks_like_one(&request(&[("Mcp-Session-Id", "s")]), &Value::Null));
    }
}
