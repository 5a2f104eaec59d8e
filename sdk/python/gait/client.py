"""Asking the engine: one command of the `gait` program for each function.

Where the wheel brings the engine along, a command runs in this process; else, and whenever a program is named with
`gait_bin` or `GAIT_BIN`, in a process of its own. Both run the same code and give the same results.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from gait.errors import GaitCommandError, GaitError
from gait.jsonready import dumps, json_ready, loads_object
from gait.models import (
    DEV_PRODUCER_VERSION,
    DemoCapture,
    GateEvalResult,
    IntentArgProvenance,
    IntentContext,
    IntentDelegation,
    IntentRequest,
    IntentScript,
    IntentTarget,
    RegressInitResult,
    RunRecordCapture,
    TraceRecord,
)
from gait.native import NATIVE

__all__ = [
    "CommandOptions",
    "GaitBin",
    "GaitCommandError",
    "GaitError",
    "PathText",
    "aevaluate_gate",
    "capture_demo_runpack",
    "capture_intent",
    "create_regress_fixture",
    "evaluate_gate",
    "gate_flags",
    "program_version",
    "read_trace",
    "record_runpack",
    "write_trace",
]

PathText = str | os.PathLike[str]
GaitBin = str | os.PathLike[str] | Sequence[str]
_Answer = TypeVar("_Answer")

#: What `gait_bin` is when nobody chose a program.
DEFAULT_GAIT_BIN = "gait"
#: The environment variable that names the program, unless `gait_bin` does.
GAIT_BIN_VARIABLE = "GAIT_BIN"


@dataclass(slots=True, frozen=True)
class CommandOptions:
    """How commands are run.

    `timeout` is in seconds and holds for a process; in this process the engine's own limits hold. Only errors that the
    engine calls retryable (a busy lock) are tried again, `retries` times, with a pause of `retry_delay` seconds that
    doubles each time. With `check_version` a program of another release is refused before it is asked anything.
    """

    timeout: float = 30.0
    retries: int = 0
    retry_delay: float = 0.05
    check_version: bool = False

    def __post_init__(self) -> None:
        if not self.timeout > 0 or self.retries < 0 or self.retry_delay < 0:
            raise ValueError("timeout must be positive, retries and retry_delay must not be negative")


DEFAULT_OPTIONS = CommandOptions()


@dataclass(slots=True, frozen=True)
class _CommandResult:
    """What a command printed, and how it ended."""

    command: list[str]
    exit_code: int
    stdout: str
    stderr: str


def _command_prefix(gait_bin: GaitBin) -> list[str]:
    """The words that begin a command line: those of `gait_bin`, or `GAIT_BIN` when nobody chose a program."""
    if isinstance(gait_bin, str) and gait_bin == DEFAULT_GAIT_BIN:
        return [os.environ.get(GAIT_BIN_VARIABLE, "").strip() or DEFAULT_GAIT_BIN]
    chosen = [gait_bin] if isinstance(gait_bin, (str, os.PathLike)) else gait_bin
    words = [os.fspath(word) for word in chosen]
    if not words or not words[0]:
        raise GaitError("gait_bin must name a program")
    return words


def _run_command(
    command: Sequence[str],
    *,
    cwd: PathText | None = None,
    options: CommandOptions = DEFAULT_OPTIONS,
) -> _CommandResult:
    """Runs `command` in a process of its own. `GaitCommandError` when it did not run to its end."""
    words = list(command)

    def failure(message: str, exit_code: int, printed: subprocess.TimeoutExpired | None = None) -> GaitCommandError:
        return GaitCommandError(
            message,
            command=words,
            exit_code=exit_code,
            stdout=_text(printed.stdout if printed else None),
            stderr=_text(printed.stderr if printed else None),
        )

    try:
        completed = subprocess.run(
            words,
            cwd=cwd,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=options.timeout,
        )
    except subprocess.TimeoutExpired as error:
        raise failure("gait command timed out", -1, error) from error
    except OSError as error:
        if cwd is not None and (error.filename == os.fspath(cwd) or not Path(cwd).is_dir()):
            raise failure(f"cwd not found: {cwd}", -1) from error
        if isinstance(error, FileNotFoundError):
            message = f"gait binary not found: {words[0]}; set gait_bin or {GAIT_BIN_VARIABLE} to the gait program"
            raise failure(message, 127) from error
        raise failure(f"gait binary cannot be run: {words[0]}: {error}", 126) from error
    return _CommandResult(words, completed.returncode, completed.stdout, completed.stderr)


def _text(output: str | bytes | None) -> str:
    return output.decode("utf-8", "replace") if isinstance(output, bytes) else output or ""


def _parse_json_stdout(stdout: str) -> dict[str, Any] | None:
    """The one JSON object on standard output; `None` for anything else."""
    return loads_object(stdout.strip())


#: Replacing either of these is the documented way to take over how commands run, so then nothing runs in-process.
_OWN_RUN_COMMAND = _run_command
_OWN_SUBPROCESS_RUN = subprocess.run


def runs_in_process(gait_bin: GaitBin, cwd: PathText | None) -> bool:
    """Whether a command runs in this process: the engine is there, no program was chosen, and the directory is ours."""
    return (
        NATIVE is not None
        and isinstance(gait_bin, str)
        and gait_bin == DEFAULT_GAIT_BIN
        and not os.environ.get(GAIT_BIN_VARIABLE, "").strip()
        and _run_command is _OWN_RUN_COMMAND
        and subprocess.run is _OWN_SUBPROCESS_RUN
        and _is_working_directory(cwd)
    )


def _is_working_directory(cwd: PathText | None) -> bool:
    if cwd is None:
        return True
    try:
        return os.path.samefile(cwd, os.curdir)
    except OSError:
        return False


def _execute(
    arguments: Sequence[str], gait_bin: GaitBin, cwd: PathText | None, options: CommandOptions
) -> _CommandResult:
    """Runs one command of the program, wherever it is to run."""
    if NATIVE is not None and runs_in_process(gait_bin, cwd):
        command = [DEFAULT_GAIT_BIN, *arguments]
        stdout, stderr, exit_code = NATIVE.invoke(command)
        return _CommandResult(command, exit_code, stdout, stderr)
    prefix = _command_prefix(gait_bin)
    if options.check_version:
        _require_own_version(prefix, cwd, options)
    if options == DEFAULT_OPTIONS:
        return _run_command([*prefix, *arguments], cwd=cwd)
    return _run_command([*prefix, *arguments], cwd=cwd, options=options)


def command_error(message: str, result: _CommandResult, payload: Mapping[str, Any] | None = None) -> GaitCommandError:
    """The error for a command that ended, with all that it said."""
    return GaitCommandError(
        message,
        command=result.command,
        exit_code=result.exit_code,
        stdout=result.stdout,
        stderr=result.stderr,
        payload=payload,
    )


def answer_of(name: str, result: _CommandResult, accepted: Sequence[int]) -> dict[str, Any]:
    """The JSON answer of a command that ended with an accepted code; an error for any other."""
    payload = _parse_json_stdout(result.stdout)
    if payload is None:
        raise command_error(f"failed to parse JSON from gait {name}", result)
    if result.exit_code not in accepted:
        said = payload.get("error")
        raise command_error(str(said) if said else f"gait {name} failed", result, payload)
    return payload


def retrying(options: CommandOptions, ask: Callable[[], _Answer]) -> _Answer:
    """What `ask` gives, asked again as `options` say when the engine calls its error retryable."""
    pause = options.retry_delay
    for _ in range(options.retries):
        try:
            return ask()
        except GaitCommandError as error:
            if not error.retryable:
                raise
        time.sleep(pause)
        pause *= 2
    return ask()


def _ask(  # noqa: PLR0917
    name: str,
    arguments: Sequence[str],
    gait_bin: GaitBin,
    cwd: PathText | None,
    options: CommandOptions,
    accepted: Sequence[int] = (0,),
) -> tuple[dict[str, Any], _CommandResult]:
    """The answer of a command that ended with an accepted code."""

    def ask() -> tuple[dict[str, Any], _CommandResult]:
        result = _execute(arguments, gait_bin, cwd, options)
        return answer_of(name, result, accepted), result

    return retrying(options, ask)


def _require_ok(name: str, payload: Mapping[str, Any], result: _CommandResult) -> None:
    if payload.get("ok") is not True:
        raise command_error(f"gait {name} returned ok=false", result, payload)


def program_version(
    *, gait_bin: GaitBin = DEFAULT_GAIT_BIN, cwd: PathText | None = None, options: CommandOptions = DEFAULT_OPTIONS
) -> str:
    """The version of the engine that would be asked."""
    if NATIVE is not None and runs_in_process(gait_bin, cwd):
        return NATIVE.__version__
    result = _run_command([*_command_prefix(gait_bin), "version", "--json"], cwd=cwd, options=options)
    version = answer_of("version", result, (0,)).get("version")
    if not isinstance(version, str) or not version:
        raise command_error("gait version JSON response is missing version", result)
    return version


def _require_own_version(prefix: list[str], cwd: PathText | None, options: CommandOptions) -> None:
    from gait import __version__

    found = program_version(gait_bin=prefix, cwd=cwd, options=options)
    if found.split(".")[:2] != __version__.split(".")[:2]:
        raise GaitError(f"gait program {prefix[0]} is version {found}, this package is {__version__}")


def capture_intent(
    *,
    tool_name: str,
    args: Mapping[str, Any],
    context: IntentContext,
    targets: Sequence[IntentTarget] | None = None,
    arg_provenance: Sequence[IntentArgProvenance] | None = None,
    script: IntentScript | None = None,
    created_at: datetime | None = None,
    producer_version: str = DEV_PRODUCER_VERSION,
    delegation: IntentDelegation | None = None,
) -> IntentRequest:
    """An intent for one tool call. The arguments are copied."""
    intent = IntentRequest(
        tool_name=tool_name,
        args=dict(args),
        context=context,
        targets=list(targets or []),
        arg_provenance=list(arg_provenance or []),
        delegation=delegation,
        script=script,
        producer_version=producer_version,
    )
    if created_at is not None:
        intent.created_at = created_at
    return intent


def gate_flags(
    *,
    approval_token: PathText | None = None,
    delegation_token: PathText | None = None,
    delegation_token_chain: Sequence[PathText] | None = None,
    private_key: PathText | None = None,
    private_key_env: str | None = None,
    approval_public_key: PathText | None = None,
    approval_public_key_env: str | None = None,
    approval_private_key: PathText | None = None,
    approval_private_key_env: str | None = None,
    delegation_public_key: PathText | None = None,
    delegation_public_key_env: str | None = None,
    delegation_private_key: PathText | None = None,
    delegation_private_key_env: str | None = None,
) -> list[str]:
    """The flags of `gait gate eval` for tokens and keys. Paths count when given, names of variables when not empty."""
    named: list[tuple[str, str | None]] = [
        ("--approval-token", _path(approval_token)),
        ("--delegation-token", _path(delegation_token)),
        ("--delegation-token-chain", ",".join(os.fspath(token) for token in delegation_token_chain or ()) or None),
        ("--private-key", _path(private_key)),
        ("--private-key-env", private_key_env or None),
        ("--approval-public-key", _path(approval_public_key)),
        ("--approval-public-key-env", approval_public_key_env or None),
        ("--approval-private-key", _path(approval_private_key)),
        ("--approval-private-key-env", approval_private_key_env or None),
        ("--delegation-public-key", _path(delegation_public_key)),
        ("--delegation-public-key-env", delegation_public_key_env or None),
        ("--delegation-private-key", _path(delegation_private_key)),
        ("--delegation-private-key-env", delegation_private_key_env or None),
    ]
    return [word for flag, value in named if value is not None for word in (flag, value)]


def _path(path: PathText | None) -> str | None:
    return None if path is None else os.fspath(path)


def evaluate_gate(
    *,
    policy_path: PathText,
    intent: IntentRequest,
    gait_bin: GaitBin = DEFAULT_GAIT_BIN,
    cwd: PathText | None = None,
    trace_out: PathText | None = None,
    approval_token: PathText | None = None,
    key_mode: str = "dev",
    private_key: PathText | None = None,
    private_key_env: str | None = None,
    approval_public_key: PathText | None = None,
    approval_public_key_env: str | None = None,
    approval_private_key: PathText | None = None,
    approval_private_key_env: str | None = None,
    delegation_token: PathText | None = None,
    delegation_token_chain: Sequence[PathText] | None = None,
    delegation_public_key: PathText | None = None,
    delegation_public_key_env: str | None = None,
    delegation_private_key: PathText | None = None,
    delegation_private_key_env: str | None = None,
    flags: Sequence[str] = (),
    options: CommandOptions = DEFAULT_OPTIONS,
) -> GateEvalResult:
    """Judges `intent` and leaves a signed trace. `flags` are further flags of `gait gate eval`.

    Raises `GaitCommandError` when there is no verdict; then nothing may execute.
    """
    document = dumps(intent.to_dict(), indent=2) + "\n"
    named = gate_flags(
        approval_token=approval_token,
        delegation_token=delegation_token,
        delegation_token_chain=delegation_token_chain,
        private_key=private_key,
        private_key_env=private_key_env,
        approval_public_key=approval_public_key,
        approval_public_key_env=approval_public_key_env,
        approval_private_key=approval_private_key,
        approval_private_key_env=approval_private_key_env,
        delegation_public_key=delegation_public_key,
        delegation_public_key_env=delegation_public_key_env,
        delegation_private_key=delegation_private_key,
        delegation_private_key_env=delegation_private_key_env,
    )
    trace = [] if trace_out is None else ["--trace-out", os.fspath(trace_out)]
    with tempfile.TemporaryDirectory(prefix="gait-intent-") as directory:
        intent_path = Path(directory) / "intent.json"
        intent_path.write_text(document, encoding="utf-8")
        command = ["gate", "eval", "--policy", os.fspath(policy_path), "--intent", str(intent_path)]
        command += ["--key-mode", key_mode, "--json", *trace, *named, *flags]
        payload, result = _ask("gate eval", command, gait_bin, cwd, options, accepted=(0, 3, 4))
    return GateEvalResult.from_dict(payload, result.exit_code)


async def aevaluate_gate(**arguments: Any) -> GateEvalResult:
    """`evaluate_gate` without keeping the event loop from other work."""
    return await asyncio.to_thread(evaluate_gate, **arguments)


def write_trace(*, trace_path: PathText, destination_path: PathText) -> Path:
    """Copies a trace with its times. Its signature is checked by `gait trace verify`, not here."""
    source, destination = Path(trace_path), Path(destination_path)
    try:
        payload = loads_object(source.read_bytes())
    except OSError as error:
        raise GaitError(f"trace file not found: {source}") from error
    schema_id = payload.get("schema_id") if payload is not None else None
    if schema_id != "gait.gate.trace":
        raise GaitError(f"unexpected trace schema_id: {schema_id}")
    destination.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy2(source, destination)
    return destination


def read_trace(path: PathText) -> TraceRecord:
    """The trace in the file at `path`."""
    payload = loads_object(Path(path).read_bytes())
    if payload is None:
        raise GaitError(f"not a trace: {os.fspath(path)}")
    return TraceRecord.from_dict(payload)


def capture_demo_runpack(
    *,
    gait_bin: GaitBin = DEFAULT_GAIT_BIN,
    cwd: PathText | None = None,
    options: CommandOptions = DEFAULT_OPTIONS,
) -> DemoCapture:
    """Records the demonstration."""
    payload, result = _ask("demo", ["demo", "--json"], gait_bin, cwd, options)
    _require_ok("demo", payload, result)
    run_id, bundle = payload.get("run_id"), payload.get("bundle")
    if not run_id or not bundle:
        raise command_error("gait demo JSON response is missing run_id or bundle", result, payload)
    return DemoCapture(
        run_id=str(run_id),
        bundle_path=str(bundle),
        ticket_footer=str(payload.get("ticket_footer") or ""),
        verified=payload.get("verify") == "ok",
        raw_output=result.stdout,
    )


def create_regress_fixture(
    *,
    from_run: str,
    gait_bin: GaitBin = DEFAULT_GAIT_BIN,
    cwd: PathText | None = None,
    options: CommandOptions = DEFAULT_OPTIONS,
) -> RegressInitResult:
    """Makes a regression fixture from a run id or a runpack."""
    command = ["regress", "init", "--from", str(from_run), "--json"]
    payload, result = _ask("regress init", command, gait_bin, cwd, options)
    _require_ok("regress init", payload, result)
    steps = payload.get("next_commands")
    return RegressInitResult(
        run_id=str(payload.get("run_id") or ""),
        fixture_name=str(payload.get("fixture_name") or ""),
        fixture_dir=str(payload.get("fixture_dir") or ""),
        runpack_path=str(payload.get("runpack_path") or ""),
        config_path=str(payload.get("config_path") or ""),
        next_commands=[str(step) for step in steps] if isinstance(steps, list) else [],
    )


def record_runpack(
    *,
    record_input: Mapping[str, Any],
    gait_bin: GaitBin = DEFAULT_GAIT_BIN,
    cwd: PathText | None = None,
    out_dir: PathText = "gait-out",
    capture_mode: str = "reference",
    context_evidence_mode: str | None = None,
    context_envelope: PathText | None = None,
    options: CommandOptions = DEFAULT_OPTIONS,
) -> RunRecordCapture:
    """Records a run as a runpack. Raw capture keeps arguments and results as they are, secrets among them."""
    if capture_mode not in ("reference", "raw"):
        raise GaitError(f"unsupported capture_mode: {capture_mode} (expected reference or raw)")
    document = dumps(json_ready(record_input), indent=2) + "\n"
    with tempfile.TemporaryDirectory(prefix="gait-record-") as directory:
        input_path = Path(directory) / "run_record.json"
        input_path.write_text(document, encoding="utf-8")
        command = ["run", "record", "--input", str(input_path), "--out-dir", os.fspath(out_dir)]
        command += ["--capture-mode", capture_mode, "--json"]
        if context_evidence_mode:
            command += ["--context-evidence-mode", context_evidence_mode]
        if context_envelope is not None:
            command += ["--context-envelope", os.fspath(context_envelope)]
        if capture_mode == "raw":
            # The caller asked for raw capture by name; the program wants to be told that this is meant.
            command.append("--unsafe-context-raw")
        payload, result = _ask("run record", command, gait_bin, cwd, options)
    _require_ok("run record", payload, result)
    return RunRecordCapture(
        run_id=str(payload.get("run_id") or ""),
        bundle_path=str(payload.get("bundle") or ""),
        manifest_digest=str(payload.get("manifest_digest") or ""),
        ticket_footer=str(payload.get("ticket_footer") or ""),
    )
