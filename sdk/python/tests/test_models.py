"""Reading and writing documents loses nothing and guesses nothing."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import pytest
from conftest import ROOT, intent_for
from hypothesis import given
from hypothesis import strategies as st

from gait import GateEvalResult, IntentRequest, TraceRecord, Verdict
from gait.jsonready import format_time, json_ready, loads_object, recordable
from gait.models import parse_time

TESTDATA = ROOT / "core" / "schema" / "testdata"


def example(name: str) -> dict[str, object]:
    document: dict[str, object] = json.loads((TESTDATA / name).read_text())
    return document


def test_the_example_intent_is_read_and_written_as_it_is() -> None:
    document = example("gate_intent_request_valid.json")
    assert IntentRequest.from_dict(document).to_dict() == document


def test_the_example_trace_is_read() -> None:
    trace = TraceRecord.from_dict(example("gate_trace_record_valid.json"))
    assert (trace.trace_id, trace.verdict) == ("trace_1", "allow")
    with pytest.raises(KeyError):
        TraceRecord.from_dict({"schema_id": "gait.gate.trace"})


def test_what_nobody_knows_here_survives_a_round_trip() -> None:
    context = {"identity": "a", "workspace": "/w", "risk_class": "low", "job_id": "j", "phase": "plan"}
    link = {"delegator_identity": "lead", "delegate_identity": "a", "issued_at": "2026-01-01T00:00:00Z"}
    document = {
        **example("gate_intent_request_valid.json"),
        "created_at": "2026-03-01T02:00:00.123456789+02:00",
        "skill_provenance": {"skill_name": "s"},
        "relationship": {"parent_record_id": "p"},
        "context": context | {"sandbox": {"enabled": True}, "agent_id": "bot"},
        "targets": [{"kind": "path", "value": "/a", "endpoint_class": "fs.write", "destructive": True}],
        "delegation": {"requester_identity": "a", "chain": [link], "issued_at": "2026-01-01T00:00:00Z"},
        "script": {"steps": [{"tool_name": "t", "args": {}, "note": 1}], "title": "x"},
    }
    intent = IntentRequest.from_dict(document)
    assert intent.to_dict() == document
    assert (intent.context.job_id, intent.context.phase) == ("j", "plan")
    intent.created_at += timedelta(seconds=1)
    assert intent.to_dict()["created_at"] == "2026-03-01T00:00:01.123456Z"


@pytest.mark.parametrize("missing", ["created_at", "tool_name", "context"])
def test_what_an_intent_needs_is_missed(missing: str) -> None:
    document = example("gate_intent_request_valid.json")
    del document[missing]
    with pytest.raises(KeyError):
        IntentRequest.from_dict(document)


def test_a_result_keeps_all_that_the_engine_said() -> None:
    payload = {"ok": True, "verdict": "allow", "kill_switch": {"status": "inactive"}, "correlation_id": "c"}
    result = GateEvalResult.from_dict(payload, exit_code=0)
    assert result.verdict is Verdict.ALLOW
    assert f"{result.verdict} {result.verdict!s}" == "allow allow"
    assert result.permits
    assert result.raw == payload
    assert result.correlation_id == "c"


@pytest.mark.parametrize(
    ("payload", "exit_code"),
    [
        ({}, 0),
        ({"verdict": "allow"}, 0),
        ({"ok": "true", "verdict": "allow"}, 0),
        ({"ok": 1, "verdict": "allow"}, 0),
        ({"ok": True, "verdict": "ALLOW"}, 0),
        ({"ok": True, "verdict": "allow "}, 0),
        ({"ok": True, "verdict": ["allow"]}, 0),
        ({"ok": True, "verdict": "allow"}, 3),
        ({"ok": True, "verdict": "allow", "simulate_mode": True}, 0),
        ({"ok": True, "verdict": "dry_run"}, 0),
    ],
)
def test_nothing_but_a_plain_allow_permits(payload: dict[str, object], exit_code: int) -> None:
    assert not GateEvalResult.from_dict(payload, exit_code).permits


class Model:
    def model_dump(self) -> dict[str, object]:
        return {"when": datetime(2026, 1, 1, tzinfo=timezone.utc), "where": Path("/a")}


def test_payloads_become_json() -> None:
    assert json_ready({1: (Model(), Verdict.BLOCK, None, 1.5)}) == {
        "1": [{"when": "2026-01-01T00:00:00Z", "where": "/a"}, "block", None, 1.5]
    }


@pytest.mark.parametrize("value", [{1, 2}, frozenset(), object(), b"x", Decimal(1), {1: 0, "1": 0}])
def test_what_has_no_place_in_json_is_refused(value: object) -> None:
    with pytest.raises(TypeError):
        json_ready({"x": value})


@pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
def test_numbers_that_json_does_not_have_are_refused(number: float) -> None:
    intent = intent_for("tool.ok")
    intent.args = {"n": [number]}
    with pytest.raises(ValueError, match="no number"):
        intent.to_dict()


def test_cycles_end() -> None:
    cycle: list[object] = []
    cycle.append(cycle)
    with pytest.raises(ValueError, match="nested"):
        json_ready(cycle)
    assert recordable(cycle)["unrecordable_type"] == "list"


@pytest.mark.parametrize("text", ["", "[]", "1", "{", '{"a":1,"a":2}', '{"a":NaN}', "{}{}", "[" * 100000])
def test_anything_but_one_plain_object_is_no_answer(text: str) -> None:
    assert loads_object(text) is None


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(st.dictionaries(st.text(), JSON, max_size=4), st.dictionaries(st.text(min_size=1), JSON, max_size=3))
def test_any_intent_survives_a_round_trip(args: dict[str, object], more: dict[str, object]) -> None:
    document = {**more, **example("gate_intent_request_valid.json"), "args": args}
    for name in ("delegation", "script", "arg_provenance", "intent_digest", "script_hash"):
        document.pop(name, None)
    assert IntentRequest.from_dict(document).to_dict() == document


@given(st.datetimes(timezones=st.timezones() | st.just(timezone.utc)))
def test_times_keep_their_instant(moment: datetime) -> None:
    try:
        text = format_time(moment)
    except OverflowError:
        return
    assert parse_time(text) == moment.astimezone(timezone.utc)
