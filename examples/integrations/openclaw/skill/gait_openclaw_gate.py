#!/usr/bin/env python3
"""The gate of an OpenClaw agent: reads a tool call, asks gait, and exits with 0 only when it was asked properly.

The agent runs the tool when the exit code is 0 *and* the verdict is `allow`.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
if not (HERE / "boundary.py").is_file():
    # In a checkout the module lies two directories up; an installed skill has it beside this file.
    sys.path.append(str(HERE.parents[1]))

from boundary import BoundaryError, Decision, find_gait, read_decision, run_gait  # noqa: E402

CONFIGURATION = HERE / "skill_config.json"
EXIT_INVALID = 1
EXIT_NO_DECISION = 6
MAX_CALL_BYTES = 8 << 20
TOOLS = {
    "write_file": ("tool.write", "write"),
    "read_file": ("tool.read", "read"),
    "delete_file": ("tool.delete", "delete"),
    "shell_command": ("tool.exec", "write"),
}


class CallError(ValueError):
    """The tool call cannot be understood."""


def configuration() -> dict[str, str]:
    """What the installer wrote beside this file; the command line wins over it."""
    if not CONFIGURATION.is_file():
        return {}
    try:
        settings = json.loads(CONFIGURATION.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CallError(f"{CONFIGURATION.name}: {error}") from error
    if not isinstance(settings, dict):
        raise CallError(f"{CONFIGURATION.name} must hold an object")
    return {name: value for name, value in settings.items() if isinstance(value, str) and value}


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", help="policy to judge by")
    parser.add_argument("--call", required=True, help="the tool call, or - for standard input")
    parser.add_argument("--identity", help="who calls (default openclaw-user)")
    parser.add_argument("--risk-class", help="how risky calls are (default high)")
    parser.add_argument("--trace-out", help="where the trace goes")
    parser.add_argument("--runpack-out", help="where a runpack of the decision goes")
    parser.add_argument("--key-mode", choices=("dev", "prod"), help="where the signing key comes from (default dev)")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")
    return parser.parse_args()


def read_call(source: str) -> dict[str, Any]:
    """The members of `tool_call`."""
    try:
        if source == "-":
            data = sys.stdin.buffer.read(MAX_CALL_BYTES + 1)
        else:
            with open(source, "rb") as file:
                data = file.read(MAX_CALL_BYTES + 1)
        if len(data) > MAX_CALL_BYTES:
            raise CallError(f"the tool call is longer than {MAX_CALL_BYTES} bytes")
        payload = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise CallError(f"read tool call: {error}") from error
    call = payload.get("tool_call") if isinstance(payload, dict) else None
    if not isinstance(call, dict):
        raise CallError("tool_call must be an object")
    if not isinstance(call.get("tool"), str) or not call["tool"].strip():
        raise CallError("tool_call.tool must name a tool")
    if not isinstance(call.get("params", {}), dict):
        raise CallError("tool_call.params must be an object")
    return call


def targets_of(params: dict[str, Any], operation: str) -> list[dict[str, str]]:
    """What the call touches, as far as its parameters say."""
    kinds = (("path", operation), ("url", "request"), ("host", "request"))
    return [
        {"kind": kind, "value": params[kind], "operation": how, "sensitivity": "internal"}
        for kind, how in kinds
        if isinstance(params.get(kind), str) and params[kind].strip()
    ]


def gait_call(call: dict[str, Any], identity: str, risk_class: str) -> dict[str, Any]:
    """The call in gait's own shape."""
    tool = call["tool"].strip()
    name, operation = TOOLS.get(tool, (f"tool.{tool}", "write"))
    params = call.get("params", {})
    return {
        "name": name,
        "args": params,
        "targets": targets_of(params, operation),
        "arg_provenance": [{"arg_path": "$", "source": "user"}],
        "context": {"identity": identity, "workspace": os.getcwd(), "risk_class": risk_class},
    }


def ask(options: argparse.Namespace, settings: dict[str, str]) -> Decision:
    """Asks gait about the call."""
    policy = options.policy or settings.get("policy_path")
    if not policy:
        raise CallError("--policy is required, here or as policy_path of the configuration")
    call = gait_call(
        read_call(options.call),
        options.identity or settings.get("identity", "openclaw-user"),
        options.risk_class or settings.get("risk_class", "high"),
    )
    command = [find_gait(), "mcp", "proxy", "--policy", policy, "--call", "-"]
    command += ["--adapter", settings.get("adapter", "mcp")]
    command += ["--key-mode", options.key_mode or settings.get("key_mode", "dev"), "--json"]
    for flag, value in (("--trace-out", options.trace_out), ("--runpack-out", options.runpack_out)):
        if value:
            command += [flag, value]
    return read_decision(run_gait(command, stdin=json.dumps(call).encode()))


def report(decision: Decision) -> dict[str, Any]:
    """What the agent and its operator are told."""
    result = decision.result
    return {
        "ok": True,
        "framework": "openclaw",
        "verdict": decision.verdict,
        "executed": decision.executable,
        "reason_codes": decision.reason_codes,
        "violations": result.get("violations", []),
        "trace_path": result.get("trace_path", ""),
        "runpack_path": result.get("runpack_path", ""),
        "intent_digest": result.get("intent_digest", ""),
        "policy_digest": result.get("policy_digest", ""),
    }


def fail(exit_code: int, error: Exception) -> int:
    """Tells why there is no decision."""
    print(json.dumps({"error": str(error), "ok": False}, sort_keys=True, separators=(",", ":")))
    return exit_code


def main() -> int:
    """Runs the gate once."""
    options = arguments()
    try:
        decision = ask(options, configuration())
    except CallError as error:
        return fail(EXIT_INVALID, error)
    except BoundaryError as error:
        return fail(EXIT_NO_DECISION, error)
    document = report(decision)
    if options.json:
        print(json.dumps(document, sort_keys=True, separators=(",", ":")))
    else:
        for name in ("framework", "verdict", "executed", "trace_path"):
            value = document[name]
            print(f"{name}={str(value).lower() if isinstance(value, bool) else value}")
    return decision.exit_code


if __name__ == "__main__":
    sys.exit(main())
