"""`refs.json`: what the run looked at.

Generated from `schemas/v1/runpack/refs.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "Receipt",
    "RunpackReferences",
]


class Receipt(TypedDict):
    """One thing a run looked at, by digest."""

    ref_id: str
    source_type: str
    source_locator: str
    query_digest: str
    content_digest: str
    retrieved_at: str
    redaction_mode: str
    immutability: NotRequired[Literal["immutable", "mutable", "unknown"]]
    freshness_sla_seconds: NotRequired[int]
    sensitivity_label: NotRequired[str]
    retrieval_params: NotRequired[dict[str, Any]]


class RunpackReferences(TypedDict):
    """`refs.json`: what the run looked at."""

    schema_id: Literal["gait.runpack.refs"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    run_id: str
    context_set_digest: NotRequired[str]
    context_evidence_mode: NotRequired[Literal["best_effort", "required"]]
    context_ref_count: NotRequired[int]
    receipts: list[Receipt]
