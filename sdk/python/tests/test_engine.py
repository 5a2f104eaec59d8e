"""The engine in this process: the same answers as the program's, sooner."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from conftest import POLICY, intent_for

from gait import (
    GaitCommandError,
    Gate,
    GateEnforcementError,
    GateEvalResult,
    IntentRequest,
    IntentScript,
    IntentScriptStep,
    ToolAdapter,
    aevaluate_gate,
    evaluate_gate,
    program_version,
    read_trace,
)
from gait.native import NATIVE

if NATIVE is None and not os.environ.get("GAIT_TEST_NATIVE"):
    pytest.skip("the source tree has no native module; the wheel does", allow_module_level=True)

Evaluate = Callable[[Path, IntentRequest], GateEvalResult]


def comparable(result: GateEvalResult) -> dict[str, Any]:
    """All that the engine said, but for what names the invocation."""
    return {name: value for name, value in result.raw.items() if name != "correlation_id"} | {"exit": result.exit_code}


def transports(program: str) -> dict[str, Evaluate]:
    def by_module(policy: Path, intent: IntentRequest) -> GateEvalResult:
        return evaluate_gate(
            policy_path=policy, intent=intent, trace_out="t.json", gait_bin=[sys.executable, "-m", "gait"]
        )

    return {
        "program": lambda policy, intent: evaluate_gate(
            policy_path=policy, intent=intent, trace_out="t.json", gait_bin=program
        ),
        "python -m gait": by_module,
        "in process": lambda policy, intent: evaluate_gate(policy_path=policy, intent=intent, trace_out="t.json"),
        "resident": lambda policy, intent: Gate(policy).evaluate(intent, trace_out="t.json"),
        "adapter": lambda policy, intent: ToolAdapter(policy).gate_intent(intent=intent, trace_out="t.json"),
        "awaited": lambda policy, intent: asyncio.run(
            aevaluate_gate(policy_path=policy, intent=intent, trace_out="t.json")
        ),
    }


def scripted() -> IntentRequest:
    intent = intent_for("script")
    steps = [IntentScriptStep("tool.ok", {"n": 1}), IntentScriptStep("tool.ask", {})]
    intent.args, intent.script = {}, IntentScript(steps)
    return intent


@pytest.mark.parametrize("tool", ["tool.ok", "tool.dry", "tool.ask", "tool.other", "script"])
def test_every_way_to_the_engine_gives_the_same_result(tool: str, program: str, policy: Path) -> None:
    intent = scripted() if tool == "script" else intent_for(tool)
    answers = {name: comparable(evaluate(policy, intent)) for name, evaluate in transports(program).items()}
    expected = answers.pop("program")
    assert expected["verdict"] in {"allow", "dry_run", "require_approval", "block"}
    for name, answer in answers.items():
        assert answer == expected, name
    assert read_trace("t.json").verdict == expected["verdict"]


@pytest.mark.parametrize("defect", ["no policy", "bad policy", "bad intent"])
def test_every_way_to_the_engine_gives_the_same_error(defect: str, program: str, policy: Path) -> None:
    intent = intent_for("" if defect == "bad intent" else "tool.ok")
    if defect == "no policy":
        policy.unlink()
    elif defect == "bad policy":
        policy.write_text("default_verdict: perhaps\n")
    seen = {}
    for name, evaluate in transports(program).items():
        with pytest.raises(GaitCommandError) as caught:
            evaluate(policy, intent)
        error = caught.value
        seen[name] = (str(error), error.exit_code, error.error_code, error.error_category, error.retryable)
    assert len(set(seen.values())) == 1, seen
    assert not Path("t.json").exists()


def test_project_defaults_hold_for_every_way(program: str, policy: Path, tmp_path: Path) -> None:
    state = tmp_path / "switch.json"
    command = ["kill-switch", "add", "--state", str(state), "--tool-name", "tool.ok", "--reason", "incident"]
    subprocess.run([program, *command], check=True, capture_output=True)
    Path(".gait").mkdir()
    Path(".gait/config.yaml").write_text(f"gate:\n  kill_switch_state: {state}\n")
    for name, evaluate in transports(program).items():
        assert evaluate(policy, intent_for("tool.ok")).verdict == "block", name


def test_a_decision_says_what_an_evaluation_says(policy: Path) -> None:
    gate = Gate(policy)
    for tool in ("tool.ok", "tool.dry", "tool.ask", "tool.other"):
        intent = intent_for(tool)
        decision, result = gate.decide(intent), gate.evaluate(intent)
        assert decision.verdict == result.verdict
        assert decision.permits == result.permits == (tool == "tool.ok")
        assert decision.reason_codes == result.reason_codes
        assert decision.violations == result.violations
        assert decision.intent_digest == result.intent_digest
        assert decision.matched_rule == result.raw.get("matched_rule", "")
    assert gate.decide(json.dumps(intent_for("tool.ok").to_dict())).permits
    assert gate.decide(intent_for("tool.ok").to_dict()).permits


@pytest.mark.parametrize("intent", [b"", b"{", "[]", b"\xff", '{"tool_name":"t","tool_name":"tool.ok"}', {"x": 1}])
def test_what_is_no_intent_gets_no_verdict(policy: Path, intent: Any) -> None:
    with pytest.raises(GaitCommandError) as caught:
        Gate(policy).decide(intent)
    assert caught.value.exit_code == 6
    assert caught.value.error_code


def test_a_changed_policy_holds_for_the_next_call(policy: Path) -> None:
    adapter = ToolAdapter(policy)

    def call() -> Any:
        return adapter.execute(intent=intent_for("tool.ok"), executor=lambda _: 1).result

    assert call() == 1
    policy.write_text(POLICY.replace("effect: allow", "effect: block"))
    with pytest.raises(GateEnforcementError):
        call()
    policy.unlink()
    with pytest.raises(GaitCommandError, match="read policy"):
        call()


def test_a_changed_setting_holds_for_the_next_call(policy: Path) -> None:
    adapter = ToolAdapter(policy)
    adapter.gate_intent(intent=intent_for("tool.ok"))
    adapter.key_mode = "prod"
    with pytest.raises(GaitCommandError):
        adapter.gate_intent(intent=intent_for("tool.ok"))


def test_threads_share_a_gate(policy: Path) -> None:
    gate = Gate(policy)
    tools = ["tool.ok", "tool.other"] * 200
    with ThreadPoolExecutor(8) as pool:
        verdicts = list(pool.map(lambda tool: gate.decide(intent_for(tool)).verdict, tools))
    assert verdicts == ["allow", "block"] * 200


def test_a_gate_that_cannot_be_read_is_not_opened(policy: Path) -> None:
    policy.unlink()
    with pytest.raises(GaitCommandError, match="read policy") as caught:
        Gate(policy)
    assert caught.value.exit_code == 6


def test_another_directory_is_another_process(program: str, policy: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    evaluate_gate(policy_path=policy, intent=intent_for("tool.ok"), cwd=elsewhere, trace_out="t.json", gait_bin=program)
    assert (elsewhere / "t.json").exists()
    evaluate_gate(policy_path=policy, intent=intent_for("tool.ok"), cwd=tmp_path, trace_out="t.json")
    assert (tmp_path / "t.json").exists()


def test_the_engine_is_of_the_same_version(program: str) -> None:
    assert program_version() == program_version(gait_bin=program)
