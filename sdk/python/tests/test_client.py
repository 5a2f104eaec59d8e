"""The commands that are issued, and what is made of their answers."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from conftest import intent_for

from gait import (
    CommandOptions,
    GaitCommandError,
    GaitError,
    capture_demo_runpack,
    capture_intent,
    client,
    create_regress_fixture,
    evaluate_gate,
    program_version,
    read_trace,
    record_runpack,
    write_trace,
)


def entries(member: str) -> list[Any]:
    lines = Path("commands.jsonl").read_text().splitlines()
    return [entry[member] for entry in map(json.loads, lines) if member in entry]


def test_the_gate_is_asked_with_every_argument_in_order(fake: list[str]) -> None:
    intent = intent_for("tool.ok")
    result = evaluate_gate(
        policy_path="p.yaml",
        intent=intent,
        gait_bin=fake,
        trace_out="t.json",
        key_mode="prod",
        approval_token="a.json",
        delegation_token="d.json",
        delegation_token_chain=["x", Path("y")],
        private_key="k",
        private_key_env="",
        approval_public_key="ap",
        approval_public_key_env="APE",
        approval_private_key="as",
        approval_private_key_env="ASE",
        delegation_public_key="dp",
        delegation_public_key_env="DPE",
        delegation_private_key="ds",
        delegation_private_key_env="DSE",
        flags=["--profile", "oss-prod"],
    )
    (command,) = entries("command")
    assert command[4] == "--intent"
    assert Path(command[5]).name == "intent.json"
    assert not Path(command[5]).exists()
    assert (
        command[:4] + command[6:]
        == (
            "gate eval --policy p.yaml --key-mode prod --json --trace-out t.json --approval-token a.json"
            " --delegation-token d.json --delegation-token-chain x,y --private-key k --approval-public-key ap"
            " --approval-public-key-env APE --approval-private-key as --approval-private-key-env ASE"
            " --delegation-public-key dp --delegation-public-key-env DPE --delegation-private-key ds"
            " --delegation-private-key-env DSE --profile oss-prod"
        ).split()
    )
    assert entries("intent") == [intent.to_dict()]
    assert result.permits


def test_what_was_not_given_is_not_passed_on(fake: list[str]) -> None:
    evaluate_gate(policy_path="p.yaml", intent=intent_for("tool.ok"), gait_bin=fake, delegation_token_chain=[])
    (command,) = entries("command")
    assert command[6:] == ["--key-mode", "dev", "--json"]


@pytest.mark.parametrize(
    ("verdict", "exit_code"), [("allow", 0), ("dry_run", 0), ("block", 3), ("require_approval", 4)]
)
def test_every_verdict_is_an_answer(
    fake: list[str], monkeypatch: pytest.MonkeyPatch, verdict: str, exit_code: int
) -> None:
    monkeypatch.setenv("FAKE_GAIT_VERDICT", verdict)
    result = evaluate_gate(policy_path="p", intent=intent_for("tool.ok"), gait_bin=fake)
    assert (result.verdict, result.exit_code, result.permits) == (verdict, exit_code, verdict == "allow")


ERROR = {"ok": False, "error": "busy", "error_code": "lock", "error_category": "contention", "correlation_id": "c"}


def test_an_error_keeps_what_the_engine_said(fake: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_GAIT_ANSWER", json.dumps(ERROR | {"retryable": True, "hint": "wait"}))
    monkeypatch.setenv("FAKE_GAIT_EXITS", "1")
    with pytest.raises(GaitCommandError, match="^busy$") as caught:
        evaluate_gate(policy_path="p", intent=intent_for("tool.ok"), gait_bin=fake)
    error = caught.value
    assert (error.exit_code, error.error_code, error.error_category) == (1, "lock", "contention")
    assert (error.retryable, error.correlation_id, error.hint) == (True, "c", "wait")
    assert error.command[: len(fake)] == fake


def test_only_what_may_succeed_later_is_tried_again(fake: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    options = CommandOptions(retries=2, retry_delay=0)
    monkeypatch.setenv("FAKE_GAIT_EXITS", "1,1,0")
    for retryable, tries in ((True, 3), (False, 1)):
        Path("commands.jsonl").unlink(missing_ok=True)
        monkeypatch.setenv("FAKE_GAIT_ANSWER", json.dumps(ERROR | {"retryable": retryable}))
        if retryable:
            result = evaluate_gate(policy_path="p", intent=intent_for("t"), gait_bin=fake, options=options)
            assert not result.permits
        else:
            with pytest.raises(GaitCommandError):
                evaluate_gate(policy_path="p", intent=intent_for("t"), gait_bin=fake, options=options)
        assert len(entries("command")) == tries


@pytest.mark.parametrize("answer", ["", "[]", "verdict: allow", '{"ok":true,"ok":true}', '{"ok":true}{}'])
def test_what_is_no_answer_is_an_error(fake: list[str], monkeypatch: pytest.MonkeyPatch, answer: str) -> None:
    monkeypatch.setenv("FAKE_GAIT_ANSWER", answer)
    with pytest.raises(GaitCommandError, match="failed to parse JSON from gait gate eval"):
        evaluate_gate(policy_path="p", intent=intent_for("tool.ok"), gait_bin=fake)
    with pytest.raises(GaitCommandError, match="failed to parse JSON from gait demo"):
        capture_demo_runpack(gait_bin=fake)


def test_a_missing_program_is_told_apart_from_a_missing_directory(tmp_path: Path) -> None:
    with pytest.raises(GaitCommandError, match="binary not found.*gait_bin") as caught:
        capture_demo_runpack(gait_bin="no-such-gait")
    assert caught.value.exit_code == 127
    for gait_bin in ("no-such-gait", "gait"):
        with pytest.raises(GaitCommandError, match="cwd not found: .*/nowhere") as caught:
            capture_demo_runpack(gait_bin=gait_bin, cwd=tmp_path / "nowhere")
        assert caught.value.exit_code == -1


def test_a_program_that_cannot_be_run_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "gait").write_text("no program")
    with pytest.raises(GaitCommandError, match="cannot be run") as caught:
        capture_demo_runpack(gait_bin=str(tmp_path / "gait"))
    assert caught.value.exit_code == 126


@pytest.mark.parametrize("gait_bin", ["", [], [""]])
def test_a_program_must_be_named(gait_bin: str | list[str]) -> None:
    with pytest.raises(GaitError, match="name a program"):
        capture_demo_runpack(gait_bin=gait_bin)


def test_a_time_out_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: object, **options: Any) -> None:
        raise subprocess.TimeoutExpired("gait", options["timeout"], output=b"par", stderr="t")

    monkeypatch.setattr("gait.client.subprocess.run", never)
    with pytest.raises(GaitCommandError, match="gait command timed out") as caught:
        evaluate_gate(policy_path="p", intent=intent_for("t"), options=CommandOptions(timeout=0.1))
    assert (caught.value.exit_code, caught.value.stdout, caught.value.stderr) == (-1, "par", "t")


def test_options_make_sense() -> None:
    for options in ({"timeout": 0.0}, {"retries": -1}, {"retry_delay": -1.0}):
        with pytest.raises(ValueError, match="timeout"):
            CommandOptions(**options)


def test_the_environment_names_the_program(fake: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = tmp_path / "wrapped"
    script.write_text(f'#!/bin/sh\nexec {fake[0]} {fake[1]} "$@"\n')
    script.chmod(0o755)
    monkeypatch.setenv("GAIT_BIN", str(script))
    assert evaluate_gate(policy_path="p", intent=intent_for("t")).trace_id == "t1"
    assert program_version() == "9.9.9"
    with pytest.raises(GaitError, match=r"version 9\.9\.9"):
        evaluate_gate(policy_path="p", intent=intent_for("t"), options=CommandOptions(check_version=True))


def test_replacing_the_runner_takes_over(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def run(command: list[str], *, cwd: str | None) -> client._CommandResult:
        seen.append(command)
        return client._CommandResult(command, 3, '{"ok": true, "verdict": "block"}', "")

    monkeypatch.setattr("gait.client._run_command", run)
    assert evaluate_gate(policy_path="p", intent=intent_for("t")).verdict == "block"
    assert seen[0][:3] == ["gait", "gate", "eval"]


def test_captures_name_what_was_made(fake: list[str]) -> None:
    demo = capture_demo_runpack(gait_bin=fake)
    assert (demo.run_id, demo.bundle_path, demo.verified) == ("run_demo", "b.zip", True)
    fixture = create_regress_fixture(from_run="run_x", gait_bin=fake)
    assert (fixture.run_id, fixture.fixture_path, fixture.next_commands) == ("run_x", Path("fixtures/run_x"), ["n"])
    record_runpack(record_input={"run": {}}, gait_bin=fake, context_evidence_mode="required", context_envelope="e.json")
    record_runpack(record_input={"run": {}}, gait_bin=fake, capture_mode="raw", out_dir="o")
    commands = [[word for word in command if "/" not in word] for command in entries("command")]
    assert commands[1:] == [
        ["regress", "init", "--from", "run_x", "--json"],
        "run record --input --out-dir gait-out --capture-mode reference --json".split()
        + "--context-evidence-mode required --context-envelope e.json".split(),
        "run record --input --out-dir o --capture-mode raw --json --unsafe-context-raw".split(),
    ]
    with pytest.raises(GaitError, match="unsupported capture_mode"):
        record_runpack(record_input={}, gait_bin=["never"], capture_mode="full")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ('{"ok": false}', "gait demo returned ok=false"),
        ('{"ok": "yes", "run_id": "r", "bundle": "b"}', "gait demo returned ok=false"),
        ('{"ok": true, "run_id": "r"}', "missing run_id or bundle"),
    ],
)
def test_half_an_answer_is_no_capture(
    fake: list[str], monkeypatch: pytest.MonkeyPatch, answer: str, message: str
) -> None:
    monkeypatch.setenv("FAKE_GAIT_ANSWER", answer)
    with pytest.raises(GaitError, match=message):
        capture_demo_runpack(gait_bin=fake)


def test_traces_are_copied_and_read(tmp_path: Path) -> None:
    trace = tmp_path / "t.json"
    with pytest.raises(GaitError, match="trace file not found"):
        write_trace(trace_path=trace, destination_path="x.json")
    for text in ("[]", '{"schema_id": "other"}', "{"):
        trace.write_text(text)
        with pytest.raises(GaitError, match="unexpected trace schema_id"):
            write_trace(trace_path=trace, destination_path="x.json")
    trace.write_text('{"schema_id": "gait.gate.trace"}')
    copy = write_trace(trace_path=trace, destination_path=tmp_path / "deep" / "copy.json")
    assert copy.read_text() == trace.read_text()
    assert copy.stat().st_mtime == trace.stat().st_mtime
    with pytest.raises(KeyError):
        read_trace(copy)


def test_arguments_are_copied() -> None:
    args = {"a": 1}
    intent = capture_intent(tool_name="t", args=args, context=intent_for("t").context)
    args["a"] = 2
    assert intent.args == {"a": 1}
