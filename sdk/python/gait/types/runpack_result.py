"""A line of `results.jsonl`: what came of an intent.

Generated from `schemas/v1/runpack/result.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "RunpackResult",
]


class RunpackResult(TypedDict):
    """A line of `results.jsonl`: what came of an intent."""

    schema_id: Literal["gait.runpack.result"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    run_id: str
    intent_id: str
    status: Literal["ok", "error"]
    result_digest: str
    result: NotRequired[dict[str, Any]]
