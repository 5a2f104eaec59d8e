"""How much of a context set a prompt had room for (`gait.context.budget_report`).

Generated from `schemas/v1/context/budget_report.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ContextBudgetReport",
]


class ContextBudgetReport(TypedDict):
    """How much of a context set a prompt had room for (`gait.context.budget_report`)."""

    schema_id: Literal["gait.context.budget_report"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    context_set_digest: str
    items_considered: int
    items_included: int
    items_dropped: int
    drop_reasons: NotRequired[dict[str, int]]
