"""What is known of a journal without reading it.

Generated from `schemas/v1/runpack/session_state.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "RunpackSessionState",
]


class RunpackSessionState(TypedDict):
    """What is known of a journal without reading it."""

    schema_id: Literal["gait.runpack.session_state"]
    schema_version: Literal["1.0.0"]
    updated_at: str
    producer_version: str
    session_id: str
    run_id: str
    created_at: str
    started_at: str
    event_count: int
    last_sequence: int
    checkpoint_count: int
    last_checkpoint_index: int
    last_checkpoint_sequence: int
    last_checkpoint_digest: NotRequired[str]
    journal_size_bytes: int
