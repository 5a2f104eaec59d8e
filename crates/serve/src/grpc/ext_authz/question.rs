//! What a check asks: the request behind the proxy as a call to be judged.

use gait_artifact::text::is_blank;
use gait_canon::json::Value;
use gait_mcp::adapter::{Adapter, DecodeError, UnsupportedAdapter};
use gait_mcp::call::ToolCall;

use super::extensions::{ADAPTER_HEADER, ExtensionError, Extensions, Reading};
use super::frame::{self, CALL_METHOD, Frame, FrameError};
use super::protocol::CheckRequest;
use super::request::Proxied;
use super::url::{self, UrlError};
use crate::decide::ReadCall;
use crate::request::EvaluateRequest;

/// Blocks a call whose headers say another thing than its body.
const HEADER_MISMATCH: &str = "mcp_header_mismatch";

/// What is to be done about a check.
#[derive(Debug)]
pub(super) enum Question {
    /// Judge a call.
    Judge(EvaluateRequest, Box<ReadCall>),
    /// Nothing: the operator lets requests of this method pass.
    Pass(String),
}

/// Why a check asks nothing that can be judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    /// The operator's fault: the proxy or its route is not configured as it must be.
    #[error("{0}")]
    Route(#[from] ExtensionError),
    #[error("header x-gait-adapter: expected one adapter")]
    AdapterHeader,
    #[error("header x-gait-adapter: {0}")]
    Adapter(#[from] UnsupportedAdapter),
    #[error("the check tells of no HTTP request")]
    NotHttp,
    #[error("the request body is longer than the service takes")]
    TooLarge,
    #[error("the proxy passes on a part of the request body only")]
    CutOff,
    #[error("the request body is compressed")]
    Encoded,
    #[error("the proxy passes on no request body")]
    NoBody,
    #[error("request body: {0}")]
    Frame(#[from] FrameError),
    #[error("request body: {0}")]
    Call(#[from] DecodeError),
    #[error("request: {0}")]
    Url(#[from] UrlError),
}

/// How checks are read.
#[derive(Debug)]
pub(super) struct Manner {
    /// The longest body, in bytes.
    pub(super) body_bytes: usize,
    /// Methods of MCP, other than `tools/call`, that pass without being judged.
    pub(super) passing: Vec<String>,
}

/// A request as the route says to read it.
enum Read {
    Call(&'static str, Box<ToolCall>),
    Frame(Frame),
}

impl Manner {
    /// Reads one check.
    pub(super) fn read(&self, check: CheckRequest) -> Result<Question, Unreadable> {
        let attributes = check.attributes.unwrap_or_default();
        let extensions = Extensions::read(attributes.context_extensions)?;
        let http = attributes.request.and_then(|request| request.http);
        let request = Proxied::from(http.ok_or(Unreadable::NotHttp)?);
        if request.body.len() > self.body_bytes {
            return Err(Unreadable::TooLarge);
        }
        let reading = match extensions.reading {
            Reading::ByHeader => named_by_header(&request)?,
            reading => reading,
        };
        let mut objections = Vec::new();
        let (adapter, call) = match read(reading, &request)? {
            Read::Call(adapter, call) => {
                // A proxy, or a server, may go by the headers where no body says otherwise.
                if frame::has_mirrors(&request) && reading != Reading::Http {
                    objections.push(HEADER_MISMATCH);
                }
                (adapter, *call)
            }
            Read::Frame(message) => {
                if !message.agrees_with_headers(&request) {
                    objections.push(HEADER_MISMATCH);
                }
                if objections.is_empty() && self.passes(message.method()) {
                    return Ok(Question::Pass(message.method().to_owned()));
                }
                (Adapter::Mcp.as_str(), message.into_call()?)
            }
        };
        let principal = attributes.source.map(|peer| peer.principal).unwrap_or_default();
        let call = extensions.complete(call, principal);
        let request = EvaluateRequest {
            adapter: adapter.to_owned(),
            run_id: extensions.run_id,
            ..EvaluateRequest::default()
        };
        Ok(Question::Judge(request, Box::new(ReadCall { call, objections })))
    }

    fn passes(&self, method: &str) -> bool {
        method != CALL_METHOD && self.passing.iter().any(|passing| passing == method)
    }
}

fn named_by_header(request: &Proxied) -> Result<Reading, Unreadable> {
    match request.header(ADAPTER_HEADER) {
        [name] if !is_blank(name) => match Reading::named(name)? {
            // The header's word is what was asked for already.
            Reading::ByHeader => Err(Unreadable::AdapterHeader),
            reading => Ok(reading),
        },
        _ => Err(Unreadable::AdapterHeader),
    }
}

fn read(reading: Reading, request: &Proxied) -> Result<Read, Unreadable> {
    let http = || Ok(Read::Call("http", Box::new(url::call(request)?)));
    match reading {
        Reading::Http => http(),
        Reading::Mcp if request.body.is_empty() && request.method != "POST" => http(),
        Reading::Mcp => Ok(Read::Frame(Frame::read(frame::read_value(whole_body(
            request,
        )?)?)?)),
        Reading::Calls(adapter) => {
            let call = adapter.decode(whole_body(request)?)?;
            Ok(Read::Call(adapter.as_str(), Box::new(call)))
        }
        Reading::ByLooks | Reading::ByHeader => match json_body(request)? {
            Some(body) if frame::looks_like_one(request, &body) => Ok(Read::Frame(Frame::read(body)?)),
            _ => http(),
        },
    }
}

/// The body, where all of it can be read.
fn whole_body(request: &Proxied) -> Result<&[u8], Unreadable> {
    if request.is_cut_off() {
        Err(Unreadable::CutOff)
    } else if request.is_encoded() {
        Err(Unreadable::Encoded)
    } else if request.body.is_empty() {
        Err(Unreadable::NoBody)
    } else {
        Ok(&request.body)
    }
}

/// The body, where it could be a request of MCP.
fn json_body(request: &Proxied) -> Result<Option<Value>, Unreadable> {
    let says_mcp = frame::has_headers(request);
    if request.body.is_empty() {
        return Ok(None);
    }
    if says_mcp || request.is_json() {
        return Ok(Some(frame::read_value(whole_body(request)?)?));
    }
    // What hides in a compressed or unfinished body can't be told.
    whole_body(request)?;
    Ok(None)
}

impl Extensions {
    /// The call with what the operator and the proxy know of its caller. What the request says of that is dropped: it
    /// comes from the caller itself.
    fn complete(&self, call: ToolCall, principal: String) -> ToolCall {
        let mut context = self.context.clone();
        if !is_blank(&principal) {
            context.identity = principal;
        }
        ToolCall {
            name: call.name,
            args: call.args,
            targets: call.targets,
            server: self.server.clone().or(call.server),
            context,
            ..ToolCall::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::protocol::{AttributeContext, HttpRequest, Peer, Request};
    use super::*;

    const CALL: &str = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

    struct Sent<'a> {
        method: &'a str,
        headers: &'a [(&'a str, &'a str)],
        extensions: &'a [(&'a str, &'a str)],
        body: &'a str,
    }

    const PLAIN: Sent<'static> = Sent {
        method: "POST",
        headers: &[],
        extensions: &[],
        body: "",
    };

    fn owned(pairs: &[(&str, &str)]) -> HashMap<String, String> {
        let pairs = pairs
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        pairs.collect()
    }

    fn check(sent: &Sent<'_>) -> CheckRequest {
        let http = HttpRequest {
            method: sent.method.to_owned(),
            headers: owned(sent.headers),
            host: "api.example".to_owned(),
            path: "/mcp".to_owned(),
            body: sent.body.to_owned(),
            ..HttpRequest::default()
        };
        CheckRequest {
            attributes: Some(AttributeContext {
                source: Some(Peer {
                    principal: "spiffe://a/agent".to_owned(),
                    ..Peer::default()
                }),
                request: Some(Request { http: Some(http) }),
                context_extensions: owned(sent.extensions),
            }),
        }
    }

    fn read(sent: &Sent<'_>) -> Result<Question, Unreadable> {
        let manner = Manner {
            body_bytes: 1000,
            passing: vec!["ping".to_owned(), CALL_METHOD.to_owned()],
        };
        manner.read(check(sent))
    }

    /// The tool that is called, or the method that passes, and the objections.
    fn asked(sent: &Sent<'_>) -> (String, Vec<&'static str>) {
        match read(sent).unwrap() {
            Question::Judge(_, read) => (read.call.name, read.objections),
            Question::Pass(method) => (format!("pass {method}"), Vec::new()),
        }
    }

    #[test]
    fn requests_are_read_as_the_route_says() {
        const MCP: &[(&str, &str)] = &[("gait.adapter", "mcp")];
        const HTTP: &[(&str, &str)] = &[("gait.adapter", "http")];
        const OPENAI: &[(&str, &str)] = &[("gait.adapter", "openai")];
        const HEADER: &[(&str, &str)] = &[("gait.adapter", "header")];
        let openai = r#"{"type":"function","function":{"name":"o","arguments":"{}"}}"#;
        for (sent, name) in [
            (Sent { body: CALL, ..PLAIN }, "t"),
            (
                Sent {
                    body: CALL,
                    extensions: MCP,
                    ..PLAIN
                },
                "t",
            ),
            (
                Sent {
                    body: CALL,
                    extensions: HTTP,
                    ..PLAIN
                },
                "http.post",
            ),
            (
                Sent {
                    body: openai,
                    extensions: OPENAI,
                    ..PLAIN
                },
                "o",
            ),
            (
                Sent {
                    body: CALL,
                    extensions: HEADER,
                    headers: &[("x-gait-adapter", "http")],
                    ..PLAIN
                },
                "http.post",
            ),
            // The header counts for nothing unless the route says so.
            (
                Sent {
                    body: CALL,
                    headers: &[("x-gait-adapter", "http")],
                    ..PLAIN
                },
                "t",
            ),
            (
                Sent {
                    method: "GET",
                    extensions: MCP,
                    ..PLAIN
                },
                "http.get",
            ),
            (Sent { body: "a=b", ..PLAIN }, "http.post"),
            (
                Sent {
                    body: r#"{"method":"card"}"#,
                    ..PLAIN
                },
                "http.post",
            ),
            (Sent { body: PING, ..PLAIN }, "pass ping"),
            (
                Sent {
                    body: r#"{"jsonrpc":"2.0","method":"tools/list"}"#,
                    ..PLAIN
                },
                "mcp.tools/list",
            ),
        ] {
            assert_eq!(asked(&sent), (name.to_owned(), Vec::new()));
        }
    }

    #[test]
    fn headers_that_disagree_are_held_against_the_call() {
        const MISMATCH: [&str; 1] = [HEADER_MISMATCH];
        for (body, headers, name, objections) in [
            (CALL, &[("mcp-name", "t")], "t", &[][..]),
            (CALL, &[("mcp-name", "u")], "t", &MISMATCH),
            (PING, &[("mcp-method", "tools/call")], "mcp.ping", &MISMATCH),
            ("", &[("mcp-method", "tools/call")], "http.post", &MISMATCH),
        ] {
            let sent = Sent {
                headers,
                body,
                ..PLAIN
            };
            assert_eq!(asked(&sent), (name.to_owned(), objections.to_vec()), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_whole_is_refused() {
        const MCP: &[(&str, &str)] = &[("gait.adapter", "mcp")];
        let long = "x".repeat(1001);
        for sent in [
            Sent { body: &long, ..PLAIN },
            Sent {
                body: "x",
                headers: &[("x-envoy-auth-partial-body", "true")],
                ..PLAIN
            },
            Sent {
                body: "x",
                headers: &[("content-encoding", "gzip")],
                ..PLAIN
            },
            Sent {
                body: "x",
                headers: &[("content-type", "application/json")],
                ..PLAIN
            },
            Sent {
                body: "x",
                headers: &[("mcp-session-id", "s")],
                ..PLAIN
            },
            Sent {
                body: "{\"a\":",
                ..PLAIN
            },
            Sent {
                extensions: MCP,
                ..PLAIN
            },
            Sent {
                body: "[]",
                extensions: MCP,
                ..PLAIN
            },
            Sent {
                body: CALL,
                extensions: &[("gait.adapter", "header")],
                ..PLAIN
            },
            Sent {
                body: CALL,
                extensions: &[("gait.typo", "")],
                ..PLAIN
            },
        ] {
            assert!(read(&sent).is_err(), "{:.40}", sent.body);
        }
        assert!(matches!(read_nothing(), Err(Unreadable::NotHttp)));
    }

    fn read_nothing() -> Result<Question, Unreadable> {
        let manner = Manner {
            body_bytes: 1,
            passing: Vec::new(),
        };
        manner.read(CheckRequest::default())
    }

    #[test]
    fn who_calls_is_known_from_the_proxy() {
        let sent = Sent {
            body: CALL,
            extensions: &[
                ("gait.identity", "route"),
                ("gait.workspace", "/w"),
                ("gait.run_id", "r"),
            ],
            ..PLAIN
        };
        let Question::Judge(request, read) = read(&sent).unwrap() else {
            unreachable!("a call of a tool never passes");
        };
        assert_eq!((request.adapter.as_str(), request.run_id.as_str()), ("mcp", "r"));
        assert_eq!(read.call.context.identity, "spiffe://a/agent");
        assert_eq!(read.call.context.workspace, "/w");
    }
}
