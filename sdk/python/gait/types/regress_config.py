"""`gait.yaml`: the fixtures that are graded together.

Generated from `schemas/v1/regress/config.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ConfiguredFixture",
    "RegressConfiguration",
]


class ConfiguredFixture(TypedDict):
    """Where a fixture is."""

    name: str
    run_id: NotRequired[str]
    runpack: str


class RegressConfiguration(TypedDict):
    """`gait.yaml`: the fixtures that are graded together."""

    schema_id: Literal["gait.regress.config"]
    schema_version: Literal["1.0.0"]
    fixture_set: str
    fixtures: list[ConfiguredFixture]
