"""A client that speaks MCP by hand over standard input and output, so that it sees every message as it came."""

import json
import queue
import subprocess
import threading
from pathlib import Path
from types import TracebackType
from typing import Any

from peers import CheckError

# Seconds until an answer.
PATIENCE = 30
# Notices that come when they like, so that two direct conversations differ in them too.
UNTIMED = {"notifications/message", "notifications/resources/updated", "notifications/tools/list_changed"}
# The member that tells a request of the server, whose id is its own affair, from a notice.
ASKED = "asked"
OPENING = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"roots": {"listChanged": True}},
    "clientInfo": {"name": "wire", "version": "1"},
}

Message = dict[str, Any]
Request = tuple[str, dict[str, Any]]


class Wire:
    """A server, or a gateway, that is spoken to line by line."""

    def __init__(self, command: list[str], directory: Path) -> None:
        self._process = subprocess.Popen(
            command, cwd=directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._arrived: queue.Queue[Message | None] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        self._asked = 0

    def _read(self) -> None:
        for line in self._process.stdout or []:
            self._arrived.put(json.loads(line))
        self._arrived.put(None)

    def send(self, message: Message) -> None:
        """Sends a message."""
        if self._process.stdin is not None:
            self._process.stdin.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
            self._process.stdin.flush()

    def ask(self, method: str, params: dict[str, Any]) -> list[Message]:
        """Sends a request and gives everything that arrives up to its answer; requests of the server are answered."""
        self._asked += 1
        self.send({"id": self._asked, "method": method, "params": params})
        seen: list[Message] = []
        while True:
            message = self._arrived.get(timeout=PATIENCE)
            if message is None:
                raise CheckError(f"the server ended before it answered {method}")
            if "method" in message and "id" in message:
                self.send({"id": message["id"], "result": {"roots": []}})
                seen.append({ASKED: message["method"], "params": message.get("params")})
            elif message.get("id") == self._asked:
                return [*seen, message]
            elif message.get("method") not in UNTIMED:
                seen.append(message)

    def open(self) -> list[Message]:
        """Opens the session."""
        seen = self.ask("initialize", OPENING)
        self.send({"method": "notifications/initialized"})
        return seen

    def __enter__(self) -> "Wire":
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        if self._process.stdin is not None:
            self._process.stdin.close()
        try:
            self._process.wait(timeout=PATIENCE)
        finally:
            self._process.kill()


def conversation(command: list[str], directory: Path, requests: list[Request]) -> list[Message]:
    """Everything that arrives in a session with these requests."""
    with Wire(command, directory) as wire:
        seen = wire.open()
        for method, params in requests:
            seen += wire.ask(method, params)
    return seen
