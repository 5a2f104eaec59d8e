"""Holds every message of a server, as it came, against what comes through the gateway."""

from peers import Kit
from sameness import require_same
from wire import ASKED, Message, Request, conversation


def calls(name: str, arguments: dict[str, object], **more: object) -> Request:
    """The request of a call."""
    return "tools/call", {"name": name, "arguments": arguments, **more}


REQUESTS: list[Request] = [
    ("ping", {}),
    ("tools/list", {}),
    calls("echo", {"message": "hej \u2028 <&>"}),
    calls("get-sum", {"a": 2, "b": 40.5}),
    calls("get-tiny-image", {}),
    calls("get-structured-content", {"location": "Chicago"}),
    calls("get-annotated-message", {"messageType": "error", "includeImage": True}),
    calls("trigger-long-running-operation", {"duration": 1, "steps": 3}, _meta={"progressToken": "p"}),
    ("resources/list", {}),
    ("resources/templates/list", {}),
    ("prompts/list", {}),
    ("prompts/get", {"name": "simple-prompt"}),
    (
        "completion/complete",
        {"ref": {"type": "ref/prompt", "name": "completable-prompt"}, "argument": {"name": "department", "value": "E"}},
    ),
    ("no/such/method", {}),
]


def check(kit: Kit) -> None:
    """The published `server-everything` over standard input and output."""
    server = kit.published("server-everything", "stdio")
    direct, through = (conversation(command, kit.fresh(), REQUESTS) for command in (server, kit.beside(server)))
    require_same("server-everything", by_origin(direct), by_origin(through))
    print(f"server-everything: {len(direct)} messages, no difference")


def by_origin(messages: list[Message]) -> list[list[Message]]:
    """What has its order, and what the server asks by itself, which comes when its clock says so."""
    asked = [message for message in messages if ASKED in message]
    return [[message for message in messages if ASKED not in message], asked]
