"""A client made with `mcp`.

mcp_client.py URL | mcp_client.py -- COMMAND [ARGUMENT...]
"""

import sys
import warnings
from contextlib import AbstractAsyncContextManager
from typing import Any

import anyio
import mcp_types as types
from conversation import NOTES, Heard, Peer, converse
from mcp import Client, StdioServerParameters
from mcp.client.subscriptions import Subscription
from mcp.shared.dispatcher import ProgressFnT


class McpPeer(Peer):
    """The client of the reference library."""

    def __init__(self, server: str | StdioServerParameters) -> None:
        self.heard = heard = Heard()

        async def sample(context: object, params: types.CreateMessageRequestParams) -> types.CreateMessageResult:
            return heard.sample(params)

        async def elicit(context: object, params: types.ElicitRequestParams) -> types.ElicitResult:
            return heard.elicit(params)

        async def roots(context: object) -> types.ListRootsResult:
            return types.ListRootsResult(roots=heard.roots())

        async def log(params: types.LoggingMessageNotificationParams) -> None:
            heard.logs.append([params.level, params.logger, params.data])

        async def notice(message: object) -> None:
            heard.notice(message)

        self.client: Client = Client(
            server,
            sampling_callback=sample,
            elicitation_callback=elicit,
            list_roots_callback=roots,
            logging_callback=log,
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
        return await self.client.call_tool(name, args, progress_callback=progress, meta=meta)

    async def ask(self, what: str, *args: object, **named: object) -> object:
        return await getattr(self.client, {"ping": "send_ping"}.get(what, what))(*args, **named)

    async def complete(
        self, ref: types.PromptReference | types.ResourceTemplateReference, key: str, value: str
    ) -> object:
        return await self.client.complete(ref, {"name": key, "value": value})

    def listen(self) -> AbstractAsyncContextManager[Subscription]:
        return self.client.listen(tools_list_changed=True, resource_subscriptions=[NOTES])


def main() -> None:
    # What is deprecated in the newest revision is what the era of sessions has.
    warnings.simplefilter("ignore")
    target, *command = sys.argv[1:]
    server = StdioServerParameters(command=command[0], args=command[1:]) if target == "--" else target
    anyio.run(converse, McpPeer(server))


if __name__ == "__main__":
    main()
