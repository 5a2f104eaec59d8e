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
