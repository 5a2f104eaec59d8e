//! Tool calls of `LangChain`: the agent actions of its older agents, and the tool calls of its messages.

use gait_canon::json::Value;
use serde::Deserialize;

use super::{Adapter, DecodeError, arguments, only_one, payload};
use crate::call::ToolCall;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    tool: String,
    tool_input: Option<Value>,
    name: String,
    args: Option<Value>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<ToolCall, DecodeError> {
    let wire: Payload = payload(Adapter::LangChain, bytes)?;
    let is_action = !wire.tool.is_empty() || wire.tool_input.is_some();
    let is_tool_call = !wire.name.is_empty() || wire.args.is_some();
    only_one(Adapter::LangChain, ("tool", is_action), ("name", is_tool_call))?;
    let (name, args) = if is_tool_call {
        (wire.name, arguments(Adapter::LangChain, "args", wire.args)?)
    } else {
        (
            wire.tool,
            arguments(Adapter::LangChain, "tool_input", wire.tool_input)?,
        )
    };
    Ok(ToolCall {
        name,
        args,
        ..ToolCall::default()
    })
}
