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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_and_tool_calls_say_the_same() {
        let call = decode(br#"{"tool": "t", "tool_input": {"a": 1}, "log": "x"}"#).unwrap();
        assert_eq!((call.name.as_str(), call.args.len()), ("t", 1));
        for same in [
            r#"{"tool": "t", "tool_input": "{\"a\": 1}"}"#,
            r#"{"name": "t", "args": {"a": 1}, "id": "call_1", "type": "tool_call"}"#,
            r#"{"name": "t", "args": "{\"a\": 1}", "id": "call_1", "type": "invalid_tool_call", "tool": null}"#,
        ] {
            assert_eq!(decode(same.as_bytes()).unwrap(), call, "{same}");
        }
    }

    #[test]
    fn errors_name_the_member() {
        for (payload, error) in [
            (
                r#"{"tool": "t", "tool_input": [1]}"#,
                "decode langchain tool_input: expected an object",
            ),
            (
                r#"{"name": "t", "args": 7}"#,
                "decode langchain args: expected an object",
            ),
            (
                r#"{"tool": "t", "name": "u"}"#,
                "langchain tool call has both tool and name",
            ),
            (
                r#"{"tool": "t", "args": {}}"#,
                "langchain tool call has both tool and name",
            ),
        ] {
            assert_eq!(
                decode(payload.as_bytes()).unwrap_err().to_string(),
                error,
                "{payload}"
            );
        }
        assert!(decode(br#"{"tool": "t", "tool_input": "plain words"}"#).is_err());
        assert!(decode(br#"{"tool": 3}"#).is_err());
    }
}
