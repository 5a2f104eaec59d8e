"""Makes HTTP requests that no library makes, and holds the status of each answer against what the gateway passes on."""

import http.client
import json
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from peers import CheckError, Kit, everything, served

# Seconds until an answer.
PATIENCE = 30
REVISION = "2025-11-25"
NEWER = "2026-07-28"
OPENING = {"protocolVersion": REVISION, "capabilities": {}, "clientInfo": {"name": "edges", "version": "1"}}
META = {"io.modelcontextprotocol/protocolVersion": NEWER, "io.modelcontextprotocol/clientCapabilities": {}}
NO_SESSION = "00000000-0000-0000-0000-000000000000"
FORMS = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}

Headers = dict[str, str | None]
# What the gateway refuses itself, whatever the server would do: what can be read in two ways, or is none of its kind.
REFUSED = {
    "no message": 400,
    "batch": 400,
    "number as id": 400,
    "answer to nothing": 400,
    "plain text": 415,
    "PUT": 405,
}


@dataclass(frozen=True)
class Edge:
    """A request. A header without a value is left out."""

    name: str
    body: Any = None
    headers: Headers = field(default_factory=dict)
    method: str = "POST"


def asks(method: str, params: Any = None, number: Any = 1) -> dict[str, Any]:
    """A request of JSON-RPC."""
    return {"jsonrpc": "2.0", "id": number, "method": method, **({} if params is None else {"params": params})}


def edges(session: Headers) -> Iterator[Edge]:
    """Requests in a session, outside of any, and of the stateless era."""
    ping, listing = asks("ping"), asks("tools/list")
    lost: Headers = {"mcp-session-id": NO_SESSION, "mcp-protocol-version": REVISION}
    yield Edge("ping", ping, session)
    yield Edge("ping without a session", ping)
    yield Edge("ping in a lost session", ping, lost)
    yield Edge("listing in a lost session", listing, lost)
    yield Edge("call in a lost session", asks("tools/call", {"name": "echo", "arguments": {"message": "x"}}), lost)
    yield Edge("no JSON", "{", session)
    yield Edge("no message", [], session)
    yield Edge("batch", [ping, asks("ping", number=2)], session)
    yield Edge("number as id", asks("ping", number=1.5), session)
    yield Edge("text as id", asks("ping", number="x"), session)
    yield Edge("answer to nothing", {"jsonrpc": "2.0", "id": 77, "result": {}}, session)
    yield Edge("unknown method", asks("no/such"), session)
    yield Edge("call of nothing", asks("tools/call", {}), session)
    yield Edge("nothing accepted", ping, {**session, "Accept": None})
    yield Edge("only JSON accepted", ping, {**session, "Accept": "application/json"})
    yield Edge("charset", ping, {**session, "Content-Type": "application/json; charset=utf-8"})
    yield Edge("plain text", ping, {**session, "Content-Type": "text/plain"})
    yield Edge("unknown revision", ping, {**session, "mcp-protocol-version": "1999-01-01"})
    yield Edge("no revision", ping, {**session, "mcp-protocol-version": None})
    yield Edge("PUT", ping, session, "PUT")
    of_listing: Headers = {"mcp-protocol-version": NEWER, "mcp-method": "tools/list"}
    stateless = asks("tools/list", {"_meta": META})
    yield Edge("stateless listing", stateless, of_listing)
    yield Edge("stateless listing without headers", stateless)
    yield Edge("stateless listing with another header", stateless, {**of_listing, "mcp-method": "prompts/list"})
    yield Edge("stream in a lost session", None, {**lost, "Accept": "text/event-stream"}, "GET")
    yield Edge("end of the session", None, session, "DELETE")
    yield Edge("ping after the end", ping, session)


def answered(url: str, edge: Edge) -> http.client.HTTPResponse:
    """Makes a request."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.netloc, timeout=PATIENCE)
    body = edge.body if edge.body is None or isinstance(edge.body, str) else json.dumps(edge.body)
    headers = {name: value for name, value in {**FORMS, **edge.headers}.items() if value is not None}
    connection.request(edge.method, address.path, body, headers)
    return connection.getresponse()


def statuses(url: str) -> dict[str, int]:
    """The status of every answer."""
    opened = answered(url, Edge("opening", asks("initialize", OPENING)))
    session: Headers = {"mcp-session-id": opened.getheader("mcp-session-id"), "mcp-protocol-version": REVISION}
    return {edge.name: answered(url, edge).status for edge in edges(session)}


def check(kit: Kit) -> None:
    """Every edge of servers that were made with different libraries."""
    servers: dict[str, Callable[[], AbstractContextManager[str]]] = {
        "server-everything": lambda: everything(kit),
        "TypeScript SDK 2.x": lambda: served(kit, kit.script("stateless-server.mjs", "http")),
        "mcp": lambda: served(kit, kit.python_script("stateless_server.py", "http")),
    }
    for name, server in servers.items():
        with server() as url, kit.in_front_of(url) as gateway:
            direct, through = statuses(url), statuses(gateway)
        expected = direct | {edge: REFUSED[edge] for edge in direct.keys() & REFUSED.keys()}
        wrong = {edge: (direct[edge], status) for edge, status in through.items() if status != expected[edge]}
        if wrong:
            raise CheckError(f"{name}: other statuses, directly and through the gateway: {wrong}")
        print(f"{name}: {len(direct)} odd requests, no difference")
