"""The payload of a run pack (`gait.pack.run`): what its runpack records, in numbers.

Generated from `schemas/v1/pack/run.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "PackRunPayload",
]


class PackRunPayload(TypedDict):
    """The payload of a run pack (`gait.pack.run`): what its runpack records, in numbers."""

    schema_id: Literal["gait.pack.run"]
    schema_version: Literal["1.0.0"]
    created_at: str
    run_id: str
    capture_mode: Literal["raw", "reference"]
    manifest_digest: str
    intents_count: int
    results_count: int
    refs_count: int
    context_set_digest: NotRequired[str]
    context_ref_count: NotRequired[int]
    context_evidence_mode: NotRequired[Literal["best_effort", "required"]]
    context_privacy_mode: NotRequired[str]
