"""What a clean-up looked at, and what became of it (`gait.guard.retention_report`).

Generated from `schemas/v1/guard/retention_report.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import TypedDict

__all__ = [
    "GuardRetentionReport",
    "RetentionAction",
    "RetentionEvent",
    "RetentionKind",
]


RetentionKind: TypeAlias = Literal["trace", "pack"]


RetentionAction: TypeAlias = Literal["kept", "deleted"]


class RetentionEvent(TypedDict):
    """What became of one file."""

    path: str
    kind: RetentionKind
    modified_at: str
    age_seconds: int
    action: RetentionAction


class GuardRetentionReport(TypedDict):
    """What a clean-up looked at, and what became of it (`gait.guard.retention_report`)."""

    schema_id: Literal["gait.guard.retention_report"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    root_path: str
    dry_run: bool
    trace_ttl_seconds: int
    pack_ttl_seconds: int
    scanned_files: int
    deleted_files: list[RetentionEvent]
    kept_files: list[RetentionEvent]
