"""What all benchmarks of servers measure: requests by wrk, and the memory and processor time of a process."""

import os
import pathlib
import re
import subprocess
import typing


class Load(typing.NamedTuple):
    """What came of requests by wrk."""

    per_second: float
    median: float
    """Of the time to the answer, in microseconds."""
    slowest: float
    """The 99th percentile of it."""
    requests: int
    failed: int
    """Requests that were not answered, or not with success."""


def wrk(directory, url, body, connections, seconds, headers=()):
    """Posts the same JSON for so many seconds."""
    script = pathlib.Path(directory) / "request.lua"
    fields = [("Content-Type", "application/json"), *headers]
    lines = ['wrk.method = "POST"', *(f'wrk.headers["{name}"] = "{value}"' for name, value in fields)]
    script.write_text("\n".join([*lines, f"wrk.body = [==[{body}]==]", ""]))
    command = ["wrk", f"-t{1 if connections == 1 else 2}", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
    command += ["--latency", "-s", str(script), url]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def number(pattern):
        found = re.search(pattern, text)
        return float(found[1]) if found else 0.0

    def microseconds(percentile):
        found = re.search(rf"{percentile}%\s+([\d.]+)(us|ms|s)", text)
        return float(found[1]) * {"us": 1, "ms": 1e3, "s": 1e6}[found[2]] if found else 0.0

    errors = re.search(r"Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)", text)
    failed = number(r"Non-2xx or 3xx responses: (\d+)") + sum(map(int, errors.groups() if errors else ()))
    requests = int(number(r"(\d+) requests in"))
    return Load(number(r"Requests/sec:\s+([\d.]+)"), microseconds(50), microseconds(99), requests, int(failed))


def memory(pid, name="VmRSS"):
    """Resident memory in MB; `VmHWM` for the most it ever was."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    found = re.search(rf"^{name}:\s+(\d+)", status, re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def processor_time(pid):
    """Seconds of processor time, which other load on the machine changes little."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
