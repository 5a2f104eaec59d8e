"""One thing that happened at a gateway (`gait.mcp.activity`).

Generated from `schemas/v1/mcp/activity.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "MCPGatewayActivity",
    "MCPGatewayActivityCall",
    "MCPGatewayActivityDropped",
    "MCPGatewayActivityGone",
    "MCPGatewayActivityTools",
    "Verdict",
]


Verdict: TypeAlias = Literal["allow", "dry_run", "require_approval", "block"]


class MCPGatewayActivityCall(TypedDict):
    """A call was decided."""

    schema_id: Literal["gait.mcp.activity"]
    schema_version: Literal["1.0.0"]
    time: str
    server: str
    pid: int
    session: str
    tool: str
    verdict: Verdict
    reason_codes: list[str]
    trace_id: str
    took_us: int
    kind: Literal["call"]


class MCPGatewayActivityTools(TypedDict):
    """The tools of a server were reviewed."""

    schema_id: Literal["gait.mcp.activity"]
    schema_version: Literal["1.0.0"]
    time: str
    server: str
    pid: int
    session: str
    offered: int
    hidden: int
    quarantined: int
    problem: NotRequired[str]
    kind: Literal["tools"]


class MCPGatewayActivityDropped(TypedDict):
    """A message was held back."""

    schema_id: Literal["gait.mcp.activity"]
    schema_version: Literal["1.0.0"]
    time: str
    server: str
    pid: int
    session: str
    kind: Literal["dropped"]
    why: str


class MCPGatewayActivityGone(TypedDict):
    """The gateway ended."""

    schema_id: Literal["gait.mcp.activity"]
    schema_version: Literal["1.0.0"]
    time: str
    server: str
    pid: int
    session: str
    kind: Literal["gone"]


MCPGatewayActivity: TypeAlias = (
    MCPGatewayActivityCall
    | MCPGatewayActivityTools
    | MCPGatewayActivityDropped
    | MCPGatewayActivityGone
)
