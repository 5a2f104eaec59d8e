"""What an evidence pack holds, and who vouches for it (`gait.guard.pack_manifest`).

Generated from `schemas/v1/guard/pack_manifest.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "Control",
    "EvidenceEntry",
    "EvidencePointer",
    "GuardEvidencePackManifest",
    "IncidentWindow",
    "RenderedArtifact",
    "Signature",
]


class Control(TypedDict):
    """A control of an audit standard, and the evidence for it."""

    control_id: str
    title: str
    evidence_paths: list[str]


class EvidencePointer(TypedDict):
    """A piece of evidence by number."""

    pointer_id: str
    path: str
    type: Literal["runpack", "trace", "report", "evidence"]
    sha256: str


IncidentWindow = TypedDict("IncidentWindow", {"from": str, "to": str, "window_seconds": int, "selection_anchor": NotRequired[str]})


class RenderedArtifact(TypedDict):
    """A document for people."""

    format: Literal["pdf"]
    path: str
    sha256: str


class EvidenceEntry(TypedDict):
    """A declared entry of an evidence pack."""

    path: str
    sha256: str
    type: Literal["runpack", "trace", "report", "evidence"]


class Signature(TypedDict):
    """Ed25519 signature over the SHA-256 digest of the document's canonical JSON (RFC 8785)."""

    alg: str
    key_id: str
    sig: str
    signed_digest: NotRequired[str]


class GuardEvidencePackManifest(TypedDict):
    """What an evidence pack holds, and who vouches for it (`gait.guard.pack_manifest`)."""

    schema_id: Literal["gait.guard.pack_manifest"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    pack_id: str
    run_id: str
    case_id: NotRequired[str]
    template_id: NotRequired[str]
    generated_at: str
    control_index: NotRequired[list[Control]]
    evidence_pointers: NotRequired[list[EvidencePointer]]
    incident_window: NotRequired[IncidentWindow]
    rendered_artifacts: NotRequired[list[RenderedArtifact]]
    contents: list[EvidenceEntry]
    signatures: NotRequired[list[Signature]]
