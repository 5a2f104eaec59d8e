"""A tool runs when the verdict is allow, and never otherwise."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import intent_for

from gait import (
    GaitCommandError,
    GateEnforcementError,
    GateEvalResult,
    IntentContext,
    IntentRequest,
    IntentTarget,
    ToolAdapter,
    gate_tool,
    run_session,
)

CONTEXT = IntentContext(identity="alice", workspace="/repo", risk_class="high")


class Judge:
    """Says what it was told to say."""

    def __init__(self, answer: dict[str, Any] | Exception, exit_code: int = 0) -> None:
        self.answer = answer
        self.exit_code = exit_code
        self.seen: list[IntentRequest] = []

    def evaluate(self, intent: IntentRequest, *, trace_out: object = None) -> GateEvalResult:
        self.seen.append(intent)
        if isinstance(self.answer, Exception):
            raise self.answer
        return GateEvalResult.from_dict(self.answer, self.exit_code)


def adapter_saying(answer: dict[str, Any] | Exception | str, exit_code: int = 0) -> ToolAdapter:
    if isinstance(answer, str):
        answer = {"ok": True, "verdict": answer, "reason_codes": ["r1", "r2"]}
    return ToolAdapter("p.yaml", evaluator=Judge(answer, exit_code))


def run_async(adapter: ToolAdapter, executor: Callable[[IntentRequest], Any]) -> Any:
    return asyncio.run(adapter.aexecute(intent=intent_for("t"), executor=executor))


def run_sync(adapter: ToolAdapter, executor: Callable[[IntentRequest], Any]) -> Any:
    return adapter.execute(intent=intent_for("t"), executor=executor)


MANNERS = pytest.mark.parametrize("run", [run_sync, run_async])


@MANNERS
def test_allow_executes(run: Callable[..., Any]) -> None:
    outcome = run(adapter_saying("allow"), lambda intent: intent.tool_name)
    assert (outcome.executed, outcome.result) == (True, "t")


@MANNERS
def test_a_dry_run_is_reported_and_not_executed(run: Callable[..., Any]) -> None:
    outcome = run(adapter_saying("dry_run"), lambda _: pytest.fail("executed"))
    assert (outcome.executed, outcome.result) == (False, None)


@MANNERS
@pytest.mark.parametrize(
    ("answer", "exit_code"),
    [
        ({"ok": True, "verdict": "block"}, 3),
        ({"ok": True, "verdict": "require_approval"}, 4),
        ({"ok": False, "verdict": "allow"}, 0),
        ({"ok": False, "verdict": "dry_run"}, 0),
        ({"ok": True, "verdict": "allow"}, 3),
        ({"ok": True, "verdict": "Allow"}, 0),
        ({"ok": True}, 0),
        ({}, 0),
    ],
)
def test_nothing_else_executes(run: Callable[..., Any], answer: dict[str, Any], exit_code: int) -> None:
    with pytest.raises(GateEnforcementError):
        run(adapter_saying(answer, exit_code), lambda _: pytest.fail("executed"))


@MANNERS
@pytest.mark.parametrize("error", [GaitCommandError("no verdict"), OSError("gone"), ValueError("odd")])
def test_no_verdict_no_execution(run: Callable[..., Any], error: Exception) -> None:
    with pytest.raises(type(error)):
        run(adapter_saying(error), lambda _: pytest.fail("executed"))


def test_a_refusal_says_why() -> None:
    with pytest.raises(GateEnforcementError, match="gate verdict=block reasons=r1,r2$") as caught:
        run_sync(adapter_saying("block", 3), lambda _: None)
    assert caught.value.decision.verdict == "block"
    with pytest.raises(GateEnforcementError, match="gate verdict=unknown reasons=none$"):
        run_sync(adapter_saying({}), lambda _: None)


def test_the_program_is_asked_with_the_settings(fake: list[str], tmp_path: Path) -> None:
    adapter = ToolAdapter("p.yaml", fake, "prod", private_key="k", approval_public_key="a", flags=["--simulate"])
    adapter.execute(intent=intent_for("t"), executor=lambda _: None, cwd=tmp_path, trace_out="t.json")
    command = json.loads((tmp_path / "commands.jsonl").read_text().splitlines()[0])["command"]
    assert command[6:] == (
        "--key-mode prod --json --trace-out t.json --private-key k --approval-public-key a --simulate".split()
    )
    assert adapter.capture_runpack().run_id == "run_demo"
    assert adapter.create_regression_fixture(from_run="run_x").run_id == "run_x"


class Tools:
    @staticmethod
    def of(adapter: ToolAdapter) -> Callable[..., Any]:
        @gate_tool(adapter=adapter, context=CONTEXT)
        def write(path: str, *lines: str, mode: str = "w", **more: int) -> str:
            """Writes."""
            return path + mode

        return write


def test_a_decorated_function_is_gated_with_its_arguments() -> None:
    adapter = adapter_saying("allow")
    write = Tools.of(adapter)
    assert write("/a", "x", n=1) == "/aw"
    assert (write.__name__, write.__doc__) == ("write", "Writes.")
    assert isinstance(adapter.evaluator, Judge)
    (intent,) = adapter.evaluator.seen
    assert intent.tool_name == "write"
    assert intent.to_dict()["args"] == {"path": "/a", "lines": ["x"], "mode": "w", "more": {"n": 1}}


@pytest.mark.parametrize("verdict", ["dry_run", "block", "require_approval"])
def test_a_decorated_function_has_no_result_without_execution(verdict: str) -> None:
    with pytest.raises(GateEnforcementError):
        Tools.of(adapter_saying(verdict))("/a")


def test_methods_are_judged_without_their_object_and_settings_may_depend_on_the_call() -> None:
    adapter = adapter_saying("allow")

    class Store:
        @gate_tool(
            adapter=adapter,
            context=lambda args, _: IntentContext("alice", args[1], "low"),
            tool_name="store.put",
            targets=lambda args, _: [IntentTarget("path", args[1])],
        )
        def put(self, path: str) -> str:
            return path

        @gate_tool(adapter=adapter, context=CONTEXT, args_mapper=lambda args, _: {"mapped": len(args)})
        def get(self) -> None:
            return None

    assert Store().put("/a") == "/a"
    Store().get()
    assert isinstance(adapter.evaluator, Judge)
    put, get = adapter.evaluator.seen
    assert (put.tool_name, put.args, put.context.workspace, put.targets[0].value) == (
        "store.put",
        {"path": "/a"},
        "/a",
        "/a",
    )
    assert get.args == {"mapped": 1}


def test_coroutine_functions_are_gated_and_awaited() -> None:
    def tool(verdict: str) -> Callable[[int], Any]:
        @gate_tool(adapter=adapter_saying(verdict), context=CONTEXT)
        async def double(n: int) -> int:
            await asyncio.sleep(0)
            return 2 * n

        return double

    assert asyncio.run(tool("allow")(2)) == 4
    with pytest.raises(GateEnforcementError):
        asyncio.run(tool("block")(2))


@MANNERS
def test_results_outlive_what_recording_makes_of_them(run: Callable[..., Any], fake: list[str]) -> None:
    odd = object()
    with run_session(run_id="r", gait_bin=fake) as session:
        outcome = run(adapter_saying("allow"), lambda _: odd)
    assert outcome.result is odd
    assert session.record_input is not None
    payload = session.record_input["normalization"]["result_payloads"]["intent_0001"]
    assert payload["result"]["unrecordable_type"] == "object"


@MANNERS
def test_a_call_that_cannot_be_recorded_does_not_run(run: Callable[..., Any], fake: list[str]) -> None:
    session = run_session(run_id="r", gait_bin=fake)
    session.finalize()
    with session.active(), pytest.raises(RuntimeError, match="finalized"):
        run(adapter_saying("allow"), lambda _: pytest.fail("executed"))


@MANNERS
def test_every_branch_is_recorded(run: Callable[..., Any], fake: list[str]) -> None:
    def fail(_: IntentRequest) -> None:
        raise KeyError("boom")

    with run_session(run_id="r", gait_bin=fake) as session:
        run(adapter_saying("allow"), lambda _: {"n": 1})
        run(adapter_saying("dry_run"), lambda _: None)
        for adapter in (adapter_saying("block", 3), adapter_saying("odd"), adapter_saying({})):
            with pytest.raises(GateEnforcementError):
                run(adapter, lambda _: None)
        with pytest.raises(KeyError):
            run(adapter_saying("allow"), fail)
        with contextlib.suppress(GaitCommandError):
            run(adapter_saying(GaitCommandError("no verdict")), lambda _: None)
    assert [(a.intent_id, a.verdict, a.executed, a.status) for a in session.attempts] == [
        ("intent_0001", "allow", True, "ok"),
        ("intent_0002", "dry_run", False, "dry_run"),
        ("intent_0003", "block", False, "block"),
        ("intent_0004", "odd", False, "odd"),
        ("intent_0005", "unknown", False, "blocked"),
        ("intent_0006", "allow", True, "error"),
    ]
