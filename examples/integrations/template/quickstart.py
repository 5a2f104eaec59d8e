#!/usr/bin/env python3
"""The smallest integration: copy it to start one of your own."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scenario import ALL_SCENARIOS, SKILL, Framework, ToolCall, run


def payload(scenario: str, args: dict[str, Any]) -> dict[str, Any]:
    """A tool call as your framework hands it over."""
    return {"tool": "tool.write", "payload": args, "skill": SKILL}


def read(call: dict[str, Any]) -> ToolCall:
    """The same in the terms of gait."""
    return ToolCall(
        tool_name=call["tool"],
        args=call["payload"],
        skill=call["skill"],
        auth_context={"operator": "template"},
    )


FRAMEWORK = Framework(
    name="template",
    identity="template-user",
    workspace="/tmp/gait-template",
    payload=payload,
    read=read,
    scenarios=ALL_SCENARIOS,
)

if __name__ == "__main__":
    run(FRAMEWORK, __file__)
