"""The outcome of one evaluation (`gait.gate.result`).

Generated from `schemas/v1/gate/gate_result.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import TypedDict

__all__ = [
    "GateResult",
    "Verdict",
]


Verdict: TypeAlias = Literal["allow", "dry_run", "require_approval", "block"]


class GateResult(TypedDict):
    """The outcome of one evaluation (`gait.gate.result`)."""

    schema_id: Literal["gait.gate.result"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    verdict: Verdict
    reason_codes: list[str]
    violations: list[str]
