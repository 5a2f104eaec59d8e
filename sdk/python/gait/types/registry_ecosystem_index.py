"""What there is to be had, and how far it is to be trusted (`gait.registry.ecosystem_index`).

Generated from `schemas/v1/registry/ecosystem_index.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "EcosystemEntry",
    "EcosystemIndex",
    "EcosystemKind",
    "EcosystemSource",
    "EcosystemStatus",
]


EcosystemKind: TypeAlias = Literal["skill", "adapter", "policy_pack", "tooling"]


EcosystemSource: TypeAlias = Literal["official", "community"]


EcosystemStatus: TypeAlias = Literal["experimental", "stable", "deprecated"]


class EcosystemEntry(TypedDict):
    """One thing of an ecosystem."""

    id: str
    kind: EcosystemKind
    name: str
    summary: str
    repo: str
    source: EcosystemSource
    status: EcosystemStatus
    integration: NotRequired[str]
    maintainers: NotRequired[list[str]]


class EcosystemIndex(TypedDict):
    """What there is to be had, and how far it is to be trusted (`gait.registry.ecosystem_index`)."""

    schema_id: Literal["gait.registry.ecosystem_index"]
    schema_version: Literal["1.0.0"]
    updated_at: str
    entries: list[EcosystemEntry]
