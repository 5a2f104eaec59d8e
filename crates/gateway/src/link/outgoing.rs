//! What a message to a server over HTTP says of itself, as the way there has to repeat it.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use gait_canon::json::{Object, Part, Value};

use crate::era;
use crate::frame::{self, FrameError, Message, RequestId};
use crate::http::mirror::{self, Said};
use crate::protocol::CALL;

/// The notice by which a request is given up.
const CANCELLED: &str = "notifications/cancelled";

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// It opens a session.
    Opening(RequestId),
    /// Another request.
    Request(RequestId),
    /// A request that is answered by a stream without end.
    Endless(RequestId),
    /// It gives up a request.
    Cancelled(Option<RequestId>),
    /// The session is open.
    Opened,
    /// Somebody tells or answers something.
    Other,
}

/// A message on its way to a server.
#[derive(Debug)]
pub(super) struct Outgoing {
    pub(super) kind: Kind,
    pub(super) body: Bytes,
    /// The request asks for a page of tools.
    pub(super) lists_tools: bool,
    /// The revision that a message of the stateless era follows.
    version: Option<String>,
    method: Option<String>,
    name: Option<String>,
    arguments: Option<Object>,
}

impl Outgoing {
    pub(super) fn read(text: String) -> Result<Self, FrameError> {
        let body = Bytes::from(text);
        let document = frame::read(&body)?;
        let message = Message::of(&document)?;
        let (kind, method, params) = match &message {
            Message::Request(request) => {
                let id = request.id.clone();
                let kind = match request.method {
                    "initialize" => Kind::Opening(id),
                    "subscriptions/listen" => Kind::Endless(id),
                    _ => Kind::Request(id),
                };
                (kind, Some(request.method), request.params)
            }
            Message::Notification { method, params } => {
                let kind = match *method {
                    CANCELLED => Kind::Cancelled(cancelled(*params)),
                    "notifications/initialized" => Kind::Opened,
                    _ => Kind::Other,
                };
                (kind, Some(*method), *params)
            }
            Message::Response(_) => (Kind::Other, None, None),
        };
        let said = Said {
            method,
            params,
            is_request: true,
        };
        let version = era::stateless_meta(params).and_then(|_| said.version());
        let arguments = params
            .filter(|_| version.is_some() && method == Some(CALL))
            .and_then(|params| params.get("arguments"))
            .and_then(|arguments| arguments.read().ok());
        Ok(Self {
            kind,
            lists_tools: method == Some("tools/list"),
            version: version.map(ToOwned::to_owned),
            name: said.name().map(ToOwned::to_owned),
            method: method.map(ToOwned::to_owned),
            arguments,
            body: body.clone(),
        })
    }

    /// The request that is to be answered.
    pub(super) const fn id(&self) -> Option<&RequestId> {
        match &self.kind {
            Kind::Opening(id) | Kind::Request(id) | Kind::Endless(id) => Some(id),
            Kind::Cancelled(_) | Kind::Opened | Kind::Other => None,
        }
    }

    pub(super) const fn is_stateless(&self) -> bool {
        self.version.is_some()
    }

    /// The tool that is called.
    pub(super) fn tool(&self) -> Option<&str> {
        self.name.as_deref().filter(|_| self.arguments.is_some())
    }

    /// Adds the headers that repeat what the message says. `tool` is what the server says of the tool that is called.
    pub(super) fn repeat(&self, tool: Option<&Value>, fields: &mut HeaderMap) {
        let Some(version) = &self.version else { return };
        let mut repeat = |name: &str, text: &str| {
            if let Ok(name) = HeaderName::try_from(name) {
                fields.insert(name, mirror::encoded(text));
            }
        };
        repeat(mirror::VERSION, version);
        for (name, text) in [(mirror::METHOD, &self.method), (mirror::NAME, &self.name)] {
            if let Some(text) = text {
                repeat(name, text);
            }
        }
        if let Some((tool, arguments)) = tool.zip(self.arguments.as_ref()) {
            for (name, text) in mirror::of_arguments(tool, arguments) {
                if let Some(text) = text {
                    repeat(&name, &text);
                }
            }
        }
    }
}

fn cancelled(params: Option<Part<'_>>) -> Option<RequestId> {
    RequestId::read(params?.get("requestId")?).ok()
}

/// The text of a header as its value.
pub(super) fn value(text: &str) -> Option<HeaderValue> {
    HeaderValue::try_from(text).ok()
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    fn headers(message: &str, tool: &str) -> Vec<(String, String)> {
        let outgoing = Outgoing::read(message.to_owned()).unwrap();
        let mut fields = HeaderMap::new();
        let tool = json::parse(tool.as_bytes()).unwrap();
        outgoing.repeat(Some(&tool), &mut fields);
        let mut told: Vec<_> = fields
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
            .collect();
        told.sort();
        told
    }

    #[test]
    fn the_stateless_era_repeats_what_the_body_says() {
        let tool = r#"{"name":"größe","inputSchema":{"properties":{"r":{"x-mcp-header":"Region"},"n":{"x-mcp-header":"N"}}}}"#;
        let call = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"größe","arguments":{"r":" eu"},"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}}"#;
        let told = headers(call, tool);
        let told: Vec<_> = told
            .iter()
            .map(|(name, text)| (name.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("mcp-method", "tools/call"),
                ("mcp-name", "=?base64?Z3LDtsOfZQ==?="),
                ("mcp-param-region", "=?base64?IGV1?="),
                ("mcp-protocol-version", "2026-07-28"),
            ]
        );
        let earlier = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#;
        assert!(headers(earlier, tool).is_empty());
    }

    #[test]
    fn what_the_way_depends_on_is_known() {
        let kind = |text: &str| Outgoing::read(text.to_owned()).unwrap().kind;
        let id = RequestId::Integer(1);
        for (text, expected) in [
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"initialize"}"#,
                Kind::Opening(id.clone()),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#,
                Kind::Request(id.clone()),
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen"}"#,
                Kind::Endless(id.clone()),
            ),
            (
                r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#,
                Kind::Cancelled(Some(id)),
            ),
            (
                r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
                Kind::Opened,
            ),
            (r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, Kind::Other),
        ] {
            assert_eq!(kind(text), expected, "{text}");
        }
    }
}
