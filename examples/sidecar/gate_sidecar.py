#!/usr/bin/env python3
"""A sidecar for runtimes that can start a process but not link a library: an intent in, a decision out, as JSON.

`ok` says whether gait decided, not whether it allowed: run the tool only when the exit code is 0 and
`gate_result.verdict` is `allow`. For more than a call now and then, run `gait mcp serve` and ask over HTTP.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).resolve().parents[1] / "integrations"))

from boundary import TIMEOUT_SECONDS, Answer, BoundaryError, read_decision, run_gait

DECIDED = (0, 3, 4)
EXIT_INVALID_INTENT = 2
EXIT_NO_DECISION = 6
MAX_INTENT_BYTES = 8 << 20
# Passed to `gait gate eval` as they are.
PASSED_ON = (
    "trace-out",
    "context-envelope",
    "approval-token",
    "approval-token-chain",
    "approval-public-key",
    "approval-audit-out",
    "delegation-token",
    "delegation-token-chain",
    "delegation-public-key",
    "delegation-private-key",
    "delegation-audit-out",
    "private-key",
    "private-key-env",
    "kill-switch-state",
    "rate-limit-state",
)


class IntentError(ValueError):
    """What came in is no intent request."""


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--policy", required=True, help="policy to judge by")
    parser.add_argument("--intent-file", default="-", help="the intent request, or - for standard input")
    parser.add_argument("--gait-bin", default="gait", help="the program")
    parser.add_argument("--key-mode", choices=("dev", "prod"), default="dev")
    parser.add_argument("--profile", choices=("standard", "oss-prod"), default="standard")
    parser.add_argument("--timeout", type=seconds, default=TIMEOUT_SECONDS, help="seconds to wait for the decision")
    for name in PASSED_ON:
        parser.add_argument(f"--{name}", help=f"as for gait gate eval --{name}")
    return parser.parse_args()


def seconds(text: str) -> float:
    """A time to wait: more than nothing, and not for ever."""
    value = float(text)
    if not 0 < value <= 3600:
        raise argparse.ArgumentTypeError("expected a number of seconds between 0 and 3600")
    return value


def read_intent(source: str) -> bytes:
    """The bytes of an intent request."""
    try:
        if source == "-":
            data = sys.stdin.buffer.read(MAX_INTENT_BYTES + 1)
        else:
            with open(source, "rb") as file:
                data = file.read(MAX_INTENT_BYTES + 1)
        if len(data) > MAX_INTENT_BYTES:
            raise IntentError(f"it is longer than {MAX_INTENT_BYTES} bytes")
        intent = json.loads(data)
    except (OSError, ValueError, RecursionError) as error:
        raise IntentError(str(error)) from error
    if not isinstance(intent, dict):
        raise IntentError("it is not a JSON object")
    for name, expected in (("schema_id", "gait.gate.intent_request"), ("schema_version", "1.0.0")):
        if intent.get(name) != expected:
            raise IntentError(f"{name} must be {expected}")
    return data


def ask(options: argparse.Namespace, intent: bytes) -> Answer:
    """Asks gait. It reads a copy of the bytes that were checked here, whatever happens to the file meanwhile."""
    with tempfile.TemporaryDirectory(prefix="gait-sidecar-") as directory:
        path = Path(directory) / "intent.json"
        path.write_bytes(intent)
        command = [options.gait_bin, "gate", "eval", "--policy", options.policy, "--intent", str(path)]
        command += ["--key-mode", options.key_mode, "--profile", options.profile, "--json"]
        for name in PASSED_ON:
            value = getattr(options, name.replace("-", "_"))
            if value:
                command += [f"--{name}", value]
        return run_gait(command, timeout=options.timeout)


def output(answer: Answer) -> tuple[int, dict[str, Any]]:
    """The exit code and the document for what gait answered."""
    document: dict[str, Any] = {"ok": False, "exit_code": answer.exit_code}
    # An answer that cannot be read, or tells no verdict, is no permission even when the program ended well.
    refusal = answer.exit_code if answer.exit_code > 0 else EXIT_NO_DECISION
    try:
        result = answer.json()
    except BoundaryError as error:
        document["error"] = str(error)
        document["stdout"] = answer.stdout.decode(errors="replace")
        document["stderr"] = answer.stderr.decode(errors="replace")
        return refusal, document
    document["gate_result"] = result
    document["trace_path"] = result.get("trace_path", "")
    if answer.exit_code in DECIDED:
        try:
            read_decision(answer)
        except BoundaryError as error:
            # The caller knows 3 and 4 as verdicts, and there is none.
            return EXIT_NO_DECISION, {**document, "error": str(error)}
        return answer.exit_code, {**document, "ok": True}
    return refusal, document


def main() -> int:
    """Runs the sidecar once."""
    options = arguments()
    try:
        exit_code, document = output(ask(options, read_intent(options.intent_file)))
    except IntentError as error:
        exit_code, document = EXIT_INVALID_INTENT, {"ok": False, "error": f"invalid intent request: {error}"}
    except (BoundaryError, OSError) as error:
        exit_code = EXIT_NO_DECISION
        document = {"ok": False, "exit_code": exit_code, "error": str(error), "stdout": "", "stderr": ""}
    print(json.dumps(document, sort_keys=True))
    return exit_code


if __name__ == "__main__":
    sys.exit(main())
