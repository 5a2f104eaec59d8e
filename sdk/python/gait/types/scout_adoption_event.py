"""One finished command (`gait.scout.adoption_event`), a line of the adoption log.

Generated from `schemas/v1/scout/adoption_event.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "AdoptionEvent",
    "Platform",
]


class Platform(TypedDict):
    """The kind of machine a command ran on."""

    os: str
    arch: str


class AdoptionEvent(TypedDict):
    """One finished command (`gait.scout.adoption_event`), a line of the adoption log."""

    schema_id: Literal["gait.scout.adoption_event"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    command: str
    workflow_id: NotRequired[str]
    success: bool
    exit_code: int
    elapsed_ms: int
    milestones: NotRequired[list[Literal["A1", "A2", "A3", "A4", "E1", "E2", "E3"]]]
    environment: Platform
