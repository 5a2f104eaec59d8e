"""`manifest.json`: what the archive holds, by digest, and who vouches for it.

Generated from `schemas/v1/runpack/manifest.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ManifestFile",
    "RunpackManifest",
    "Signature",
]


class ManifestFile(TypedDict):
    """A file of the archive and its digest."""

    path: str
    sha256: str


class Signature(TypedDict):
    """Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)."""

    alg: str
    key_id: str
    sig: str
    signed_digest: NotRequired[str]


class RunpackManifest(TypedDict):
    """`manifest.json`: what the archive holds, by digest, and who vouches for it."""

    schema_id: Literal["gait.runpack.manifest"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    run_id: str
    capture_mode: Literal["reference", "raw"]
    files: list[ManifestFile]
    manifest_digest: str
    signatures: NotRequired[list[Signature]]
