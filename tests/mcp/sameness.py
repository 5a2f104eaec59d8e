"""Whether two peers saw the same, save what differs between any two conversations: times, ports, ids of sessions."""

import base64
import json
import re
from itertools import zip_longest
from typing import Any

from peers import CheckError

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
CLOCK = re.compile(r"\d{1,2}:\d\d:\d\d [AP]M|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z")
PORT = re.compile(r"(127\.0\.0\.1|localhost):\d+")
SESSION = re.compile(r"session-\d+")
SHOWN = 1500


def normal(value: Any) -> Any:
    """A value without what differs between any two conversations."""
    if isinstance(value, dict):
        return {key: normal(_decoded(item) if key == "blob" else item) for key, item in value.items()}
    if isinstance(value, list):
        return [normal(item) for item in value]
    if isinstance(value, str):
        for pattern, instead in ((UUID, "<uuid>"), (CLOCK, "<time>"), (PORT, r"\1:<port>"), (SESSION, "<session>")):
            value = pattern.sub(instead, value)
    return value


def _decoded(blob: Any) -> Any:
    """The text in a blob, which may tell the time."""
    try:
        return base64.b64decode(blob, validate=True).decode()
    except (TypeError, ValueError):
        return blob


def require_same(what: str, direct: list[Any], through: list[Any]) -> None:
    """Fails on the first thing that was not seen both times."""
    before, after = normal(direct), normal(through)
    if before != after:
        where, theirs, ours = _first_difference(before, after, "")
        raise CheckError(f"{what}: a difference at {where}\n  direct:  {_shown(theirs)}\n  through: {_shown(ours)}")


def _first_difference(theirs: Any, ours: Any, where: str) -> tuple[str, Any, Any]:
    if isinstance(theirs, dict) and isinstance(ours, dict):
        for key in theirs | ours:
            if key not in theirs or key not in ours or theirs[key] != ours[key]:
                return _first_difference(theirs.get(key), ours.get(key), f"{where}.{key}")
    if isinstance(theirs, list) and isinstance(ours, list):
        for number, (one, other) in enumerate(zip_longest(theirs, ours)):
            if one != other:
                return _first_difference(one, other, f"{where}[{number}]")
    return where, theirs, ours


def _shown(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)[:SHOWN]
