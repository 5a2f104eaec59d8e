"""What the holder of the lock says about itself (`gait.gate.rate_limit_lock`).

Generated from `schemas/v1/gate/rate_limit_lock.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import TypedDict

__all__ = [
    "RateLimitLock",
]


class RateLimitLock(TypedDict):
    """What the holder of the lock says about itself (`gait.gate.rate_limit_lock`)."""

    schema_id: Literal["gait.gate.rate_limit_lock"]
    schema_version: Literal["1.0.0"]
    pid: int
    created_at: str
