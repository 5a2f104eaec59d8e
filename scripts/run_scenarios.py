#!/usr/bin/env python3
"""Runs the scenarios under scenarios/<suite>: each is one decision, a list of decisions, or a pack made and verified.

The program is $GAIT_SCENARIO_BIN, else $GAIT_BIN, else the gait in PATH.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

NAMED = os.environ.get("GAIT_SCENARIO_BIN") or os.environ.get("GAIT_BIN") or "gait"
# Decisions run in directories of their own, where a relative path would mean something else.
GAIT = os.path.abspath(NAMED) if os.sep in NAMED else NAMED
SUITES = Path(__file__).resolve().parents[1] / "scenarios"
TIMEOUT_SECONDS = 60
# Files that a scenario may have, and the flags of `gate eval` that they stand for.
FILES = {
    "approval_token.json": "--approval-token",
    "approval_public.key": "--approval-public-key",
    "delegation_token.json": "--delegation-token",
    "delegation_public.key": "--delegation-public-key",
    "context_envelope.json": "--context-envelope",
    "kill_switch.json": "--kill-switch-state",
}
FLAGS = {
    "delegation_chain_files": "--delegation-token-chain",
    "wrkr_inventory": "--wrkr-inventory",
    "approved_script_registry": "--approved-script-registry",
    "approved_script_public_key": "--approved-script-public-key",
}
# Expectations whose name is not that of the member they look at.
MEMBERS = {"verify_signature_status": "signature_status"}
Result = tuple[int, dict[str, Any]]


def settings(path: Path) -> dict[str, Any]:
    """`name: value` lines, values being JSON or plain words; a list is written `[a, b]`."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    pairs = (line.split(":", 1) for line in lines if line.strip() and not line.startswith("#"))
    return {name.strip(): value(text.strip()) for name, text in pairs}


def value(text: str) -> Any:
    """One value."""
    if text.startswith("[") and text.endswith("]"):
        return [value(item.strip()) for item in text[1:-1].split(",") if item.strip()]
    try:
        return json.loads(text)
    except ValueError:
        return text


def gait(directory: Path, *arguments: str) -> Result:
    """Runs gait, and gives its exit code and its answer."""
    command = [GAIT, *arguments, "--json"]
    done = subprocess.run(command, cwd=directory, capture_output=True, timeout=TIMEOUT_SECONDS, check=False)
    answer = json.loads(done.stdout)
    if not isinstance(answer, dict):
        raise ValueError("the answer is no object")
    return done.returncode, answer


def arguments_of(scenario: Path, flags: dict[str, Any]) -> list[str]:
    """What a scenario gives to `gate eval`, beside the intent."""
    found = [f"--policy={scenario / 'policy.yaml'}"]
    found += [f"{flag}={scenario / name}" for name, flag in FILES.items() if (scenario / name).exists()]
    for name, setting in flags.items():
        if name == "simulate":
            found += ["--simulate"] * bool(setting)
        elif name not in ("concurrency", "repeat"):
            names = setting if isinstance(setting, list) else [setting]
            found.append(f"{FLAGS[name]}={','.join(str(scenario / name) for name in names)}")
    return found


def decisions(scenario: Path, flags: dict[str, Any], intent: Path, count: int = 1) -> list[Result]:
    """One intent judged once or more often, each time in a directory of its own; at once when the flags say so."""
    arguments = ["gate", "eval", f"--intent={intent}", *arguments_of(scenario, flags)]
    with tempfile.TemporaryDirectory() as root, ThreadPoolExecutor(int(flags.get("concurrency", 1))) as pool:
        places = [Path(tempfile.mkdtemp(dir=root)) for _ in range(count)]
        return list(pool.map(lambda place: gait(place, *arguments), places))


def pack_round_trip() -> Result:
    """The demonstration, packed and verified."""
    with tempfile.TemporaryDirectory() as root:
        place = Path(root)
        for arguments in (["demo"], ["pack", "build", "--type=run", "--from=run_demo", "--out=pack.zip"]):
            code, answer = gait(place, *arguments)
            if code != 0:
                return code, answer
        code, verified = gait(place, "pack", "verify", "pack.zip")
        return code, verified | verified.get("verify", {}) | {"source_ref": answer.get("source_ref")}


def differences(expected: dict[str, Any], results: list[Result]) -> list[str]:
    """Where the results are not what is expected."""
    code, answer = results[0]
    actual = answer | {
        "exit_code": code,
        "successful_runs": sum(result[0] == code for result in results),
        "step_verdict_count": len(answer.get("step_verdicts", [])),
    }
    found = []
    for name, wanted in expected.items():
        got = actual.get(MEMBERS.get(name, name))
        if name == "reason_codes_must_include":
            holds, got = set(wanted) <= set(answer.get("reason_codes", [])), answer.get("reason_codes")
        elif name == "error_contains":
            holds, got = str(wanted) in str(answer.get("error", "")), answer.get("error")
        else:
            holds = got == wanted
        if not holds:
            found.append(f"{name}: expected {wanted!r}, got {got!r}")
    told = [[answer.get(name) for name in ("verdict", "reason_codes", "intent_digest")] for _, answer in results]
    if any(other != told[0] for other in told):
        found.append("the same call was not judged the same way every time")
    return found


def verdicts(scenario: Path, flags: dict[str, Any]) -> list[str]:
    """The differences of a list of intents."""
    intents, expected = (
        [json.loads(line) for line in (scenario / name).read_text(encoding="utf-8").splitlines() if line.strip()]
        for name in ("intents.jsonl", "expected-verdicts.jsonl")
    )
    if len(intents) != len(expected):
        return [f"{len(intents)} intents, but {len(expected)} expected verdicts"]
    found = []
    for row in expected:
        intent = intents[row["index"]]
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(intent, file)
            file.flush()
            results = decisions(scenario, flags, Path(file.name))
        if intent["tool_name"] != row["tool_name"]:
            found.append(f"intent {row['index']} calls {intent['tool_name']}, not {row['tool_name']}")
        wanted = {name: row[name] for name in ("verdict", "exit_code")}
        found += [f"intent {row['index']}: {reason}" for reason in differences(wanted, results)]
    return found


def run(scenario: Path) -> list[str]:
    """Runs one scenario, and gives where it is not as expected."""
    flags = settings(scenario / "flags.yaml")
    unknown = set(flags) - {"simulate", "concurrency", "repeat", *FLAGS}
    if unknown:
        return [f"unknown flags: {', '.join(sorted(unknown))}"]
    try:
        if (scenario / "intents.jsonl").exists():
            return verdicts(scenario, flags)
        expected = settings(scenario / "expected.yaml")
        if "exit_code" not in expected:
            return ["expected.yaml tells no exit_code"]
        if not (scenario / "intent.json").exists():
            return differences(expected, [pack_round_trip()])
        count = int(flags.get("concurrency", flags.get("repeat", 1)))
        return differences(expected, decisions(scenario, flags, scenario / "intent.json", count))
    except (OSError, ValueError, KeyError, IndexError, subprocess.SubprocessError) as error:
        return [f"{type(error).__name__}: {error}"]


def main(arguments: list[str]) -> int:
    """The command line: a suite, then the scenarios to run if not all."""
    if not arguments:
        print("usage: run_scenarios.py <suite> [scenario...]", file=sys.stderr)
        return 2
    suite = SUITES / arguments[0]
    names = arguments[1:] or sorted(path.name for path in suite.glob("*") if path.is_dir())
    failed = 0
    for name in names:
        found = run(suite / name)
        print("\n  ".join([f"{'FAIL' if found else 'pass'} {name}", *found]))
        failed += bool(found)
    print(f"{len(names) - failed} passed, {failed} failed")
    return 1 if failed or not names else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
