"""Agents of AutoGen, with a model that follows a script."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from autogen_agentchat.agents import AssistantAgent
from autogen_core import CancellationToken, FunctionCall
from autogen_core.models import CreateResult, ModelInfo, RequestUsage
from autogen_core.tools import BaseTool, FunctionTool, StaticWorkbench, Workbench
from autogen_ext.models.replay import ReplayChatCompletionClient
from test_adapter import adapter_saying

from gait import GateEnforcementError, IntentContext, IntentTarget, ToolAdapter
from gait.autogen import GatedTool, GatedWorkbench

CONTEXT = IntentContext("alice", "/repo", "low")


def tool_noting(paths: list[str]) -> FunctionTool:
    async def write(path: str) -> str:
        paths.append(path)
        return "written"

    return FunctionTool(write, description="Writes.", name="write")


def run_agent(*, tools: list[BaseTool[Any, Any]] | None = None, workbench: Workbench | None = None) -> str:
    """What the agent answers after its model called the tool."""
    usage = RequestUsage(prompt_tokens=0, completion_tokens=0)
    call = FunctionCall(id="call/1", name="write", arguments='{"path": "/a"}')
    answer = CreateResult(finish_reason="function_calls", content=[call], usage=usage, cached=False)
    info = ModelInfo(vision=False, function_calling=True, json_output=False, family="x", structured_output=False)
    client = ReplayChatCompletionClient([answer], model_info=info)
    agent = AssistantAgent("a", client, tools=list(tools) if tools else None, workbench=workbench)
    result = asyncio.run(agent.run(task="write"))
    return str(result.messages[-1].to_text())


def wrapped(adapter: ToolAdapter, paths: list[str], manner: str) -> str:
    tool = tool_noting(paths)
    if manner == "tool":
        return run_agent(tools=[GatedTool(tool, adapter=adapter, context=CONTEXT)])
    return run_agent(workbench=GatedWorkbench(StaticWorkbench([tool]), adapter=adapter, context=CONTEXT))


MANNERS = pytest.mark.parametrize("manner", ["tool", "workbench"])


@MANNERS
def test_an_allowed_call_runs(manner: str) -> None:
    adapter, paths = adapter_saying("allow"), list[str]()
    assert "written" in wrapped(adapter, paths, manner)
    assert paths == ["/a"]
    (intent,) = adapter.evaluator.seen  # type: ignore[union-attr]
    assert (intent.tool_name, intent.args, intent.context) == ("write", {"path": "/a"}, CONTEXT)


@MANNERS
@pytest.mark.parametrize("verdict", ["block", "require_approval", "dry_run", "odd"])
def test_a_call_that_is_not_allowed_does_not_run_and_the_model_is_told(manner: str, verdict: str) -> None:
    paths: list[str] = []
    assert f"verdict={verdict}" in wrapped(adapter_saying(verdict), paths, manner)
    assert paths == []


@MANNERS
def test_a_gate_without_verdict_lets_nothing_through(manner: str) -> None:
    paths: list[str] = []
    assert "gone" in wrapped(adapter_saying(OSError("gone")), paths, manner)
    assert paths == []


def test_a_gated_tool_is_the_tool_to_its_model() -> None:
    paths: list[str] = []
    tool = tool_noting(paths)
    adapter = adapter_saying("allow")
    gated = GatedTool(
        tool, adapter=adapter, targets_factory=lambda _, args: [IntentTarget("path", args["path"], "write")]
    )
    assert (gated.name, gated.description, gated.schema) == (tool.name, tool.description, tool.schema)
    args = tool.args_type()(path="/b")
    assert asyncio.run(gated.run(args, CancellationToken())) == "written"
    (intent,) = adapter.evaluator.seen  # type: ignore[union-attr]
    assert (intent.context.identity, intent.context.risk_class, intent.targets[0].value) == (
        "autogen-agent",
        "high",
        "/b",
    )
    refused = GatedTool(tool, adapter=adapter_saying("block", 3))
    with pytest.raises(GateEnforcementError):
        asyncio.run(refused.run_json({"path": "/c"}, CancellationToken()))
    assert paths == ["/b"]


def test_a_gated_workbench_is_the_workbench_but_for_calls() -> None:
    workbench = StaticWorkbench([tool_noting([])])

    async def tour() -> None:
        gated = GatedWorkbench(workbench, adapter=adapter_saying("allow"))
        async with gated:
            assert await gated.list_tools() == await workbench.list_tools()
            await gated.load_state(await gated.save_state())
            await gated.reset()

    asyncio.run(tour())
