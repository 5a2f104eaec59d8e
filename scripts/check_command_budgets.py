#!/usr/bin/env python3
"""Times whole commands, and holds them against budgets that count in starts of a process.

Exits with 0 when every command keeps its budget, 1 when one does not or fails, 2 when the check cannot be made.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from perf_budget import BudgetError, Budgets, Operation, Program, check, conclude, main, scratch_parent

USAGE = "<gait> <report.json> [budgets.json]"
DEFAULT_BUDGETS = Path(__file__).resolve().parent.parent / "perf" / "runtime_slo_budgets.json"
BUDGETS_SCHEMA_ID = "gait.perf.command_budgets"
REPORT_SCHEMA_ID = "gait.perf.command_budget_report"

POLICY = """\
default_verdict: block
rules:
  - {name: delegated, priority: 1, effect: allow,
     match: {tool_names: [tool.deploy], require_delegation: true, delegation_scopes: [deploy]}}
  - {name: tools, priority: 2, effect: allow, match: {tool_names: [tool.run]}}
"""
# Target kind, target, operation and endpoint class of the calls that are judged.
CALLS = {
    "gate_eval_fs_read": ("path", "/srv/in.txt", "read", "fs.read"),
    "gate_eval_fs_write": ("path", "/srv/out.txt", "write", "fs.write"),
    "gate_eval_fs_delete": ("path", "/srv/old.txt", "delete", "fs.delete"),
    "gate_eval_proc_exec": ("other", "make", "execute", "proc.exec"),
    "gate_eval_net_http": ("url", "https://api.example.test/v1", "read", "net.http"),
    "gate_eval_net_dns": ("host", "api.example.test", "read", "net.dns"),
}
DELEGATE_MINT = "delegate mint"
CHECKPOINT = "run session checkpoint"
SESSION_CHAIN = "verify session-chain"
DELEGATION = ["--delegator", "agent.lead", "--delegate", "agent.shop", "--scope", "deploy", "--ttl", "12h"]
SIGNED = ("--key-mode", "prod", "--private-key", "keys/k_private.key")
# Allowed, and only with an approval: what deletes or executes needs one whatever the policy says.
VERDICTS = (0, 4)
EVALUATE = ("gate", "eval", "--json", "--no-config", "--policy", "policy.yaml", "--trace-out", "trace.json", *SIGNED)


def intent(kind: str, value: str, operation: str, endpoint_class: str) -> dict[str, object]:
    """A call of one tool on one target."""
    target = {"kind": kind, "value": value, "operation": operation, "endpoint_class": endpoint_class}
    return {
        "tool_name": "tool.run",
        "args": {"target": value},
        "targets": [target],
        "context": {"identity": "agent.shop", "workspace": "/srv", "risk_class": "low"},
    }


def delegated() -> dict[str, object]:
    """A call on behalf of somebody else."""
    link = {"delegator_identity": "agent.lead", "delegate_identity": "agent.shop"}
    delegation = {"requester_identity": "agent.shop", "scope_class": "deploy", "chain": [link]}
    return intent("other", "shop", "deploy", "other") | {"tool_name": "tool.deploy", "delegation": delegation}


def prepare(program: Program) -> None:
    """Makes everything that commands are timed with."""
    here = program.directory
    (here / "policy.yaml").write_text(POLICY)
    for name, call in CALLS.items():
        (here / f"{name}.json").write_text(json.dumps(intent(*call)))
    (here / "delegated.json").write_text(json.dumps(delegated()))
    program.run("keys", "init", "--out-dir", "keys", "--prefix", "k")
    program.run("demo", "--json")
    program.run("regress", "init", "--from", "run_demo", "--json")
    if program.understands(DELEGATE_MINT):
        program.run("delegate", "mint", *DELEGATION, *SIGNED, "--out", "delegation.json", "--json")
    if program.understands(CHECKPOINT):
        for session in ("emit", "chain"):
            program.run(
                "run", "session", "start", "--journal", f"{session}.jsonl", "--session-id", session, "--run-id", session
            )
        program.run(*append("chain"))
        program.run("run", "session", "checkpoint", "--journal", "chain.jsonl", "--out", "chain/one.zip", "--json")
    program.run(*submit("packed"))
    program.run("pack", "build", "--type", "job", "--from", "packed", "--out", "packed.zip", "--json")


def append(session: str) -> tuple[str, ...]:
    """Adds an event to a session."""
    return ("run", "session", "append", "--journal", f"{session}.jsonl", "--tool", "tool.run", "--verdict", "allow")


def submit(job: str) -> tuple[str, ...]:
    """Begins a job."""
    return ("job", "submit", "--id", job, "--actor", "alice", "--env-fingerprint", "env", "--json")


def of_job(action: str, job: str, *more: str) -> tuple[str, ...]:
    """Does something with a job."""
    return ("job", action, "--id", job, "--actor", "alice", "--json", *more)


def checkpoint(job: str, *more: str) -> tuple[str, ...]:
    """Leaves a checkpoint of a job."""
    return ("job", "checkpoint", "add", "--id", job, "--actor", "alice", "--summary", "so far", "--json", *more)


def operations() -> list[Operation]:
    """What is timed, in this order."""
    ask = checkpoint("approve_{n}", "--type", "decision-needed", "--required-action", "review")
    delegation: tuple[str, ...] = (*EVALUATE, "--intent", "delegated.json", "--delegation-token", "delegation.json")
    delegation += ("--delegation-public-key", "keys/k_public.key", "--delegation-audit-out", "delegation_audit.json")
    emit = ("run", "session", "checkpoint", "--journal", "emit.jsonl", "--out", "emit/{n}.zip", "--json")
    return [
        Operation("demo", (("demo", "--json"),)),
        Operation("verify", (("verify", "run_demo", "--json"),)),
        Operation("regress_run", (("regress", "run", "--json"),)),
        Operation("guard_pack", (("guard", "pack", "run_demo", "--out", "evidence.zip", "--json", *SIGNED),)),
        *(Operation(name, ((*EVALUATE, "--intent", f"{name}.json"),), exits=VERDICTS) for name in CALLS),
        Operation("gate_eval_delegation_verify", (delegation,), needs=(DELEGATE_MINT,)),
        Operation("session_checkpoint_emit", (emit,), before=(append("emit"),), needs=(CHECKPOINT,)),
        Operation(
            "session_chain_verify",
            (("verify", "session-chain", "chain_chain.json", "--json"),),
            needs=(CHECKPOINT, SESSION_CHAIN),
        ),
        Operation("job_submit", (submit("submit_{n}"),)),
        Operation("job_checkpoint_add", (checkpoint("add_{n}"),), before=(submit("add_{n}"),)),
        Operation("job_approve", (of_job("approve", "approve_{n}"),), before=(submit("approve_{n}"), ask)),
        Operation("job_stop", (of_job("stop", "stop_{n}"),), before=(submit("stop_{n}"),)),
        Operation(
            "job_resume",
            (of_job("resume", "resume_{n}", "--env-fingerprint", "env"),),
            before=(submit("resume_{n}"), of_job("pause", "resume_{n}")),
        ),
        Operation(
            "pack_build_job", (("pack", "build", "--type", "job", "--from", "packed", "--out", "p.zip", "--json"),)
        ),
        Operation("pack_verify_job", (("pack", "verify", "packed.zip", "--json"),)),
    ]


def run(arguments: list[str]) -> int:
    """Makes the check."""
    if len(arguments) not in (2, 3):
        raise BudgetError("expected a program and a file for the report")
    gait, report, *given = arguments
    report_path = Path(report).absolute()
    budgets = Budgets.read(Path(given[0]) if given else DEFAULT_BUDGETS, BUDGETS_SCHEMA_ID)
    with tempfile.TemporaryDirectory(dir=scratch_parent()) as scratch:
        program = Program(gait, Path(scratch))
        prepare(program)
        lines = check(program, operations(), budgets)
    return conclude(report_path, REPORT_SCHEMA_ID, gait, budgets, lines)


if __name__ == "__main__":
    sys.exit(main(run, USAGE))
