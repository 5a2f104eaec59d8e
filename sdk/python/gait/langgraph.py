"""LangGraph graphs behind the gate: a tool node that judges every call before it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from gait.adapter import ToolAdapter
from gait.langchain import ToolCallGate

if TYPE_CHECKING:
    from langchain_core.tools import BaseTool
    from langgraph.prebuilt import ToolNode

__all__ = ["gated_tool_node"]


def gated_tool_node(
    tools: Sequence[BaseTool | Callable[..., Any]],
    *,
    adapter: ToolAdapter,
    node_options: dict[str, Any] | None = None,
    **gate_options: Any,
) -> ToolNode:
    """A `ToolNode` over `tools` whose calls are judged, awaited or not.

    `gate_options` are those of `GaitLangChainMiddleware`, `node_options` those of `ToolNode`. A call that is not
    allowed raises `GateEnforcementError` out of the graph, unless `handle_tool_errors` of the node tells the model.
    """
    try:
        from langgraph.prebuilt import ToolNode
    except ImportError as error:
        raise ImportError("LangGraph integration requires optional dependencies; install gait[langgraph]") from error
    gate = ToolCallGate(adapter, **gate_options)
    return ToolNode(tools, **(node_options or {}), wrap_tool_call=gate.run, awrap_tool_call=gate.arun)
