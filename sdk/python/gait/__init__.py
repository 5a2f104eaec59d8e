"""The gate between an agent's decision and the real tool call.

`gate_tool` and `ToolAdapter` run tools behind the gate, `run_session` records what they did, `Gate` is the engine in
this process. Every decision is made by the engine; this package decides nothing. Whatever goes wrong on the way raises,
and then nothing executes.
"""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from gait.adapter import ToolAdapter
from gait.client import (
    CommandOptions,
    aevaluate_gate,
    capture_demo_runpack,
    capture_intent,
    create_regress_fixture,
    evaluate_gate,
    program_version,
    read_trace,
    record_runpack,
    write_trace,
)
from gait.decorators import gate_tool
from gait.engine import Gate
from gait.errors import GaitCommandError, GaitError, GateEnforcementError
from gait.models import (
    AdapterOutcome,
    DelegationLink,
    DemoCapture,
    GateEvalResult,
    IntentArgProvenance,
    IntentContext,
    IntentDelegation,
    IntentRequest,
    IntentScript,
    IntentScriptStep,
    IntentTarget,
    LangChainDecisionMetadata,
    RegressInitResult,
    RunAttempt,
    RunRecordCapture,
    TraceRecord,
    Verdict,
)
from gait.service import GateService
from gait.session import RunSession, run_session

if TYPE_CHECKING:
    from gait.langchain import GaitLangChainCallbackHandler, GaitLangChainMiddleware

try:
    __version__ = version("gait")
except PackageNotFoundError:  # used from a source tree
    __version__ = "0.0.0.dev0"

__all__ = [
    "AdapterOutcome",
    "CommandOptions",
    "DelegationLink",
    "DemoCapture",
    "GaitCommandError",
    "GaitError",
    "GaitLangChainCallbackHandler",
    "GaitLangChainMiddleware",
    "Gate",
    "GateEnforcementError",
    "GateEvalResult",
    "GateService",
    "IntentArgProvenance",
    "IntentContext",
    "IntentDelegation",
    "IntentRequest",
    "IntentScript",
    "IntentScriptStep",
    "IntentTarget",
    "LangChainDecisionMetadata",
    "RegressInitResult",
    "RunAttempt",
    "RunRecordCapture",
    "RunSession",
    "ToolAdapter",
    "TraceRecord",
    "Verdict",
    "__version__",
    "aevaluate_gate",
    "capture_demo_runpack",
    "capture_intent",
    "create_regress_fixture",
    "evaluate_gate",
    "gate_tool",
    "program_version",
    "read_trace",
    "record_runpack",
    "run_session",
    "write_trace",
]


def __getattr__(name: str) -> object:
    """Loads what needs LangChain, which takes seconds, when somebody wants it."""
    if name in ("GaitLangChainCallbackHandler", "GaitLangChainMiddleware"):
        from gait import langchain

        return getattr(langchain, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
