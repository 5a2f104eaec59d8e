"""What the performance checks share: how long commands take beside the start of a process, budgets, and reports."""

from __future__ import annotations

import functools
import json
import math
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import atomic_file

EXIT_BREACH = 1
EXIT_USAGE = 2
MOST_RUNS = 1000
PERCENTILES = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
# Where the machine has it, what is timed writes to memory: how fast a disk flushes is not the program's doing.
MEMORY = Path("/dev/shm")


class BudgetError(Exception):
    """The check cannot be made."""


class CommandError(Exception):
    """A command did not do what it is timed for."""


@dataclass(frozen=True)
class Operation:
    """Something that is timed: one or more commands, after others that are not."""

    name: str
    commands: tuple[tuple[str, ...], ...]
    before: tuple[tuple[str, ...], ...] = ()
    # What must be understood for it to be timed at all.
    needs: tuple[str, ...] = ()
    # How the commands that are timed may end.
    exits: tuple[int, ...] = (0,)

    def numbered(self, number: int) -> Operation:
        """The same for the run `number`: `{n}` stands for it in the arguments."""

        def fill(commands: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
            return tuple(tuple(word.replace("{n}", str(number)) for word in command) for command in commands)

        return replace(self, commands=fill(self.commands), before=fill(self.before))


@dataclass
class Measured:
    """What an operation took in one attempt."""

    samples_ms: list[float] = field(default_factory=list)
    starts_ms: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)

    def start_ms(self) -> float:
        """What starting a process took meanwhile."""
        return percentile(self.starts_ms, PERCENTILES["p50"])


class Program:
    """The program under test, in a directory of its own, which becomes that of this process too."""

    def __init__(self, gait: str, directory: Path) -> None:
        found = shutil.which(gait)
        if found is None:
            raise BudgetError(f"there is no program {gait}")
        self.path = os.path.abspath(found)
        self.directory = directory
        self.environment = {"PATH": os.environ.get("PATH", os.defpath), "HOME": str(directory)}
        self.runs = 0
        os.chdir(directory)

    def start(self, *words: str) -> tuple[int, bytes]:
        """Runs a command line, started as cheaply as it can be done; gives its exit code and what it said."""
        said = self.directory / ".said"
        write = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        streams = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_OPEN, 1, str(said), write, 0o600),
            (os.POSIX_SPAWN_DUP2, 1, 2),
        ]
        _, status = os.waitpid(os.posix_spawn(words[0], words, self.environment, file_actions=streams), 0)
        return os.waitstatus_to_exitcode(status), said.read_bytes()

    def run(self, *arguments: str, exits: tuple[int, ...] = (0,)) -> None:
        """Runs the program; an end that is not among `exits` is an error."""
        code, said = self.start(self.path, *arguments)
        if code not in exits:
            text = said.decode("utf-8", "replace").strip()[:300]
            raise CommandError(f"{' '.join(arguments)}: exit {code}: {text}")

    def understands(self, command: str) -> bool:
        """Whether the program has a command."""
        code, _ = self.start(self.path, *command.split(), "--help")
        return code == 0

    def do(self, operation: Operation) -> None:
        """Runs what is timed of an operation."""
        for command in operation.commands:
            self.run(*command, exits=operation.exits)

    def time(self, operation: Operation, repeats: int, calibration: str) -> Measured:
        """Times an operation `repeats` times, each time next to the start of another process."""
        measured = Measured()
        for _ in range(repeats):
            self.runs += 1
            numbered = operation.numbered(self.runs)
            try:
                for command in numbered.before:
                    self.run(*command)
                measured.starts_ms.append(elapsed_ms(functools.partial(self.start, calibration)))
                measured.samples_ms.append(elapsed_ms(functools.partial(self.do, numbered)))
            except CommandError as error:
                measured.errors.append(str(error))
        return measured


def elapsed_ms(work: Callable[[], Any]) -> float:
    """How long `work` takes on the wall clock."""
    begun = time.perf_counter()
    work()
    return (time.perf_counter() - begun) * 1000


def percentile(samples: list[float], share: float) -> float:
    """The sample below which `share` of all lie, interpolated between its neighbours."""
    if not samples:
        return math.nan
    ordered = sorted(samples)
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def scratch_parent() -> str | None:
    """Where directories for measurements are made; `None` for the usual place."""
    return str(MEMORY) if os.access(MEMORY, os.W_OK) else None


@dataclass(frozen=True)
class Budgets:
    """How long operations may take, as multiples of the start of a process."""

    repeats: int
    # An operation that is over its budget is timed again: a busy machine is over it once, a slow program always.
    attempts: int
    calibration: str
    operations: dict[str, dict[str, float]]

    @classmethod
    def read(cls, path: Path, schema_id: str) -> Budgets:
        """Reads a file of budgets."""
        document = read_object(path)
        if document.get("schema_id") != schema_id or document.get("schema_version") != "1.0.0":
            raise BudgetError(f"{path} is no {schema_id} 1.0.0")
        calibration = document.get("calibration")
        found = shutil.which(calibration) if isinstance(calibration, str) else None
        if found is None:
            raise BudgetError(f"{path}: calibration must be a program on PATH")
        operations = document.get("operations")
        if not isinstance(operations, dict) or not operations:
            raise BudgetError(f"{path}: operations must be an object that is not empty")
        for name, budget in operations.items():
            if not isinstance(budget, dict) or not budget or not budget.keys() <= PERCENTILES.keys():
                raise BudgetError(f"{path}: {name} must have budgets for some of {', '.join(PERCENTILES)}")
            for limit in budget.values():
                positive(limit, f"{path}: {name}")
        return cls(
            repeats=whole(document.get("repeats"), f"{path}: repeats"),
            attempts=whole(document.get("attempts"), f"{path}: attempts"),
            calibration=found,
            operations=operations,
        )


def read_object(path: Path) -> dict[str, Any]:
    """Reads a JSON object."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise BudgetError(f"{path}: {error}") from None
    if not isinstance(document, dict):
        raise BudgetError(f"{path} holds no JSON object")
    return document


def positive(value: Any, what: str) -> float:
    """A number above zero."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value) or value <= 0:
        raise BudgetError(f"{what} must be a number above 0")
    return value


def whole(value: Any, what: str) -> int:
    """A count of at least one."""
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= MOST_RUNS:
        raise BudgetError(f"{what} must be a whole number from 1 to {MOST_RUNS}")
    return value


def check(program: Program, operations: list[Operation], budgets: Budgets) -> list[dict[str, Any]]:
    """Times every operation that has a budget; gives a line of the report for each."""
    known = {operation.name for operation in operations}
    unknown = sorted(budgets.operations.keys() - known)
    if unknown:
        raise BudgetError(f"there is no operation {', '.join(unknown)}")
    understood: dict[str, bool] = {}
    lines = []
    for operation in operations:
        if operation.name not in budgets.operations:
            continue
        for command in operation.needs:
            if command not in understood:
                understood[command] = program.understands(command)
        if not all(understood[command] for command in operation.needs):
            lines.append({"name": operation.name, "status": "skipped", "needs": list(operation.needs)})
        else:
            lines.append(judged(program, operation, budgets))
    return lines


def judged(program: Program, operation: Operation, budgets: Budgets) -> dict[str, Any]:
    """Times an operation until it keeps its budget, as often as the budgets say."""
    line: dict[str, Any] = {}
    for attempt in range(1, budgets.attempts + 1):
        measured = program.time(operation, budgets.repeats, budgets.calibration)
        line = summary(operation.name, measured, budgets.operations[operation.name]) | {"attempts": attempt}
        # An error is no matter of a busy machine.
        if line["status"] == "pass" or measured.errors:
            break
    return line


def summary(name: str, measured: Measured, budget: dict[str, float]) -> dict[str, Any]:
    """A line of the report."""
    start = measured.start_ms()
    spent = {key: percentile(measured.samples_ms, share) for key, share in PERCENTILES.items()}
    if measured.errors or not measured.samples_ms:
        return {"name": name, "status": "error", "errors": measured.errors[:3], "error_count": len(measured.errors)}
    ratios = {key: value / start for key, value in spent.items()}
    over = [key for key, limit in budget.items() if ratios[key] > limit]
    return {
        "name": name,
        "status": "breach" if over else "pass",
        "over": over,
        "samples": len(measured.samples_ms),
        "error_count": 0,
        "start_ms": round(start, 3),
        "elapsed_ms": {key: round(value, 3) for key, value in spent.items()},
        "ratio": {key: round(value, 3) for key, value in ratios.items()},
        "budget_ratio": budget,
    }


def conclude(report_path: Path, schema_id: str, gait: str, budgets: Budgets, lines: list[dict[str, Any]]) -> int:
    """Writes the report, says what is over its budget, and gives the exit code."""
    failed = [line for line in lines if line["status"] in ("breach", "error")]
    report = {
        "schema_id": schema_id,
        "schema_version": "2.0.0",
        "created_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "gait": gait,
        "calibration": budgets.calibration,
        "repeats": budgets.repeats,
        "ok": not failed,
        "operations": lines,
    }
    atomic_file.replace(report_path, json.dumps(report, indent=2, sort_keys=True) + "\n")
    for line in complaints(failed):
        print(line, file=sys.stderr)
    timed = sum(line["status"] != "skipped" for line in lines)
    within = f"{timed - len(failed)} of {timed} operations within their budget"
    print(f"{within}, {len(lines) - timed} skipped: {report_path}")
    return EXIT_BREACH if failed else 0


def complaints(failed: list[dict[str, Any]]) -> Iterator[str]:
    """What is wrong, a line each."""
    for line in failed:
        if line["status"] == "error":
            yield f"{line['name']}: {line['error_count']} errors: {'; '.join(line['errors'])}"
            continue
        for key in line["over"]:
            yield (
                f"{line['name']}: {key} is {line['ratio'][key]} times the start of a process, "
                f"and may be {line['budget_ratio'][key]}"
            )


def main(check: Callable[[list[str]], int], usage: str) -> int:
    """Runs a check with the arguments of the process."""
    name = Path(sys.argv[0]).name
    try:
        return check(sys.argv[1:])
    except CommandError as error:
        print(f"{name}: {error}", file=sys.stderr)
        return EXIT_BREACH
    except (BudgetError, OSError, UnicodeDecodeError) as error:
        print(f"{name}: {error}\nusage: {name} {usage}", file=sys.stderr)
        return EXIT_USAGE
