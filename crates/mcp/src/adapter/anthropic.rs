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
