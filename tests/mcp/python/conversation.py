"""What a Python client does with `server-everything`, or with a server of the stateless era, and what it sees of it.

Prints one line of JSON for each step. A client hands in a `Peer`, which knows its library.
"""

import json
import os
import sys
from abc import ABC, abstractmethod
from collections.abc import Awaitable
from contextlib import AbstractAsyncContextManager
from typing import Any, cast

import anyio
import mcp_types as types
from mcp.client.subscriptions import Subscription
from mcp.shared.dispatcher import ProgressFnT
from pydantic import BaseModel, FileUrl

PATIENCE = 20.0
# How often, and after how many seconds each time, a server is asked whether it noticed.
TRIES = 50
PAUSE = 0.02
DOCUMENT = "demo://resource/static/document/features.md"
NOTES = "notes://today"
# What a server announces.
ANNOUNCED = ("tools", "notes")
WITH_LOG = cast(types.RequestParamsMeta, {"io.modelcontextprotocol/logLevel": "debug"})


class Heard:
    """What the server says of its own accord, and what the client answers to it."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.logs: list[Any] = []
        self.was_asked_for_roots = anyio.Event()
        self.was_updated = anyio.Event()

    def sample(self, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
        """Answers a request for sampling."""
        self.asked.append(plain(params))
        content = types.TextContent(type="text", text="sampled")
        return types.CreateMessageResult(model="tests", role="assistant", content=content)

    def elicit(self, params: types.ElicitRequestParams) -> types.ElicitResult:
        """Answers a request for input."""
        self.asked.append(plain(params))
        return types.ElicitResult(action="accept", content={"name": "Ada", "integer": 7})

    def roots(self) -> list[types.Root]:
        """Answers a request for roots."""
        self.asked.append("roots")
        self.was_asked_for_roots.set()
        return [types.Root(uri=FileUrl("file:///tmp/one"), name="one")]

    def notice(self, message: object) -> None:
        """Takes note of a notice."""
        if isinstance(message, types.ResourceUpdatedNotification):
            self.was_updated.set()


class Peer(ABC):
    """A client. Requests that its library spells like the others do are asked for by name."""

    heard: Heard

    @abstractmethod
    def open(self) -> AbstractAsyncContextManager[object]:
        """Connects."""

    @abstractmethod
    def says(self) -> dict[str, Any]:
        """What the server says of itself."""

    @abstractmethod
    async def call(
        self,
        name: str,
        args: dict[str, Any],
        progress: ProgressFnT | None = None,
        meta: types.RequestParamsMeta | None = None,
    ) -> object:
        """Calls a tool."""

    @abstractmethod
    async def ask(self, what: str, *args: object, **named: object) -> object:
        """Makes another request: the name of a method of the client."""

    @abstractmethod
    async def complete(
        self, ref: types.PromptReference | types.ResourceTemplateReference, key: str, value: str
    ) -> object:
        """Completes an argument."""

    def listen(self) -> AbstractAsyncContextManager[Subscription] | None:
        """Listens to changes of tools and notes, where the client can."""
        return None


def plain(value: object) -> Any:
    """A value as JSON has it."""
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json", by_alias=True, exclude_unset=True)
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return value if isinstance(value, (str, int, float, bool, type(None))) else repr(value)


def tell(step: str, **outcome: object) -> None:
    """Prints what came of a step."""
    sys.stdout.write(json.dumps({"step": step, **outcome}) + "\n")
    sys.stdout.flush()


async def take(step: str, action: Awaitable[Any]) -> None:
    """Takes a step, and tells its result or its error."""
    try:
        with anyio.fail_after(PATIENCE):
            result = await action
    except Exception as error:
        # Whatever a client raises is what its user sees.
        told = {"name": type(error).__name__, "code": getattr(error, "code", None), "message": str(error)}
        tell(step, error=told)
    else:
        tell(step, result=plain(result))


async def progressing(peer: Peer, name: str, args: dict[str, Any]) -> object:
    """A call and the progress that it tells, save the last: it comes with the result, and may be dropped then."""
    notices: list[Any] = []

    async def note(progress: float, total: float | None, message: str | None) -> None:
        if progress != total:
            notices.append([progress, total, message])

    return [await peer.call(name, args, note), notices]


async def cancelling(peer: Peer, name: str, args: dict[str, Any]) -> str:
    """A call that is given up once it tells its progress."""
    with anyio.CancelScope() as scope:

        async def stop(progress: float, total: float | None, message: str | None) -> None:
            scope.cancel()

        await peer.call(name, args, stop)
    return "given up" if scope.cancelled_caught else "too late"


async def converse(peer: Peer) -> None:
    """The conversation that the environment names."""
    async with peer.open():
        tell("open", result=plain(peer.says()))
        if os.environ.get("CONVERSATION") == "stateless":
            await without_session(peer)
        else:
            await with_session(peer)
        tell("asked by the server", result=peer.heard.asked)
        tell("logs", result=peer.heard.logs)


async def listings(peer: Peer) -> None:
    """Everything that the server lists."""
    for what in ("list_tools", "list_prompts", "list_resources", "list_resource_templates"):
        await take(what, peer.ask(what))


async def with_session(peer: Peer) -> None:
    """With `server-everything`."""
    # The server asks a moment after the opening; from then on the stream of its own messages is there.
    with anyio.fail_after(PATIENCE):
        await peer.heard.was_asked_for_roots.wait()
    await take("ping", peer.ask("ping"))
    await listings(peer)
    await take("log level", peer.ask("set_logging_level", "debug"))
    for name, args in (
        ("echo", {"message": "hej \u2028 <&> \U0001f600"}),
        ("get-sum", {"a": 2, "b": 40.5}),
        ("get-tiny-image", {}),
        ("get-structured-content", {"location": "Chicago"}),
        ("get-annotated-message", {"messageType": "error", "includeImage": True}),
        ("get-resource-links", {"count": 3}),
        ("get-resource-reference", {"resourceType": "Text", "resourceId": -1}),
        ("trigger-sampling-request", {"prompt": "say it", "maxTokens": 9}),
        ("trigger-elicitation-request", {}),
        ("get-roots-list", {}),
    ):
        await take(name, peer.call(name, args))
    operation = "trigger-long-running-operation"
    await take("progress", progressing(peer, operation, {"duration": 0.6, "steps": 3}))
    await take("cancel", cancelling(peer, operation, {"duration": 1.5, "steps": 15}))
    await take("prompt", peer.ask("get_prompt", "args-prompt", {"city": "Lund", "state": "Skåne"}))
    await take("prompt that fails", peer.ask("get_prompt", "no-such-prompt"))
    for uri in (DOCUMENT, "demo://resource/dynamic/text/7", "demo://resource/dynamic/blob/7", "demo://nothing"):
        await take(f"read {uri}", peer.ask("read_resource", uri))
    prompt = types.PromptReference(type="ref/prompt", name="completable-prompt")
    await take("complete", peer.complete(prompt, "department", "E"))
    template = types.ResourceTemplateReference(type="ref/resource", uri="demo://resource/dynamic/text/{resourceId}")
    await take("complete a template", peer.complete(template, "resourceId", "7"))
    await take("subscribe", peer.ask("subscribe_resource", DOCUMENT))
    await take("updates on", peer.call("toggle-subscriber-updates", {}))
    await take("update", peer.heard.was_updated.wait())
    await take("updates off", peer.call("toggle-subscriber-updates", {}))
    await take("unsubscribe", peer.ask("unsubscribe_resource", DOCUMENT))
    await take("ping again", peer.ask("ping"))


async def without_session(peer: Peer) -> None:
    """With `stateless-server.mjs`, or the one in Python that has the same."""
    await listings(peer)
    for name, args in (
        ("text", {"message": "hej \u2028 <&> \U0001f600"}),
        ("image", {}),
        ("structured", {}),
        ("failing", {}),
        ("throwing", {}),
        ("regional", {"region": "Göteborg", "size": 7}),
        ("ask", {}),
    ):
        await take(name, peer.call(name, args))
    await take("progress", progressing(peer, "steps", {}))
    await take("cancel", cancelling(peer, "wait", {}))
    await take("the server noticed", abandoned(peer))
    await take("log", peer.call("log", {}, meta=WITH_LOG))
    await take("no log", peer.call("log", {}))
    await take("prompt", peer.ask("get_prompt", "greet", {"whom": "Ada"}))
    await take("read", peer.ask("read_resource", NOTES))
    await take("read what is not there", peer.ask("read_resource", "notes://never"))
    greet = types.PromptReference(type="ref/prompt", name="greet")
    await take("complete", peer.complete(greet, "whom", "A"))
    if listening := peer.listen():
        await take("listen", changes(peer, listening))


async def abandoned(peer: Peer) -> bool:
    """Whether the server comes to know that a call was given up."""
    for _ in range(TRIES):
        if "'0'" not in str(plain(await peer.call("abandoned", {}))):
            return True
        await anyio.sleep(PAUSE)
    return False


async def changes(peer: Peer, listening: AbstractAsyncContextManager[Subscription]) -> list[str]:
    """What the server announces to those who listen."""
    heard: set[str] = set()
    async with listening as subscription:
        await peer.call("announce", {})
        async for event in subscription:
            heard.add(repr(event))
            if len(heard) == len(ANNOUNCED):
                break
    return sorted(heard)
