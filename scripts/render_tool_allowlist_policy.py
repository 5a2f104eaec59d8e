#!/usr/bin/env python3
"""Renders a policy that allows the tools of an external registry and blocks every other.

The list is `{"tools": [...]}` or a list, of names or of objects with a `tool_name`.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from atomic_file import replace

EXIT_INVALID = 2
MAX_NAME = 256


class ListError(ValueError):
    """The list of tools cannot be used."""


def names_of(document: Any) -> list[str]:
    """The tools, lower-cased, each once, in order."""
    tools = document.get("tools") if isinstance(document, dict) else document
    if not isinstance(tools, list):
        raise ListError("expected a list of tools")
    names = {name_of(tool) for tool in tools}
    if not names:
        # An empty list of names in a rule would match every tool.
        raise ListError("there are no tools in the list")
    return sorted(names)


def name_of(tool: Any) -> str:
    """The name of one tool."""
    name = tool.get("tool_name") if isinstance(tool, dict) else tool
    if not isinstance(name, str) or not name.strip():
        raise ListError(f"expected the name of a tool, got {json.dumps(tool)}")
    name = name.strip().lower()
    if len(name) > MAX_NAME or not name.isprintable():
        raise ListError(f"this is no name of a tool: {json.dumps(name)}")
    return name


def quoted(text: str) -> str:
    """Text as YAML reads it back, whatever is in it: JSON text is YAML text."""
    return json.dumps(text)


def policy(names: list[str], rule: str, reason: str) -> str:
    """The policy as YAML."""
    lines = [
        "schema_id: gait.gate.policy",
        "schema_version: 1.0.0",
        "default_verdict: block",
        "rules:",
        f"  - name: {quoted(rule)}",
        "    priority: 10",
        "    effect: allow",
        "    match:",
        "      tool_names:",
        *(f"        - {quoted(name)}" for name in names),
        f"    reason_codes: [{quoted(reason)}]",
        "  - name: block_unknown_tools",
        "    priority: 100",
        "    effect: block",
        "    reason_codes: [blocked_tool_not_in_external_registry]",
        "    violations: [tool_not_allowlisted]",
    ]
    return "\n".join(lines) + "\n"


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--input", type=Path, required=True, help="the list of tools, as JSON")
    parser.add_argument("--output", type=Path, required=True, help="the policy")
    parser.add_argument("--rule-name", default="allow_registry_tools")
    parser.add_argument("--allow-reason-code", default="allowed_by_external_registry")
    options = parser.parse_args()
    try:
        names = names_of(json.loads(options.input.read_text(encoding="utf-8")))
        replace(options.output, policy(names, options.rule_name, options.allow_reason_code))
    except (OSError, ValueError, RecursionError) as error:
        print(f"render_tool_allowlist_policy: {error}", file=sys.stderr)
        return EXIT_INVALID
    print(f"rendered: {options.output} ({len(names)} tools)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
