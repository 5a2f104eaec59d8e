#!/usr/bin/env python3
"""Times what is done with context evidence, and holds it against budgets that count in starts of a process.

Exits with 0 when every operation keeps its budget, 1 when one does not or fails, 2 when the check cannot be made.
"""

from __future__ import annotations

import hashlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from perf_budget import BudgetError, Budgets, Operation, Program, check, conclude, main, scratch_parent

USAGE = "<gait> <budgets.json> <report.json>"
BUDGETS_SCHEMA_ID = "gait.perf.context_budgets"
REPORT_SCHEMA_ID = "gait.perf.context_budget_report"

AT = "2026-02-14T00:00:00Z"
RECORDS = 100
POLICY = """\
default_verdict: block
rules:
  - {name: informed, priority: 1, effect: allow, require_context_evidence: true,
     required_context_evidence_mode: required, match: {tool_names: [tool.run]}}
"""
CALL = {
    "tool_name": "tool.run",
    "args": {"question": "what is known"},
    "targets": [{"kind": "path", "value": "/srv/a", "operation": "read"}],
    "context": {"identity": "agent.shop", "workspace": "/srv", "risk_class": "high"},
    "created_at": AT,
}


def digest(text: str) -> str:
    """A digest that depends on `text` alone."""
    return hashlib.sha256(text.encode()).hexdigest()


def envelope(context_set_id: str, content: str) -> dict[str, Any]:
    """Evidence of context, with contents that depend on `content`."""
    records = [
        {
            "ref_id": f"ctx_{number}",
            "source_type": "doc_store",
            "source_locator": f"docs://{number}",
            "query_digest": digest(f"query {number}"),
            "content_digest": digest(f"{content} {number}"),
            "retrieved_at": AT,
            "redaction_mode": "reference",
            "immutability": "immutable",
        }
        for number in range(RECORDS)
    ]
    return {
        "schema_id": "gait.context.envelope",
        "schema_version": "1.0.0",
        "created_at": AT,
        "context_set_id": context_set_id,
        "evidence_mode": "required",
        "records": records,
    }


def run_record(run_id: str) -> dict[str, Any]:
    """A run of one call."""
    return {
        "run": {"run_id": run_id, "created_at": AT, "env": {"os": "linux", "arch": "any", "runtime": "none"}},
        "intents": [{"intent_id": "intent_1", "tool_name": "tool.run", "args": {"question": "what is known"}}],
        "results": [{"intent_id": "intent_1", "status": "ok", "result": {"answer": "enough"}}],
    }


def record(name: str, context: str) -> tuple[str, ...]:
    """Records a run with evidence of its context."""
    evidence = ("--context-envelope", f"{context}.json", "--context-evidence-mode", "required")
    return ("run", "record", "--input", f"{name}.json", "--out-dir", f"{name}_runs", *evidence, "--json")


def prepare(program: Program) -> None:
    """Makes everything that operations are timed with."""
    here = program.directory
    (here / "policy.yaml").write_text(POLICY)
    (here / "intent.json").write_text(json.dumps(CALL))
    for name, content in (("left", "as it was"), ("right", "as it is now")):
        (here / f"{name}_context.json").write_text(json.dumps(envelope("set", content)))
        (here / f"{name}.json").write_text(json.dumps(run_record("run_context")))
        program.run(*record(name, f"{name}_context"))
        program.run("pack", "build", f"{name}_runs/runpack_run_context.zip", "--out", f"{name}_pack.zip", "--json")
    program.run("keys", "init", "--out-dir", "keys", "--prefix", "k")
    program.run("regress", "init", "--from", "left_runs/runpack_run_context.zip", "--json")


def operations() -> list[Operation]:
    """What is timed, in this order."""
    evaluate: tuple[str, ...] = (
        "gate",
        "eval",
        "--json",
        "--no-config",
        "--policy",
        "policy.yaml",
        "--intent",
        "intent.json",
    )
    evaluate += ("--context-envelope", "left_context.json", "--evaluation-time", AT, "--trace-out", "trace.json")
    evaluate += ("--key-mode", "prod", "--private-key", "keys/k_private.key")
    return [
        Operation(
            "context_envelope_build_verify",
            (record("left", "left_context"), ("verify", "left_runs/runpack_run_context.zip", "--json")),
        ),
        Operation("gate_eval_context_required", (evaluate,)),
        Operation(
            "pack_diff_context_classification",
            (("pack", "diff", "left_pack.zip", "right_pack.zip", "--json"),),
            # The packs differ.
            exits=(2,),
        ),
        Operation("regress_context_grader_run", (("regress", "run", "--context-conformance", "--json"),)),
    ]


def run(arguments: list[str]) -> int:
    """Makes the check."""
    if len(arguments) != 3:
        raise BudgetError("expected a program, its budgets and a file for the report")
    gait, budgets_path, report = arguments
    report_path = Path(report).absolute()
    budgets = Budgets.read(Path(budgets_path), BUDGETS_SCHEMA_ID)
    with tempfile.TemporaryDirectory(dir=scratch_parent()) as scratch:
        program = Program(gait, Path(scratch))
        prepare(program)
        lines = check(program, operations(), budgets)
    return conclude(report_path, REPORT_SCHEMA_ID, gait, budgets, lines)


if __name__ == "__main__":
    sys.exit(main(run, USAGE))
