"""What a pack holds, by digest, and who vouches for it (`gait.pack.manifest`).

Generated from `schemas/v1/pack/manifest.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ContentEntry",
    "PackManifest",
    "PackType",
    "Signature",
]


PackType: TypeAlias = Literal["run", "job", "call", "authorization"]


class ContentEntry(TypedDict):
    """A declared entry of a pack."""

    path: str
    sha256: str
    type: str


class Signature(TypedDict):
    """Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)."""

    alg: str
    key_id: str
    sig: str
    signed_digest: NotRequired[str]


class PackManifest(TypedDict):
    """What a pack holds, by digest, and who vouches for it (`gait.pack.manifest`)."""

    schema_id: Literal["gait.pack.manifest"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    pack_id: str
    pack_type: PackType
    source_ref: str
    contents: list[ContentEntry]
    signatures: NotRequired[list[Signature]]
