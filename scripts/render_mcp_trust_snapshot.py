#!/usr/bin/env python3
"""Renders a trust snapshot, which policies ask about MCP servers, from the report of a scanner."""

from __future__ import annotations

import argparse
import json
import math
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from atomic_file import replace

EXIT_INVALID = 1


class ReportError(ValueError):
    """The report cannot be used."""


def text(report: dict[str, Any], name: str, default: str | None = None) -> str:
    """A text of the report."""
    value = report.get(name, default)
    if not isinstance(value, str) or not value.strip():
        raise ReportError(f"{name} must be a text")
    return value


def score_of(report: dict[str, Any]) -> float:
    """How far the scanner trusts the server, from 0 to 1."""
    score = report.get("score", 0.0)
    if isinstance(score, bool) or not isinstance(score, int | float) or not math.isfinite(score) or not 0 <= score <= 1:
        raise ReportError("score must be a number from 0 to 1")
    return float(score)


def snapshot(report: Any, evidence: str) -> dict[str, Any]:
    """The snapshot with the one server that the report is about."""
    if not isinstance(report, dict):
        raise ReportError("the report must be an object")
    updated_at = text(report, "updated_at")
    try:
        aware = datetime.fromisoformat(updated_at).tzinfo is not None
    except ValueError as error:
        raise ReportError(f"updated_at: {error}") from error
    if not aware:
        raise ReportError("updated_at must name its time zone")
    entry = {"server_id": text(report, "server_id")}
    # What the scanner does not know stays away; an empty publisher would look like one.
    entry |= {name: text(report, name) for name in ("server_name", "publisher") if report.get(name) is not None}
    entry |= {
        "source": text(report, "source", "external"),
        "status": text(report, "status", "unknown"),
        "updated_at": updated_at,
        "score": score_of(report),
        "evidence_path": evidence,
    }
    return {
        "schema_id": "gait.mcp.trust_snapshot",
        "schema_version": "1.0.0",
        "created_at": updated_at,
        "producer_version": "0.0.0-example",
        "entries": [entry],
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", required=True, help="the scanner's report")
    parser.add_argument("--output", required=True, help="the snapshot")
    options = parser.parse_args()
    try:
        report = json.loads(Path(options.input).read_text(encoding="utf-8"))
        document = snapshot(report, options.input)
        replace(Path(options.output), json.dumps(document, indent=2) + "\n")
    except (OSError, ValueError, RecursionError) as error:
        print(f"render_mcp_trust_snapshot: {error}", file=sys.stderr)
        return EXIT_INVALID
    return 0


if __name__ == "__main__":
    sys.exit(main())
