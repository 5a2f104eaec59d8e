"""What the lock file of a journal tells about its holder.

Generated from `schemas/v1/runpack/session_lock.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import TypedDict

__all__ = [
    "RunpackSessionLock",
]


class RunpackSessionLock(TypedDict):
    """What the lock file of a journal tells about its holder."""

    created_at: str
    pid: int
    schema_id: Literal["gait.runpack.session_lock"]
    schema_version: Literal["1.0.0"]
