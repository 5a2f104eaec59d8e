#!/usr/bin/env python3
"""Claude Code: the event of a PreToolUse hook. `gait hook claude-code` is the hook for real use."""

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from scenario import ALL_SCENARIOS, SKILL, Framework, ToolCall, run


def payload(scenario: str, args: dict[str, Any]) -> dict[str, Any]:
    """The event that Claude Code writes to a hook's standard input."""
    return {
        "session_id": f"sess-claude_code-{scenario}",
        "hook_event_name": "PreToolUse",
        "tool_name": "Write",
        "tool_input": args,
    }


def read(call: dict[str, Any]) -> ToolCall:
    """Write is the tool that writes files; the event names no skill, so the one of the example stands in."""
    return ToolCall(args=call["tool_input"], skill=SKILL, auth_context={"hook_event_name": call["hook_event_name"]})


FRAMEWORK = Framework(
    name="claude_code",
    identity="claude-code-user",
    workspace="/tmp/gait-claude-code",
    payload=payload,
    read=read,
    scenarios=ALL_SCENARIOS,
    keeps_payload_as="hook_{scenario}.json",
)

if __name__ == "__main__":
    run(FRAMEWORK, __file__)
