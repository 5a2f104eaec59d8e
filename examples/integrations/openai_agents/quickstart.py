#!/usr/bin/env python3
"""OpenAI Agents: a function call whose arguments also name the skill that made it."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scenario import ALL_SCENARIOS, SKILL, Framework, ToolCall, run


def payload(scenario: str, args: dict[str, Any]) -> dict[str, Any]:
    """A function call of the model."""
    return {"name": "tool.write", "arguments": {**args, "skill": SKILL}}


def read(call: dict[str, Any]) -> ToolCall:
    """The skill is provenance, not an argument of the tool."""
    args = dict(call["arguments"])
    skill = args.pop("skill")
    return ToolCall(tool_name=call["name"], args=args, skill=skill, auth_context={"operator": "openai-agents"})


FRAMEWORK = Framework(
    name="openai_agents",
    identity="openai-agent-user",
    workspace="/tmp/gait-openai-agent",
    payload=payload,
    read=read,
    scenarios=ALL_SCENARIOS,
)

if __name__ == "__main__":
    run(FRAMEWORK, __file__)
