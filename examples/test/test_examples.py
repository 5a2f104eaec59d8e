"""The examples do what their documents say."""

from __future__ import annotations

import json
import re
import unittest

from harness import GAIT, CheckoutTest, pairs

PROVIDERS = ("aws_sts", "github_oidc", "vault_dynamic", "gcp_sts", "azure_federated", "okta_cyberark")
TRUST = "examples/mcp_trust"


class ScenarioTest(CheckoutTest):
    def test_scenarios_pass(self) -> None:
        for name in ("approval_flow", "incident_reproduction", "prompt_injection_block"):
            with self.subTest(name):
                done = self.run_command(self.root / f"examples/scenarios/{name}.sh")
                self.assert_exit(done, 0)
                self.assertEqual(done.stdout.splitlines()[-1], f"scenario={name} status=pass")

    def test_scenarios_fail_without_gait(self) -> None:
        for gait in (self.missing(), self.impostor('{"ok":true,"verdict":"allow"}', 0)):
            for name in ("approval_flow", "prompt_injection_block"):
                done = self.run_command(self.root / f"examples/scenarios/{name}.sh", gait=gait)
                self.assert_exit(done, 1)
                self.assertNotIn("status=pass", done.stdout)

    def test_the_fixtures_hold(self) -> None:
        done = self.run_command(self.root / "scripts/run_scenarios.sh", "gait")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout.splitlines()[-1], "13 passed, 0 failed")

    def test_a_fixture_that_does_not_hold_is_told(self) -> None:
        scenario = self.root / "scenarios/gait/script-mixed-risk-block"
        for file, text in (
            ("expected.yaml", "exit_code: 0\nverdict: allow\n"),
            ("expected.yaml", "verdict: block\n"),
            ("flags.yaml", "simulated: true\n"),
        ):
            with self.subTest(text):
                path = scenario / file
                before = path.read_text() if path.exists() else None
                path.write_text(text)
                done = self.run_command(self.root / "scripts/run_scenarios.sh", "gait", scenario.name)
                self.assert_exit(done, 1)
                self.assertIn("FAIL", done.stdout)
                path.unlink()
                if before is not None:
                    path.write_text(before)

    def test_no_scenarios_are_no_pass(self) -> None:
        self.assert_exit(self.run_command(self.root / "scripts/run_scenarios.sh", "other"), 1)
        self.assert_exit(self.run_command(self.root / "scripts/run_scenarios.sh", "gait", gait=self.missing()), 1)


class PolicyTest(CheckoutTest):
    def test_the_exit_codes_of_the_documents_are_right(self) -> None:
        for policy, code in (("allow", 0), ("block", 3), ("require_approval", 4)):
            directory = self.root / "examples/policy-test"
            done = self.run_command(GAIT, "policy", "test", f"{policy}.yaml", "intent.json", cwd=directory)
            self.assert_exit(done, code)

    def test_policies_are_what_they_are_documented_to_be(self) -> None:
        done = self.run_command(self.root / "scripts/policy_compliance_ci.sh")
        self.assert_exit(done, 0)
        results = (self.root / "gait-out/policy_compliance_results.jsonl").read_text().splitlines()
        self.assertEqual({json.loads(line)["result"] for line in results}, {"pass"})
        self.assertEqual(len(results), 22)

    def test_a_policy_that_changed_is_told(self) -> None:
        policy = self.root / "examples/prompt-injection/policy.yaml"
        policy.write_text(policy.read_text().replace("effect: block", "effect: allow"))
        done = self.run_command(self.root / "scripts/policy_compliance_ci.sh")
        self.assert_exit(done, 1)
        self.assertIn("| prompt injection | 3 | 0 | fail |", done.stdout)

    def test_the_skill_of_the_registry_installs(self) -> None:
        directory = self.root / "examples/skills"
        command = [GAIT, "registry", "install", "registry_pack_example.json", "--publisher-allowlist", "acme"]
        command += ["--public-key", "registry_pack_example.public.key", "--cache-dir", str(self.root / "cache")]
        self.assert_exit(self.run_command(*command, cwd=directory), 0)
        manifest = directory / "registry_pack_example.json"
        manifest.write_text(manifest.read_text().replace('1.0.0",\n  "pack_type', '1.0.1",\n  "pack_type'))
        self.assert_exit(self.run_command(*command, cwd=directory), 2)


class BrokerTest(CheckoutTest):
    def test_every_recipe_works(self) -> None:
        for provider in PROVIDERS:
            with self.subTest(provider):
                done = self.run_command(self.root / "examples/credential_brokers/try.sh", provider)
                self.assert_exit(done, 0)
                verdicts = [json.loads(line)["verdict"] for line in done.stdout.splitlines()]
                self.assertEqual(verdicts, ["allow", "block", "block", "block"])

    def test_a_receipt_is_bound_to_the_request(self) -> None:
        receipt = self.root / "examples/credential_brokers/aws_sts.json"
        request = {"TargetBinding": "ab" * 32, "RunID": "run_1", "JobID": '","scope":["admin'}
        done = self.run_command(
            self.root / "examples/credential_brokers/print_receipt.sh",
            receipt,
            stdin=json.dumps(request, separators=(",", ":")),
        )
        self.assert_exit(done, 0)
        printed = json.loads(done.stdout)
        self.assertEqual((printed["target_binding"], printed["run_binding"]), ("ab" * 32, "run_1"))
        self.assertEqual((printed["job_binding"], printed["scope"]), ("", ["deploy"]))
        self.assertRegex(printed["expires_at"], re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$"))

    def test_a_receipt_must_be_named(self) -> None:
        self.assert_exit(self.run_command(self.root / "examples/credential_brokers/print_receipt.sh"), 2)


class TrustTest(CheckoutTest):
    def test_the_report_of_a_scanner_becomes_the_snapshot(self) -> None:
        command = ["--input", f"{TRUST}/scanner_report.json", "--output", "snapshot.json"]
        self.assert_exit(self.run_python("scripts/render_mcp_trust_snapshot.py", *command), 0)
        shipped = self.root / TRUST / "trust_snapshot.json"
        self.assertEqual((self.root / "snapshot.json").read_text(), shipped.read_text())

    def test_a_report_that_cannot_be_used_is_told(self) -> None:
        report = json.loads((self.root / TRUST / "scanner_report.json").read_text())
        without = [
            {name: value for name, value in report.items() if name != gone} for gone in ("server_id", "updated_at")
        ]
        wrong = [report | change for change in ({"score": 2}, {"score": "1"}, {"updated_at": "today"}, {"status": 1})]
        for text in ["", "[]", "null", "[" * 100_000, *map(json.dumps, without + wrong)]:
            with self.subTest(text[:40]):
                (self.root / "report.json").write_text(text)
                arguments = ["--input", "report.json", "--output", "out.json"]
                done = self.run_python("scripts/render_mcp_trust_snapshot.py", *arguments)
                self.assert_exit(done, 1)
                self.assertFalse((self.root / "out.json").exists())

    def test_only_servers_that_somebody_vouches_for_pass(self) -> None:
        for server, code in (("server", 0), ("server_unknown", 3)):
            command = ["--policy", f"{TRUST}/policy.yaml", "--server", f"{TRUST}/{server}.json", "--json"]
            self.assert_exit(self.run_command(GAIT, "mcp", "verify", *command), code)
        proxy = [
            GAIT,
            "mcp",
            "proxy",
            "--policy",
            f"{TRUST}/policy.yaml",
            "--json",
            "--trace-out",
            "trace.json",
            "--call",
        ]
        self.assert_exit(self.run_command(*proxy, f"{TRUST}/call.json"), 0)
        call = json.loads((self.root / TRUST / "call.json").read_text())
        call["server"] |= {"server_id": "somebody", "server_name": "Somebody"}
        self.assert_exit(self.run_command(*proxy, "-", stdin=json.dumps(call)), 3)


class ServiceTest(CheckoutTest):
    def test_every_decision_of_the_service_is_kept_and_verified(self) -> None:
        done = self.run_command(self.root / "scripts/demo_mcp_canonical.sh", "out dir")
        self.assert_exit(done, 0)
        summary = json.loads(done.stdout)
        self.assertEqual((summary["schema_id"], summary["ok"]), ("gait.mcp.canonical.summary", True))
        told = [(case["verdict"], case["exit_code"], case["executed"]) for case in summary["cases"]]
        self.assertEqual(told, [("allow", 0, True), ("block", 3, False), ("require_approval", 4, False)])
        self.assertEqual(json.loads((self.root / "out dir/mcp_canonical_summary.json").read_text()), summary)

    def test_a_service_that_does_not_answer_is_told(self) -> None:
        for gait in (self.missing(), self.impostor("", 0), self.impostor("", 1)):
            done = self.run_command(self.root / "scripts/demo_mcp_canonical.sh", gait=gait)
            self.assert_exit(done, 1)
            self.assertEqual(done.stdout, "")


class SmallExamplesTest(CheckoutTest):
    def test_a_changed_run_does_not_verify(self) -> None:
        done = self.run_command(self.root / "scripts/signature_demo.sh")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout.splitlines()[-1], "signature_demo: pass")
        for gait in (self.missing(), self.impostor("ok", 0)):
            self.assert_exit(self.run_command(self.root / "scripts/signature_demo.sh", gait, PATH="/usr/bin:/bin"), 2)

    def test_the_quickstart_leads_to_a_regression_test(self) -> None:
        done = self.run_command(self.root / "scripts/quickstart.sh", GAIT_ADOPTION_LOG="adoption.jsonl")
        self.assert_exit(done, 0)
        report = pairs(done.stdout)
        self.assertEqual((report["quickstart_status"], report["run_id"]), ("pass", "run_demo"))
        for name in (
            "runpack",
            "verify_json",
            "regress_init_json",
            "regress_run_json",
            "junit",
            "adoption_report_json",
        ):
            self.assertTrue((self.root / report[name]).is_file(), name)

    def test_the_quickstart_can_leave_the_fixture_ungraded(self) -> None:
        settings = {"GAIT_QUICKSTART_SKIP_REGRESS_RUN": "1", "GAIT_OUT_DIR": "elsewhere"}
        done = self.run_command(self.root / "scripts/quickstart.sh", **settings)
        self.assert_exit(done, 0)
        self.assertNotIn("regress_run_json", pairs(done.stdout))
        self.assertTrue((self.root / "elsewhere/demo.json").is_file())

    def test_the_quickstart_fails_without_gait(self) -> None:
        for gait in (self.missing(), self.impostor("{}", 0), self.impostor("{}", 1)):
            done = self.run_command(self.root / "scripts/quickstart.sh", gait=gait)
            self.assert_exit(done, 1)
            self.assertNotIn("quickstart_status=pass", done.stdout)

    def test_the_contract_of_a_repository(self) -> None:
        done = self.run_command(self.root / "scripts/ci_regress_contract.sh")
        self.assert_exit(done, 0)
        self.assertEqual(done.stdout.splitlines()[-1], "ci regress contract: pass")
        fixture = self.root / "fixtures/run_demo/fixture.json"
        fixture.write_text(json.dumps(json.loads(fixture.read_text()) | {"expected_tool_sequence": ["tool.other"]}))
        self.assert_exit(self.run_command(self.root / "scripts/ci_regress_contract.sh"), 5)
        self.assert_exit(self.run_command(self.root / "scripts/ci_regress_contract.sh", gait=self.missing()), 1)


if __name__ == "__main__":
    unittest.main()
