"""Run sessions: every call that an adapter gates, recorded as one runpack."""

from __future__ import annotations

import contextlib
import logging
import platform
import sys
import threading
from collections.abc import Iterator, Mapping
from contextvars import ContextVar, Token
from datetime import datetime, timezone
from types import TracebackType
from typing import Any

from gait.client import DEFAULT_GAIT_BIN, GaitBin, PathText, record_runpack
from gait.jsonready import format_time, json_ready, recordable
from gait.models import (
    DEV_PRODUCER_VERSION,
    SCHEMA_VERSION,
    GateEvalResult,
    IntentRequest,
    RunAttempt,
    RunRecordCapture,
)

__all__ = ["RunSession", "get_active_run_session", "run_session"]

_log = logging.getLogger(__name__)

_active: ContextVar[RunSession | None] = ContextVar("gait_run_session", default=None)


def get_active_run_session() -> RunSession | None:
    """The session that collects calls here, if any."""
    return _active.get()


class RunSession:
    """Collects the calls of one run. As a context manager it is the active session and records the run at the end.

    The active session belongs to the context: `asyncio` tasks and `asyncio.to_thread` inherit it, threads that are
    started by other means enter `active()`. Threads can share a session.
    """

    def __init__(
        self,
        *,
        run_id: str,
        gait_bin: GaitBin = DEFAULT_GAIT_BIN,
        out_dir: PathText = "gait-out",
        cwd: PathText | None = None,
        capture_mode: str = "reference",
        include_raw_payload: bool = False,
        producer_version: str = DEV_PRODUCER_VERSION,
        context_evidence_mode: str | None = None,
        context_envelope: PathText | None = None,
    ) -> None:
        if not run_id.strip():
            raise ValueError("run_id is required")
        if capture_mode not in ("reference", "raw"):
            raise ValueError(f"unsupported capture_mode: {capture_mode} (expected reference or raw)")
        self.run_id = run_id
        self.gait_bin = gait_bin
        self.out_dir = out_dir
        self.cwd = cwd
        self.capture_mode = capture_mode
        self.producer_version = producer_version
        self.context_evidence_mode = context_evidence_mode
        self.context_envelope = context_envelope
        self._keeps_payloads = capture_mode == "raw" and include_raw_payload
        self._lock = threading.RLock()
        self._token: Token[RunSession | None] | None = None
        self._created_at = _now()
        self._timeline: list[dict[str, str]] = [{"event": "run_started", "ts": self._created_at}]
        self._attempts: list[RunAttempt] = []
        self._intents: list[dict[str, Any]] = []
        self._results: list[dict[str, Any]] = []
        self._receipts: list[dict[str, Any]] = []
        self._intent_args: dict[str, Any] = {}
        self._result_payloads: dict[str, Any] = {}
        self._context_set_digest: str | None = None
        self._evidence_mode: str | None = None
        self._context_refs: list[str] = []
        self._capture: RunRecordCapture | None = None
        self._record_input: dict[str, Any] | None = None

    @property
    def capture(self) -> RunRecordCapture | None:
        """The recorded runpack, once there is one."""
        return self._capture

    @property
    def record_input(self) -> dict[str, Any] | None:
        """What the runpack was recorded from, once it was."""
        return self._record_input

    @property
    def attempts(self) -> list[RunAttempt]:
        """The calls so far."""
        with self._lock:
            return list(self._attempts)

    def __enter__(self) -> RunSession:
        self._token = _active.set(self)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._token is not None:
            _active.reset(self._token)
            self._token = None
        try:
            self.finalize()
        except Exception as failure:
            if error is None:
                raise
            # What went wrong inside is what the caller must hear of.
            _log.warning("run %s could not be recorded: %s", self.run_id, failure)

    async def __aenter__(self) -> RunSession:
        return self.__enter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.__exit__(kind, error, traceback)

    @contextlib.contextmanager
    def active(self) -> Iterator[RunSession]:
        """Makes this the session that collects calls here, in a thread that did not inherit it."""
        token = _active.set(self)
        try:
            yield self
        finally:
            _active.reset(token)

    def ensure_open(self) -> None:
        """`RuntimeError` when the run was recorded already and could not hold another call."""
        if self._capture is not None or self._record_input is not None:
            raise RuntimeError("run session is already finalized")

    def record_attempt(
        self,
        *,
        intent: IntentRequest,
        decision: GateEvalResult,
        executed: bool,
        result: Any = None,
        error: str | None = None,
    ) -> RunAttempt:
        """Notes one call. A result that JSON has no place for is noted by its type."""
        with self._lock:
            self.ensure_open()
            intent_id = f"intent_{len(self._attempts) + 1:04d}"
            verdict = str(decision.verdict) if decision.verdict else None
            attempt = RunAttempt(
                intent_id=intent_id,
                tool_name=intent.tool_name,
                verdict=verdict or "unknown",
                executed=executed,
                status=_status(verdict, executed, error),
            )
            self._attempts.append(attempt)
            self._note_intent(intent_id, intent)
            self._note_result(attempt, decision, result, error)
            self._note_context(intent)
            return attempt

    def _note_intent(self, intent_id: str, intent: IntentRequest) -> None:
        record = self._record("gait.runpack.intent", intent_id=intent_id, tool_name=intent.tool_name)
        if intent.args_digest:
            record["args_digest"] = intent.args_digest
        args = recordable(intent.args)
        if self._keeps_payloads:
            record["args"] = args
        self._intents.append(record)
        self._intent_args[intent_id] = args
        self._timeline.append({"event": "intent_captured", "ts": _now(), "ref": intent_id})

    def _note_result(self, attempt: RunAttempt, decision: GateEvalResult, result: Any, error: str | None) -> None:
        intent_id = attempt.intent_id
        payload: dict[str, Any] = {
            "executed": attempt.executed,
            "verdict": attempt.verdict,
            "reason_codes": list(decision.reason_codes),
            "trace_id": decision.trace_id,
            "trace_path": decision.trace_path,
            "policy_digest": decision.policy_digest,
            "intent_digest": decision.intent_digest,
        }
        if error is not None:
            payload["error"] = error
        if result is not None:
            payload["result"] = recordable(result)
        record = self._record("gait.runpack.result", intent_id=intent_id, status=attempt.status)
        if self._keeps_payloads:
            record["result"] = payload
        self._results.append(record)
        self._result_payloads[intent_id] = payload
        self._receipts.append(self._receipt(intent_id, attempt, decision))
        self._timeline.append({"event": "result_captured", "ts": _now(), "ref": intent_id})

    def _receipt(self, intent_id: str, attempt: RunAttempt, decision: GateEvalResult) -> dict[str, Any]:
        return {
            "ref_id": f"trace_{intent_id}",
            "source_type": "gait.trace",
            "source_locator": decision.trace_path or f"trace://{decision.trace_id or intent_id}",
            "retrieved_at": _now(),
            "redaction_mode": self.capture_mode,
            "retrieval_params": {
                "verdict": attempt.verdict,
                "reason_codes": list(decision.reason_codes),
            },
        }

    def _note_context(self, intent: IntentRequest) -> None:
        context = intent.context
        self._context_set_digest = self._context_set_digest or context.context_set_digest
        self._evidence_mode = self._evidence_mode or context.context_evidence_mode
        self._context_refs = list(dict.fromkeys([*self._context_refs, *context.context_refs]))

    def _record(self, schema_id: str, **members: Any) -> dict[str, Any]:
        return {
            "schema_id": schema_id,
            "schema_version": SCHEMA_VERSION,
            "created_at": _now(),
            "producer_version": self.producer_version,
            "run_id": self.run_id,
            **members,
        }

    def finalize(self) -> RunRecordCapture:
        """Records the run, once; later calls give the same capture."""
        with self._lock:
            if self._capture is None:
                if self._record_input is None:
                    self._timeline.append({"event": "run_finished", "ts": _now()})
                    self._record_input = self._build_record_input()
                self._capture = record_runpack(
                    record_input=self._record_input,
                    gait_bin=self.gait_bin,
                    cwd=self.cwd,
                    out_dir=self.out_dir,
                    capture_mode=self.capture_mode,
                    context_evidence_mode=self.context_evidence_mode,
                    context_envelope=self.context_envelope,
                )
            return self._capture

    def _build_record_input(self) -> dict[str, Any]:
        run = self._record("gait.runpack.run", env=_environment(), timeline=list(self._timeline))
        refs = self._record("gait.runpack.refs", receipts=list(self._receipts))
        run["created_at"] = refs["created_at"] = self._created_at
        evidence: Mapping[str, Any] = {
            "context_set_digest": self._context_set_digest,
            "context_evidence_mode": self._evidence_mode,
            "context_ref_count": len(self._context_refs),
        }
        refs.update((name, value) for name, value in evidence.items() if value)
        record_input: dict[str, Any] = {
            "run": run,
            "intents": list(self._intents),
            "results": list(self._results),
            "refs": refs,
            "capture_mode": self.capture_mode,
        }
        if self._attempts:
            record_input["normalization"] = {
                "intent_args": dict(self._intent_args),
                "result_payloads": dict(self._result_payloads),
            }
        ready: dict[str, Any] = json_ready(record_input)
        return ready


def run_session(
    *,
    run_id: str,
    gait_bin: GaitBin = DEFAULT_GAIT_BIN,
    out_dir: PathText = "gait-out",
    cwd: PathText | None = None,
    capture_mode: str = "reference",
    include_raw_payload: bool = False,
    producer_version: str = DEV_PRODUCER_VERSION,
    context_evidence_mode: str | None = None,
    context_envelope: PathText | None = None,
) -> RunSession:
    """A session for one run; use it in a `with` statement. `ValueError` for a blank run id or an unknown mode."""
    return RunSession(
        run_id=run_id,
        gait_bin=gait_bin,
        out_dir=out_dir,
        cwd=cwd,
        capture_mode=capture_mode,
        include_raw_payload=include_raw_payload,
        producer_version=producer_version,
        context_evidence_mode=context_evidence_mode,
        context_envelope=context_envelope,
    )


def _status(verdict: str | None, executed: bool, error: str | None) -> str:
    if error is not None:
        return "error"
    if executed:
        return "ok"
    return verdict or "blocked"


def _environment() -> dict[str, str]:
    return {
        "os": platform.system().lower(),
        "arch": platform.machine(),
        "runtime": f"python{sys.version_info.major}.{sys.version_info.minor}",
    }


def _now() -> str:
    return format_time(datetime.now(timezone.utc))
