"""The quickstarts run their tool when gait allows it, and never otherwise."""

from __future__ import annotations

import json
import os
import sys
import unittest
from pathlib import Path

from harness import ALLOW, GAIT, IMPOSTORS, CheckoutTest, pairs

SCENARIOS = {
    "template": ("allow", "block", "require_approval"),
    "openai_agents": ("allow", "block", "require_approval"),
    "claude_code": ("allow", "block", "require_approval"),
    "autogen": ("allow", "block"),
    "openclaw": ("allow", "block"),
    "autogpt": ("allow", "block"),
    "gastown": ("allow", "block"),
}
LINES = ["framework", "scenario", "verdict", "executed", "trace_path"]


def script(framework: str) -> str:
    return f"examples/integrations/{framework}/quickstart.py"


class QuickstartTest(CheckoutTest):
    def out(self, framework: str, kind: str, scenario: str) -> Path:
        return self.root / "gait-out" / "integrations" / framework / f"{kind}_{scenario}.json"

    def test_allow_runs_the_tool_and_nothing_else_does(self) -> None:
        for framework, scenarios in SCENARIOS.items():
            for scenario in scenarios:
                with self.subTest(framework=framework, scenario=scenario):
                    # What an earlier run could have left must be gone.
                    stale = self.out(framework, "executor", scenario)
                    stale.parent.mkdir(parents=True, exist_ok=True)
                    stale.write_text("stale")
                    done = self.run_python(script(framework), "--scenario", scenario)
                    self.assert_exit(done, 0)
                    report = pairs(done.stdout)
                    allowed = scenario == "allow"
                    self.assertEqual(list(report), LINES + ["executor_output"] * allowed)
                    self.assertEqual(report["verdict"], scenario)
                    self.assertEqual(report["executed"], "true" if allowed else "false")
                    self.assertEqual(stale.exists(), allowed)
                    if allowed:
                        path = f"/tmp/gait-{framework}-{scenario}.json"
                        self.assertEqual(json.loads(stale.read_text())["path"], path)
                    trace = json.loads(Path(report["trace_path"]).read_text())
                    self.assertEqual((trace["schema_id"], trace["verdict"]), ("gait.gate.trace", scenario))

    def test_the_intent_says_who_calls_what_on_whose_behalf(self) -> None:
        self.run_python(script("gastown"), "--scenario", "block")
        intent = json.loads(self.out("gastown", "intent", "block").read_text())
        self.assertEqual(intent["context"]["auth_context"]["convoy_id"], "convoy-demo")
        self.assertEqual(intent["context"]["identity"], "gastown-polecat-01")
        self.assertEqual(intent["skill_provenance"]["publisher"], "acme")
        self.assertEqual(intent["delegation"]["chain"][0]["delegator_identity"], "agent.lead")
        self.assertNotIn("skill", intent["args"])

    def test_the_hook_event_is_kept(self) -> None:
        self.run_python(script("claude_code"), "--scenario", "block")
        event = json.loads(self.out("claude_code", "hook", "block").read_text())
        self.assertEqual((event["hook_event_name"], event["tool_name"]), ("PreToolUse", "Write"))

    def test_a_scenario_must_be_named_and_known(self) -> None:
        for arguments in ([], ["--scenario", "other"], ["--scenario", "dry_run"]):
            self.assert_exit(self.run_python(script("template"), *arguments), 2)
        self.assert_exit(self.run_python(script("autogen"), "--scenario", "require_approval"), 2)

    def assert_refused(self, gait: str | None, **settings: str) -> str:
        done = self.run_python(script("template"), "--scenario", "allow", gait=gait, **settings)
        self.assert_exit(done, 1)
        self.assertTrue(done.stdout.startswith("error="), done.stdout)
        self.assertFalse(self.out("template", "executor", "allow").exists())
        return done.stdout

    def test_no_clear_answer_is_no_permission(self) -> None:
        for name, (output, exit_code) in IMPOSTORS.items():
            with self.subTest(name):
                self.assert_refused(self.impostor(output, exit_code))

    def test_a_permission_without_a_trace_is_none(self) -> None:
        self.assertIn("no trace", self.assert_refused(self.impostor(json.dumps(ALLOW), 0)))

    def test_a_verdict_of_another_scenario_is_told(self) -> None:
        done = self.run_python(script("template"), "--scenario", "block", gait=self.impostor(json.dumps(ALLOW), 0))
        self.assert_exit(done, 1)
        self.assertTrue(done.stdout.startswith("error=expected verdict block"), done.stdout)

    def test_a_missing_program_is_no_permission(self) -> None:
        self.assert_refused(self.missing())
        python = os.path.dirname(os.path.realpath(sys.executable))
        self.assertIn("unable to find gait binary", self.assert_refused(None, PATH=python))

    def test_a_slow_program_is_no_permission(self) -> None:
        done = self.run_impatiently(script("template"), "--scenario", "allow", gait=self.slow())
        self.assert_exit(done, 1)
        self.assertIn("no answer within", done.stdout)
        self.assertFalse(self.out("template", "executor", "allow").exists())

    def test_the_program_is_looked_up_in_path(self) -> None:
        directory = Path(self.scratch.name) / "bin"
        directory.mkdir()
        (directory / "gait").symlink_to(GAIT)
        done = self.run_python(
            script("autogpt"), "--scenario", "allow", gait=None, PATH=f"{directory}:{os.environ['PATH']}"
        )
        self.assert_exit(done, 0)

    def test_the_program_of_the_checkout_comes_before_path(self) -> None:
        (self.root / "gait").symlink_to(GAIT)
        self.addCleanup((self.root / "gait").unlink)
        self.assert_exit(self.run_python(script("autogpt"), "--scenario", "allow", gait=None), 0)


class VoiceTest(CheckoutTest):
    def play(self, scenario: str, **settings: str) -> dict[str, str]:
        done = self.run_python(
            "examples/integrations/voice_reference/quickstart.py", "--scenario", scenario, **settings
        )
        self.assert_exit(done, 0)
        return pairs(done.stdout)

    def test_only_an_allowed_commitment_is_spoken(self) -> None:
        # The allowed one comes first, so that its token lies there when the others run.
        for scenario in ("allow", "block", "require_approval"):
            with self.subTest(scenario):
                report = self.play(scenario)
                self.assertEqual(report["verdict"], scenario)
                self.assertEqual(report["speak_emitted"], "true" if scenario == "allow" else "false")
                self.assertEqual("token_path" in report, scenario == "allow")
                self.assertTrue(Path(report["callpack_path"]).is_file())

    def test_a_stale_token_is_removed(self) -> None:
        self.play("block")
        stale = self.root / "gait-out/integrations/voice_reference/say_token_block.json"
        stale.write_text("{}")
        self.assertNotIn("token_path", self.play("block"))
        self.assertFalse(stale.exists())

    def test_it_fails_closed(self) -> None:
        impostors = [self.missing(), *(self.impostor(*answer) for answer in list(IMPOSTORS.values())[:4])]
        for gait in impostors:
            done = self.run_python(
                "examples/integrations/voice_reference/quickstart.py", "--scenario", "allow", gait=gait
            )
            self.assert_exit(done, 1)
            self.assertNotIn("speak_emitted=true", done.stdout)


if __name__ == "__main__":
    unittest.main()
