"""A line of `intents.jsonl`: a call that was meant to be made.

Generated from `schemas/v1/runpack/intent.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "RunpackIntent",
]


class RunpackIntent(TypedDict):
    """A line of `intents.jsonl`: a call that was meant to be made."""

    schema_id: Literal["gait.runpack.intent"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    run_id: str
    intent_id: str
    tool_name: str
    args_digest: str
    args: NotRequired[dict[str, Any]]
