"""The performance checks time what they say, notice what is over its budget, and pass over what is not there."""

from __future__ import annotations

import json
import sys
import unittest
from pathlib import Path
from typing import Any

from harness import CHECKOUT, GAIT, CheckoutTest

sys.path.insert(0, str(CHECKOUT / "scripts"))

import bench_output
import check_command_budgets
import check_context_budgets
import perf_budget

WIDE = 1_000_000
NARROW = 0.000_001


class PercentileTest(unittest.TestCase):
    def test_between_two_samples_it_is_interpolated(self) -> None:
        samples = [4.0, 1.0, 3.0, 2.0]
        for share, expected in ((0.0, 1.0), (0.5, 2.5), (0.95, 3.85), (1.0, 4.0)):
            self.assertAlmostEqual(perf_budget.percentile(samples, share), expected)
        self.assertEqual(perf_budget.percentile([7.0], 0.99), 7.0)


class BudgetTest(CheckoutTest):
    def budgets(self, schema_id: str, names: list[str], limit: float, changes: dict[str, Any] | None = None) -> Path:
        document = {
            "schema_id": schema_id,
            "schema_version": "1.0.0",
            "repeats": 1,
            "attempts": 2,
            "calibration": "true",
            "operations": {name: {"p50": limit, "p99": limit} for name in names},
        }
        path = self.root / "budgets.json"
        path.write_text(json.dumps(document | (changes or {})))
        return path

    def impostor(self, text: str) -> Path:
        path = self.root / "impostor"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    def check(self, *arguments: str | Path, expected: int) -> dict[str, Any]:
        """Runs a check; gives the operations of its report by their name."""
        done = self.run_python(*arguments)
        self.assertNotIn("Traceback", done.stderr)
        self.assert_exit(done, expected)
        report = self.root / "report.json"
        if not report.exists():
            return {}
        document = json.loads(report.read_text())
        self.assertEqual(document["ok"], expected == 0)
        return {line["name"]: line for line in document["operations"]}


class CommandBudgetTest(BudgetTest):
    NAMES = [operation.name for operation in check_command_budgets.operations()]

    def commands(self, gait: str | Path, budgets: Path, expected: int) -> dict[str, Any]:
        return self.check("scripts/check_command_budgets.py", gait, "report.json", budgets, expected=expected)

    def wide(self, changes: dict[str, Any] | None = None) -> Path:
        return self.budgets("gait.perf.command_budgets", self.NAMES, WIDE, changes)

    def test_every_command_is_timed(self) -> None:
        lines = self.commands(GAIT, self.wide(), 0)
        self.assertEqual(list(lines), self.NAMES)
        self.assertEqual({line["status"] for line in lines.values()}, {"pass"})
        document = json.loads((self.root / "report.json").read_text())
        self.assertEqual(document["schema_id"], "gait.perf.command_budget_report")
        self.assertEqual(document["schema_version"], "2.0.0")

    def test_what_is_over_its_budget_is_timed_again_before_it_counts(self) -> None:
        lines = self.commands(GAIT, self.budgets("gait.perf.command_budgets", ["verify"], NARROW), 1)
        self.assertEqual((lines["verify"]["status"], lines["verify"]["attempts"]), ("breach", 2))
        self.assertEqual(lines["verify"]["over"], ["p50", "p99"])

    def test_what_the_program_does_not_have_is_passed_over(self) -> None:
        gait = self.impostor(
            f'case "$*" in *"mint --help" | *"session-chain --help") exit 6 ;; esac\nexec "{GAIT}" "$@"'
        )
        lines = self.commands(gait, self.wide(), 0)
        skipped = [name for name, line in lines.items() if line["status"] == "skipped"]
        self.assertEqual(skipped, ["gate_eval_delegation_verify", "session_chain_verify"])

    def test_an_error_counts_whatever_the_budget(self) -> None:
        gait = self.impostor(f'case "$1 $2" in "regress run") exit 5 ;; esac\nexec "{GAIT}" "$@"')
        lines = self.commands(gait, self.wide(), 1)
        errors = [name for name, line in lines.items() if line["status"] == "error"]
        self.assertEqual(errors, ["regress_run"])
        self.commands(self.impostor("exit 1"), self.wide(), 1)

    def test_the_budgets_of_this_repository_can_be_read(self) -> None:
        budgets = perf_budget.Budgets.read(check_command_budgets.DEFAULT_BUDGETS, "gait.perf.command_budgets")
        self.assertEqual(list(budgets.operations), self.NAMES)
        path = CHECKOUT / "perf" / "context_budgets.json"
        budgets = perf_budget.Budgets.read(path, "gait.perf.context_budgets")
        self.assertEqual(list(budgets.operations), [operation.name for operation in check_context_budgets.operations()])

    def test_a_check_that_cannot_be_made_says_so(self) -> None:
        script = "scripts/check_command_budgets.py"
        self.check(script, expected=2)
        self.check(script, GAIT, expected=2)
        self.check(script, "no-such-program", "report.json", self.wide(), expected=2)
        for changes in (
            {"schema_id": "gait.perf.context_budgets"},
            {"repeats": 0},
            {"attempts": True},
            {"calibration": "no-such-program"},
            {"operations": {}},
            {"operations": {"verify": {}}},
            {"operations": {"verify": {"p42": 1}}},
            {"operations": {"verify": {"p50": 0}}},
            {"operations": {"unheard_of": {"p50": 1}}},
        ):
            with self.subTest(str(changes)):
                self.commands(GAIT, self.wide(changes), 2)
        for text in ("", "[]", "{", "[" * 100_000):
            (self.root / "budgets.json").write_text(text)
            self.commands(GAIT, self.root / "budgets.json", 2)


class ContextBudgetTest(BudgetTest):
    NAMES = [operation.name for operation in check_context_budgets.operations()]

    def test_every_operation_is_timed(self) -> None:
        for limit, expected, status in ((WIDE, 0, "pass"), (NARROW, 1, "breach")):
            budgets = self.budgets("gait.perf.context_budgets", self.NAMES, limit)
            lines = self.check("scripts/check_context_budgets.py", GAIT, budgets, "report.json", expected=expected)
            self.assertEqual(list(lines), self.NAMES)
            self.assertEqual({line["status"] for line in lines.values()}, {status})
        self.check("scripts/check_context_budgets.py", GAIT, expected=2)


BENCH_OUTPUT = """\
operations                  fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ diff snapshots           612.5 ns      │ 62.84 µs      │ 0.65 µs       │ 9.346 µs      │ 20      │ 20
│                           max alloc:    │               │               │               │         │
│                             32          │ 32            │ 32            │ 32            │         │
│                             2.216 KB    │ 2.216 KB      │ 2.216 KB      │ 2.216 KB      │         │
│                           alloc:        │               │               │               │         │
│                             14          │ 16            │ 15.5          │ 15.5          │         │
│                             2.532 KB    │ 2.532 KB      │ 2.532 KB      │ 2.532 KB      │         │
│                           grow:         │               │               │               │         │
│                             2           │ 2             │ 2             │ 2             │         │
│                             351 B       │ 351 B         │ 351 B         │ 351 B         │         │
├─ judge                                  │               │               │               │         │
│  ╰─ 1000                  1 s           │ 2 s           │ 1.5 s         │ 1.5 s         │ 2       │ 2
╰─ scout snapshot           1.1 ms        │ 1.2 ms        │ 1.15 ms       │ 1.15 ms       │ 20      │ 20
                            alloc:        │               │               │               │         │
                              7           │ 7             │ 7             │ 7             │         │
                              1 KB        │ 1 KB          │ 1 KB          │ 1 KB          │         │
"""


class BenchTest(BudgetTest):
    def test_time_and_allocations_are_read(self) -> None:
        figures = bench_output.read(BENCH_OUTPUT)
        self.assertEqual(list(figures), ["diff snapshots", "1000", "scout snapshot"])
        self.assertAlmostEqual(figures["diff snapshots"].nanoseconds, 650)
        self.assertEqual(figures["diff snapshots"].allocations, 17.5)
        self.assertAlmostEqual(figures["1000"].nanoseconds, 1.5e9)
        self.assertAlmostEqual(figures["scout snapshot"].nanoseconds, 1.15e6)
        self.assertEqual(figures["scout snapshot"].allocations, 7)

    def limits(self, schema_id: str, operations: dict[str, Any]) -> Path:
        path = self.root / "limits.json"
        path.write_text(json.dumps({"schema_id": schema_id, "schema_version": "1.0.0", "operations": operations}))
        (self.root / "bench.txt").write_text(BENCH_OUTPUT)
        return path

    def test_ceilings(self) -> None:
        for nanoseconds, allocations, flags, over in (
            (650, 18, [], []),
            (649, 18, [], ["nanoseconds"]),
            (649, 18, ["--uat"], []),
            (650, 17, [], ["allocations"]),
            (1, 1, [], ["nanoseconds", "allocations"]),
        ):
            entry = {"nanoseconds": nanoseconds, "allocations": allocations, "uat_nanoseconds": 700}
            limits = self.limits("gait.perf.operation_budgets", {"diff snapshots": entry})
            script = "scripts/check_resource_budgets.py"
            lines = self.check(script, *flags, "bench.txt", "report.json", limits, expected=1 if over else 0)
            self.assertEqual(lines["diff snapshots"]["over"], over)

    def test_the_baseline(self) -> None:
        script = "scripts/check_bench_regression.py"
        for factor, name, expected, status in (
            (4, "scout snapshot", 0, "pass"),
            (1.1, "scout snapshot", 1, "breach"),
            (4, "unheard of", 1, "missing"),
        ):
            entry = {"nanoseconds": 1_000_000, "factor": factor}
            limits = self.limits("gait.perf.bench_baseline", {name: entry})
            lines = self.check(script, "bench.txt", "report.json", limits, expected=expected)
            self.assertEqual(lines[name]["status"], status)

    def test_a_new_baseline_keeps_the_factors(self) -> None:
        script = "scripts/check_bench_regression.py"
        limits = self.limits("gait.perf.bench_baseline", {"scout snapshot": {"nanoseconds": 1, "factor": 4}})
        self.check(script, "--record", "bench.txt", limits, expected=0)
        entry = json.loads(limits.read_text())["operations"]["scout snapshot"]
        self.assertEqual(entry, {"nanoseconds": 1_150_000, "factor": 4})
        limits = self.limits("gait.perf.bench_baseline", {"unheard of": {"nanoseconds": 1, "factor": 4}})
        self.check(script, "--record", "bench.txt", limits, expected=2)

    def test_what_cannot_be_read_says_so(self) -> None:
        limits = self.limits("gait.perf.bench_baseline", {"scout snapshot": {"nanoseconds": 1, "factor": 4}})
        script = "scripts/check_bench_regression.py"
        self.check(script, expected=2)
        self.check(script, "none.txt", "report.json", limits, expected=2)
        for content in (b"", b"\xff\xfe", b"no benchmark", BENCH_OUTPUT.replace("0.65 µs", "soon").encode()):
            (self.root / "bench.txt").write_bytes(content)
            self.check(script, "bench.txt", "report.json", limits, expected=2)
        self.check(script, "bench.txt", "report.json", self.limits("gait.perf.other", {"x": {}}), expected=2)
        self.check(script, "bench.txt", "report.json", self.limits("gait.perf.bench_baseline", {"x": 7}), expected=2)

    def test_the_limits_of_this_repository_can_be_read(self) -> None:
        (self.root / "bench.txt").write_text(BENCH_OUTPUT)
        for script in ("scripts/check_resource_budgets.py", "scripts/check_bench_regression.py"):
            lines = self.check(script, "bench.txt", "report.json", expected=1)
            self.assertEqual(lines["evaluate policy"]["status"], "missing")
