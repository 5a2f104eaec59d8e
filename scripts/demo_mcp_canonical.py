#!/usr/bin/env python3
"""Shows the decision service: three policies judge one OpenAI function call, and every decision is kept and verified.

    demo_mcp_canonical.py [directory]

The program is $GAIT_BIN, else the gait of the checkout, else the one in PATH. The summary goes to
<directory>/mcp_canonical_summary.json and to standard output.
"""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path.append(str(CHECKOUT / "examples" / "integrations"))

from atomic_file import replace  # noqa: E402
from boundary import BoundaryError, find_gait, run_gait  # noqa: E402

EXITS = {"allow": 0, "block": 3, "require_approval": 4}
START_SECONDS = 15.0
REQUEST_SECONDS = 30.0
CALL = {
    "type": "function",
    "function": {"name": "tool.write", "arguments": json.dumps({"path": "/tmp/report.txt", "content": "done"})},
}


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answer(url: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the service answers to a GET, or to a POST of JSON."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=REQUEST_SECONDS) as response:
        return json.load(response)


@contextmanager
def service(gait: str, policy: Path, directory: Path) -> Iterator[str]:
    """The service with a policy, for as long as the context lasts. Gives its address."""
    address = f"127.0.0.1:{free_port()}"
    command = [gait, "mcp", "serve", "--policy", str(policy), "--listen", address, "--adapter", "openai"]
    for kind in ("trace", "runpack", "pack", "session"):
        command += [f"--{kind}-dir", str(directory / f"{kind}s")]
    try:
        with (directory / "service.log").open("wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    except OSError as error:
        raise BoundaryError(f"unable to run {gait}: {error}") from error
    try:
        wait_for(process, f"http://{address}/healthz")
        yield f"http://{address}"
    finally:
        process.terminate()
        try:
            process.wait(timeout=START_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_for(process: subprocess.Popen[bytes], url: str) -> None:
    """Waits until the service answers."""
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            answer(url)
            return
        except (OSError, ValueError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise BoundaryError(f"the service does not answer (exit code {process.poll()}): {error}") from error
            time.sleep(0.02)


def verified(gait: str, *arguments: str) -> None:
    """Insists that something verifies."""
    done = run_gait([gait, *arguments, "--json"])
    if done.exit_code != 0 or done.json().get("ok") is not True:
        raise BoundaryError(f"gait {' '.join(arguments)} exited with {done.exit_code}")


def case(gait: str, verdict: str, directory: Path) -> dict[str, Any]:
    """One policy judging the call."""
    directory.mkdir(parents=True, exist_ok=True)
    policy = CHECKOUT / "examples" / "integrations" / "template" / f"policy_{verdict}.yaml"
    run_id = f"run_mcp_canonical_{verdict}"
    with service(gait, policy, directory) as address:
        body = {"adapter": "openai", "run_id": run_id, "emit_runpack": True, "emit_pack": True, "call": CALL}
        result = answer(f"{address}/v1/evaluate", body)
    if result.get("verdict") != verdict or result.get("exit_code") != EXITS[verdict]:
        raise BoundaryError(f"expected {verdict}, got {result.get('verdict')} with exit code {result.get('exit_code')}")
    verified(gait, "verify", result["runpack_path"])
    verified(gait, "pack", "verify", result["pack_path"])
    names = ("verdict", "exit_code", "run_id", "trace_path", "runpack_path", "pack_path", "pack_id", "intent_digest")
    executed = verdict == "allow" and result["exit_code"] == 0
    return {"case": verdict, "executed": executed, **{name: result.get(name) for name in names}}


def main(arguments: list[str]) -> int:
    """The command line."""
    if len(arguments) > 1:
        print("usage: demo_mcp_canonical.py [directory]", file=sys.stderr)
        return 1
    directory = Path(arguments[0]) if arguments else CHECKOUT / "gait-out" / "mcp_canonical"
    directory = directory.resolve()
    try:
        gait = find_gait(CHECKOUT)
        cases = [case(gait, verdict, directory / verdict) for verdict in EXITS]
        summary = {
            "schema_id": "gait.mcp.canonical.summary",
            "schema_version": "1.0.0",
            "ok": True,
            "adapter": "openai",
            "cases": cases,
        }
        replace(directory / "mcp_canonical_summary.json", json.dumps(summary, indent=2) + "\n")
    except (BoundaryError, OSError, ValueError, KeyError) as error:
        print(f"demo_mcp_canonical: {error}", file=sys.stderr)
        return 1
    print(json.dumps(summary))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
