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
