"""What every integration does at its boundary: ask gait about a tool call, and believe nothing but a clear answer.

`decide` gives a `Decision`; only one whose `executable` is true lets the tool run. A program that is missing, slow or
talks nonsense raises a `BoundaryError` instead, and a caller that does not run the tool then has done the right thing.

Standard library only: copy this file to where you need it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TIMEOUT_SECONDS = 30.0

# The exit codes that fit a verdict. 0 fits every verdict of a policy test, and the others those of a decision.
EXITS = {"allow": (0,), "dry_run": (0,), "block": (0, 3), "require_approval": (0, 4)}


class BoundaryError(RuntimeError):
    """There is no decision, so the tool must not run."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the program said before it ended."""

    exit_code: int
    stdout: bytes
    stderr: bytes

    def json(self) -> dict[str, Any]:
        """Its output as one JSON object in which no member is told twice."""
        try:
            value = json.loads(self.stdout, object_pairs_hook=_members)
        except (ValueError, RecursionError) as error:
            raise BoundaryError(f"gait did not answer with JSON (exit code {self.exit_code}): {error}") from error
        if not isinstance(value, dict):
            raise BoundaryError(f"gait did not answer with a JSON object (exit code {self.exit_code})")
        return value


@dataclass(frozen=True, slots=True)
class Decision:
    """A verdict that fits the exit code it came with."""

    verdict: str
    exit_code: int
    trace_path: Path | None
    result: dict[str, Any]

    @property
    def executable(self) -> bool:
        """Whether the tool may run."""
        return self.verdict == "allow" and self.exit_code == 0 and self.result.get("ok") is True

    @property
    def reason_codes(self) -> list[str]:
        """Why, in gait's reason codes."""
        codes = self.result.get("reason_codes")
        return [str(code) for code in codes] if isinstance(codes, list) else []


def find_gait(checkout: Path | None = None) -> str:
    """The program: `$GAIT_BIN`, else the one at the top of the checkout, else the one in PATH."""
    named = os.environ.get("GAIT_BIN", "").strip()
    if named:
        # A path stays the same when the program is run in another directory; a bare name is looked up in PATH.
        return str(Path(named).absolute()) if os.sep in named else named
    if checkout and (checkout / "gait").is_file():
        return str(checkout / "gait")
    found = shutil.which("gait")
    if found is None:
        raise BoundaryError("unable to find gait binary; set GAIT_BIN, or install gait and put it on PATH")
    return found


def run_gait(
    command: Sequence[str],
    *,
    stdin: bytes = b"",
    timeout: float | None = None,
    cwd: Path | None = None,
) -> Answer:
    """Runs a command to its end, or ends it and everything it started when its time is over."""
    seconds = TIMEOUT_SECONDS if timeout is None else timeout
    try:
        process = subprocess.Popen(
            command,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise BoundaryError(f"unable to run {command[0]}: {error}") from error
    with process:
        try:
            stdout, stderr = process.communicate(stdin, timeout=seconds)
        except subprocess.TimeoutExpired as error:
            # A child of the program may hold the pipes open, so ending the program alone could wait for ever.
            os.killpg(process.pid, signal.SIGKILL)
            raise BoundaryError(f"gait gave no answer within {seconds:g} seconds") from error
    return Answer(process.returncode, stdout, stderr)


def read_decision(answer: Answer) -> Decision:
    """The decision in what `gate eval --json` or `mcp proxy --json` answered."""
    result = answer.json()
    verdict = result.get("verdict")
    if not isinstance(verdict, str) or verdict not in EXITS:
        detail = result.get("error") or f"verdict {verdict!r}"
        raise BoundaryError(f"gait did not decide (exit code {answer.exit_code}): {detail}")
    if answer.exit_code not in EXITS[verdict]:
        raise BoundaryError(f"gait answered {verdict} with exit code {answer.exit_code}, which do not fit")
    trace = result.get("trace_path")
    return Decision(verdict, answer.exit_code, Path(trace) if isinstance(trace, str) and trace else None, result)


def decide(
    gait: str,
    *,
    policy: Path,
    intent: Path,
    trace: Path,
    # gait-lint: allow development_key -- the examples sign nothing that anybody relies on
    arguments: Sequence[str] = ("--key-mode", "dev"),
    timeout: float | None = None,
) -> Decision:
    """Asks `gait gate eval` about the intent in a file. The trace of the decision goes to `trace`."""
    command = [gait, "gate", "eval", "--policy", str(policy), "--intent", str(intent), "--trace-out", str(trace)]
    return read_decision(run_gait([*command, *arguments, "--json"], timeout=timeout))


def _members(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a member is told twice")
    return members
