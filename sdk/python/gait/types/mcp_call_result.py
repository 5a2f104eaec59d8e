"""What came of a tool call that ran (`gait.mcp.call_result`).

Generated from `schemas/v1/mcp/call_result.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "MCPCallResult",
]


class MCPCallResult(TypedDict):
    """What came of a tool call that ran (`gait.mcp.call_result`)."""

    schema_id: Literal["gait.mcp.call_result"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    session_id: str
    run_id: str
    tool_name: str
    trace_id: str
    intent_digest: str
    outcome: Literal["completed", "tool_error", "protocol_error", "incomplete", "server_gone", "cancelled", "abandoned"]
    result_digest: NotRequired[str]
    result_bytes: int
    duration_us: int
    content: NotRequired[dict[str, Any]]
    content_omitted: NotRequired[bool]
