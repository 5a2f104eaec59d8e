#!/usr/bin/env python3
"""Gas Town: a tool call of one worker of a convoy."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scenario import SKILL, Framework, ToolCall, run


def payload(scenario: str, args: dict[str, Any]) -> dict[str, Any]:
    """What a worker sends before it acts."""
    return {
        "polecat": {
            "worker_id": "polecat-01",
            "convoy_id": "convoy-demo",
            "tool": {"name": "tool.write", "args": args},
            "skill": SKILL,
        }
    }


def read(call: dict[str, Any]) -> ToolCall:
    """The convoy travels along, so that a policy or a reader of the trace can tell workers apart."""
    worker = call["polecat"]
    return ToolCall(
        tool_name=worker["tool"]["name"],
        args=worker["tool"]["args"],
        skill=worker["skill"],
        auth_context={"operator": worker["worker_id"], "convoy_id": worker["convoy_id"]},
    )


FRAMEWORK = Framework(
    name="gastown",
    identity="gastown-polecat-01",
    workspace="/tmp/gait-gastown",
    payload=payload,
    read=read,
)

if __name__ == "__main__":
    run(FRAMEWORK, __file__)
