"""What makes a run like another (`gait.scout.run_fingerprint`).

Generated from `schemas/v1/scout/run_fingerprint.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "RunFingerprint",
]


class RunFingerprint(TypedDict):
    """What makes a run like another (`gait.scout.run_fingerprint`)."""

    schema_id: Literal["gait.scout.run_fingerprint"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    run_id: str
    fingerprint: str
    action_sequence: list[str]
    tool_classes: list[str]
    target_systems: list[str]
    reason_code_vector: list[str]
    ref_receipt_digests: list[str]
    source_runpack: NotRequired[str]
    trace_count: NotRequired[int]
    regress_evidence_seen: NotRequired[bool]
