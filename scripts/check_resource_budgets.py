#!/usr/bin/env python3
"""Holds what `cargo bench -p gait-cli --bench operations` printed against what each operation may take.

Exits with 0 when every operation keeps its budget, 1 when one does not or was not measured, 2 when the check cannot be
made. With --uat the wider budgets count, for machines that nobody chose.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import bench_output
from bench_output import Limit, number
from perf_budget import BudgetError, main

USAGE = "[--uat] <bench output> <report.json> [budgets.json]"
DEFAULT_BUDGETS = Path(__file__).resolve().parent.parent / "perf" / "operation_budgets.json"
BUDGETS_SCHEMA_ID = "gait.perf.operation_budgets"
REPORT_SCHEMA_ID = "gait.perf.resource_budget_report"


def run(arguments: list[str]) -> int:
    """Makes the check."""
    is_uat = "--uat" in arguments
    files = [Path(argument) for argument in arguments if argument != "--uat"]
    if len(files) not in (2, 3):
        raise BudgetError("expected the output of the benchmarks and a file for the report")
    output, report, *given = files

    def limit(entry: dict[str, Any], where: str) -> Limit:
        wider = "uat_nanoseconds" if is_uat and "uat_nanoseconds" in entry else "nanoseconds"
        return Limit(number(entry, wider, where), number(entry, "allocations", where))

    bounds = bench_output.limits(given[0] if given else DEFAULT_BUDGETS, BUDGETS_SCHEMA_ID, limit)
    figures = bench_output.read(output.read_text(encoding="utf-8"))
    return bench_output.conclude(report, REPORT_SCHEMA_ID, figures, bounds)


if __name__ == "__main__":
    sys.exit(main(run, USAGE))
