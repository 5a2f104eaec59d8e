"""Whether telemetry could be written (`gait.scout.telemetry_health`), a file that is replaced after every…

Generated from `schemas/v1/scout/telemetry_health.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import TypedDict

__all__ = [
    "StreamHealth",
    "TelemetryHealth",
]


class StreamHealth(TypedDict):
    """How often one telemetry stream was written."""

    attempts: int
    success: int
    failed: int


class TelemetryHealth(TypedDict):
    """Whether telemetry could be written (`gait.scout.telemetry_health`), a file that is replaced after every…"""

    schema_id: Literal["gait.scout.telemetry_health"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    streams: dict[str, StreamHealth]
