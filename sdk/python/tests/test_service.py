"""A gate behind HTTP."""

from __future__ import annotations

import asyncio
import json
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from conftest import intent_for

from gait import (
    CommandOptions,
    GaitCommandError,
    GateEnforcementError,
    GateService,
    IntentRequest,
    IntentScript,
    IntentScriptStep,
    ToolAdapter,
    evaluate_gate,
)


class Service(ThreadingHTTPServer):
    """Answers what it was told to, and keeps what it was asked."""

    status = 200
    answer = b""
    asked: list[tuple[str, dict[str, str], dict[str, Any]]]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Service

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append((self.path, dict(self.headers), json.loads(body)))
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(self.server.answer)))
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def service() -> Iterator[Service]:
    with Service() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def answer(**members: Any) -> bytes:
    return json.dumps({"ok": True, "verdict": "allow", "exit_code": 0} | members).encode()


def test_the_service_is_asked_for_the_same_call(service: Service) -> None:
    service.answer = answer()
    intent = intent_for("tool.ok")
    gate = GateService(service.url, token="s3cret", run_id="run_1")
    assert gate.evaluate(intent, trace_out="/t.json").permits
    assert asyncio.run(gate.aevaluate(intent)).permits
    path, headers, request = service.asked[0]
    document = intent.to_dict()
    assert (path, headers["Authorization"], headers["Content-Type"]) == (
        "/v1/evaluate",
        "Bearer s3cret",
        "application/json",
    )
    assert request == {
        "adapter": "mcp",
        "run_id": "run_1",
        "trace_path": "/t.json",
        "call": {name: document[name] for name in ("args", "targets", "context", "created_at")} | {"name": "tool.ok"},
    }
    assert "s3cret" not in repr(gate)


def test_scripts_are_sent_step_by_step(service: Service) -> None:
    service.answer = answer()
    intent = intent_for("script")
    intent.script = IntentScript([IntentScriptStep("a", {"n": 1})])
    GateService(service.url).evaluate(intent)
    assert service.asked[0][2]["call"]["script"] == {"steps": [{"name": "a", "args": {"n": 1}}]}


@pytest.mark.parametrize(
    "more",
    [{"skill_provenance": {"skill_name": "s"}}, {"context": {"context_set_digest": "1" * 64}}, {"x": 1}],
)
def test_what_the_service_would_not_see_is_refused(service: Service, more: dict[str, Any]) -> None:
    document = intent_for("tool.ok").to_dict()
    context = document["context"] | more.pop("context", {})
    with pytest.raises(GaitCommandError, match="takes no"):
        GateService(service.url).evaluate(IntentRequest.from_dict(document | more | {"context": context}))
    assert service.asked == []


@pytest.mark.parametrize(
    ("status", "verdict", "exit_code"), [(200, "block", 3), (403, "block", 3), (409, "dry_run", 0)]
)
def test_strict_statuses_are_verdicts_too(service: Service, status: int, verdict: str, exit_code: int) -> None:
    service.status, service.answer = status, answer(verdict=verdict, exit_code=exit_code)
    result = GateService(service.url).evaluate(intent_for("tool.ok"))
    assert (result.verdict, result.permits) == (verdict, False)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b""),
        (200, b"ok"),
        (200, b"[]"),
        (200, b'{"ok":true,"verdict":"allow"}'),
        (200, b'{"ok":true,"verdict":"allow","exit_code":1}'),
        (200, b'{"ok":true,"verdict":"block","verdict":"allow","exit_code":0}'),
        (201, answer()),
        (307, answer()),
        (400, b'{"ok":false,"error":"decode request: x"}'),
        (500, answer()),
        (503, b'{"ok":false,"error":"later","retryable":true}'),
    ],
)
def test_anything_but_an_answer_gets_no_verdict(service: Service, status: int, body: bytes) -> None:
    service.status, service.answer = status, body
    with pytest.raises(GaitCommandError):
        GateService(service.url).evaluate(intent_for("tool.ok"))


def test_a_service_that_is_not_there_lets_nothing_through(service: Service) -> None:
    gone = GateService("http://127.0.0.1:1", options=CommandOptions(timeout=1))
    for url in (gone, GateService("ftp://x"), GateService("nonsense"), GateService("http://127.0.0.1:bad")):
        adapter = ToolAdapter("p", evaluator=url)
        with pytest.raises(GaitCommandError):
            adapter.execute(intent=intent_for("tool.ok"), executor=lambda _: pytest.fail("executed"))
    service.answer = answer(verdict="block", exit_code=3)
    with pytest.raises(GateEnforcementError):
        ToolAdapter("p", evaluator=GateService(service.url)).execute(
            intent=intent_for("tool.ok"), executor=lambda _: pytest.fail("executed")
        )


@pytest.fixture
def served(program: str, policy: Path) -> Iterator[str]:
    """The URL of the real service."""
    command = [
        program,
        "mcp",
        "serve",
        "--policy",
        str(policy),
        "--listen",
        "127.0.0.1:0",
        "--json",
        "--log-level",
        "off",
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        yield f"http://{told['listen']}"
        process.terminate()


def scripted() -> IntentRequest:
    intent = intent_for("script")
    intent.args = {}
    intent.script = IntentScript([IntentScriptStep("tool.ok", {"n": 1}), IntentScriptStep("tool.ask", {})])
    return intent


def test_the_service_gives_the_verdicts_of_the_program(served: str, program: str, policy: Path) -> None:
    gate = GateService(served)
    for intent in (*map(intent_for, ("tool.ok", "tool.dry", "tool.ask", "tool.other")), scripted()):
        by_service = gate.evaluate(intent)
        by_program = evaluate_gate(policy_path=policy, intent=intent, gait_bin=program, trace_out="t.json")
        # The boundary does not name tokens that nobody presented; the verdict is the same.
        for member in ("verdict", "exit_code", "intent_digest", "policy_digest", "permits"):
            assert getattr(by_service, member) == getattr(by_program, member), (intent.tool_name, member)
        assert by_service.trace_path is not None
        assert Path(by_service.trace_path).exists()
    with pytest.raises(GaitCommandError, match="not allowed by server configuration"):
        gate.evaluate(intent_for("tool.ok"), trace_out="t.json")
