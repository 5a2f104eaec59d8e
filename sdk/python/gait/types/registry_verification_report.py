"""What came of verifying a manifest (`gait.registry.verification_report`).

Generated from `schemas/v1/registry/verification_report.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "RegistryVerificationReport",
    "VerificationStatus",
]


VerificationStatus: TypeAlias = Literal["pass", "fail"]


class RegistryVerificationReport(TypedDict):
    """What came of verifying a manifest (`gait.registry.verification_report`)."""

    schema_id: Literal["gait.registry.verification_report"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    pack_name: str
    pack_version: str
    digest: str
    metadata_path: str
    pin_path: NotRequired[str]
    pin_digest: NotRequired[str]
    pin_present: bool
    pin_verified: bool
    signature_verified: bool
    publisher: NotRequired[str]
    source: NotRequired[str]
    publisher_allowed: bool
    status: VerificationStatus
    failure_reasons: NotRequired[list[str]]
