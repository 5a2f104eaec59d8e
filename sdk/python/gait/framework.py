"""What the adapters of frameworks share: contexts told by a framework, and tools that are told of a refusal."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gait.models import IntentContext

__all__ = ["context_from", "file_word", "member"]


def context_from(told: Any, *, identity: str, call_id: object = None) -> IntentContext:
    """The intent context that a framework's own context tells, a mapping or an object; without one the call is risky.

    `identity` and `call_id` stand in for an identity and a request that it does not name. `TypeError` for members of
    wrong types.
    """
    session_id = _text(told, "session_id") or _text(told, "run_id")
    request_id = _text(told, "request_id") or (None if call_id is None else str(call_id))
    auth_context = member(told, "auth_context")
    if auth_context is not None and not isinstance(auth_context, Mapping):
        raise TypeError("runtime context auth_context must be a mapping")
    return IntentContext(
        identity=_text(told, "identity") or identity,
        workspace=_text(told, "workspace") or str(Path.cwd()),
        risk_class=_text(told, "risk_class") or "high",
        session_id=session_id,
        request_id=request_id,
        auth_context=None if auth_context is None else dict(auth_context),
        credential_scopes=_texts(told, "credential_scopes"),
        environment_fingerprint=_text(told, "environment_fingerprint"),
        context_set_digest=_text(told, "context_set_digest"),
        context_evidence_mode=_text(told, "context_evidence_mode"),
        context_refs=_texts(told, "context_refs"),
    )


def member(told: Any, name: str) -> Any:
    """The member `name` of a mapping or an object; `None` when it has none."""
    return told.get(name) if isinstance(told, Mapping) else getattr(told, name, None)


def _text(told: Any, name: str) -> str | None:
    value = member(told, name)
    if value is None:
        return None
    if not isinstance(value, (str, Path)):
        raise TypeError(f"runtime context {name} must be a string")
    return str(value)


def _texts(told: Any, name: str) -> list[str]:
    value = member(told, name)
    if value is None:
        return []
    if not isinstance(value, Sequence) or isinstance(value, (str, bytes)):
        raise TypeError(f"runtime context {name} must be a list of strings")
    if not all(isinstance(item, str) for item in value):
        raise TypeError(f"runtime context {name} must be a list of strings")
    return list(value)


def file_word(text: object) -> str:
    """`text` as part of a file name."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", str(text)).strip("._") or "trace"
