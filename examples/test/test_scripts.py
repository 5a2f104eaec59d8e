"""The small tools do their work, and tell what is wrong instead of failing with a traceback."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any

from harness import GAIT, CheckoutTest

HOSTILE_NAMES = ["yes", "null", "a: b # c", "- x", "&anchor", "*alias", "{a: b}", 'quote"d', "tool.read", "é"]


class AllowListTest(CheckoutTest):
    def render(self, document: Any, *arguments: str) -> int:
        text = document if isinstance(document, str) else json.dumps(document)
        (self.root / "tools.json").write_text(text)
        done = self.run_python(
            "scripts/render_tool_allowlist_policy.py", "--input", "tools.json", "--output", "policy.yaml", *arguments
        )
        self.assertNotIn("Traceback", done.stderr)
        return done.returncode

    def verdict(self, tool: str) -> int:
        intent = json.loads((self.root / "examples/policy-test/intent.json").read_text()) | {"tool_name": tool}
        (self.root / "intent.json").write_text(json.dumps(intent))
        return self.run_command(GAIT, "policy", "test", "policy.yaml", "intent.json").returncode

    def test_listed_tools_pass_and_others_do_not(self) -> None:
        for document in ({"tools": ["Tool.Read"]}, ["tool.read"], [{"tool_name": " tool.read "}]):
            self.assertEqual(self.render(document), 0)
            self.assertEqual((self.verdict("tool.read"), self.verdict("tool.write")), (0, 3))

    def test_names_stay_names_whatever_is_in_them(self) -> None:
        self.assertEqual(self.render(HOSTILE_NAMES, "--rule-name", "r: x", "--allow-reason-code", 'ok"] #'), 0)
        self.assertEqual([self.verdict(name) for name in HOSTILE_NAMES], [0] * len(HOSTILE_NAMES))
        self.assertEqual(self.verdict("tool.write"), 3)

    def test_a_list_that_cannot_be_used_leaves_no_policy(self) -> None:
        for document in ("", "{", "[" * 100_000, {}, {"tools": {}}, [], [1], [""], [{"name": "x"}], ["a\nb"], 7):
            with self.subTest(str(document)[:20]):
                self.assertEqual(self.render(document), 2)
                self.assertFalse((self.root / "policy.yaml").exists())


class BridgeTest(CheckoutTest):
    def setUp(self) -> None:
        super().setUp()
        self.assert_exit(self.run_command(GAIT, "keys", "init", "--out-dir", "keys", "--prefix", "k"), 0)
        example = self.root / "examples/policy-test"
        command = ["gate", "eval", "--policy", example / "block.yaml", "--intent", example / "intent.json", "--json"]
        command += ["--trace-out", "trace.json", "--key-mode", "prod", "--private-key", "keys/k_private.key"]
        done = self.run_command(GAIT, *command)
        self.assert_exit(done, 3)
        (self.root / "result.json").write_text(done.stdout)

    def bridge(self, *arguments: str, expected: int = 0) -> dict[str, Any]:
        done = self.run_command(self.root / "scripts/bridge_trace_to_beads.sh", *arguments, "--json")
        self.assert_exit(done, expected)
        return json.loads(done.stdout) if expected == 0 else {}

    def test_a_dry_run_shows_the_issue(self) -> None:
        issue = self.bridge("--trace", "trace.json", "--description-out", "text.md")
        trace = json.loads((self.root / "trace.json").read_text())
        self.assertEqual(issue["title"], f"Gait block: tool.write ({trace['trace_id']})")
        self.assertEqual((issue["mode"], issue["signature_verified"], issue["reason_codes"]), ("dry_run", False, []))
        self.assertEqual((self.root / "text.md").read_text(), issue["description"])

    def test_reasons_come_from_the_result_of_the_same_decision(self) -> None:
        issue = self.bridge("--trace", "trace.json", "--result", "result.json")
        self.assertEqual(issue["reason_codes"], ["example_block"])
        result = json.loads((self.root / "result.json").read_text()) | {"trace_id": "other"}
        (self.root / "result.json").write_text(json.dumps(result))
        self.bridge("--trace", "trace.json", "--result", "result.json", expected=1)

    def test_a_trace_can_be_verified_first(self) -> None:
        key = ["--public-key", "keys/k_public.key"]
        self.assertTrue(self.bridge("--trace", "trace.json", *key)["signature_verified"])
        path = self.root / "trace.json"
        path.write_text(path.read_text().replace('"block"', '"allow"'))
        self.bridge("--trace", "trace.json", *key, expected=1)

    def test_texts_of_a_trace_cannot_forge_lines(self) -> None:
        trace = json.loads((self.root / "trace.json").read_text()) | {"tool_name": "x\n- trace_id: forged"}
        (self.root / "trace.json").write_text(json.dumps(trace))
        issue = self.bridge("--trace", "trace.json")
        self.assertNotIn("\n- trace_id: forged", issue["description"])

    def test_a_live_run_creates_the_issue(self) -> None:
        beads = self.program(self.root / "keys", 'printf "%s\\n" "$@" >args\necho \'{"id": "bd-7"}\'\n')
        issue = self.bridge("--trace", "trace.json", "--live", "--bd-bin", beads, "--priority", "1")
        self.assertEqual((issue["mode"], issue["issue_id"]), ("live", "bd-7"))
        arguments = (self.root / "args").read_text()
        self.assertTrue(arguments.startswith(f"create\n{issue['title']}\n--type\ntask\n--priority\n1\n"), arguments)
        self.bridge("--trace", "trace.json", "--live", "--bd-bin", self.missing(), expected=2)
        self.bridge("--trace", "trace.json", "--live", "--bd-bin", self.impostor("no", 0), expected=1)
        self.bridge("--trace", "trace.json", "--live", "--bd-bin", self.impostor("no", 1), expected=1)

    def test_what_is_no_trace_is_told(self) -> None:
        self.bridge(expected=2)
        self.bridge("--trace", expected=2)
        self.bridge("--trace", "no-such.json", expected=2)
        self.bridge("--trace", "trace.json", "--other", expected=2)
        self.bridge("--trace", "trace.json", "--priority", "9", expected=2)
        for text in ("", "[]", "{}", '{"schema_id": "gait.gate.trace"}'):
            (self.root / "bad.json").write_text(text)
            self.bridge("--trace", "bad.json", expected=1)


class ProducerKitTest(CheckoutTest):
    def test_packs_of_others_verify_when_they_are_right(self) -> None:
        done = self.run_python("scripts/pack_producer_kit.py", "--out-dir", "packs")
        self.assert_exit(done, 0)
        packs = json.loads(done.stdout)
        self.assert_exit(self.run_command(GAIT, "pack", "verify", packs["valid"]), 0)
        self.assertEqual(len(packs["invalid"]), 5)
        for pack in packs["invalid"]:
            self.assert_exit(self.run_command(GAIT, "pack", "verify", pack), 2)
        before = (self.root / packs["valid"]).read_bytes()
        self.run_python("scripts/pack_producer_kit.py", "--out-dir", "packs")
        self.assertEqual((self.root / packs["valid"]).read_bytes(), before)


class ContractConsumerTest(CheckoutTest):
    def consume(self, *arguments: str, gait: str = GAIT) -> tuple[int, dict[str, Any]]:
        done = self.run_command(self.root / "scripts/gait_action_contract_consumer.sh", *arguments, gait=gait)
        return done.returncode, json.loads(done.stdout)

    def test_there_is_a_receipt_whatever_is_wrong(self) -> None:
        for arguments, gait, code, status in (
            ([], GAIT, 6, "reject"),
            (["a", "b"], GAIT, 6, "reject"),
            (["a"], self.missing(), 7, "dependency_missing"),
            (["no-such.json"], GAIT, None, "reject"),
            (["--help"], GAIT, None, "reject"),
        ):
            with self.subTest(arguments=arguments):
                exit_code, receipt = self.consume(*arguments, gait=gait)
                self.assertNotEqual(exit_code, 0)
                self.assertIn(code, (None, exit_code))
                self.assertEqual((receipt["consumer"], receipt["status"]), ("gait", status))
                self.assertFalse(receipt["semantic_result"]["proposal_valid"])


class ScorecardTest(CheckoutTest):
    LANE = {
        "lane_id": "a",
        "lane_name": "A",
        "setup_minutes_p50": 10,
        "failure_rate": 0.02,
        "determinism_pass_rate": 0.99,
        "policy_correctness_rate": 1,
        "distribution_reach": 0.5,
    }

    def score(self, lanes: Any, **members: Any) -> dict[str, Any] | str:
        document = {"schema_id": "metrics", "schema_version": "1.0.0", "lanes": lanes} | members
        (self.root / "metrics.json").write_text(json.dumps(document))
        done = self.run_python(
            "scripts/check_integration_lane_scorecard.py", "--input", "metrics.json", "--out", "card.json"
        )
        self.assertNotIn("Traceback", done.stderr)
        if done.returncode == 0:
            return json.loads((self.root / "card.json").read_text())
        self.assertEqual(done.returncode, 1)
        return done.stderr

    def test_scores_are_weighted(self) -> None:
        card = self.score([self.LANE | {"lane_id": "b", "setup_minutes_p50": 45}, self.LANE])
        self.assertEqual([lane["weighted_score"] for lane in card["lanes"]], [0.859667, 0.693])
        self.assertEqual(card["created_at"], "1980-01-01T00:00:00Z")
        decision = card["decision"]
        self.assertEqual((decision["selected_lane_id"], decision["runner_up_lane_id"]), ("a", "b"))
        self.assertEqual((decision["confidence_delta"], decision["confidence_level"]), (0.166667, "high"))
        self.assertTrue(decision["threshold_met"] and decision["expansion_allowed"])

    def test_near_lanes_are_not_expanded(self) -> None:
        decision = self.score([self.LANE, self.LANE | {"lane_id": "b"}])["decision"]
        self.assertEqual((decision["selected_lane_id"], decision["confidence_level"]), ("a", "low"))
        self.assertFalse(decision["expansion_allowed"])
        alone = self.score([self.LANE])["decision"]
        self.assertEqual((alone["runner_up_lane_id"], alone["confidence_delta"]), ("", 1.0))

    def test_metrics_that_cannot_be_used_are_told(self) -> None:
        wrong = (
            {"failure_rate": 1.5},
            {"failure_rate": True},
            {"setup_minutes_p50": -1},
            {"lane_id": ""},
            {"lane_name": 1},
        )
        for lanes in ([], {}, [1], [self.LANE, self.LANE], *([self.LANE | change] for change in wrong)):
            self.assertIn("check_integration_lane_scorecard:", self.score(lanes))
        self.assertIn("schema_id", self.score([self.LANE], schema_id=None))


class EcosystemTest(CheckoutTest):
    def index(self) -> dict[str, Any]:
        return json.loads((self.root / "docs/ecosystem/community_index.json").read_text())

    def validate(self, document: Any) -> tuple[int, str]:
        (self.root / "index.json").write_text(document if isinstance(document, str) else json.dumps(document))
        done = self.run_python("scripts/validate_community_index.py", "index.json")
        self.assertNotIn("Traceback", done.stderr)
        return done.returncode, done.stderr

    def test_the_index_is_valid(self) -> None:
        done = self.run_python("scripts/validate_community_index.py")
        self.assert_exit(done, 0)
        self.assertTrue(done.stdout.startswith("community index validation passed: "))
        self.assertTrue(done.stdout.endswith(" (9 entries)\n"))
        self.assert_exit(self.run_python("scripts/validate_community_index.py", "a", "b"), 2)

    def test_every_rule_holds(self) -> None:
        for path, value in (
            (("schema_id",), "other"),
            (("schema_version",), "2.0.0"),
            (("updated_at",), "2026-01-01"),
            (("updated_at",), "TZ"),
            (("entries",), []),
            (("other",), 1),
            (("entries", 0, "id"), "X"),
            (("entries", 0, "id"), "zz"),
            (("entries", 1, "id"), "adapter-autogen-official"),
            (("entries", 0, "kind"), "plugin"),
            (("entries", 0, "name"), "ab"),
            (("entries", 0, "summary"), "short"),
            (("entries", 0, "summary"), "x" * 281),
            (("entries", 0, "repo"), "https://github.com/a/b/c"),
            (("entries", 0, "repo"), "http://github.com/a/b"),
            (("entries", 0, "source"), "unknown"),
            (("entries", 0, "status"), "beta"),
            (("entries", 0, "integration"), " "),
            (("entries", 0, "maintainers"), ["ab"]),
            (("entries", 0, "maintainers"), ["abc"] * 6),
            (("entries", 0, "maintainers"), "abc"),
            (("entries", 0, "other"), 1),
            (("entries", 0), 1),
        ):
            with self.subTest(path=path, value=value):
                document = self.index()
                place: Any = document
                for step in path[:-1]:
                    place = place[step]
                place[path[-1]] = value
                code, told = self.validate(document)
                self.assertEqual(code, 1)
                self.assertIn(str(path[-1]) if len(path) < 3 or path[-1] != "id" else "id", told)
        for text in ("", "[]", "null", "[" * 100_000):
            self.assertEqual(self.validate(text)[0], 1)

    def test_notes_are_rendered(self) -> None:
        done = self.run_python("scripts/render_ecosystem_release_notes.py")
        self.assert_exit(done, 0)
        notes = (self.root / "gait-out/ecosystem_release_notes.md").read_text()
        self.assertTrue(notes.startswith("# Ecosystem Release Notes\n"))
        self.assertLess(notes.index("## Adapters"), notes.index("## Skills"))
        self.assertLess(notes.index("adapter-autogen-official"), notes.index("adapter-langchain-official"))
        self.assertNotIn(str(self.root), notes)

    def test_texts_of_others_stay_texts(self) -> None:
        document = self.index()
        document["entries"][0]["summary"] = "first\n# forged heading <b> [link](x) `code`"
        (self.root / "index.json").write_text(json.dumps(document))
        self.assert_exit(self.run_python("scripts/render_ecosystem_release_notes.py", "index.json", "notes.md"), 0)
        self.assertNotIn("\n# forged", (self.root / "notes.md").read_text())

    def test_metrics_are_a_section(self) -> None:
        metric = {"name": "n", "value": 1, "threshold": 2, "pass": True}
        metrics = dict.fromkeys(("M1", "M2", "M3", "M4", "C1", "C2", "C3", "D1", "D2", "D3"), metric)
        (self.root / "metrics.json").write_text(json.dumps(metrics))
        index = "docs/ecosystem/community_index.json"
        arguments = [index, "notes.md", "metrics.json"]
        self.assert_exit(self.run_python("scripts/render_ecosystem_release_notes.py", *arguments), 0)
        self.assertIn("## v2.3 Metrics Snapshot", (self.root / "notes.md").read_text())
        (self.root / "metrics.json").write_text(json.dumps(metrics | {"D3": None}))
        self.assert_exit(self.run_python("scripts/render_ecosystem_release_notes.py", *arguments), 1)
        self.assert_exit(self.run_python("scripts/render_ecosystem_release_notes.py", *arguments, "x"), 2)
        self.assert_exit(self.run_python("scripts/render_ecosystem_release_notes.py", "no-such.json", "n.md"), 1)


class SkillTest(CheckoutTest):
    def skill(self, name: str = "ci-failure-triage") -> Path:
        return self.root / ".agents/skills" / name

    def test_skills_are_valid(self) -> None:
        for provider in ("codex", "claude", "both"):
            self.assert_exit(self.run_python("scripts/validate_repo_skills.py", "--provider", provider), 0)
        self.assert_exit(self.run_python("scripts/validate_repo_skills.py", "--provider", "other"), 2)

    def test_every_rule_holds(self) -> None:
        front = "name: ci-failure-triage\n"
        for old, new, providers in (
            (front, "name: other\n", "codex claude"),
            (front, "", "codex claude"),
            (front, front + front, "codex claude"),
            (front, front + "unknown: x\n", "codex claude"),
            (front, front + "user-invocable: maybe\n", "codex claude"),
            (front, front + "disable-model-invocation: true\nuser-invocable: false\n", "claude"),
            (front, front + "allowed-tools:\n", "claude"),
            (front, front + "hooks: {a: b}\n", "codex claude"),
            ("---\nname", "name", "codex claude"),
            ("--json", "--text", "codex claude"),
            ("gait ", "tool ", "codex claude"),
            ("# Why", "\n" * 500 + "# Why", "claude"),
        ):
            for provider in ("codex", "claude"):
                with self.subTest(new=new[-40:], provider=provider):
                    path = self.skill() / "SKILL.md"
                    before = path.read_text()
                    path.write_text(before.replace(old, new))
                    done = self.run_python("scripts/validate_repo_skills.py", "--provider", provider)
                    self.assert_exit(done, 1 if provider in providers else 0)
                    path.write_text(before)

    def test_the_interface_has_rules_too(self) -> None:
        path = self.skill() / "agents/openai.yaml"
        before = path.read_text()
        for old, new in (
            ("interface:", "other:"),
            ("$ci-failure-triage", "this skill"),
            ("Find out why a gait job went red", "Too short"),
            ('  display_name: "CI failure triage"\n', ""),
        ):
            path.write_text(before.replace(old, new))
            self.assert_exit(self.run_python("scripts/validate_repo_skills.py", "--provider", "codex"), 1)
            self.assert_exit(self.run_python("scripts/validate_repo_skills.py", "--provider", "claude"), 0)

    def test_installing_twice_gives_the_same(self) -> None:
        homes = {"CODEX_HOME": str(self.root / "codex home"), "CLAUDE_HOME": str(self.root / "claude")}
        other = self.root / "claude/skills/of-somebody"
        other.mkdir(parents=True)

        def tree() -> dict[str, str]:
            roots = (self.root / "codex home", self.root / "claude")
            files = [path for root in roots for path in sorted(root.rglob("*"))]
            return {str(path): path.read_text() if path.is_file() else "" for path in files}

        self.assert_exit(self.run_command(self.root / "scripts/install_repo_skills.sh", **homes), 0)
        first = tree()
        stale = self.root / "claude/skills/ci-failure-triage/stale.md"
        stale.write_text("")
        self.assert_exit(self.run_command(self.root / "scripts/install_repo_skills.sh", **homes), 0)
        self.assertEqual(tree(), first)
        self.assertTrue(other.is_dir())
        self.assert_exit(self.run_command(self.root / "scripts/install_repo_skills.sh", "--provider", "x", **homes), 1)
        self.assert_exit(self.run_command(self.root / "scripts/install_repo_skills.sh", "--other", **homes), 1)

    def test_submissions_are_exported(self) -> None:
        stale = self.root / ".agents/submissions/openai/stale"
        stale.mkdir(parents=True)
        self.assert_exit(self.run_python("scripts/export_skill_submissions.py"), 0)
        self.assertFalse(stale.exists())
        files = sorted((self.root / ".agents/submissions").rglob("SKILL.md"))
        self.assertEqual(len(files), 6)
        for path in files:
            text = path.read_text()
            self.assertIn("license: Apache-2.0", text)
            self.assertTrue((path.parent / "LICENSE.txt").is_file())


if __name__ == "__main__":
    unittest.main()
