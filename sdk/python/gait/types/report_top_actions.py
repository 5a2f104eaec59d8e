"""The actions of runs and traces that can do most harm.

Generated from `schemas/v1/report/top_actions.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "RankedAction",
    "TopActionsReport",
]


class RankedAction(TypedDict):
    """An action and what makes it grave."""

    rank: int
    score: int
    tool_class: Literal["read", "execute", "write", "destructive"]
    blast_radius: int
    run_id: str
    intent_id: NotRequired[str]
    intent_digest: NotRequired[str]
    trace_id: NotRequired[str]
    tool_name: str
    verdict: NotRequired[str]
    reason_codes: NotRequired[list[str]]
    source_type: Literal["runpack", "trace"]
    source_artifact: str


class TopActionsReport(TypedDict):
    """The actions of runs and traces that can do most harm."""

    schema_id: Literal["gait.report.top_actions"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    run_count: int
    trace_count: int
    action_count: int
    top_actions: list[RankedAction]
