"""The examples that use the Python SDK. Those of LangChain run when GAIT_TEST_LANGCHAIN names a python that has it."""

from __future__ import annotations

import json
import os
import unittest
from pathlib import Path

from harness import GAIT, IMPOSTORS, CheckoutTest, pairs

LANGCHAIN = os.environ.get("GAIT_TEST_LANGCHAIN", "")
QUICKSTART = "examples/integrations/langchain/quickstart.py"
LINES = ["framework", "scenario", "verdict", "executed", "trace_path", "intent_path", "run_id", "request_id"]
LINES += ["policy_digest", "intent_digest", "runpack_path", "ticket_footer", "agent_response"]


@unittest.skipUnless(LANGCHAIN, "GAIT_TEST_LANGCHAIN names no python with langchain")
class LangChainTest(CheckoutTest):
    def play(self, scenario: str, *, expected: int = 0, **settings: str) -> dict[str, str]:
        done = self.run_command(LANGCHAIN, self.root / QUICKSTART, "--scenario", scenario, **settings)
        self.assert_exit(done, expected)
        return pairs(done.stdout)

    def executor(self, scenario: str) -> Path:
        return self.root / f"gait-out/integrations/langchain/executor_{scenario}.json"

    def test_allow_runs_the_tool_and_nothing_else_does(self) -> None:
        for scenario in ("allow", "block", "require_approval"):
            with self.subTest(scenario):
                self.executor(scenario).parent.mkdir(parents=True, exist_ok=True)
                self.executor(scenario).write_text("stale")
                report = self.play(scenario)
                allowed = scenario == "allow"
                self.assertEqual(list(report), LINES + ["executor_output"] * allowed)
                self.assertEqual((report["verdict"], report["executed"]), (scenario, "true" if allowed else "false"))
                self.assertEqual(self.executor(scenario).exists(), allowed)
                self.assert_exit(self.run_command(GAIT, "verify", report["runpack_path"]), 0)
                trace = json.loads(Path(report["trace_path"]).read_text())
                self.assertEqual(trace["intent_digest"], report["intent_digest"])
                policy = self.root / f"examples/integrations/langchain/policy_{scenario}.yaml"
                again = self.run_command(GAIT, "policy", "test", policy, report["intent_path"], "--json")
                self.assertEqual(json.loads(again.stdout)["intent_digest"], report["intent_digest"])

    def test_no_clear_answer_is_no_permission(self) -> None:
        names = ("silent", "not JSON", "no verdict", "a dry run", "allow, then a crash", "allow, but not ok")
        for gait in (self.missing(), *(self.impostor(*IMPOSTORS[name]) for name in names)):
            report = self.play("allow", gait=gait, expected=1)
            self.assertIn("error", report)
            self.assertFalse(self.executor("allow").exists())


class WithoutLangChainTest(CheckoutTest):
    def test_what_is_missing_is_told(self) -> None:
        # A module of that name that can't be imported stands for one that is not installed.
        (self.root / "langchain.py").write_text("raise ImportError('not here')")
        done = self.run_python(QUICKSTART, "--scenario", "allow", PYTHONPATH=str(self.root))
        self.assert_exit(done, 1)
        self.assertIn("langchain", done.stdout)


class ReferenceTest(CheckoutTest):
    def demo(self, directory: Path, expected: int) -> str:
        path = f"{directory}:{os.environ['PATH']}"
        done = self.run_python("examples/python/reference_adapter_demo.py", gait=None, PATH=path)
        self.assert_exit(done, expected)
        return done.stdout

    def test_a_gated_tool_is_recorded_and_becomes_a_fixture(self) -> None:
        directory = self.root / "bin"
        directory.mkdir()
        (directory / "gait").symlink_to(GAIT)
        told = self.demo(directory, 0)
        for line in (
            "tool output=",
            "runpack run_id=run_reference_adapter bundle=",
            "ticket_footer=",
            "regress fixture=",
        ):
            self.assertIn(line, told)

    def test_it_fails_closed(self) -> None:
        for name in ("silent", "a dry run", "allow, then a crash"):
            gait = Path(self.impostor(*IMPOSTORS[name]))
            self.assertNotIn("tool output=", self.demo(gait.parent, 1))


if __name__ == "__main__":
    unittest.main()
