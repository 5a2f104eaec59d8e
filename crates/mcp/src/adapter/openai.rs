//! Tool calls of the `OpenAI` APIs: chat completions, and the items of responses.

use gait_artifact::mcp::McpServer;
use gait_canon::json::{Object, Value};
use serde::Deserialize;

use super::{Adapter, DecodeError, arguments, only_one, payload};
use crate::call::ToolCall;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    /// Chat completions nest the call.
    function: Option<Function>,
    /// Chat completions nest calls whose input is free text.
    custom: Option<Custom>,
    /// Items of responses don't nest.
    name: String,
    arguments: Option<Value>,
    input: Option<String>,
    /// The remote MCP server that an item of a response calls.
    server_label: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Function {
    name: String,
    arguments: Option<Value>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Custom {
    name: String,
    input: Option<String>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<ToolCall, DecodeError> {
    let wire: Payload = payload(Adapter::OpenAi, bytes)?;
    let has_item = !wire.name.is_empty();
    only_one(
        Adapter::OpenAi,
        ("function", wire.function.is_some()),
        ("custom", wire.custom.is_some()),
    )?;
    only_one(
        Adapter::OpenAi,
        ("function", wire.function.is_some()),
        ("name", has_item),
    )?;
    only_one(
        Adapter::OpenAi,
        ("custom", wire.custom.is_some()),
        ("name", has_item),
    )?;
    let (name, arguments_given, input) = match (wire.function, wire.custom) {
        (Some(function), _) => (function.name, function.arguments, None),
        (None, Some(custom)) => (custom.name, None, custom.input),
        (None, None) => (wire.name, wire.arguments, wire.input),
    };
    only_one(
        Adapter::OpenAi,
        ("arguments", arguments_given.is_some()),
        ("input", input.is_some()),
    )?;
    Ok(ToolCall {
        name,
        args: match input {
            Some(input) => Object::from_iter([("input", input.into())]),
            None => arguments(Adapter::OpenAi, "arguments", arguments_given)?,
        },
        server: (!wire.server_label.is_empty()).then(|| McpServer {
            server_name: wire.server_label,
            ..McpServer::default()
        }),
        ..ToolCall::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chat_completions_and_responses_say_the_same() {
        let decode = |payload: &str| decode(payload.as_bytes()).unwrap();
        let call = decode(
            r#"{"id": "c", "type": "function", "function": {"name": "t", "arguments": "{\"a\": 1}"}}"#,
        );
        assert_eq!((call.name.as_str(), call.args.len()), ("t", 1));
        let item = r#"{"type": "function_call", "call_id": "c", "name": "t", "arguments": "{\"a\": 1}"}"#;
        assert_eq!(decode(item), call);

        let item = r#"{"type": "mcp_approval_request", "server_label": "github", "name": "t", "arguments": "{\"a\": 1}"}"#;
        assert_eq!(decode(item).server.unwrap().server_name, "github");

        let text = Object::from_iter([("input", "ls".into())]);
        for payload in [
            r#"{"type": "custom_tool_call", "name": "t", "input": "ls"}"#,
            r#"{"type": "custom", "custom": {"name": "t", "input": "ls"}}"#,
        ] {
            assert_eq!(decode(payload).args, text, "{payload}");
        }
        assert_eq!(decode("null"), ToolCall::default());
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for payload in [
            r#"{"function": {"name": "t"}, "name": "u"}"#,
            r#"{"function": {"name": "t"}, "custom": {"name": "u"}}"#,
            r#"{"custom": {"name": "t"}, "name": "u"}"#,
            r#"{"name": "t", "arguments": "{}", "input": "x"}"#,
            r#"{"function": {"name": "t", "name": "u"}}"#,
            r#"{"function": "t"}"#,
            r#"{"function": {"name": 7}}"#,
        ] {
            assert!(decode(payload.as_bytes()).is_err(), "{payload}");
        }
    }
}
