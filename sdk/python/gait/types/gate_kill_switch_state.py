"""Every entry of one kill switch (`gait.gate.kill_switch_state`).

Generated from `schemas/v1/gate/kill_switch_state.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "KillSwitchEntry",
    "KillSwitchState",
]


class KillSwitchEntry(TypedDict):
    """One switch."""

    entry_id: str
    enabled: bool
    agent_id: NotRequired[str]
    identity: NotRequired[str]
    tool_name: NotRequired[str]
    target_kind: NotRequired[str]
    target_value: NotRequired[str]
    environment: NotRequired[str]
    path_prefixes: NotRequired[list[str]]
    workspace_prefixes: NotRequired[list[str]]
    reason: NotRequired[str]
    actor: NotRequired[str]
    created_at: str
    expires_at: NotRequired[str]


class KillSwitchState(TypedDict):
    """Every entry of one kill switch (`gait.gate.kill_switch_state`)."""

    schema_id: Literal["gait.gate.kill_switch_state"]
    schema_version: Literal["1.0.0"]
    created_at: str
    updated_at: str
    producer_version: str
    entries: list[KillSwitchEntry]
