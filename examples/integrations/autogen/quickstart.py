#!/usr/bin/env python3
"""AutoGen: a function call whose arguments are JSON text."""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scenario import SKILL, Framework, ToolCall, run


def payload(scenario: str, args: dict[str, Any]) -> dict[str, Any]:
    """A message that calls a function."""
    return {"function_call": {"name": "tool.write", "arguments": json.dumps({**args, "skill": SKILL})}}


def read(call: dict[str, Any]) -> ToolCall:
    """The text is parsed once, here; what was judged is what runs."""
    function = call["function_call"]
    args = json.loads(function["arguments"])
    skill = args.pop("skill")
    return ToolCall(tool_name=function["name"], args=args, skill=skill, auth_context={"operator": "autogen"})


FRAMEWORK = Framework(
    name="autogen",
    identity="autogen-user",
    workspace="/tmp/gait-autogen",
    payload=payload,
    read=read,
)

if __name__ == "__main__":
    run(FRAMEWORK, __file__)
