#!/usr/bin/env python3
"""LangChain: middleware judges every tool call of an agent, and the run is recorded.

Needs `langchain>=1.0,<2.0`; the SDK is taken from this checkout.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
sys.path.insert(0, str(HERE.parents[2] / "sdk" / "python"))

from boundary import BoundaryError, find_gait  # noqa: E402
from gait import (  # noqa: E402
    DelegationLink,
    GaitError,
    GaitLangChainCallbackHandler,
    GaitLangChainMiddleware,
    GateEnforcementError,
    IntentArgProvenance,
    IntentContext,
    IntentDelegation,
    IntentRequest,
    IntentTarget,
    LangChainDecisionMetadata,
    ToolAdapter,
    run_session,
)
from scenario import ALL_SCENARIOS, CHECKOUT, arguments_of, write_json  # noqa: E402

DIRECTORY = CHECKOUT / "gait-out" / "integrations" / "langchain"
IDENTITY = "agent-langchain"
FINAL_ANSWER = "The file is written."


class Scenario:
    """One run of the agent: where its files go, and what its tool call means."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.run_id = f"run_langchain_{name}"
        self.request_id = f"req_langchain_{name}"
        self.intent_path = DIRECTORY / f"intent_{name}.json"
        self.trace_path = DIRECTORY / f"trace_{name}.json"
        self.executor_path = DIRECTORY / f"executor_{name}.json"
        self.runpacks = DIRECTORY / "runpacks"

    def prepare(self) -> None:
        """Removes what an earlier run left, so that it cannot pass for the outcome of this one."""
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        for path in (self.intent_path, self.trace_path, self.executor_path):
            path.unlink(missing_ok=True)
        for path in self.runpacks.glob(f"*{self.run_id}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()

    def intent(self, request: Any) -> IntentRequest:
        """The intent of a tool call, written to a file that people can judge again."""
        call = request.tool_call
        args = dict(call["args"])
        intent = IntentRequest(
            tool_name=call["name"],
            args=args,
            targets=[IntentTarget(kind="path", value=args["path"], operation="write")],
            arg_provenance=[IntentArgProvenance(arg_path="$.path", source="user")],
            delegation=IntentDelegation(
                requester_identity=IDENTITY,
                scope_class="write",
                chain=[DelegationLink("agent.lead", IDENTITY, "write", f"delegation-langchain-{self.name}")],
            ),
            context=IntentContext(
                identity=IDENTITY,
                workspace="/tmp/gait-langchain",
                risk_class="high",
                session_id=f"sess-langchain-{self.name}",
                request_id=self.request_id,
                auth_context={"framework": "langchain", "operator": "langchain"},
                credential_scopes=["files.write", "network.egress"],
                environment_fingerprint=f"langchain:local:{self.name}",
            ),
        )
        write_json(self.intent_path, intent.to_dict())
        return intent

    def tool(self) -> Any:
        """The tool. Here it writes its arguments to a file of the checkout, so that one can see that it ran."""
        from langchain.tools import tool

        @tool("tool.write")
        def write(path: str, content: dict[str, Any]) -> str:
            """Writes a file."""
            write_json(self.executor_path, {"path": path, "content": content})
            return "written"

        return write


def model(scenario: str) -> Any:
    """A model that calls the tool once and then answers, whatever it is asked."""
    from langchain_core.language_models.fake_chat_models import GenericFakeChatModel
    from langchain_core.messages import AIMessage

    class OneToolCall(GenericFakeChatModel):
        def bind_tools(self, tools: Sequence[Any], **settings: Any) -> Any:
            return self

    call = {"name": "tool.write", "args": arguments_of("langchain", scenario), "id": f"call_langchain_{scenario}"}
    messages = [AIMessage(content="", tool_calls=[call]), AIMessage(content=FINAL_ANSWER)]
    return OneToolCall(messages=iter(messages))


def run_agent(scenario: Scenario, handler: GaitLangChainCallbackHandler, gait: str) -> tuple[str, Any]:
    """Runs the agent behind the gate. Gives its answer and the record of the run."""
    from langchain.agents import create_agent

    middleware = GaitLangChainMiddleware(
        ToolAdapter(policy_path=HERE / f"policy_{scenario.name}.yaml", gait_bin=gait),
        intent_factory=scenario.intent,
        trace_path_factory=lambda request: scenario.trace_path,
        callback_handler=handler,
        cwd=DIRECTORY,
    )
    agent = create_agent(model(scenario.name), tools=[scenario.tool()], middleware=[middleware])
    with run_session(run_id=scenario.run_id, gait_bin=gait, out_dir=scenario.runpacks, cwd=DIRECTORY) as session:
        try:
            state = agent.invoke({"messages": [{"role": "user", "content": "Write the file."}]})
            response = str(state["messages"][-1].content)
        except GateEnforcementError as refusal:
            # What the agent gets instead of a result.
            response = str(refusal)
    return response, session.capture


def play(name: str) -> list[tuple[str, str]]:
    """Plays a scenario, and gives what there is to report."""
    scenario = Scenario(name)
    scenario.prepare()
    handler = GaitLangChainCallbackHandler()
    response, capture = run_agent(scenario, handler, find_gait(CHECKOUT))
    if len(handler.events) != 1:
        raise BoundaryError(f"expected one decision, got {len(handler.events)}")
    decision: LangChainDecisionMetadata = handler.events[0]
    executed = scenario.executor_path.is_file()
    if decision.verdict != name or executed != (name == "allow") or bool(decision.executed) != executed:
        raise BoundaryError(f"expected {name}, got {decision.verdict}; executed={str(executed).lower()}")
    report = [
        ("framework", "langchain"),
        ("scenario", name),
        ("verdict", decision.verdict),
        ("executed", str(executed).lower()),
        ("trace_path", str(scenario.trace_path)),
        ("intent_path", str(scenario.intent_path)),
        ("run_id", scenario.run_id),
        ("request_id", scenario.request_id),
        ("policy_digest", str(decision.policy_digest)),
        ("intent_digest", str(decision.intent_digest)),
        ("runpack_path", capture.bundle_path),
        ("ticket_footer", capture.ticket_footer),
        ("agent_response", " ".join(response.split())),
    ]
    return [*report, ("executor_output", str(scenario.executor_path))] if executed else report


def main() -> int:
    """The command line of the quickstart."""
    parser = argparse.ArgumentParser(description="A LangChain agent at the boundary of gait.")
    parser.add_argument("--scenario", required=True, choices=ALL_SCENARIOS)
    name = parser.parse_args().scenario
    try:
        report = play(name)
    except ImportError as error:
        print(f'error=this example needs langchain: pip install "langchain>=1.0,<2.0" ({error})')
        return 1
    except (BoundaryError, GaitError, OSError) as error:
        print(f"error={error}")
        return 1
    for key, value in report:
        print(f"{key}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
