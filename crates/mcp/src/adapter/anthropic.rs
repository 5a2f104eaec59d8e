//! Tool use blocks of the Anthropic API, also those for remote MCP servers.

use gait_artifact::mcp::McpServer;
use gait_canon::json::Object;
use serde::Deserialize;

use super::{Adapter, DecodeError, payload};
use crate::call::ToolCall;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    name: String,
    input: Object,
    /// The remote server of a `mcp_tool_use` block.
    server_name: String,
}

pub(super) fn decode(bytes: &[u8]) -> Result<ToolCall, DecodeError> {
    let wire: Payload = payload(Adapter::Anthropic, bytes)?;
    Ok(ToolCall {
        name: wire.name,
        args: wire.input,
        server: (!wire.server_name.is_empty()).then(|| McpServer {
            server_name: wire.server_name,
            ..McpServer::default()
        }),
        ..ToolCall::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_name_a_tool_and_its_input() {
        let block = br#"{"type": "tool_use", "id": "toolu_1", "name": "t", "input": {"a": 1}}"#;
        let call = decode(block).unwrap();
        assert_eq!((call.name.as_str(), call.args.len(), call.server), ("t", 1, None));
        let block = br#"{"type": "mcp_tool_use", "name": "t", "server_name": "github", "input": null}"#;
        let call = decode(block).unwrap();
        assert_eq!(call.server.unwrap().server_name, "github");
        assert!(call.args.is_empty());
        for broken in [r#"{"name": "t", "input": "{}"}"#, r#"{"name": "t", "input": []}"#] {
            let error = decode(broken.as_bytes()).unwrap_err().to_string();
            assert!(
                error.starts_with("parse anthropic tool call: "),
                "{broken}: {error}"
            );
        }
    }
}
