#!/usr/bin/env python3
"""Holds what `cargo bench -p gait-cli --bench operations` printed against what it printed before.

Exits with 0 when no operation takes more than its factor times the baseline, 1 when one does or was not measured, 2
when the check cannot be made. With --record it writes what was printed as the new baseline, and keeps the factors.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import atomic_file
import bench_output
from bench_output import Limit, number
from perf_budget import BudgetError, main, read_object

USAGE = "<bench output> <report.json> [baseline.json], or --record <bench output> [baseline.json]"
DEFAULT_BASELINE = Path(__file__).resolve().parent.parent / "perf" / "bench_baseline.json"
BASELINE_SCHEMA_ID = "gait.perf.bench_baseline"
REPORT_SCHEMA_ID = "gait.perf.bench_regression_report"


def limit(entry: dict[str, Any], where: str) -> Limit:
    """What the baseline of an operation allows."""
    return Limit(number(entry, "nanoseconds", where) * number(entry, "factor", where))


def record(arguments: list[str]) -> int:
    """Writes a new baseline for the operations that have one."""
    if len(arguments) not in (1, 2):
        raise BudgetError("expected the output of the benchmarks")
    output, *given = (Path(argument) for argument in arguments)
    baseline = given[0] if given else DEFAULT_BASELINE
    bounds = bench_output.limits(baseline, BASELINE_SCHEMA_ID, limit)
    figures = bench_output.read(output.read_text(encoding="utf-8"))
    missing = sorted(bounds.keys() - figures.keys())
    if missing:
        raise BudgetError(f"not measured: {', '.join(missing)}")
    document = read_object(baseline)
    for name, entry in document["operations"].items():
        entry["nanoseconds"] = figures[name].nanoseconds
    atomic_file.replace(baseline, json.dumps(document, indent=2, ensure_ascii=False) + "\n")
    return 0


def run(arguments: list[str]) -> int:
    """Makes the check."""
    if arguments[:1] == ["--record"]:
        return record(arguments[1:])
    if len(arguments) not in (2, 3):
        raise BudgetError("expected the output of the benchmarks and a file for the report")
    output, report, *given = (Path(argument) for argument in arguments)
    bounds = bench_output.limits(given[0] if given else DEFAULT_BASELINE, BASELINE_SCHEMA_ID, limit)
    figures = bench_output.read(output.read_text(encoding="utf-8"))
    return bench_output.conclude(report, REPORT_SCHEMA_ID, figures, bounds)


if __name__ == "__main__":
    sys.exit(main(run, USAGE))
