"""From Python values to JSON that every reader takes for the same."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from enum import Enum
from math import isfinite
from pathlib import PurePath
from typing import Any

#: How deeply values may be nested; deeper ones are most likely cycles.
MAX_DEPTH = 256


def format_time(moment: datetime) -> str:
    """UTC in ISO 8601 with `Z`; microseconds only when there are any. A naive time is local time."""
    return moment.astimezone(timezone.utc).isoformat().replace("+00:00", "Z")


def json_ready(value: Any) -> Any:
    """`value` made of what JSON has.

    Raises `TypeError` for what has no place in JSON, sets and repeated keys among them, and `ValueError` for numbers
    that are not finite and for values nested more than `MAX_DEPTH` deep.
    """
    return _json_ready(value, 0)


def _json_ready(value: Any, depth: int) -> Any:  # noqa: PLR0911 - a table of types
    if depth > MAX_DEPTH:
        raise ValueError(f"JSON payload is nested more than {MAX_DEPTH} levels deep")
    if isinstance(value, Enum):
        return _json_ready(value.value, depth + 1)
    if value is None or isinstance(value, (str, bool, int)):
        return value
    if isinstance(value, float):
        if not isfinite(value):
            raise ValueError(f"JSON has no number {value!r}")
        return value
    if isinstance(value, Mapping):
        return _object(value, depth)
    if isinstance(value, (list, tuple)):
        return [_json_ready(item, depth + 1) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    if isinstance(value, datetime):
        return format_time(value)
    if isinstance(value, (set, frozenset)):
        raise TypeError("set values are not supported in JSON payloads: they have no order")
    for method in ("model_dump", "dict", "to_dict"):
        convert = getattr(value, method, None)
        if callable(convert) and not isinstance(value, type):
            return _json_ready(convert(), depth + 1)
    raise TypeError(f"unsupported JSON value of type {type(value).__name__}")


def _object(value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
    ready: dict[str, Any] = {}
    for key, item in value.items():
        name = str(key.value if isinstance(key, Enum) else key)
        if name in ready:
            raise TypeError(f"two keys of a mapping are both {name!r} as JSON")
        ready[name] = _json_ready(item, depth + 1)
    return ready


def recordable(value: Any) -> Any:
    """As `json_ready`, but what JSON has no place for is named instead of refused.

    For results of tools that have run already: their effect happened, and no shape of a result may make it look failed.
    """
    try:
        return json_ready(value)
    except Exception as reason:  # whatever the conversion methods of foreign objects raise
        return {"unrecordable_type": type(value).__qualname__, "reason": str(reason)}


def dumps(value: Any, *, indent: int | None = None) -> str:
    """`value` as JSON; NaN and infinity are refused."""
    return json.dumps(value, indent=indent, allow_nan=False)


def loads_object(text: str | bytes) -> dict[str, Any] | None:
    """The one JSON object that `text` is; `None` when it is anything else or says a member twice."""
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("repeated member")
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"JSON has no number {name}")
