"""The hook of Claude Code, as a command and as a script: a tool runs when it is clearly allowed."""

from __future__ import annotations

import json
import os
import unittest
from pathlib import Path
from typing import Any

from harness import ALLOW, GAIT, CheckoutTest

EVENT: dict[str, Any] = {
    "session_id": "sess-1",
    "transcript_path": "/tmp/transcript.jsonl",
    "cwd": "/srv/shop",
    "permission_mode": "default",
    "hook_event_name": "PreToolUse",
    "tool_name": "Write",
    "tool_input": {"file_path": "/srv/shop/notes.txt", "content": "hello"},
    "tool_use_id": "toolu_1",
}
OVERRIDE = "GAIT_CLAUDE_UNSAFE_FAIL_OPEN"
PERMISSIONS = {"allow": "allow", "block": "deny", "require_approval": "ask"}
TOLD = ("PostToolUse", "UserPromptSubmit", "SessionStart", "Stop", "SubagentStop", "Notification", "PreCompact")


class HookTest(CheckoutTest):
    """The same for both forms; what differs is how they are run."""

    def ask(self, stdin: str | dict[str, Any], *, expected: int = 0, **variables: str) -> dict[str, Any]:
        stdin = stdin if isinstance(stdin, str) else json.dumps(stdin)
        settings = {"GAIT_CLAUDE_POLICY": self.policy("allow"), "GAIT_CLAUDE_TRACE_DIR": str(self.root / "traces")}
        done = self.run_command(*self.command(), stdin=stdin, **(settings | variables))
        self.assert_exit(done, expected)
        return json.loads(done.stdout)

    def command(self) -> list[str | Path]:
        return [GAIT, "hook", "claude-code"]

    def policy(self, verdict: str) -> str:
        return str(self.root / f"examples/integrations/claude_code/policy_{verdict}.yaml")

    def assert_answer(self, answer: dict[str, Any], permission: str, reason: str) -> None:
        nested = answer["hookSpecificOutput"]
        self.assertEqual(nested["hookEventName"], "PreToolUse")
        for place in (answer, nested):
            self.assertEqual((place["permissionDecision"], place["permissionDecisionReason"]), (permission, reason))

    def test_the_verdict_is_answered_in_both_forms(self) -> None:
        for verdict, permission in PERMISSIONS.items():
            with self.subTest(verdict):
                answer = self.ask(EVENT, GAIT_CLAUDE_POLICY=self.policy(verdict))
                reason = f"gait verdict={verdict}"
                reason += "" if verdict == "allow" else f" reason_codes={self.reasons(answer)}"
                self.assert_answer(answer, permission, reason)
                trace = Path(answer["tracePath"])
                self.assertRegex(trace.name, r"^trace_\d{8}T\d{6}Z_\d+\.json$")
                self.assertEqual(json.loads(trace.read_text())["verdict"], verdict)

    def reasons(self, answer: dict[str, Any]) -> str:
        return answer["permissionDecisionReason"].split("reason_codes=", 1)[1]

    def test_what_cannot_be_judged_is_denied(self) -> None:
        dry_run = self.root / "dry_run.yaml"
        dry_run.write_text("default_verdict: dry_run\n")
        for stdin, variables, reason in (
            ("", {}, "gait hook empty payload"),
            (" \n\t", {}, "gait hook empty payload"),
            ("{", {}, "gait hook proxy failure exit=6"),
            ("[]", {}, "gait hook proxy failure exit=6"),
            ("null", {}, "gait hook proxy failure exit=6"),
            ("[" * 100_000, {}, "gait hook proxy failure exit=6"),
            ({"hook_event_name": "PreToolUse"}, {}, "gait hook proxy failure exit=6"),
            (EVENT | {"tool_input": [1]}, {}, "gait hook proxy failure exit=6"),
            (EVENT, {"GAIT_CLAUDE_POLICY": "no-such-policy.yaml"}, "gait hook proxy failure exit=6"),
            (EVENT, {"GAIT_CLAUDE_TRACE_DIR": "/dev/null/traces"}, None),
            (EVENT, {"GAIT_CLAUDE_POLICY": str(dry_run)}, "gait hook undecidable verdict=dry_run exit=0"),
        ):
            with self.subTest(stdin=str(stdin)[:30], variables=variables):
                answer = self.ask(stdin, **variables)
                told = answer["permissionDecisionReason"]
                self.assert_answer(answer, "deny", told)
                self.assertEqual(told, f"{reason} (fail-closed)" if reason else told)
                self.assertNotIn("tracePath", answer)
                for value in ("1", "true", "YES", "On"):
                    self.assert_answer(
                        self.ask(stdin, **{OVERRIDE: value}, **variables),
                        "allow",
                        told.replace("(fail-closed)", "(unsafe fail-open)"),
                    )
                for name, value in ((OVERRIDE, "0"), ("GAIT_CLAUDE_STRICT", "0")):
                    self.assert_answer(self.ask(stdin, **{name: value}, **variables), "deny", told)

    def test_the_override_changes_no_verdict(self) -> None:
        for verdict in ("block", "require_approval"):
            answer = self.ask(EVENT, GAIT_CLAUDE_POLICY=self.policy(verdict), **{OVERRIDE: "1"})
            self.assertEqual(answer["permissionDecision"], PERMISSIONS[verdict])

    def test_other_events_are_answered_with_nothing(self) -> None:
        for name in TOLD:
            answer = self.ask(EVENT | {"hook_event_name": name}, GAIT_CLAUDE_POLICY=self.policy("block"))
            self.assertEqual(answer, {"suppressOutput": True})
        self.assertFalse((self.root / "traces").exists())
        answer = self.ask(EVENT | {"hook_event_name": "SomethingNew"}, GAIT_CLAUDE_POLICY=self.policy("block"))
        self.assertEqual(answer["permissionDecision"], "deny")

    def test_an_answer_that_nobody_hears_blocks(self) -> None:
        if os.path.exists("/dev/full"):
            variables = {"GAIT_CLAUDE_POLICY": self.policy("allow"), "GAIT_CLAUDE_TRACE_DIR": str(self.root / "traces")}
            command = ["sh", "-c", 'exec "$@" >/dev/full', "sh", *self.command()]
            done = self.run_command(*command, stdin=json.dumps(EVENT), **variables)
            self.assert_exit(done, 2)
            self.assertIn("could not be printed", done.stderr)


class ScriptTest(HookTest):
    """The script answers as the command does, and also where there is no gait."""

    def command(self) -> list[str | Path]:
        return [self.root / "examples/integrations/claude_code/gait-gate.sh"]

    def test_the_checkout_has_a_policy_and_a_place_for_traces(self) -> None:
        done = self.run_command(*self.command(), stdin=json.dumps(EVENT))
        self.assert_exit(done, 0)
        answer = json.loads(done.stdout)
        self.assertEqual(answer["permissionDecision"], "deny")
        traces = self.root / "gait-out/integrations/claude_code/hooks"
        self.assertEqual([str(path) for path in traces.iterdir()], [answer["tracePath"]])

    def test_a_program_in_place_of_gait_is_read_strictly(self) -> None:
        block = ALLOW | {"verdict": "block", "reason_codes": ["a", "b"]}
        approval = ALLOW | {"verdict": "require_approval"}
        for output, code, permission, reason in (
            (json.dumps(ALLOW | {"verdict": " Allow "}), 0, "allow", "gait verdict=allow"),
            (json.dumps(block), 3, "deny", "gait verdict=block reason_codes=a, b"),
            (json.dumps(block), 0, "deny", "gait verdict=block reason_codes=a, b"),
            (json.dumps(approval), 4, "ask", "gait verdict=require_approval"),
            ("", 0, "deny", "gait hook proxy failure exit=0 (fail-closed)"),
            ("", 9, "deny", "gait hook proxy failure exit=9 (fail-closed)"),
            ("boom", 0, "deny", "gait hook invalid proxy output exit=0 (fail-closed)"),
            ("[" * 10_000, 0, "deny", "gait hook invalid proxy output exit=0 (fail-closed)"),
            ('["allow"]', 0, "deny", "gait hook proxy failure exit=0 (fail-closed)"),
            ("{}", 0, "deny", "gait hook undecidable verdict=missing exit=0 (fail-closed)"),
            (
                json.dumps(ALLOW | {"verdict": "x\ny"}),
                0,
                "deny",
                "gait hook undecidable verdict=xy exit=0 (fail-closed)",
            ),
            (json.dumps(ALLOW), 3, "deny", "gait hook proxy failure exit=3 (fail-closed)"),
            (json.dumps(block), 4, "deny", "gait hook proxy failure exit=4 (fail-closed)"),
            ('{"ok": false, "error": "no"}', 6, "deny", "gait hook proxy failure exit=6 (fail-closed)"),
            (json.dumps({"hookSpecificOutput": {}}), 1, "deny", "gait hook proxy failure exit=1 (fail-closed)"),
        ):
            with self.subTest(output=output[:40], code=code):
                done = self.run_command(*self.command(), gait=self.impostor(output, code), stdin=json.dumps(EVENT))
                self.assert_exit(done, 0)
                self.assert_answer(json.loads(done.stdout), permission, reason)

    def test_without_gait_tools_are_denied(self) -> None:
        for gait, code in ((self.missing(), 127), (str(self.root), 126)):
            done = self.run_command(*self.command(), gait=gait, stdin=json.dumps(EVENT))
            self.assertEqual(done.returncode, 0)
            self.assert_answer(json.loads(done.stdout), "deny", f"gait hook proxy failure exit={code} (fail-closed)")

    def test_nothing_but_a_shell_is_needed_to_deny(self) -> None:
        done = self.run_command("/bin/sh", *self.command(), gait=None, stdin=json.dumps(EVENT), PATH="/nonexistent")
        self.assertEqual(done.returncode, 0)
        self.assertEqual(json.loads(done.stdout)["permissionDecision"], "deny")


class CommandTest(CheckoutTest):
    def ask(self, *arguments: str, event: dict[str, Any] = EVENT) -> dict[str, Any]:
        policy = ["--policy", "policy.yaml", "--trace-dir", "traces"]
        done = self.run_command(GAIT, "hook", "claude-code", *policy, *arguments, stdin=json.dumps(event))
        self.assert_exit(done, 0)
        return json.loads(done.stdout)

    def decide(self, policy: str, *arguments: str, event: dict[str, Any] = EVENT) -> str:
        (self.root / "policy.yaml").write_text(policy)
        return self.ask(*arguments, event=event)["permissionDecision"]

    def test_policies_see_who_calls_from_where_and_how_risky_it_is(self) -> None:
        for match, arguments, permission in (
            ("workspace_prefixes: [/srv/shop]", [], "allow"),
            ("workspace_prefixes: [/srv/other]", [], "deny"),
            ("workspace_prefixes: [/srv/other]", ["--workspace", "/srv/other"], "allow"),
            ("identities: [claude-code]", [], "allow"),
            ("identities: [builder-7]", ["--identity", "builder-7"], "allow"),
            ("risk_classes: [high]", [], "allow"),
            ("risk_classes: [high]", ["--risk-class", "low"], "deny"),
            ("tool_names: [tool.write]", [], "allow"),
            ("tool_names: [tool.exec]", [], "deny"),
        ):
            with self.subTest(match=match, arguments=arguments):
                policy = f"default_verdict: block\nrules:\n  - {{name: r, effect: allow, match: {{{match}}}}}\n"
                self.assertEqual(self.decide(policy, *arguments), permission)

    def test_servers_must_be_trusted(self) -> None:
        snapshot = {
            "schema_id": "gait.mcp.trust_snapshot",
            "schema_version": "1.0.0",
            "entries": [{"server_id": "git"}],
        }
        (self.root / "snapshot.json").write_text(json.dumps(snapshot))
        policy = "default_verdict: allow\n"
        policy += "mcp_trust: {snapshot: snapshot.json, action: block, required_risk_classes: [high]}\n"
        for tool, permission in (("mcp__git__push", "allow"), ("mcp__evil__push", "deny")):
            self.assertEqual(self.decide(policy, event=EVENT | {"tool_name": tool}), permission)

    def test_arguments_that_cannot_be_read_deny(self) -> None:
        (self.root / "policy.yaml").write_text("default_verdict: allow\n")
        for arguments in (["--other"], ["stray"], ["--key-mode"], ["--key-mode", "prod"], ["--profile", "x"]):
            with self.subTest(arguments):
                answer = self.ask(*arguments)
                self.assertEqual(answer["permissionDecision"], "deny")
                self.assertIn("systemMessage", answer)

    def test_stages_beyond_the_policy_count(self) -> None:
        policy = "default_verdict: block\nrules:\n  - {name: r, effect: allow, match: {tool_names: [tool.write]}, "
        policy += "require_broker_credential: true}\n"
        self.assertEqual(self.decide(policy), "deny")
        self.assertEqual(self.decide("default_verdict: allow\n", "--kill-switch-state", "no-such.json"), "deny")


if __name__ == "__main__":
    unittest.main()
