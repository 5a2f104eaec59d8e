"""Agents of LangChain and graphs of LangGraph, with a model that follows a script."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import intent_for
from langchain.agents import create_agent
from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
from langchain_core.messages import AIMessage, ToolMessage
from langchain_core.tools import tool
from langgraph.graph import END, START, MessagesState, StateGraph
from test_adapter import adapter_saying

import gait.langchain
from gait import (
    GaitLangChainCallbackHandler,
    GaitLangChainMiddleware,
    GateEnforcementError,
    IntentContext,
    LangChainDecisionMetadata,
    ToolAdapter,
    run_session,
)
from gait.langgraph import gated_tool_node

CALL = {"name": "tool_write", "args": {"path": "/a"}, "id": "call/1"}


class Scripted(GenericFakeChatModel):
    """Calls the tool once, then says that it is done."""

    def bind_tools(self, tools: Any, **_: Any) -> Any:
        return self


def scripted() -> Scripted:
    return Scripted(messages=iter([AIMessage("", tool_calls=[CALL]), AIMessage("done")]))


class Written:
    """A tool, and the paths it was called with."""

    def __init__(self) -> None:
        self.paths: list[str] = []

        @tool
        def tool_write(path: str) -> str:
            """Writes."""
            self.paths.append(path)
            return "written"

        self.tool = tool_write


def run_agent(middleware: GaitLangChainMiddleware, written: Written, *, awaited: bool) -> dict[str, Any]:
    agent: Any = create_agent(scripted(), [written.tool], middleware=[middleware])
    question = {"messages": [("user", "write")]}
    result: dict[str, Any] = asyncio.run(agent.ainvoke(question)) if awaited else agent.invoke(question)
    return result


BOTH = pytest.mark.parametrize("awaited", [False, True])


@BOTH
def test_an_allowed_call_of_an_agent_runs(awaited: bool, policy: Path) -> None:
    policy.write_text(policy.read_text().replace("tool.ok", "tool_write"))
    handler, written = GaitLangChainCallbackHandler(), Written()
    middleware = GaitLangChainMiddleware(ToolAdapter(policy, _program()), trace_dir="traces", callback_handler=handler)
    result = run_agent(middleware, written, awaited=awaited)
    assert written.paths == ["/a"]
    assert result["messages"][-1].content == "done"
    (event,) = handler.events
    assert (event.tool_name, event.tool_call_id, event.verdict, event.executed) == (
        "tool_write",
        "call/1",
        "allow",
        True,
    )
    assert event.trace_path == "traces/tool_write_call_1.json"
    assert Path(event.trace_path).exists()


def _program() -> Any:
    from gait.native import NATIVE

    if NATIVE is not None:
        return "gait"
    from conftest import ROOT

    return str(ROOT / "target" / "debug" / "gait")


@BOTH
@pytest.mark.parametrize("verdict", ["dry_run", "block", "require_approval", "odd"])
def test_a_call_that_is_not_allowed_does_not_run(awaited: bool, verdict: str) -> None:
    seen: list[LangChainDecisionMetadata] = []
    written = Written()
    handler = GaitLangChainCallbackHandler(sink=seen.append)
    middleware = GaitLangChainMiddleware(adapter_saying(verdict), callback_handler=handler)
    with pytest.raises(GateEnforcementError):
        run_agent(middleware, written, awaited=awaited)
    assert written.paths == []
    assert [(event.verdict, event.executed) for event in seen] == [(verdict, False)]


@BOTH
def test_a_gate_without_verdict_lets_nothing_through(awaited: bool) -> None:
    written = Written()
    middleware = GaitLangChainMiddleware(adapter_saying(OSError("gone")))
    with pytest.raises(OSError, match="gone"):
        run_agent(middleware, written, awaited=awaited)
    assert written.paths == []


def test_a_listener_changes_nothing_and_a_session_is_named(fake: list[str]) -> None:
    def fail(metadata: LangChainDecisionMetadata) -> None:
        seen.append(metadata)
        raise RuntimeError("listener")

    seen: list[LangChainDecisionMetadata] = []
    written = Written()
    middleware = GaitLangChainMiddleware(
        adapter_saying("allow"),
        intent_factory=lambda _: intent_for("renamed"),
        callback_handler=GaitLangChainCallbackHandler(sink=fail),
    )
    with run_session(run_id="run_1", gait_bin=fake) as session:
        run_agent(middleware, written, awaited=False)
    assert written.paths == ["/a"]
    assert [(event.tool_name, event.run_id) for event in seen] == [("renamed", "run_1")]
    assert [attempt.tool_name for attempt in session.attempts] == ["renamed"]


def request(call: dict[str, Any] = CALL, context: Any = None) -> Any:
    return SimpleNamespace(tool_call=call, runtime=SimpleNamespace(context=context))


def judged(middleware: GaitLangChainMiddleware, adapter: ToolAdapter, asked: Any) -> Any:
    middleware.wrap_tool_call(asked, lambda _: ToolMessage("x", tool_call_id="c"))
    return adapter.evaluator.seen[-1]  # type: ignore[union-attr]


def test_the_runtime_context_tells_who_calls() -> None:
    adapter = adapter_saying("allow")
    middleware = GaitLangChainMiddleware(adapter)
    told = {
        "identity": "alice",
        "workspace": Path("/repo"),
        "risk_class": "low",
        "run_id": "run_7",
        "auth_context": {"sso": True},
        "credential_scopes": ["a"],
        "context_refs": ("r",),
    }
    for context in (told, SimpleNamespace(**told)):
        context_judged = judged(middleware, adapter, request(context=context)).context
        assert context_judged == IntentContext(
            "alice", "/repo", "low", "run_7", "call/1", {"sso": True}, ["a"], context_refs=["r"]
        )
    silent = judged(middleware, adapter, request()).context
    assert (silent.identity, silent.workspace, silent.risk_class) == ("langchain-agent", str(Path.cwd()), "high")


@pytest.mark.parametrize(
    "asked",
    [
        request({"name": " ", "args": {}}),
        request({"name": None, "args": {}}),
        request({"name": "t", "args": []}),
        request(context={"identity": 1}),
        request(context={"auth_context": []}),
        request(context={"credential_scopes": "a"}),
        request(context={"context_refs": [1]}),
    ],
)
def test_what_is_no_call_is_not_run(asked: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        GaitLangChainMiddleware(adapter_saying("allow")).wrap_tool_call(asked, lambda _: pytest.fail("executed"))


def test_without_langchain_the_middleware_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gait.langchain._LANGCHAIN_IMPORT_ERROR", ImportError("no langchain"))
    with pytest.raises(ImportError, match="LangChain integration requires optional dependencies"):
        GaitLangChainMiddleware(adapter_saying("allow"))
    assert gait.langchain.__all__


def graph(node: Any, *, awaited: bool) -> Any:
    builder: Any = StateGraph(MessagesState)
    builder.add_node("tools", node)
    builder.add_edge(START, "tools")
    builder.add_edge("tools", END)
    compiled = builder.compile()
    asked = {"messages": [AIMessage("", tool_calls=[CALL])]}
    return asyncio.run(compiled.ainvoke(asked)) if awaited else compiled.invoke(asked)


@BOTH
def test_a_graph_runs_what_is_allowed_and_nothing_else(awaited: bool) -> None:
    written = Written()
    result = graph(gated_tool_node([written.tool], adapter=adapter_saying("allow")), awaited=awaited)
    assert (written.paths, result["messages"][-1].content) == (["/a"], "written")
    for verdict in ("block", "dry_run", "require_approval"):
        with pytest.raises(GateEnforcementError):
            graph(gated_tool_node([written.tool], adapter=adapter_saying(verdict)), awaited=awaited)
    assert written.paths == ["/a"]


@BOTH
def test_a_graph_may_tell_its_model_of_a_refusal(awaited: bool) -> None:
    written = Written()
    options: dict[str, Callable[..., str] | bool] = {"handle_tool_errors": True}
    node = gated_tool_node([written.tool], adapter=adapter_saying("block", 3), node_options=options)
    result = graph(node, awaited=awaited)
    assert "verdict=block" in result["messages"][-1].content
    assert written.paths == []
