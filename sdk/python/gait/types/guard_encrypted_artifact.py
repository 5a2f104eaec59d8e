"""A file encrypted at rest (`gait.guard.encrypted_artifact`).

Generated from `schemas/v1/guard/encrypted_artifact.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "EncryptionKeySource",
    "GuardEncryptedArtifact",
]


class EncryptionKeySource(TypedDict):
    """Where an encryption key came from."""

    mode: Literal["env", "command"]
    ref: NotRequired[str]
    command: NotRequired[str]


class GuardEncryptedArtifact(TypedDict):
    """A file encrypted at rest (`gait.guard.encrypted_artifact`)."""

    schema_id: Literal["gait.guard.encrypted_artifact"]
    schema_version: Literal["1.0.0", "1.1.0"]
    created_at: str
    producer_version: str
    algorithm: Literal["aes-256-gcm"]
    key_source: EncryptionKeySource
    nonce: str
    ciphertext: str
    plain_sha256: str
    plain_size: int
