"""LangChain agents behind the gate: a middleware that judges every tool call before it runs."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gait.adapter import ToolAdapter, result_of
from gait.client import PathText, capture_intent
from gait.errors import GateEnforcementError
from gait.framework import context_from, file_word, member
from gait.models import (
    DEV_PRODUCER_VERSION,
    AdapterOutcome,
    GateEvalResult,
    IntentContext,
    IntentRequest,
    LangChainDecisionMetadata,
)
from gait.session import get_active_run_session

if TYPE_CHECKING:
    from langchain.agents.middleware import AgentMiddleware, ToolCallRequest
    from langchain_core.callbacks import BaseCallbackHandler
    from langchain_core.messages import ToolMessage
    from langgraph.types import Command

    _Middleware = AgentMiddleware[Any, Any, Any]
    _ToolResult = ToolMessage | Command[Any]
    _LANGCHAIN_IMPORT_ERROR: ImportError | None = None
else:
    try:
        from langchain.agents.middleware import AgentMiddleware as _Middleware

        _LANGCHAIN_IMPORT_ERROR = None
    except ImportError as error:
        _Middleware = object
        _LANGCHAIN_IMPORT_ERROR = error
    try:
        from langchain_core.callbacks import BaseCallbackHandler
    except ImportError:
        BaseCallbackHandler = object

__all__ = ["GaitLangChainCallbackHandler", "GaitLangChainMiddleware"]

ContextFactory = Callable[["ToolCallRequest"], IntentContext]
IntentFactory = Callable[["ToolCallRequest"], IntentRequest]
TracePathFactory = Callable[["ToolCallRequest"], PathText | None]


class GaitLangChainCallbackHandler(BaseCallbackHandler):
    """Collects what the middleware decided, and passes it on to `sink`."""

    def __init__(self, *, sink: Callable[[LangChainDecisionMetadata], object] | None = None) -> None:
        super().__init__()
        self.events: list[LangChainDecisionMetadata] = []
        self._sink = sink

    def on_gait_decision(self, metadata: LangChainDecisionMetadata) -> None:
        """Called after each decision; `executed` says whether the tool ran."""
        self.events.append(metadata)
        if self._sink is not None:
            self._sink(metadata)


class GaitLangChainMiddleware(_Middleware):
    """Judges every tool call of an agent. What is not allowed raises `GateEnforcementError`, a dry run too."""

    def __init__(
        self,
        adapter: ToolAdapter,
        *,
        context_factory: ContextFactory | None = None,
        intent_factory: IntentFactory | None = None,
        cwd: PathText | None = None,
        trace_dir: PathText | None = None,
        trace_path_factory: TracePathFactory | None = None,
        callback_handler: Any = None,
        producer_version: str = DEV_PRODUCER_VERSION,
    ) -> None:
        if _LANGCHAIN_IMPORT_ERROR is not None:
            raise ImportError(
                "LangChain integration requires optional dependencies; install gait[langchain]"
            ) from _LANGCHAIN_IMPORT_ERROR
        super().__init__()
        self._gate = ToolCallGate(
            adapter,
            context_factory=context_factory,
            intent_factory=intent_factory,
            cwd=cwd,
            trace_dir=trace_dir,
            trace_path_factory=trace_path_factory,
            callback_handler=callback_handler,
            producer_version=producer_version,
        )

    def wrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], _ToolResult]
    ) -> _ToolResult:
        """Runs `handler` if the gate allows the call."""
        result: _ToolResult = self._gate.run(request, handler)
        return result

    async def awrap_tool_call(
        self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[_ToolResult]]
    ) -> _ToolResult:
        """Runs and awaits `handler` if the gate allows the call."""
        result: _ToolResult = await self._gate.arun(request, handler)
        return result


class ToolCallGate:
    """From a tool call of LangChain or LangGraph to an intent, a decision and, if allowed, a result."""

    def __init__(
        self,
        adapter: ToolAdapter,
        *,
        context_factory: ContextFactory | None = None,
        intent_factory: IntentFactory | None = None,
        cwd: PathText | None = None,
        trace_dir: PathText | None = None,
        trace_path_factory: TracePathFactory | None = None,
        callback_handler: Any = None,
        producer_version: str = DEV_PRODUCER_VERSION,
    ) -> None:
        self.adapter = adapter
        self.context_factory = context_factory
        self.intent_factory = intent_factory
        self.cwd = cwd
        self.trace_dir = trace_dir
        self.trace_path_factory = trace_path_factory
        self.callback_handler = callback_handler
        self.producer_version = producer_version

    def run(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Any]) -> Any:
        """Runs `handler` if the gate allows the call."""
        intent = self.intent_of(request)
        try:
            outcome = self.adapter.execute(
                intent=intent,
                executor=lambda _: handler(request),
                cwd=self.cwd,
                trace_out=self._trace_path(request),
            )
        except GateEnforcementError as refusal:
            self._report(request, intent, refusal.decision, executed=False)
            raise
        return self._result(request, intent, outcome)

    async def arun(self, request: ToolCallRequest, handler: Callable[[ToolCallRequest], Awaitable[Any]]) -> Any:
        """Runs and awaits `handler` if the gate allows the call."""
        intent = self.intent_of(request)
        try:
            outcome = await self.adapter.aexecute(
                intent=intent,
                executor=lambda _: handler(request),
                cwd=self.cwd,
                trace_out=self._trace_path(request),
            )
        except GateEnforcementError as refusal:
            self._report(request, intent, refusal.decision, executed=False)
            raise
        return self._result(request, intent, outcome)

    def _result(self, request: ToolCallRequest, intent: IntentRequest, outcome: AdapterOutcome) -> Any:
        self._report(request, intent, outcome.decision, executed=outcome.executed)
        return result_of(outcome)

    def intent_of(self, request: ToolCallRequest) -> IntentRequest:
        """The intent for a tool call. `ValueError` or `TypeError` when the call is not one."""
        if self.intent_factory is not None:
            return self.intent_factory(request)
        name = request.tool_call.get("name")
        args = request.tool_call.get("args")
        if not isinstance(name, str) or not name.strip():
            raise ValueError("tool_call.name must be a non-empty string")
        if not isinstance(args, Mapping):
            raise TypeError("tool_call.args must be a mapping")
        context = self.context_factory(request) if self.context_factory else _default_context(request)
        return capture_intent(tool_name=name, args=args, context=context, producer_version=self.producer_version)

    def _trace_path(self, request: ToolCallRequest) -> PathText | None:
        if self.trace_path_factory is not None:
            return self.trace_path_factory(request)
        if self.trace_dir is None:
            return None
        name = file_word(request.tool_call.get("name"))
        call_id = file_word(request.tool_call.get("id") or "call")
        return Path(self.trace_dir) / f"{name}_{call_id}.json"

    def _report(
        self, request: ToolCallRequest, intent: IntentRequest, decision: GateEvalResult, *, executed: bool
    ) -> None:
        report = getattr(self.callback_handler, "on_gait_decision", None)
        if report is None:
            return
        session = get_active_run_session()
        run_id = session.run_id if session is not None else member(_runtime_context(request), "run_id")
        call_id = request.tool_call.get("id")
        metadata = LangChainDecisionMetadata(
            tool_name=intent.tool_name,
            tool_call_id=None if call_id is None else str(call_id),
            run_id=None if run_id is None else str(run_id),
            request_id=intent.context.request_id,
            auth_context=intent.context.auth_context,
            trace_path=decision.trace_path,
            policy_digest=decision.policy_digest,
            intent_digest=decision.intent_digest,
            verdict=decision.verdict,
            executed=executed,
        )
        # Whoever listens must not change what happens.
        with contextlib.suppress(Exception):
            report(metadata)


def _default_context(request: ToolCallRequest) -> IntentContext:
    call_id = request.tool_call.get("id")
    return context_from(_runtime_context(request), identity="langchain-agent", call_id=call_id)


def _runtime_context(request: ToolCallRequest) -> Any:
    return getattr(getattr(request, "runtime", None), "context", None)
