"""AutoGen agents behind the gate: tools and workbenches whose calls are judged before they run.

A refused call raises `GateEnforcementError`; AutoGen tells the model of it as an error of the tool.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from autogen_core import CancellationToken
from autogen_core.tools import BaseTool, TextResultContent, ToolResult, ToolSchema, Workbench
from pydantic import BaseModel

from gait.adapter import ToolAdapter, result_of
from gait.client import PathText, capture_intent
from gait.framework import file_word
from gait.models import IntentContext, IntentRequest, IntentTarget

__all__ = ["GatedTool", "GatedWorkbench"]

#: What a call is judged in: a context, or a function of the tool's name and arguments.
ContextOf = IntentContext | Callable[[str, Mapping[str, Any]], IntentContext]
TargetsOf = Callable[[str, Mapping[str, Any]], Sequence[IntentTarget]]


class _Intents:
    """From calls of tools to intents and the places of their traces."""

    def __init__(
        self,
        context: ContextOf | None,
        targets_factory: TargetsOf | None,
        trace_dir: PathText | None,
    ) -> None:
        self._context = context
        self._targets_factory = targets_factory
        self._trace_dir = trace_dir

    def intent_of(self, name: str, args: Mapping[str, Any], call_id: str | None) -> IntentRequest:
        if self._context is None:
            context = IntentContext("autogen-agent", str(Path.cwd()), "high", request_id=call_id)
        elif callable(self._context):
            context = self._context(name, args)
        else:
            context = self._context
        targets = self._targets_factory(name, args) if self._targets_factory else None
        return capture_intent(tool_name=name, args=args, context=context, targets=targets)

    def trace_path(self, name: str, call_id: str | None) -> PathText | None:
        if self._trace_dir is None:
            return None
        return Path(self._trace_dir) / f"{file_word(name)}_{file_word(call_id or 'call')}.json"


class GatedTool(BaseTool[BaseModel, Any]):
    """A tool with the gate before it."""

    component_config_schema = BaseModel

    def __init__(
        self,
        tool: BaseTool[Any, Any],
        *,
        adapter: ToolAdapter,
        context: ContextOf | None = None,
        targets_factory: TargetsOf | None = None,
        cwd: PathText | None = None,
        trace_dir: PathText | None = None,
    ) -> None:
        super().__init__(
            args_type=tool.args_type(),
            return_type=tool.return_type(),
            name=tool.name,
            description=tool.description,
            strict=bool(tool.schema.get("strict", False)),
        )
        self._tool = tool
        self._adapter = adapter
        self._intents = _Intents(context, targets_factory, trace_dir)
        self._cwd = cwd

    @property
    def schema(self) -> ToolSchema:
        """The schema of the tool itself."""
        return self._tool.schema

    def return_value_as_string(self, value: Any) -> str:
        """As the tool itself puts it."""
        return self._tool.return_value_as_string(value)

    async def run(self, args: BaseModel, cancellation_token: CancellationToken) -> Any:
        """Runs the tool if the gate allows the call."""
        return await self.run_json(args.model_dump(), cancellation_token)

    async def run_json(
        self, args: Mapping[str, Any], cancellation_token: CancellationToken, call_id: str | None = None
    ) -> Any:
        """Runs the tool if the gate allows the call; `GateEnforcementError` if not."""
        outcome = await self._adapter.aexecute(
            intent=self._intents.intent_of(self.name, args, call_id),
            executor=lambda _: self._tool.run_json(args, cancellation_token, call_id=call_id),
            cwd=self._cwd,
            trace_out=self._intents.trace_path(self.name, call_id),
        )
        return result_of(outcome)


class GatedWorkbench(Workbench):
    """A workbench, e.g. of an MCP server, with the gate before every call. A refused call is an error of the tool."""

    def __init__(
        self,
        workbench: Workbench,
        *,
        adapter: ToolAdapter,
        context: ContextOf | None = None,
        targets_factory: TargetsOf | None = None,
        cwd: PathText | None = None,
        trace_dir: PathText | None = None,
    ) -> None:
        self._workbench = workbench
        self._adapter = adapter
        self._intents = _Intents(context, targets_factory, trace_dir)
        self._cwd = cwd

    async def list_tools(self) -> list[ToolSchema]:
        """The tools of the workbench itself."""
        return await self._workbench.list_tools()

    async def call_tool(
        self,
        name: str,
        arguments: Mapping[str, Any] | None = None,
        cancellation_token: CancellationToken | None = None,
        call_id: str | None = None,
    ) -> ToolResult:
        """Calls the tool if the gate allows it; what goes wrong is told as an error of the tool."""
        args = arguments or {}
        try:
            outcome = await self._adapter.aexecute(
                intent=self._intents.intent_of(name, args, call_id),
                executor=lambda _: self._workbench.call_tool(name, args, cancellation_token, call_id),
                cwd=self._cwd,
                trace_out=self._intents.trace_path(name, call_id),
            )
            result: ToolResult = result_of(outcome)
        except Exception as failure:  # an agent waits for ever for a workbench that raises
            return ToolResult(name=name, result=[TextResultContent(content=str(failure))], is_error=True)
        return result

    async def start(self) -> None:
        """Starts the workbench itself."""
        await self._workbench.start()

    async def stop(self) -> None:
        """Stops the workbench itself."""
        await self._workbench.stop()

    async def reset(self) -> None:
        """Resets the workbench itself."""
        await self._workbench.reset()

    async def save_state(self) -> Mapping[str, Any]:
        """The state of the workbench itself."""
        return await self._workbench.save_state()

    async def load_state(self, state: Mapping[str, Any]) -> None:
        """Restores the state of the workbench itself."""
        await self._workbench.load_state(state)
