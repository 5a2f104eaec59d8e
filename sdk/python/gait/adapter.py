"""Runs tools behind the gate: a tool runs when the verdict is `allow`, and never otherwise."""

from __future__ import annotations

import asyncio
import inspect
import logging
import threading
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Protocol

from gait.client import (
    DEFAULT_GAIT_BIN,
    DEFAULT_OPTIONS,
    CommandOptions,
    GaitBin,
    PathText,
    capture_demo_runpack,
    create_regress_fixture,
    evaluate_gate,
    retrying,
    runs_in_process,
)
from gait.engine import Gate
from gait.errors import GateEnforcementError
from gait.models import (
    AdapterOutcome,
    DemoCapture,
    GateEvalResult,
    IntentRequest,
    RegressInitResult,
    Verdict,
)
from gait.session import RunSession, get_active_run_session

__all__ = ["Evaluator", "GateEnforcementError", "ToolAdapter", "result_of"]

_log = logging.getLogger(__name__)


class Evaluator(Protocol):
    """What can judge calls for an adapter: a `Gate`, a `GateService`, or one of the caller's own."""

    def evaluate(self, intent: IntentRequest, *, trace_out: PathText | None = None) -> GateEvalResult:
        """Judges `intent` and leaves a signed trace, or raises."""
        ...


class ToolAdapter:
    """A gate with its policy and keys, and the tools behind it.

    Where the engine is in this process it is loaded once and stays; `evaluator` puts another in its place. `flags` are
    further flags of `gait gate eval`.
    """

    def __init__(  # noqa: PLR0917 - callers may give them by position
        self,
        policy_path: PathText,
        gait_bin: GaitBin = DEFAULT_GAIT_BIN,
        key_mode: str = "dev",
        private_key: PathText | None = None,
        private_key_env: str | None = None,
        approval_public_key: PathText | None = None,
        approval_public_key_env: str | None = None,
        approval_private_key: PathText | None = None,
        approval_private_key_env: str | None = None,
        approval_token: PathText | None = None,
        delegation_token: PathText | None = None,
        delegation_token_chain: Sequence[PathText] | None = None,
        delegation_public_key: PathText | None = None,
        delegation_public_key_env: str | None = None,
        delegation_private_key: PathText | None = None,
        delegation_private_key_env: str | None = None,
        *,
        flags: Sequence[str] = (),
        options: CommandOptions = DEFAULT_OPTIONS,
        evaluator: Evaluator | None = None,
    ) -> None:
        self.policy_path = policy_path
        self.gait_bin = gait_bin
        self.key_mode = key_mode
        self.private_key = private_key
        self.private_key_env = private_key_env
        self.approval_public_key = approval_public_key
        self.approval_public_key_env = approval_public_key_env
        self.approval_private_key = approval_private_key
        self.approval_private_key_env = approval_private_key_env
        self.approval_token = approval_token
        self.delegation_token = delegation_token
        self.delegation_token_chain = delegation_token_chain
        self.delegation_public_key = delegation_public_key
        self.delegation_public_key_env = delegation_public_key_env
        self.delegation_private_key = delegation_private_key
        self.delegation_private_key_env = delegation_private_key_env
        self.flags = list(flags)
        self.options = options
        self.evaluator = evaluator
        self._resident: tuple[dict[str, Any], Gate] | None = None
        self._opening = threading.Lock()

    def gate_intent(
        self,
        *,
        intent: IntentRequest,
        cwd: PathText | None = None,
        trace_out: PathText | None = None,
    ) -> GateEvalResult:
        """Judges `intent` and leaves a signed trace; `GaitCommandError` when there is no verdict."""
        if self.evaluator is not None:
            evaluator = self.evaluator
            return retrying(self.options, lambda: evaluator.evaluate(intent, trace_out=trace_out))
        if runs_in_process(self.gait_bin, cwd):
            gate = self._resident_gate()
            return retrying(self.options, lambda: gate.evaluate(intent, trace_out=trace_out))
        return evaluate_gate(
            intent=intent,
            gait_bin=self.gait_bin,
            cwd=cwd,
            trace_out=trace_out,
            options=self.options,
            **self._settings(),
        )

    async def agate_intent(
        self,
        *,
        intent: IntentRequest,
        cwd: PathText | None = None,
        trace_out: PathText | None = None,
    ) -> GateEvalResult:
        """`gate_intent` without keeping the event loop from other work."""
        return await asyncio.to_thread(self.gate_intent, intent=intent, cwd=cwd, trace_out=trace_out)

    def execute(
        self,
        *,
        intent: IntentRequest,
        executor: Callable[[IntentRequest], Any],
        cwd: PathText | None = None,
        trace_out: PathText | None = None,
    ) -> AdapterOutcome:
        """Runs `executor` if the gate allows it.

        A dry run is reported and not executed; every other verdict raises `GateEnforcementError`. What kept the gate
        from deciding is raised as it is, and so is what the executor raises.
        """
        session = _open_session()
        decision = self.gate_intent(intent=intent, cwd=cwd, trace_out=trace_out)
        if not decision.permits:
            return _withhold(session, intent, decision)
        try:
            result = executor(intent)
        except BaseException as error:
            _note(session, intent, decision, executed=True, error=_text_of(error))
            raise
        _note(session, intent, decision, executed=True, result=result)
        return AdapterOutcome(decision=decision, executed=True, result=result)

    async def aexecute(
        self,
        *,
        intent: IntentRequest,
        executor: Callable[[IntentRequest], Awaitable[Any] | Any],
        cwd: PathText | None = None,
        trace_out: PathText | None = None,
    ) -> AdapterOutcome:
        """`execute` for executors that are awaited; the result is what awaiting gave."""
        session = _open_session()
        decision = await self.agate_intent(intent=intent, cwd=cwd, trace_out=trace_out)
        if not decision.permits:
            return _withhold(session, intent, decision)
        try:
            result = executor(intent)
            if inspect.isawaitable(result):
                result = await result
        except BaseException as error:
            _note(session, intent, decision, executed=True, error=_text_of(error))
            raise
        _note(session, intent, decision, executed=True, result=result)
        return AdapterOutcome(decision=decision, executed=True, result=result)

    def capture_runpack(self, *, cwd: PathText | None = None) -> DemoCapture:
        """Records the demonstration."""
        return capture_demo_runpack(gait_bin=self.gait_bin, cwd=cwd, options=self.options)

    def create_regression_fixture(self, *, from_run: str, cwd: PathText | None = None) -> RegressInitResult:
        """Makes a regression fixture from a run id or a runpack."""
        return create_regress_fixture(from_run=from_run, gait_bin=self.gait_bin, cwd=cwd, options=self.options)

    def _settings(self) -> dict[str, Any]:
        return {
            "policy_path": self.policy_path,
            "key_mode": self.key_mode,
            "private_key": self.private_key,
            "private_key_env": self.private_key_env,
            "approval_public_key": self.approval_public_key,
            "approval_public_key_env": self.approval_public_key_env,
            "approval_private_key": self.approval_private_key,
            "approval_private_key_env": self.approval_private_key_env,
            "approval_token": self.approval_token,
            "delegation_token": self.delegation_token,
            "delegation_token_chain": self.delegation_token_chain,
            "delegation_public_key": self.delegation_public_key,
            "delegation_public_key_env": self.delegation_public_key_env,
            "delegation_private_key": self.delegation_private_key,
            "delegation_private_key_env": self.delegation_private_key_env,
            "flags": list(self.flags),
        }

    def _resident_gate(self) -> Gate:
        """The loaded gate; loaded anew when a setting of this adapter was changed."""
        settings = self._settings()
        with self._opening:
            if self._resident is None or self._resident[0] != settings:
                self._resident = (settings, Gate(**settings))
            return self._resident[1]


def result_of(outcome: AdapterOutcome) -> Any:
    """What the tool gave; `GateEnforcementError` when it was not executed, for callers that need a result."""
    if not outcome.executed:
        raise GateEnforcementError(outcome.decision)
    return outcome.result


def _open_session() -> RunSession | None:
    """The active session. A call that could not be recorded must not run, so it is looked at first."""
    session = get_active_run_session()
    if session is not None:
        session.ensure_open()
    return session


def _withhold(session: RunSession | None, intent: IntentRequest, decision: GateEvalResult) -> AdapterOutcome:
    """What becomes of a call that the gate did not allow."""
    _note(session, intent, decision, executed=False)
    if decision.ok and decision.verdict == Verdict.DRY_RUN:
        return AdapterOutcome(decision=decision, executed=False)
    raise GateEnforcementError(decision)


def _note(
    session: RunSession | None,
    intent: IntentRequest,
    decision: GateEvalResult,
    *,
    executed: bool,
    result: Any = None,
    error: str | None = None,
) -> None:
    """Records the attempt. What the tool did is done, so nothing that happens here may hide it."""
    if session is None:
        return
    try:
        session.record_attempt(intent=intent, decision=decision, executed=executed, result=result, error=error)
    except Exception as failure:
        _log.warning("a call of %s could not be recorded: %s", intent.tool_name, failure)


def _text_of(error: BaseException) -> str:
    return str(error) or type(error).__name__
