"""What a publisher offers under a name and a version, and who vouches for it (`gait.registry.pack`).

Generated from `schemas/v1/registry/registry_pack.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "RegistryArtifact",
    "RegistryPackManifest",
    "Signature",
]


class RegistryArtifact(TypedDict):
    """A file of a published pack."""

    path: str
    sha256: str
    media_type: NotRequired[str]


class Signature(TypedDict):
    """Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)."""

    alg: str
    key_id: str
    sig: str
    signed_digest: NotRequired[str]


class RegistryPackManifest(TypedDict):
    """What a publisher offers under a name and a version, and who vouches for it (`gait.registry.pack`)."""

    schema_id: Literal["gait.registry.pack"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    pack_name: str
    pack_version: str
    pack_type: NotRequired[str]
    publisher: NotRequired[str]
    source: NotRequired[str]
    risk_class: NotRequired[str]
    use_case: NotRequired[str]
    compatibility: NotRequired[list[str]]
    provenance: NotRequired[dict[str, Any]]
    artifacts: list[RegistryArtifact]
    signatures: NotRequired[list[Signature]]
