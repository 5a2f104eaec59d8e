"""What an operator has found out about MCP servers (`gait.mcp.trust_snapshot`).

Generated from `schemas/v1/mcp/trust_snapshot.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "MCPTrustSnapshot",
    "RegistryVerification",
    "TrustEntry",
]


class RegistryVerification(TypedDict):
    """What counts of the result of verifying a registry entry."""

    signature_verified: NotRequired[bool]
    publisher_allowed: NotRequired[bool]
    pin_present: NotRequired[bool]
    pin_verified: NotRequired[bool]


class TrustEntry(TypedDict):
    """What is known of one MCP server."""

    server_id: NotRequired[str]
    server_name: NotRequired[str]
    publisher: NotRequired[str]
    source: NotRequired[str]
    endpoint: NotRequired[str]
    status: NotRequired[str]
    updated_at: NotRequired[str]
    score: NotRequired[float]
    evidence_path: NotRequired[str]
    registry_verification: NotRequired[RegistryVerification]


class MCPTrustSnapshot(TypedDict):
    """What an operator has found out about MCP servers (`gait.mcp.trust_snapshot`)."""

    schema_id: NotRequired[Literal["gait.mcp.trust_snapshot"]]
    schema_version: NotRequired[Literal["1.0.0"]]
    created_at: NotRequired[str]
    producer_version: NotRequired[str]
    entries: list[TrustEntry]
