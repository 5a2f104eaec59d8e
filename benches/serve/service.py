"""A decision service under test: its files, its process, and questions to it."""

import http.client
import json
import pathlib
import resource
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "benches"))

import measure  # noqa: E402

# Far more than starting, or recovering a log, ever takes.
PATIENCE = 30


def policy(rules):
    """A policy in which the last of so many rules allows the call."""
    lines = ["default_verdict: block", "rules:"]
    for number in range(rules):
        tool = "tool.search" if number == rules - 1 else f"tool.t{number}"
        lines += [
            f"  - name: rule-{number}",
            f"    priority: {number}",
            "    effect: allow",
            "    match:",
            f"      tool_names: [{tool}]",
            f"    reason_codes: [reason_{number}]",
        ]
    return "\n".join(lines) + "\n"


def call(session=None):
    """The body of a request."""
    context = {"identity": "agent.alpha", "workspace": "/srv/agent", "risk_class": "low"}
    body = {
        "call": {
            "name": "tool.search",
            "args": {"query": "how much is left"},
            "targets": [{"kind": "path", "value": "/srv/agent/notes", "operation": "read"}],
            "context": context,
            "created_at": "2026-03-01T00:00:00Z",
        },
        "run_id": "load",
    }
    if session:
        body["session_id"] = session
    return json.dumps(body)


def allow_descriptors(number):
    """Lets this process and its children have so many open files."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    if most != resource.RLIM_INFINITY and most < number:
        raise SystemExit(f"this needs {number} open files and only {most} are allowed: raise `ulimit -Hn`")
    resource.setrlimit(resource.RLIMIT_NOFILE, (number, most))


class Service:
    """A service with its files in a directory. What it leaves there stays, so it can be started again."""

    def __init__(self, program, directory, rules=3, flags=()):
        self.program = program
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        (self.directory / "policy.yaml").write_text(policy(rules))
        if not list(self.directory.glob("bench*")):
            self._run("keys", "init", "--out-dir", ".", "--prefix", "bench")
        self.flags = list(flags)
        self.process = None
        self.port = None

    def _run(self, *arguments):
        subprocess.run([self.program, *arguments], cwd=self.directory, check=True, stdout=subprocess.DEVNULL)

    def start(self):
        """Starts the service and gives the seconds until it answered."""
        began = time.monotonic()
        command = [
            self.program, "mcp", "serve", "--json", "--listen", "127.0.0.1:0", "--policy", "policy.yaml",
            "--key-mode", "prod", "--private-key", "bench_private.key",
            "--trace-dir", "traces", "--session-dir", "sessions", *self.flags,
        ]
        log = open(self.directory / "log", "ab")
        self.process = subprocess.Popen(command, cwd=self.directory, stdout=subprocess.PIPE, stderr=log)
        line = self.process.stdout.readline()
        told = json.loads(line or b"{}")
        if not told.get("ok"):
            raise SystemExit(f"the service did not start: {line.decode()}")
        self.port = int(told["listen"].rpartition(":")[2])
        while True:
            try:
                status, _ = self.ask("GET", "/healthz")
                assert status == 200
                return time.monotonic() - began
            except OSError:
                if time.monotonic() - began > PATIENCE:
                    raise
                time.sleep(0.001)

    def ask(self, method, path, body=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def memory(self, name="VmRSS"):
        return measure.memory(self.process.pid, name)

    def processor_time(self):
        return measure.processor_time(self.process.pid)

    def stop(self):
        self.process.terminate()
        self.process.wait(PATIENCE)

    def kill(self):
        self.process.kill()
        self.process.wait(PATIENCE)
