"""How two packs differ (`gait.pack.diff`).

Generated from `schemas/v1/pack/diff.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "DiffSummary",
    "PackDiffResult",
]


class DiffSummary(TypedDict):
    """What differs between two packs."""

    changed: bool
    added_files: NotRequired[list[str]]
    removed_files: NotRequired[list[str]]
    changed_files: NotRequired[list[str]]
    manifest_delta: bool
    context_changed: NotRequired[bool]
    context_runtime_only_changes: NotRequired[bool]
    context_drift_classification: NotRequired[Literal["none", "runtime_only", "semantic"]]


class PackDiffResult(TypedDict):
    """How two packs differ (`gait.pack.diff`)."""

    schema_id: Literal["gait.pack.diff"]
    schema_version: Literal["1.0.0"]
    created_at: str
    left_pack_id: str
    right_pack_id: str
    left_pack_type: str
    right_pack_type: str
    summary: DiffSummary
