"""Agents of the OpenAI Agents SDK behind the gate: every function tool is judged before it runs."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from gait.adapter import ToolAdapter, result_of
from gait.client import PathText, capture_intent
from gait.errors import GateEnforcementError
from gait.framework import context_from, file_word
from gait.jsonready import loads_object
from gait.models import IntentContext, IntentTarget

if TYPE_CHECKING:
    from agents import Agent, FunctionTool, Tool
    from agents.tool_context import ToolContext

__all__ = ["gated_agent", "gated_tool"]


def gated_tool(
    tool: FunctionTool,
    *,
    adapter: ToolAdapter,
    context_factory: Callable[[ToolContext[Any]], IntentContext] | None = None,
    targets_factory: Callable[[dict[str, Any]], Sequence[IntentTarget]] | None = None,
    cwd: PathText | None = None,
    trace_dir: PathText | None = None,
    on_refusal: Literal["raise", "tell_model"] = "raise",
) -> FunctionTool:
    """`tool` with the gate before it; the given tool is left as it is.

    The context of an intent is what `context_factory` gives, else what the run's own context tells. With `tell_model`
    the model reads why a call was refused and the run goes on; nothing is executed in either case.
    """
    invoke = tool.on_invoke_tool

    async def on_invoke_tool(context: ToolContext[Any], arguments: str) -> Any:
        args = loads_object(arguments or "{}")
        if args is None:
            raise ValueError(f"the arguments of tool {tool.name} are not one JSON object")
        if context_factory is not None:
            told = context_factory(context)
        else:
            told = context_from(context.context, identity="openai-agent", call_id=context.tool_call_id)
        intent = capture_intent(
            tool_name=tool.name,
            args=args,
            context=told,
            targets=targets_factory(args) if targets_factory else None,
        )
        try:
            outcome = await adapter.aexecute(
                intent=intent,
                executor=lambda _: invoke(context, arguments),
                cwd=cwd,
                trace_out=_trace_path(trace_dir, tool.name, context.tool_call_id),
            )
            return result_of(outcome)
        except GateEnforcementError as refusal:
            if on_refusal == "tell_model":
                return f"The call was not executed: {refusal}"
            raise

    gated = copy.copy(tool)
    gated.on_invoke_tool = on_invoke_tool
    return gated


def gated_agent(agent: Agent[Any], *, adapter: ToolAdapter, **options: Any) -> Agent[Any]:
    """`agent` with every tool behind the gate; `options` are those of `gated_tool`.

    `TypeError` when it has tools that do not run in this process, such as hosted tools and those of MCP servers: they
    must be gated where they run.
    """
    if agent.mcp_servers:
        raise TypeError("the tools of MCP servers can't be gated here; put them behind the MCP gateway")
    return agent.clone(tools=[_gated(tool, adapter, options) for tool in agent.tools])


def _gated(tool: Tool, adapter: ToolAdapter, options: dict[str, Any]) -> Tool:
    from agents import FunctionTool

    if not isinstance(tool, FunctionTool):
        raise TypeError(f"tool {tool.name} does not run behind this gate")
    return gated_tool(tool, adapter=adapter, **options)


def _trace_path(trace_dir: PathText | None, name: str, call_id: object) -> PathText | None:
    if trace_dir is None:
        return None
    return Path(trace_dir) / f"{file_word(name)}_{file_word(call_id or 'call')}.json"
