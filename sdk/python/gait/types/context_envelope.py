"""The records of one context set (`gait.context.envelope`), as written.

Generated from `schemas/v1/context/envelope.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ContextEvidenceEnvelope",
    "ReferenceRecord",
]


class ReferenceRecord(TypedDict):
    """One document of a context set (`gait.context.reference_record`): where it came from and what it said, by…"""

    ref_id: str
    source_type: str
    source_locator: str
    query_digest: str
    content_digest: str
    retrieved_at: str
    redaction_mode: str
    immutability: Literal["immutable", "mutable", "unknown"]
    sensitivity_label: NotRequired[str]
    freshness_sla_seconds: NotRequired[int]
    retrieval_params: NotRequired[dict[str, Any]]


class ContextEvidenceEnvelope(TypedDict):
    """The records of one context set (`gait.context.envelope`), as written."""

    schema_id: Literal["gait.context.envelope"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    context_set_id: str
    context_set_digest: str
    evidence_mode: Literal["best_effort", "required"]
    records: list[ReferenceRecord]
