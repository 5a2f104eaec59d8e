"""A quickstart: one tool call of a framework, judged by gait, and run only when that is allowed.

A framework says how its tool calls look (`Framework.payload`) and how to read one (`Framework.read`). Everything after
that is the same for all of them: build the intent, ask, run or do not run, and report.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boundary import EXITS, BoundaryError, Decision, decide, find_gait

CHECKOUT = Path(__file__).resolve().parents[2]
ALL_SCENARIOS = ("allow", "block", "require_approval")
# A fixed time gives the same intent, and so the same digests, every time.
CREATED_AT = "2026-02-05T00:00:00Z"
SKILL = {
    "skill_name": "safe_writer",
    "skill_version": "1.0.0",
    "source": "registry",
    "publisher": "acme",
    "digest": "a" * 64,
    "signature_key_id": "acme-dev-key",
}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """What an integration must find out about a tool call before it can ask."""

    args: dict[str, Any]
    skill: dict[str, Any]
    auth_context: dict[str, Any] = field(default_factory=dict)
    tool_name: str = "tool.write"


@dataclass(frozen=True, slots=True)
class Framework:
    """A framework, and the two functions in which it differs from others."""

    name: str
    identity: str
    workspace: str
    payload: Callable[[str, dict[str, Any]], dict[str, Any]]
    read: Callable[[dict[str, Any]], ToolCall]
    scenarios: tuple[str, ...] = ("allow", "block")
    keeps_payload_as: str | None = None


def write_json(path: Path, value: Any) -> None:
    """Writes a file that people can read, too."""
    path.write_text(json.dumps(value, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def arguments_of(framework: str, scenario: str) -> dict[str, Any]:
    """What the agent wants to write, and where."""
    return {
        "path": f"/tmp/gait-{framework}-{scenario}.json",
        "content": {"framework": framework, "scenario": scenario},
    }


def intent_of(framework: Framework, scenario: str, call: ToolCall) -> dict[str, Any]:
    """The intent: what is called with what, by whom, on whose behalf, and where the arguments come from."""
    return {
        "schema_id": "gait.gate.intent_request",
        "schema_version": "1.0.0",
        "created_at": CREATED_AT,
        "producer_version": "0.0.0-example",
        "tool_name": call.tool_name,
        "args": call.args,
        "targets": [
            {
                "kind": "path",
                "value": call.args["path"],
                "operation": "write",
                "endpoint_class": "fs.write",
            }
        ],
        "arg_provenance": [{"arg_path": "$.path", "source": "user"}],
        "skill_provenance": call.skill,
        "delegation": {
            "requester_identity": framework.identity,
            "scope_class": "write",
            "chain": [
                {
                    "delegator_identity": "agent.lead",
                    "delegate_identity": framework.identity,
                    "scope_class": "write",
                    "token_ref": f"delegation-{framework.name}-{scenario}",
                }
            ],
        },
        "context": {
            "identity": framework.identity,
            "workspace": framework.workspace,
            "risk_class": "high",
            "session_id": f"sess-{framework.name}-{scenario}",
            "auth_context": {"framework": framework.name, **call.auth_context},
            "credential_scopes": ["files.write", "network.egress"],
            "environment_fingerprint": f"{framework.name}:local:{scenario}",
        },
    }


def expect(decision: Decision, scenario: str) -> None:
    """Whether the policy said what this scenario is there to show."""
    if decision.verdict != scenario:
        exits = " or ".join(map(str, EXITS[scenario]))
        raise BoundaryError(
            f"expected verdict {scenario} with exit code {exits}, got {decision.verdict} with {decision.exit_code}"
        )


def play(framework: Framework, scenario: str, policies: Path) -> list[tuple[str, str]]:
    """Plays a scenario, and gives what there is to report."""
    directory = CHECKOUT / "gait-out" / "integrations" / framework.name
    directory.mkdir(parents=True, exist_ok=True)
    files = [directory / f"{kind}_{scenario}.json" for kind in ("intent", "trace", "executor", "approval_audit")]
    # What an earlier run left must not pass for the outcome of this one.
    for path in files:
        path.unlink(missing_ok=True)
    intent, trace, executed, audit = files

    payload = framework.payload(scenario, arguments_of(framework.name, scenario))
    if framework.keeps_payload_as:
        write_json(directory / framework.keeps_payload_as.format(scenario=scenario), payload)
    call = framework.read(payload)
    write_json(intent, intent_of(framework, scenario, call))

    decision = decide(
        find_gait(CHECKOUT),
        policy=policies / f"policy_{scenario}.yaml",
        intent=intent,
        trace=trace,
        # gait-lint: allow development_key -- a quickstart signs nothing that anybody relies on
        arguments=("--key-mode", "dev", "--approval-audit-out", str(audit)),
    )
    expect(decision, scenario)
    if not trace.is_file():
        raise BoundaryError(f"gait left no trace at {trace}")

    report = [
        ("framework", framework.name),
        ("scenario", scenario),
        ("verdict", decision.verdict),
        ("executed", str(decision.executable).lower()),
        ("trace_path", str(trace)),
    ]
    if decision.executable:
        # The tool. Here it writes its arguments to a file of the checkout, so that one can see that it ran.
        write_json(executed, call.args)
        report.append(("executor_output", str(executed)))
    return report


def main(framework: Framework, policies: Path) -> int:
    """The command line of a quickstart."""
    parser = argparse.ArgumentParser(description=f"A {framework.name} tool call at the boundary of gait.")
    parser.add_argument("--scenario", required=True, choices=framework.scenarios)
    scenario = parser.parse_args().scenario
    try:
        report = play(framework, scenario, policies)
    except (BoundaryError, OSError) as error:
        print(f"error={error}")
        return 1
    for name, value in report:
        print(f"{name}={value}")
    return 0


def run(framework: Framework, script: str) -> None:
    """Runs the quickstart whose script lies beside its policies."""
    sys.exit(main(framework, Path(script).resolve().parent))
