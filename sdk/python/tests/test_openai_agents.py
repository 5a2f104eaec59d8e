"""Agents of the OpenAI Agents SDK, with a model that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from agents import Agent, FunctionTool, ModelResponse, RunConfig, Runner, Usage, WebSearchTool, function_tool
from agents.models.interface import Model
from openai.types.responses import ResponseFunctionToolCall, ResponseOutputMessage, ResponseOutputText
from test_adapter import adapter_saying

from gait import IntentContext, IntentTarget, ToolAdapter
from gait.openai_agents import gated_agent, gated_tool


class Scripted(Model):
    """Calls the tool once, then says that it is done."""

    def __init__(self, arguments: str) -> None:
        self.arguments = arguments
        self.seen: list[Any] = []

    async def get_response(self, *args: Any, **kwargs: Any) -> ModelResponse:
        self.seen.append(kwargs.get("input", args[1] if len(args) > 1 else None))
        if len(self.seen) == 1:
            call = ResponseFunctionToolCall(
                arguments=self.arguments, call_id="call/1", name="write", type="function_call"
            )
            return ModelResponse(output=[call], usage=Usage(), response_id=None)
        text = ResponseOutputText(annotations=[], text="done", type="output_text")
        message = ResponseOutputMessage(id="m", content=[text], role="assistant", status="completed", type="message")
        return ModelResponse(output=[message], usage=Usage(), response_id=None)

    def stream_response(self, *_: Any, **__: Any) -> AsyncIterator[Any]:
        raise NotImplementedError


def run(
    adapter: ToolAdapter, paths: list[str], arguments: str = '{"path": "/a"}', context: Any = None, **options: Any
) -> tuple[Any, Scripted]:
    @function_tool(failure_error_function=None)
    def write(path: str) -> str:
        """Writes."""
        paths.append(path)
        return "written"

    model = Scripted(arguments)
    agent: Agent[Any] = Agent(name="a", model=model, tools=[write])
    gated = gated_agent(agent, adapter=adapter, **options)
    config = RunConfig(tracing_disabled=True)
    result = asyncio.run(Runner.run(gated, "write", context=context, run_config=config))
    return result.final_output, model


def test_an_allowed_call_runs_and_is_judged_with_its_context() -> None:
    adapter, paths = adapter_saying("allow"), list[str]()
    told = {"identity": "alice", "workspace": "/repo", "risk_class": "low"}
    final, model = run(
        adapter, paths, context=told, targets_factory=lambda args: [IntentTarget("path", args["path"], "write")]
    )
    assert (final, paths) == ("done", ["/a"])
    assert "written" in str(model.seen[1])
    (intent,) = adapter.evaluator.seen  # type: ignore[union-attr]
    assert intent.context == IntentContext("alice", "/repo", "low", request_id="call/1")
    assert (intent.tool_name, intent.args, intent.targets[0].value) == ("write", {"path": "/a"}, "/a")


@pytest.mark.parametrize("answer", ["block", "require_approval", "dry_run", "odd", OSError("gone")])
def test_a_call_that_is_not_allowed_does_not_run(answer: Any) -> None:
    paths: list[str] = []
    with pytest.raises(Exception, match="gate verdict|gone"):
        run(adapter_saying(answer), paths)
    assert paths == []


def test_the_model_may_be_told_of_a_refusal() -> None:
    paths: list[str] = []
    final, model = run(adapter_saying("block", 3), paths, on_refusal="tell_model")
    assert (final, paths) == ("done", [])
    assert "not executed: execution blocked by gate verdict=block" in str(model.seen[1])


@pytest.mark.parametrize("arguments", ["[]", "{", '{"path": "/a", "path": "/b"}', '{"path": NaN}'])
def test_arguments_that_are_not_one_plain_object_do_not_run(arguments: str) -> None:
    paths: list[str] = []
    with pytest.raises(Exception, match="JSON"):
        run(adapter_saying("allow"), paths, arguments)
    assert paths == []


def test_the_given_tool_is_left_alone() -> None:
    @function_tool
    def write(path: str) -> str:
        """Writes."""
        return path

    gated = gated_tool(write, adapter=adapter_saying("allow"))
    assert isinstance(gated, FunctionTool)
    assert gated.on_invoke_tool is not write.on_invoke_tool
    assert (gated.name, gated.params_json_schema) == (write.name, write.params_json_schema)


def test_tools_that_run_elsewhere_are_refused() -> None:
    agent: Agent[Any] = Agent(name="a", tools=[WebSearchTool()])
    with pytest.raises(TypeError, match="does not run behind this gate"):
        gated_agent(agent, adapter=adapter_saying("allow"))
