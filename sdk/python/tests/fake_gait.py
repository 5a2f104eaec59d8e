"""Stands in for the `gait` program: it notes its command line and answers what its environment says."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

EXITS = {"allow": 0, "dry_run": 0, "block": 3, "require_approval": 4}


def value(flag: str) -> str:
    return sys.argv[sys.argv.index(flag) + 1]


def gate_eval() -> int:
    intent = json.loads(Path(value("--intent")).read_text())
    note({"intent": intent})
    verdict = os.environ.get("FAKE_GAIT_VERDICT", "allow")
    answer = {"ok": True, "verdict": verdict, "reason_codes": ["r"], "trace_id": "t1", "trace_path": "t1.json"}
    print(json.dumps(answer | {"intent_digest": "1" * 64, "policy_digest": "2" * 64}))
    return EXITS.get(verdict, 0)


def run_record() -> int:
    note({"record": json.loads(Path(value("--input")).read_text())})
    digest = "3" * 64
    print(
        json.dumps({"ok": True, "run_id": "run_x", "bundle": "b.zip", "manifest_digest": digest, "ticket_footer": "f"})
    )
    return 0


def note(entry: dict[str, object]) -> None:
    with Path(os.environ["FAKE_GAIT_LOG"]).open("a") as log:
        log.write(json.dumps(entry) + "\n")


def main() -> int:
    note({"command": sys.argv[1:]})
    if (answer := os.environ.get("FAKE_GAIT_ANSWER")) is not None:
        exits = os.environ.get("FAKE_GAIT_EXITS", "0").split(",")
        calls = Path(os.environ["FAKE_GAIT_LOG"]).read_text().count('"command"')
        print(answer)
        return int(exits[min(calls, len(exits)) - 1])
    match sys.argv[1:3]:
        case ["gate", "eval"]:
            return gate_eval()
        case ["run", "record"]:
            return run_record()
        case ["regress", "init"]:
            print(json.dumps({"ok": True, "run_id": "run_x", "fixture_dir": "fixtures/run_x", "next_commands": ["n"]}))
            return 0
        case ["demo", "--json"]:
            print(json.dumps({"ok": True, "run_id": "run_demo", "bundle": "b.zip", "verify": "ok"}))
            return 0
        case ["version", "--json"]:
            print(json.dumps({"ok": True, "version": os.environ.get("FAKE_GAIT_VERSION", "9.9.9")}))
            return 0
    return 6


sys.exit(main())
