"""All counters of one state file (`gait.gate.rate_limit_state`).

Generated from `schemas/v1/gate/rate_limit_state.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import TypedDict

__all__ = [
    "Counter",
    "RateLimitState",
]


class Counter(TypedDict):
    """How many calls one window of one key has seen."""

    key: str
    count: int


class RateLimitState(TypedDict):
    """All counters of one state file (`gait.gate.rate_limit_state`)."""

    schema_id: Literal["gait.gate.rate_limit_state"]
    schema_version: Literal["1.0.0"]
    counters: list[Counter]
