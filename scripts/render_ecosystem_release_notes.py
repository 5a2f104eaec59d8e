#!/usr/bin/env python3
"""Renders what a release says of the ecosystem: render_ecosystem_release_notes.py [INDEX] [OUT] [METRICS]"""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import ecosystem_index
from atomic_file import replace

DEFAULT_OUT = Path("gait-out/ecosystem_release_notes.md")
METRICS = ("M1", "M2", "M3", "M4", "C1", "C2", "C3", "D1", "D2", "D3")
HEADINGS = {"adapter": "Adapters", "skill": "Skills", "policy_pack": "Policy packs", "tooling": "Tooling"}


class MetricsError(ValueError):
    """The metrics cannot be used."""


def plain(value: Any) -> str:
    """Text of others as part of a line: nothing in it starts markup or another line."""
    text = "".join(character if character.isprintable() else " " for character in str(value))
    for mark in "\\`*_[]<>|#":
        text = text.replace(mark, "\\" + mark)
    return text


def counts(entries: list[dict[str, Any]], name: str, order: tuple[str, ...]) -> str:
    """How many entries there are of each value."""
    counted = Counter(entry[name] for entry in entries)
    return f"- {name}: " + ", ".join(f"{value} {counted[value]}" for value in order)


def entry_line(entry: dict[str, Any]) -> str:
    """One entry."""
    name, summary = plain(entry["name"]), plain(entry["summary"])
    return f"- `{entry['id']}`: [{name}]({entry['repo']}), {entry['source']}, {entry['status']}. {summary}"


def metric_lines(metrics: Any) -> list[str]:
    """The metrics section, a row for each."""
    named = metrics.get("metrics", metrics) if isinstance(metrics, dict) else None
    if not isinstance(named, dict):
        raise MetricsError("the metrics must be an object")
    lines = [
        "## v2.3 Metrics Snapshot",
        "",
        "| id | name | value | threshold | pass |",
        "| --- | --- | --- | --- | --- |",
    ]
    for id in METRICS:
        metric = named.get(id)
        if not isinstance(metric, dict):
            raise MetricsError(f"{id} is missing")
        try:
            cells = [plain(metric[name]) for name in ("name", "value", "threshold", "pass")]
        except KeyError as error:
            raise MetricsError(f"{id} has no {error.args[0]}") from error
        lines.append(f"| {' | '.join([id, *cells])} |")
    return [*lines, ""]


def notes(document: dict[str, Any], source: Path, metrics: Any = None) -> str:
    """The notes as Markdown."""
    entries = sorted(document["entries"], key=lambda entry: entry["id"])
    lines = [
        "# Ecosystem Release Notes",
        "",
        f"- source: `{source}`",
        f"- schema: `{document['schema_id']}` {document['schema_version']}",
        f"- updated: {document['updated_at']}",
        f"- entries: {len(entries)}",
        counts(entries, "kind", ecosystem_index.KINDS),
        counts(entries, "source", ecosystem_index.SOURCES),
        counts(entries, "status", ecosystem_index.STATUSES),
        "",
    ]
    for kind in ecosystem_index.KINDS:
        lines += [f"## {HEADINGS[kind]}", ""]
        lines += [entry_line(entry) for entry in entries if entry["kind"] == kind] or ["None."]
        lines.append("")
    if metrics is not None:
        lines += metric_lines(metrics)
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """The command line."""
    if len(arguments) > 3:
        print("usage: render_ecosystem_release_notes.py [index] [out] [metrics]", file=sys.stderr)
        return 2
    paths = [Path(argument) for argument in arguments]
    index = paths[0] if paths else ecosystem_index.DEFAULT_PATH
    out = paths[1] if len(paths) > 1 else DEFAULT_OUT
    try:
        document = ecosystem_index.read(index)
        found = ecosystem_index.violations(document)
        if found:
            raise ecosystem_index.UnreadableIndexError(f"{index}: {'; '.join(found)}")
        metrics = ecosystem_index.read(paths[2]) if len(paths) > 2 else None
        checkout = ecosystem_index.DEFAULT_PATH.parents[2]
        source = index.relative_to(checkout) if index.is_relative_to(checkout) else index
        replace(out, notes(document, source, metrics))
    except (OSError, ValueError) as error:
        print(f"render_ecosystem_release_notes: {error}", file=sys.stderr)
        return 1
    print(f"rendered: {out}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
