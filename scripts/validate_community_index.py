#!/usr/bin/env python3
"""Validates the ecosystem index: validate_community_index.py [PATH]"""

from __future__ import annotations

import sys
from pathlib import Path

import ecosystem_index


def main(arguments: list[str]) -> int:
    """The command line."""
    if len(arguments) > 1:
        print("usage: validate_community_index.py [path]", file=sys.stderr)
        return 2
    path = Path(arguments[0]) if arguments else ecosystem_index.DEFAULT_PATH
    try:
        document = ecosystem_index.read(path)
    except ecosystem_index.UnreadableIndexError as error:
        print(f"community index validation failed: {error}", file=sys.stderr)
        return 1
    found = ecosystem_index.violations(document)
    if found:
        print(f"community index validation failed: {path}", *found, sep="\n  ", file=sys.stderr)
        return 1
    print(f"community index validation passed: {path} ({len(document['entries'])} entries)")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
