"""Lets clients that others wrote talk to servers that others wrote, directly and through the gateway."""

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from peers import PATIENCE, CheckError, Kit, everything, served
from sameness import require_same

# Conversations at a time. They mostly wait.
AT_ONCE = 3
# The published server asks for roots once, a moment after the opening. Where the machine was so busy that the client
# had not opened the stream yet, the question is lost, with or without a gateway, and the conversation begins anew.
OPENINGS = 3
# Pairs that would only take time: fastmcp is made of mcp, and a server of the stateless era answers one client of the
# era before it like another.
ALIKE = {("fastmcp", "mcp"), ("sdk 1", "sdk 2")}
OF_SESSIONS = "2025-11-25"
STATELESS = "2026-07-28"


@dataclass(frozen=True)
class Conversation:
    """A client and a server, and how they are connected."""

    client: str
    server: str
    transport: str

    @property
    def is_stateless(self) -> bool:
        """Whether the server is one of the stateless era."""
        return self.server != "server-everything"

    @property
    def era(self) -> str:
        """The revision that both know."""
        return STATELESS if self.is_stateless and self.client != "sdk 1" else OF_SESSIONS

    def __str__(self) -> str:
        return f"{self.client:8} {self.server:18} {self.transport:6} {self.era}"


def conversations() -> Iterator[Conversation]:
    """Everybody with everybody, save where one of two alike has done it."""
    for client in ("sdk 1", "sdk 2", "mcp", "fastmcp"):
        for server in ("server-everything", "sdk 2", "mcp"):
            if (client, server) not in ALIKE:
                yield from (Conversation(client, server, transport) for transport in ("stdio", "http"))


def client_command(kit: Kit, client: str) -> list[str]:
    """The command that starts a client, without its server."""
    return {
        "sdk 1": kit.script("sdk1-client.mjs"),
        "sdk 2": kit.script("sdk2-client.mjs"),
        "mcp": kit.python_script("mcp_client.py"),
        "fastmcp": kit.python_script("fastmcp_client.py"),
    }[client]


def server_command(kit: Kit, server: str, transport: str) -> list[str]:
    """The command that starts a server."""
    return {
        "server-everything": kit.published("server-everything", transport),
        "sdk 2": kit.script("stateless-server.mjs", transport),
        "mcp": kit.python_script("stateless_server.py", transport),
    }[server]


@contextmanager
def connected(kit: Kit, talk: Conversation, through_gateway: bool) -> Iterator[list[str]]:
    """The server of a conversation, as its client is told of it."""
    server = server_command(kit, talk.server, talk.transport)
    if talk.transport == "stdio":
        yield ["--", *(kit.beside(server) if through_gateway else server)]
        return
    with served(kit, server) if talk.is_stateless else everything(kit) as url:
        if not through_gateway:
            yield [url]
            return
        with kit.in_front_of(url) as gateway:
            yield [gateway]


def transcript(kit: Kit, talk: Conversation, through_gateway: bool) -> list[Any]:
    """What a client sees."""
    environment = {**os.environ, "CONVERSATION": "stateless" if talk.is_stateless else "sessions"}
    for _ in range(OPENINGS):
        with connected(kit, talk, through_gateway) as server:
            ran = subprocess.run(
                [*client_command(kit, talk.client), *server],
                cwd=kit.fresh(),
                env=environment,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
                check=False,
            )
        seen = [json.loads(line) for line in ran.stdout.split("\n") if line]
        if ran.returncode == 0:
            return [*seen, require_era(talk, seen)]
        if len(seen) != 1:
            break
    raise CheckError(f"{talk}: the client failed ({'through' if through_gateway else 'direct'}): {ran.stderr[-2000:]}")


def require_era(talk: Conversation, seen: list[Any]) -> str:
    """The revision that was agreed on, where the client tells."""
    version: str = seen[0]["result"].get("version", talk.era)
    if version != talk.era:
        raise CheckError(f"{talk}: the revision is {version}")
    return version


def compared(kit: Kit, talk: Conversation) -> str:
    """Holds a conversation against itself behind the gateway."""
    direct, through = (transcript(kit, talk, through_gateway) for through_gateway in (False, True))
    require_same(str(talk), direct, through)
    return f"{talk}  {len(direct) - 1} steps, no difference"


def check(kit: Kit) -> None:
    """Every conversation."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for line in pool.map(lambda talk: compared(kit, talk), conversations()):
            print(line, flush=True)
