"""The processes of a test: published servers and clients, and the gateway between them."""

import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

# Seconds that anything may take.
PATIENCE = 120
ALLOW = "default_verdict: allow\n"
# How the gateway and the servers of these tests say where they listen.
LISTENS = re.compile(r"listening(?: on |=127\.0\.0\.1:)(\d+)")


class CheckError(Exception):
    """What was tested does not hold."""


@dataclass(frozen=True)
class Kit:
    """Where the programs of a test are."""

    gait: Path
    # Scripts, and node_modules with published peers.
    node_directory: Path
    # A Python with published clients.
    python: Path
    # Is empty at first, and removed in the end.
    scratch: Path

    def fresh(self) -> Path:
        """A directory that nobody used before."""
        return Path(tempfile.mkdtemp(dir=self.scratch))

    def script(self, name: str, *arguments: str) -> list[str]:
        """The command of a script for Node.js."""
        node = self.node_directory / "node_modules/.bin/node"
        return [str(node), str(self.node_directory / name), *arguments]

    def published(self, name: str, *arguments: str) -> list[str]:
        """The command of a package of the project of MCP."""
        return self.script(f"node_modules/@modelcontextprotocol/{name}/dist/index.js", *arguments)

    def python_script(self, name: str, *arguments: str) -> list[str]:
        """The command of a script for Python."""
        return [str(self.python), str(Path(__file__).parent / "python" / name), *arguments]

    def gateway(self, policy: str = ALLOW) -> list[str]:
        """The command of a gateway that saw nothing yet; flags about the server are left to the caller."""
        home = self.fresh()
        (home / "policy.yaml").write_text(policy)
        flags = {"policy": "policy.yaml", "pins": "mcp.lock.json", "trace-dir": "traces"}
        paths = [part for flag, name in flags.items() for part in (f"--{flag}", str(home / name))]
        return [str(self.gait), "mcp", "gateway", "--quiet", *paths, "--server", "peer"]

    def beside(self, server: list[str], policy: str = ALLOW) -> list[str]:
        """The command of a gateway that starts `server`."""
        return [*self.gateway(policy), "--", *server]

    @contextmanager
    def in_front_of(self, url: str, policy: str = ALLOW) -> Iterator[str]:
        """A gateway in front of the server at `url`; gives its own URL."""
        command = [*self.gateway(policy), "--upstream", url, "--listen", "127.0.0.1:0"]
        path = "/" + url.split("://", 1)[1].partition("/")[2]
        with listening(command, self.fresh()) as port:
            yield f"http://127.0.0.1:{port}{path}"


@contextmanager
def listening(command: list[str], directory: Path) -> Iterator[int]:
    """A server that listens, ended at the end; gives its port."""
    process = subprocess.Popen(
        command, cwd=directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    timer = threading.Timer(PATIENCE, process.kill)
    timer.start()
    try:
        yield _port(process)
    finally:
        timer.cancel()
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        process.kill()
        process.wait()


def _port(process: subprocess.Popen[str]) -> int:
    said: list[str] = []
    stdout: Iterable[str] = process.stdout or []
    for line in stdout:
        said.append(line)
        if found := LISTENS.search(line):
            threading.Thread(target=lambda: [None for _ in stdout], daemon=True).start()
            return int(found[1])
    raise CheckError(f"a server did not start: {''.join(said)}")


@contextmanager
def everything(kit: Kit) -> Iterator[str]:
    """The published `server-everything` over HTTP, which must be told its port; gives its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    said = re.compile(rf"listening on port {port}")
    command = kit.published("server-everything", "streamableHttp")
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PORT": str(port)},
    )
    try:
        if not any(said.search(line) for line in process.stderr or []):
            raise CheckError("server-everything did not start")
        yield f"http://127.0.0.1:{port}/mcp"
    finally:
        process.kill()
        process.wait()


@contextmanager
def served(kit: Kit, command: list[str]) -> Iterator[str]:
    """A server over HTTP that a command starts; gives its URL."""
    with listening(command, kit.fresh()) as port:
        yield f"http://127.0.0.1:{port}/mcp"
