"""The OpenClaw skill says allow when gait did, and never otherwise."""

from __future__ import annotations

import json
import unittest
from typing import Any

from harness import ALLOW, GAIT, IMPOSTORS, CheckoutTest, pairs

ENTRY = "examples/integrations/openclaw/skill/gait_openclaw_gate.py"
CALL = {"tool_call": {"tool": "write_file", "params": {"path": "/srv/notes.txt", "content": "x"}}}
EXITS = {"allow": 0, "block": 3, "require_approval": 4}


class OpenClawTest(CheckoutTest):
    def gate(
        self, *arguments: str, call: Any = CALL, policy: str = "allow", **settings: str
    ) -> tuple[int, dict[str, Any]]:
        stdin = call if isinstance(call, str) else json.dumps(call)
        command = ["--policy", f"examples/integrations/template/policy_{policy}.yaml", "--call", "-", "--json"]
        done = self.run_python(ENTRY, *command, *arguments, stdin=stdin, **settings)
        self.assertNotIn("Traceback", done.stderr)
        return done.returncode, json.loads(done.stdout)

    def test_the_verdict_is_told(self) -> None:
        for verdict, expected in EXITS.items():
            with self.subTest(verdict):
                outputs = ["--trace-out", f"{verdict}.json", "--runpack-out", f"{verdict}.zip"]
                code, answer = self.gate(*outputs, policy=verdict)
                self.assertEqual((code, answer["verdict"], answer["executed"]), (expected, verdict, verdict == "allow"))
                self.assertEqual((answer["ok"], answer["framework"]), (True, "openclaw"))
                self.assert_exit(self.run_command(GAIT, "verify", answer["runpack_path"]), 0)
                trace = json.loads((self.root / answer["trace_path"]).read_text())
                self.assertEqual(trace["tool_name"], "tool.write")
                self.assertEqual(len(answer["intent_digest"]), 64)

    def test_tools_have_the_names_and_targets_that_policies_know(self) -> None:
        for tool, params, match in (
            ("read_file", {"path": "/a"}, "tool_names: [tool.read], target_kinds: [path]"),
            ("delete_file", {"path": "/a"}, "tool_names: [tool.delete], target_kinds: [path]"),
            ("shell_command", {"command": "ls"}, "tool_names: [tool.exec]"),
            ("fetch", {"url": "https://a.example/"}, "tool_names: [tool.fetch], target_kinds: [url]"),
            ("ping", {"host": "a.example"}, "tool_names: [tool.ping], target_kinds: [host]"),
            ("any", {}, "tool_names: [tool.any], provenance_sources: [user], risk_classes: [high]"),
        ):
            with self.subTest(tool):
                policy = f"default_verdict: allow\nrules:\n  - {{name: r, effect: block, match: {{{match}}}}}\n"
                (self.root / "policy.yaml").write_text(policy)
                call = {"tool_call": {"tool": tool, "params": params}}
                code, answer = self.gate("--policy", "policy.yaml", call=call)
                self.assertEqual((code, answer["verdict"]), (3, "block"))

    def test_a_call_that_cannot_be_read_is_told(self) -> None:
        wrong: list[Any] = ["", "{", "[" * 100_000, [], {}, {"tool_call": 1}, {"tool_call": {"tool": " "}}]
        wrong += [{"tool_call": {"tool": "t", "params": []}}, {"tool_call": {"params": {}}}]
        for call in wrong:
            with self.subTest(str(call)[:30]):
                code, answer = self.gate(call=call, gait=self.impostor(json.dumps(ALLOW), 0))
                self.assertEqual((code, answer["ok"]), (1, False))
                self.assertIn("error", answer)
        self.assertEqual(self.gate("--call", "no-such.json")[0], 1)

    def test_no_clear_answer_is_no_permission(self) -> None:
        for name, impostor in IMPOSTORS.items():
            with self.subTest(name):
                code, answer = self.gate(gait=self.impostor(*impostor))
                self.assertFalse(answer.get("executed", False))
                self.assertTrue(answer["ok"] is False or answer["verdict"] != "allow" or not answer["executed"])
                self.assertFalse(code == 0 and answer.get("verdict") == "allow" and answer.get("executed"))

    def test_a_missing_or_slow_program_is_no_permission(self) -> None:
        self.assertEqual(self.gate(gait=self.missing())[0], 6)
        command = ["--policy", "p.yaml", "--call", "-", "--json"]
        done = self.run_impatiently(ENTRY, *command, stdin=json.dumps(CALL), gait=self.slow())
        self.assert_exit(done, 6)
        self.assertIn("no answer within", json.loads(done.stdout)["error"])

    def test_an_installed_skill_reads_its_configuration(self) -> None:
        target = self.root / "installed"
        install = ["--target-dir", str(target), "--policy", "examples/integrations/template/policy_block.yaml"]
        self.assert_exit(self.run_command(self.root / "scripts/install_openclaw_skill.sh", *install), 0)
        entry = "installed/gait_openclaw_gate.py"
        done = self.run_python(entry, "--call", "-", stdin=json.dumps(CALL))
        self.assert_exit(done, 3)
        self.assertEqual(list(pairs(done.stdout)), ["framework", "verdict", "executed", "trace_path"])
        allow = ["--policy", "examples/integrations/template/policy_allow.yaml", "--call", "-"]
        self.assert_exit(self.run_python(entry, *allow, stdin=json.dumps(CALL)), 0)
        settings = json.loads((target / "skill_config.json").read_text())
        policy = "default_verdict: block\n"
        policy += "rules:\n  - {name: r, effect: allow, match: {identities: [claw-9], risk_classes: [low]}}\n"
        (self.root / "policy.yaml").write_text(policy)
        settings |= {"policy_path": str(self.root / "policy.yaml"), "identity": "claw-9", "risk_class": "low"}
        (target / "skill_config.json").write_text(json.dumps(settings))
        self.assert_exit(self.run_python(entry, "--call", "-", stdin=json.dumps(CALL)), 0)
        (target / "skill_config.json").write_text("[]")
        self.assert_exit(self.run_python(entry, "--call", "-", stdin=json.dumps(CALL)), 1)


if __name__ == "__main__":
    unittest.main()
