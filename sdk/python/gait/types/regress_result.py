"""What came of grading a set of fixtures (`gait.regress.result`).

Generated from `schemas/v1/regress/regress_result.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ContextConformance",
    "GradeStatus",
    "GraderResult",
    "RegressResult",
]


GradeStatus: TypeAlias = Literal["pass", "fail"]


ContextConformance: TypeAlias = Literal["none", "runtime_only", "semantic", "missing"]


class GraderResult(TypedDict):
    """What one grader says about one fixture."""

    name: str
    status: GradeStatus
    reason_codes: list[str]
    context_conformance: NotRequired[ContextConformance]
    details: NotRequired[dict[str, Any]]


class RegressResult(TypedDict):
    """What came of grading a set of fixtures (`gait.regress.result`)."""

    schema_id: Literal["gait.regress.result"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    fixture_set: str
    status: GradeStatus
    graders: list[GraderResult]
