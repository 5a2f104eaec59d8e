"""`fixture.json`: what is expected of a run, and of those that are compared with it.

Generated from `schemas/v1/regress/fixture.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "RegressFixture",
]


class RegressFixture(TypedDict):
    """`fixture.json`: what is expected of a run, and of those that are compared with it."""

    schema_id: Literal["gait.regress.fixture"]
    schema_version: Literal["1.0.0"]
    name: str
    run_id: str
    runpack: str
    expected_replay_exit_code: int
    expected_tool_sequence: NotRequired[list[str]]
    expected_verdict_sequence: NotRequired[list[str]]
    candidate_runpack: NotRequired[str]
    context_conformance: NotRequired[Literal["required", "none"]]
    allow_context_runtime_drift: NotRequired[bool]
    expected_context_set_digest: NotRequired[str]
    diff_allow_changed_files: NotRequired[list[str]]
    session_chain: NotRequired[str]
    checkpoint_index: NotRequired[int]
