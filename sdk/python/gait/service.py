"""A gate behind HTTP: `gait mcp serve`."""

from __future__ import annotations

import asyncio
import http.client
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from gait.client import DEFAULT_OPTIONS, CommandOptions, PathText
from gait.errors import GaitCommandError
from gait.jsonready import dumps, loads_object
from gait.models import GateEvalResult, IntentRequest

__all__ = ["GateService"]

#: The largest answer that is read, in bytes.
MAX_ANSWER_BYTES = 16 << 20

#: Members of a context that the service takes from a call.
_CONTEXT_MEMBERS = (
    "identity",
    "workspace",
    "risk_class",
    "phase",
    "job_id",
    "session_id",
    "request_id",
    "auth_context",
    "credential_scopes",
    "environment_fingerprint",
)


@dataclass(slots=True, frozen=True)
class GateService:
    """A running decision service, for adapters in the place of the engine in this process.

    What a call can't carry to the service is refused before it is asked: a decision without it could be laxer.
    """

    url: str = "http://127.0.0.1:8787"
    token: str | None = field(default=None, repr=False)
    run_id: str | None = None
    options: CommandOptions = DEFAULT_OPTIONS

    def evaluate(self, intent: IntentRequest, *, trace_out: PathText | None = None) -> GateEvalResult:
        """Judges `intent`; the service leaves the signed trace. `GaitCommandError` when there is no verdict."""
        request: dict[str, Any] = {"adapter": "mcp", "call": _call_of(intent.to_dict())}
        if self.run_id:
            request["run_id"] = self.run_id
        if trace_out is not None:
            request["trace_path"] = os.fspath(trace_out)
        status, body = self._post("/v1/evaluate", dumps(request).encode())
        answer = loads_object(body)
        if answer is None:
            raise self._failure("failed to parse JSON from the gait service", body)
        exit_code = answer.get("exit_code")
        if status not in (200, 403, 409) or exit_code not in (0, 3, 4):
            said = answer.get("error")
            raise self._failure(str(said) if said else f"gait service answered with status {status}", body, answer)
        return GateEvalResult.from_dict(answer, exit_code)

    async def aevaluate(self, intent: IntentRequest, *, trace_out: PathText | None = None) -> GateEvalResult:
        """`evaluate` without keeping the event loop from other work."""
        return await asyncio.to_thread(self.evaluate, intent, trace_out=trace_out)

    def _post(self, path: str, body: bytes) -> tuple[int, bytes]:
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise self._failure(f"not the URL of a service: {self.url}", b"")
        make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        try:
            connection = make(parts.hostname, parts.port, timeout=self.options.timeout)
            try:
                connection.request("POST", parts.path.rstrip("/") + path, body, headers)
                response = connection.getresponse()
                answer = response.read(MAX_ANSWER_BYTES + 1)
            finally:
                connection.close()
        except TimeoutError as error:
            raise self._failure("gait service timed out", b"") from error
        except (OSError, ValueError, http.client.HTTPException) as error:
            raise self._failure(f"gait service cannot be reached: {error}", b"") from error
        if len(answer) > MAX_ANSWER_BYTES:
            raise self._failure("gait service answered with too much", b"")
        return response.status, answer

    def _failure(self, message: str, body: bytes, payload: Mapping[str, Any] | None = None) -> GaitCommandError:
        text = body.decode("utf-8", "replace")
        return GaitCommandError(message, command=[self.url], exit_code=-1, stdout=text, payload=payload)


def _call_of(intent: Mapping[str, Any]) -> dict[str, Any]:
    """The call that the service turns into this intent again."""
    context = dict(intent["context"])
    call: dict[str, Any] = {
        "name": intent["tool_name"],
        "created_at": intent["created_at"],
        "context": {name: context.pop(name) for name in _CONTEXT_MEMBERS if name in context},
    }
    _refuse_rest("context", context)
    rest = dict(intent)
    for name in ("schema_id", "schema_version", "producer_version", "tool_name", "created_at", "context"):
        rest.pop(name, None)
    for name in ("args_digest", "intent_digest", "script_hash"):
        rest.pop(name, None)
    for name in ("args", "targets", "arg_provenance", "delegation"):
        if name in rest:
            call[name] = rest.pop(name)
    script = rest.pop("script", None)
    if script is not None:
        call["script"] = {"steps": [_step(step) for step in script["steps"]]}
    _refuse_rest("intent", rest)
    return call


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    return {("name" if name == "tool_name" else name): value for name, value in step.items()}


def _refuse_rest(where: str, rest: Mapping[str, Any]) -> None:
    if rest:
        names = ", ".join(sorted(rest))
        raise GaitCommandError(f"the gait service takes no {where} members {names}")
