#!/usr/bin/env python3
"""OpenClaw: a tool call with its parameters and its skill. `skill/` holds the skill for real use."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scenario import SKILL, Framework, ToolCall, run


def payload(scenario: str, args: dict[str, Any]) -> dict[str, Any]:
    """A tool call of the agent."""
    return {"tool_call": {"tool": "write_file", "params": args, "skill": SKILL}}


def read(call: dict[str, Any]) -> ToolCall:
    """`write_file` is the tool that policies call `tool.write`."""
    tool = call["tool_call"]
    return ToolCall(args=tool["params"], skill=tool["skill"], auth_context={"operator": "openclaw"})


FRAMEWORK = Framework(
    name="openclaw",
    identity="openclaw-user",
    workspace="/tmp/gait-openclaw",
    payload=payload,
    read=read,
)

if __name__ == "__main__":
    run(FRAMEWORK, __file__)
