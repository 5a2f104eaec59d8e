"""One thing that happened at a gateway (`gait.mcp.activity`).

Generated from `schemas/v1/mcp/activity.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import TypedDict

__all__ = [
    "MCPGatewayActivity",
]


class MCPGatewayActivity(TypedDict):
    """One thing that happened at a gateway (`gait.mcp.activity`)."""

    schema_id: Literal["gait.mcp.activity"]
    schema_version: Literal["1.0.0"]
    time: str
    server: str
    pid: int
    session: str
