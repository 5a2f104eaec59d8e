"""A client made with `fastmcp`.

fastmcp_client.py URL | fastmcp_client.py -- COMMAND [ARGUMENT...]
"""

import sys
import warnings
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import mcp_types as types
from conversation import Heard, Peer, converse
from fastmcp import Client
from fastmcp.client.transports import StdioTransport, StreamableHttpTransport
from mcp.shared.dispatcher import ProgressFnT


class FastMcpPeer(Peer):
    """The client of fastmcp, which answers in its own types."""

    def __init__(self, transport: StdioTransport | StreamableHttpTransport) -> None:
        self.heard = heard = Heard()

        async def sample(_: object, params: types.CreateMessageRequestParams, __: object) -> types.CreateMessageResult:
            return heard.sample(params)

        async def elicit(_: str, __: object, params: types.ElicitRequestParams, ___: object) -> dict[str, Any]:
            return heard.elicit(params).content or {}

        async def roots(_: object) -> list[types.Root]:
            return heard.roots()

        async def log(params: types.LoggingMessageNotificationParams) -> None:
            heard.logs.append([params.level, params.logger, params.data])

        async def notice(message: object) -> None:
            heard.notice(message)

        self.client: Client[Any] = Client(
            transport,
            roots=roots,
            sampling_handler=sample,
            elicitation_handler=elicit,
            log_handler=log,
            message_handler=notice,
        )

    def open(self) -> AbstractAsyncContextManager[object]:
        return self.client

    def says(self) -> dict[str, Any]:
        client = self.client
        return {
            "version": client.protocol_version,
            "server": client.server_info,
            "capabilities": client.server_capabilities,
            "says": client.instructions,
        }

    async def call(
        self,
        name: str,
        args: dict[str, Any],
        progress: ProgressFnT | None = None,
        meta: types.RequestParamsMeta | None = None,
    ) -> object:
        result = await self.client.call_tool(
            name, args, progress_handler=progress, meta=dict(meta) if meta else None, raise_on_error=False
        )
        return {"content": result.content, "structured": result.structured_content, "is_error": result.is_error}

    async def ask(self, what: str, *args: object, **named: object) -> object:
        holder = self.client.session if what.endswith("subscribe_resource") else self.client
        return await getattr(holder, what)(*args, **named)

    async def complete(
        self, ref: types.PromptReference | types.ResourceTemplateReference, key: str, value: str
    ) -> object:
        return await self.client.complete(ref, {"name": key, "value": value})


def main() -> None:
    # What is deprecated in the newest revision is what the era of sessions has.
    warnings.simplefilter("ignore")
    target, *command = sys.argv[1:]
    if target == "--":
        anyio.run(converse, FastMcpPeer(StdioTransport(command[0], command[1:], keep_alive=False)))
    else:
        anyio.run(converse, FastMcpPeer(StreamableHttpTransport(target)))


if __name__ == "__main__":
    main()
