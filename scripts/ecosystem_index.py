"""The index of skills, adapters, policy packs and tools around gait: its rules, and reading it."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

DEFAULT_PATH = Path(__file__).resolve().parents[1] / "docs" / "ecosystem" / "community_index.json"
SCHEMA_ID = "gait.registry.ecosystem_index"
SCHEMA_VERSION = "1.0.0"
KINDS = ("adapter", "skill", "policy_pack", "tooling")
SOURCES = ("official", "community")
STATUSES = ("experimental", "stable", "deprecated")
MAX_MAINTAINERS = 5
MIN_MAINTAINER = 3
ID = re.compile(r"[a-z0-9][a-z0-9-]{1,63}")
REPOSITORY = re.compile(r"https://github\.com/[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?/[A-Za-z0-9._-]+")
REQUIRED = ("id", "kind", "name", "summary", "repo", "source", "status")
OPTIONAL = ("integration", "maintainers")


class UnreadableIndexError(ValueError):
    """The index cannot be read."""


def read(path: Path) -> Any:
    """The document in a file."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise UnreadableIndexError(f"{path}: {error}") from error


def violations(document: Any) -> list[str]:
    """Everything that is wrong with an index."""
    if not isinstance(document, dict):
        return ["the index must be an object"]
    found = _keys("", document, ("schema_id", "schema_version", "updated_at", "entries"), ())
    for name, expected in (("schema_id", SCHEMA_ID), ("schema_version", SCHEMA_VERSION)):
        if document.get(name) != expected:
            found.append(f"{name} must be {expected}")
    if not _is_instant(document.get("updated_at")):
        found.append("updated_at must be a time in UTC, such as 2026-01-01T00:00:00Z")
    entries = document.get("entries")
    if not isinstance(entries, list) or not entries:
        return [*found, "entries must be a list with at least one entry"]
    for position, entry in enumerate(entries):
        where = f"entries[{position}]"
        found += _entry(where, entry) if isinstance(entry, dict) else [f"{where} must be an object"]
    ids = [entry["id"] for entry in entries if isinstance(entry, dict) and isinstance(entry.get("id"), str)]
    found += [f"id {id} occurs more than once" for id in sorted({id for id in ids if ids.count(id) > 1})]
    if ids != sorted(ids):
        found.append("entries must be sorted by id")
    return found


def _entry(where: str, entry: dict[str, Any]) -> list[str]:
    found = _keys(f"{where}.", entry, REQUIRED, OPTIONAL)

    def check(name: str, holds: bool, rule: str) -> None:
        if name in entry and not holds:
            found.append(f"{where}.{name} {rule}")

    text = {name: value if isinstance(value := entry.get(name), str) else "" for name in (*REQUIRED, "integration")}
    check("id", bool(ID.fullmatch(text["id"])), "must be lower-case letters, digits and hyphens, at most 64")
    for name, allowed in (("kind", KINDS), ("source", SOURCES), ("status", STATUSES)):
        check(name, text[name] in allowed, f"must be one of {', '.join(allowed)}")
    for name, shortest, longest in (("name", 3, 80), ("summary", 10, 280)):
        length = len(text[name].strip())
        check(name, shortest <= length <= longest, f"must have {shortest} to {longest} characters")
    check("repo", bool(REPOSITORY.fullmatch(text["repo"])), "must be https://github.com/<owner>/<name>")
    check("integration", bool(text["integration"].strip()), "must not be empty")
    maintainers = entry.get("maintainers")
    named = isinstance(maintainers, list) and all(
        isinstance(name, str) and len(name.strip()) >= MIN_MAINTAINER for name in maintainers
    )
    check(
        "maintainers",
        named and len(maintainers) <= MAX_MAINTAINERS,
        f"must be at most {MAX_MAINTAINERS} names of at least {MIN_MAINTAINER} characters",
    )
    return found


def _keys(where: str, value: dict[str, Any], required: tuple[str, ...], optional: tuple[str, ...]) -> list[str]:
    missing = [f"{where}{name} is missing" for name in required if name not in value]
    return missing + [f"{where}{name} is unknown" for name in value if name not in (*required, *optional)]


def _is_instant(value: Any) -> bool:
    if not isinstance(value, str) or "T" not in value or not value.endswith("Z"):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True
