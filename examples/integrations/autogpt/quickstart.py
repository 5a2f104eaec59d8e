#!/usr/bin/env python3
"""AutoGPT: a command with arguments, and the provenance of the skill beside it."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scenario import SKILL, Framework, ToolCall, run


def payload(scenario: str, args: dict[str, Any]) -> dict[str, Any]:
    """A command that the agent chose."""
    return {"command": {"name": "write_file", "args": args}, "skill_provenance": SKILL}


def read(call: dict[str, Any]) -> ToolCall:
    """`write_file` is the tool that policies call `tool.write`."""
    return ToolCall(
        args=call["command"]["args"],
        skill=call["skill_provenance"],
        auth_context={"operator": "autogpt"},
    )


FRAMEWORK = Framework(
    name="autogpt",
    identity="autogpt-user",
    workspace="/tmp/gait-autogpt",
    payload=payload,
    read=read,
)

if __name__ == "__main__":
    run(FRAMEWORK, __file__)
