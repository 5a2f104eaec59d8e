"""What the benchmarks of this repository print, read: time and allocations of each operation."""

from __future__ import annotations

import json
import math
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import atomic_file
from perf_budget import EXIT_BREACH, BudgetError, positive, read_object

NANOSECONDS = {"ps": 1e-3, "ns": 1.0, "µs": 1e3, "ms": 1e6, "s": 1e9}
# A line that names a benchmark: its branch of the tree, its name, and the fastest run.
NAMED = re.compile(r"^[│ ]*[├╰]─ (?P<name>.+?) {2,}(?P<fastest>[0-9.]+ (?:ps|ns|µs|ms|s))\s*│")
DURATION = re.compile(r"^(?P<number>[0-9]+(?:\.[0-9]+)?) (?P<unit>ps|ns|µs|ms|s)$")
COUNT = re.compile(r"^[0-9]+(?:\.[0-9]+)?$")
# Memory that is asked for, and memory that grows, are both work of the allocator.
ALLOCATING = ("alloc:", "grow:")
MEDIAN = 2


@dataclass
class Figures:
    """What one operation takes, at the median."""

    nanoseconds: float
    allocations: float = 0.0


def read(text: str) -> dict[str, Figures]:
    """The figures of every benchmark in the output `text`."""
    found: dict[str, Figures] = {}
    current: Figures | None = None
    counts = False
    for line in text.splitlines():
        named = NAMED.match(line)
        if named:
            name = named["name"].strip()
            if name in found:
                raise BudgetError(f"{name} was measured twice")
            current = found[name] = Figures(duration(cells(line)[MEDIAN], name))
            counts = False
        elif re.match(r"^[│ ]*[├╰]─", line):
            # A group, or a benchmark that was not run.
            current = None
        elif current is not None:
            row = cells(line.removeprefix("│"))
            if row[0].endswith(":"):
                counts = row[0] in ALLOCATING
            elif counts:
                # The first line below is how often, the second how much.
                current.allocations += count(row)
                counts = False
    if not found:
        raise BudgetError("the output tells of no benchmark")
    return found


def cells(line: str) -> list[str]:
    """The cells of a line."""
    return [cell.strip() for cell in re.sub(r"^[│ ]*[├╰]─ ", "", line).split("│")]


def duration(text: str, name: str) -> float:
    """A duration in nanoseconds."""
    match = DURATION.match(text)
    if match is None:
        raise BudgetError(f"{name}: {text!r} is no duration")
    return float(match["number"]) * NANOSECONDS[match["unit"]]


def count(row: list[str]) -> float:
    """The median of a row of counts."""
    if len(row) <= MEDIAN or not COUNT.match(row[MEDIAN]):
        raise BudgetError(f"{' '.join(row)!r} is no row of counts")
    return float(row[MEDIAN])


@dataclass(frozen=True)
class Limit:
    """What an operation may take; `None` where that is not bounded."""

    nanoseconds: float
    allocations: float | None = None


def limits(path: Path, schema_id: str, limit: Callable[[dict[str, Any], str], Limit]) -> dict[str, Limit]:
    """The limits in a file; `limit` makes one of an entry."""
    document = read_object(path)
    if document.get("schema_id") != schema_id or document.get("schema_version") != "1.0.0":
        raise BudgetError(f"{path} is no {schema_id} 1.0.0")
    operations = document.get("operations")
    if not isinstance(operations, dict) or not operations:
        raise BudgetError(f"{path}: operations must be an object that is not empty")
    made = {}
    for name, entry in operations.items():
        if not isinstance(entry, dict):
            raise BudgetError(f"{path}: {name} must be an object")
        made[name] = limit(entry, f"{path}: {name}")
    return made


def number(entry: dict[str, Any], key: str, where: str) -> float:
    """A figure that must be there."""
    return positive(entry.get(key), f"{where}: {key}")


def conclude(report_path: Path, schema_id: str, figures: dict[str, Figures], bounds: dict[str, Limit]) -> int:
    """Holds figures against limits, writes the report, says what is over, and gives the exit code."""
    lines = [line(name, figures.get(name), limit) for name, limit in bounds.items()]
    failed = [line for line in lines if line["status"] != "pass"]
    report = {
        "schema_id": schema_id,
        "schema_version": "1.0.0",
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "ok": not failed,
        "operations": lines,
    }
    atomic_file.replace(report_path, json.dumps(report, indent=2, sort_keys=True) + "\n")
    for found in failed:
        print(f"{found['name']}: {complaint(found)}", file=sys.stderr)
    print(f"{len(lines) - len(failed)} of {len(lines)} operations within their limits: {report_path}")
    return EXIT_BREACH if failed else 0


def line(name: str, found: Figures | None, limit: Limit) -> dict[str, Any]:
    """A line of the report."""
    bounds = {"limit_nanoseconds": limit.nanoseconds, "limit_allocations": limit.allocations}
    if found is None:
        return {"name": name, "status": "missing", **bounds}
    allocations = math.inf if limit.allocations is None else limit.allocations
    over = [
        key
        for key, value, bound in (
            ("nanoseconds", found.nanoseconds, limit.nanoseconds),
            ("allocations", found.allocations, allocations),
        )
        if value > bound
    ]
    return {
        "name": name,
        "status": "breach" if over else "pass",
        "over": over,
        "nanoseconds": found.nanoseconds,
        "allocations": found.allocations,
        **bounds,
    }


def complaint(found: dict[str, Any]) -> str:
    """What is wrong with an operation."""
    if found["status"] == "missing":
        return "was not measured"
    return ", ".join(f"{found[key]:.0f} {key}, and may be {found['limit_' + key]:.0f}" for key in found["over"])
