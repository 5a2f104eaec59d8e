"""A session records what ran, so that the program accepts it."""

from __future__ import annotations

import asyncio
import json
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
from conftest import intent_for
from test_adapter import adapter_saying

from gait import GaitCommandError, GaitError, GateEvalResult, IntentRequest, RunSession, run_session
from gait.client import evaluate_gate
from gait.session import get_active_run_session

ALLOWED = GateEvalResult.from_dict(
    {"ok": True, "verdict": "allow", "reason_codes": ["r"], "trace_id": "t1", "policy_digest": "2" * 64}, 0
)


def recorded(session: RunSession) -> dict[str, Any]:
    assert session.record_input is not None
    return session.record_input


@pytest.mark.parametrize("arguments", [{"run_id": " "}, {"run_id": "r", "capture_mode": "full"}])
def test_a_session_needs_a_run_and_a_known_mode(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="run_id is required|unsupported capture_mode"):
        run_session(**arguments)


def test_the_input_names_what_ran_and_keeps_payloads_out_of_records(fake: list[str]) -> None:
    with run_session(run_id="run_1", gait_bin=fake) as session:
        intent = IntentRequest.from_dict(
            intent_for("t").to_dict()
            | {
                "context": {
                    "identity": "a",
                    "workspace": "/w",
                    "risk_class": "low",
                    "context_set_digest": "4" * 64,
                    "context_evidence_mode": "required",
                    "context_refs": ["c1", "c1", "c2"],
                }
            }
        )
        session.record_attempt(intent=intent, decision=ALLOWED, executed=True, result={"secret": 1})
        session.record_attempt(intent=intent, decision=ALLOWED, executed=True, error="boom")
    record = recorded(session)
    assert [event["event"] for event in record["run"]["timeline"]] == [
        "run_started",
        *["intent_captured", "result_captured"] * 2,
        "run_finished",
    ]
    assert record["run"]["env"]["runtime"].startswith("python3.")
    assert [(result["intent_id"], result["status"]) for result in record["results"]] == [
        ("intent_0001", "ok"),
        ("intent_0002", "error"),
    ]
    assert not any("args" in intent for intent in record["intents"])
    assert not any("result" in result for result in record["results"])
    refs = record["refs"]
    assert (refs["context_set_digest"], refs["context_evidence_mode"]) == ("4" * 64, "required")
    assert refs["context_ref_count"] == 2
    receipt = refs["receipts"][0]
    assert (receipt["ref_id"], receipt["source_locator"]) == ("trace_intent_0001", "trace://t1")
    assert receipt["retrieval_params"] == {"verdict": "allow", "reason_codes": ["r"]}
    payloads = record["normalization"]["result_payloads"]
    assert payloads["intent_0001"]["result"] == {"secret": 1}
    assert payloads["intent_0002"]["error"] == "boom"
    assert session.capture is not None
    assert session.finalize() is session.capture
    with pytest.raises(RuntimeError, match="finalized"):
        session.record_attempt(intent=intent, decision=ALLOWED, executed=True)


@pytest.mark.parametrize(
    ("mode", "include", "kept"), [("raw", True, True), ("raw", False, False), ("reference", True, False)]
)
def test_payloads_are_kept_only_when_asked_for_twice(fake: list[str], mode: str, include: bool, kept: bool) -> None:
    with run_session(run_id="r", gait_bin=fake, capture_mode=mode, include_raw_payload=include) as session:
        session.record_attempt(intent=intent_for("t"), decision=ALLOWED, executed=True, result=1)
    record = recorded(session)
    assert ("args" in record["intents"][0], "result" in record["results"][0]) == (kept, kept)


def test_inner_sessions_collect_and_threads_join_in(fake: list[str]) -> None:
    adapter = adapter_saying("allow")

    def call() -> None:
        adapter.execute(intent=intent_for("t"), executor=lambda _: None)

    with run_session(run_id="outer", gait_bin=fake) as outer:
        call()
        with run_session(run_id="inner", gait_bin=fake) as inner:
            call()

            def elsewhere() -> None:
                assert get_active_run_session() is None
                with inner.active():
                    call()

            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
    assert get_active_run_session() is None
    assert (len(outer.attempts), len(inner.attempts)) == (1, 2)


def test_tasks_belong_to_the_session_they_were_started_in(fake: list[str]) -> None:
    adapter = adapter_saying("allow")

    async def run() -> RunSession:
        async with run_session(run_id="r", gait_bin=fake) as session:
            calls = (adapter.aexecute(intent=intent_for("t"), executor=lambda _: None) for _ in range(20))
            await asyncio.gather(*calls)
        return session

    session = asyncio.run(run())
    assert sorted(attempt.intent_id for attempt in session.attempts) == [f"intent_{n:04d}" for n in range(1, 21)]


def test_a_failure_to_record_hides_no_failure_inside() -> None:
    with pytest.raises(GaitCommandError, match="binary not found"), run_session(run_id="r", gait_bin="no-such-gait"):
        pass
    with pytest.raises(KeyError, match="inside"), run_session(run_id="r", gait_bin="no-such-gait"):
        raise KeyError("inside")


@pytest.mark.parametrize("mode", ["reference", "raw"])
def test_the_program_records_and_verifies_a_session(mode: str, program: str, policy: Path) -> None:
    with run_session(run_id="run_real", gait_bin=program, capture_mode=mode, include_raw_payload=True) as session:
        decision = evaluate_gate(policy_path=policy, intent=intent_for("tool.ok"), gait_bin=program)
        session.record_attempt(intent=intent_for("tool.ok"), decision=decision, executed=True, result={"n": 1.0})
        session.record_attempt(intent=intent_for("tool.ok"), decision=decision, executed=True, result={1: {2}})
    assert session.capture is not None
    with zipfile.ZipFile(session.capture.bundle_path) as bundle:
        intents = [json.loads(line) for line in bundle.read("intents.jsonl").splitlines()]
    assert len(intents) == 2
    assert all(len(intent["args_digest"]) == 64 for intent in intents)
    assert ("args" in intents[0]) == (mode == "raw")


def test_a_runpack_becomes_a_fixture(program: str) -> None:
    from gait import capture_demo_runpack, create_regress_fixture

    demo = capture_demo_runpack(gait_bin=program)
    assert demo.verified
    fixture = create_regress_fixture(from_run=demo.run_id, gait_bin=program)
    assert (fixture.run_id, fixture.fixture_dir) == ("run_demo", "fixtures/run_demo")
    with pytest.raises(GaitError):
        create_regress_fixture(from_run="run_none", gait_bin=program)
