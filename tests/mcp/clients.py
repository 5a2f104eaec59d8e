"""Lets clients that others wrote talk to servers that others wrote, directly and through the gateway."""

import json
import os
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from peers import PATIENCE, CheckError, Kit, everything, scripted
from sameness import require_same

# Conversations at a time. They mostly wait.
AT_ONCE = 3
# The published server asks for roots once, a moment after the opening. Where the machine was so busy that the client
# had not opened the stream yet, the question is lost, with or without a gateway, and the conversation begins anew.
OPENINGS = 3
OF_SESSIONS = "2025-11-25"
STATELESS = "2026-07-28"


@dataclass(frozen=True)
class Conversation:
    """A client and a server, and how they are connected."""

    client: str
    transport: str
    era: str

    def __str__(self) -> str:
        return f"{self.client:8} {self.transport:6} {self.era}"


def conversations() -> Iterator[Conversation]:
    """Every conversation. The TypeScript SDK 1.x knows nothing of the stateless era."""
    for client in ("sdk 1", "sdk 2", "mcp", "fastmcp"):
        for transport in ("stdio", "http"):
            for era in (OF_SESSIONS, STATELESS):
                if (client, era) != ("sdk 1", STATELESS):
                    yield Conversation(client, transport, era)


def command(kit: Kit, client: str) -> list[str]:
    """The command that starts a client, without its server."""
    return {
        "sdk 1": kit.script("sdk1-client.mjs"),
        "sdk 2": kit.script("sdk2-client.mjs"),
        "mcp": kit.python_client("mcp_client.py"),
        "fastmcp": kit.python_client("fastmcp_client.py"),
    }[client]


@contextmanager
def connected(kit: Kit, talk: Conversation, through_gateway: bool) -> Iterator[list[str]]:
    """The server of a conversation, as its client is told of it."""
    is_stateless = talk.era == STATELESS
    if talk.transport == "stdio":
        stateless = kit.script("stateless-server.mjs", "stdio")
        server = stateless if is_stateless else kit.published("server-everything", "stdio")
        yield ["--", *(kit.beside(server) if through_gateway else server)]
        return
    opened = scripted(kit, "stateless-server.mjs", "http") if is_stateless else everything(kit)
    with opened as url:
        if not through_gateway:
            yield [url]
            return
        with kit.in_front_of(url) as gateway:
            yield [gateway]


def transcript(kit: Kit, talk: Conversation, through_gateway: bool) -> list[Any]:
    """What a client sees."""
    environment = {**os.environ, "ERA": "stateless" if talk.era == STATELESS else "sessions"}
    for _ in range(OPENINGS):
        with connected(kit, talk, through_gateway) as server:
            ran = subprocess.run(
                [*command(kit, talk.client), *server],
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
