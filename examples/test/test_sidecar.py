"""The sidecar gives a decision or says that there is none."""

from __future__ import annotations

import json
import unittest
from typing import Any

from harness import ALLOW, GAIT, IMPOSTORS, CheckoutTest

SIDECAR = "examples/sidecar/gate_sidecar.py"
INTENT = "examples/policy-test/intent.json"
DECIDED = {"allow": 0, "block": 3, "require_approval": 4}


class SidecarTest(CheckoutTest):
    def ask(
        self, *arguments: str, gait: str = GAIT, policy: str = "allow", **settings: str
    ) -> tuple[int, dict[str, Any]]:
        done = self.run_python(
            SIDECAR, "--policy", f"examples/policy-test/{policy}.yaml", "--gait-bin", gait, *arguments, **settings
        )
        self.assertNotIn("Traceback", done.stderr)
        return done.returncode, json.loads(done.stdout)

    def test_it_gives_the_decision(self) -> None:
        for policy, expected in DECIDED.items():
            with self.subTest(policy):
                code, answer = self.ask("--intent-file", INTENT, "--trace-out", f"{policy}.json", policy=policy)
                self.assertEqual((code, answer["ok"], answer["exit_code"]), (expected, True, expected))
                self.assertEqual(answer["gate_result"]["verdict"], policy)
                self.assertEqual(answer["trace_path"], f"{policy}.json")
                self.assertTrue((self.root / f"{policy}.json").is_file())

    def test_it_reads_standard_input(self) -> None:
        code, answer = self.ask("--intent-file", "-", stdin=(self.root / INTENT).read_text())
        self.assertEqual((code, answer["gate_result"]["verdict"]), (0, "allow"))

    def test_what_is_no_intent_is_not_asked_about(self) -> None:
        wrong_version = json.loads((self.root / INTENT).read_text()) | {"schema_version": "2.0.0"}
        for text in ("", "{", "[]", "{}", "null", json.dumps(wrong_version), "[" * 100_000):
            with self.subTest(text[:20]):
                code, answer = self.ask("--intent-file", "-", stdin=text, gait=self.missing())
                self.assertEqual((code, answer["ok"]), (2, False))
                self.assertTrue(answer["error"].startswith("invalid intent request: "))
        code, answer = self.ask("--intent-file", "no-such-file.json")
        self.assertEqual((code, answer["ok"]), (2, False))

    def test_no_clear_answer_is_no_permission(self) -> None:
        # These two are clear, and left to the caller: the sidecar reports decisions, and allow is not among them.
        clear = {"a dry run", "allow, but not ok"}
        for name, answer in IMPOSTORS.items():
            if name not in clear:
                with self.subTest(name):
                    code, document = self.ask("--intent-file", INTENT, gait=self.impostor(*answer))
                    self.assertFalse(document["ok"])
                    self.assertNotIn(code, (0, 3, 4), "the caller would take it for a verdict")

    def test_what_cannot_be_read_is_shown(self) -> None:
        code, answer = self.ask("--intent-file", INTENT, gait=self.impostor("boom", 0))
        self.assertEqual((code, answer["exit_code"], answer["stdout"]), (6, 0, "boom"))

    def test_a_missing_program_is_no_permission(self) -> None:
        code, answer = self.ask("--intent-file", INTENT, gait=self.missing())
        self.assertEqual((code, answer["ok"]), (6, False))

    def test_a_slow_program_is_no_permission(self) -> None:
        code, answer = self.ask("--intent-file", INTENT, "--timeout", "0.3", gait=self.slow())
        self.assertEqual((code, answer["ok"]), (6, False))
        self.assertIn("no answer within 0.3 seconds", answer["error"])

    def test_the_exit_code_is_that_of_gait(self) -> None:
        code, answer = self.ask("--intent-file", INTENT, "--key-mode", "prod")
        self.assertEqual((code, answer["ok"]), (6, False))
        self.assertIn("error", answer["gate_result"])
        code, answer = self.ask("--intent-file", INTENT, gait=self.impostor(json.dumps(ALLOW), 0))
        self.assertEqual((code, answer["ok"]), (0, True))


if __name__ == "__main__":
    unittest.main()
