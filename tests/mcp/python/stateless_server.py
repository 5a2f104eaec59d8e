"""A server made with `mcp` that has what `stateless-server.mjs` has.

stateless_server.py stdio | stateless_server.py http      listens on a free port of this machine and says which
"""

import sys
from typing import Annotated, Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server.mcpserver import Context, Image, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from pydantic import BaseModel, Field

PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de0000000c4944415478da63f8cfc0000003010100f7034143"
    "0000000049454e44ae426082"
)
STEP = 0.02
NOTES = "notes://today"

server = MCPServer("stateless-server", version="1.0.0", instructions="Ask.", log_level="ERROR")
# How many calls of `wait` their callers gave up.
given_up: list[str] = []


class Numbers(BaseModel):
    """What `structured` answers with."""

    precise: float
    many: list[int]


@server.tool()
def text(message: str) -> str:
    """Says it, and how long it is."""
    return f"{message} {len(message)}"


@server.tool()
def image() -> Image:
    """Shows a pixel."""
    return Image(data=PIXEL, format="png")


@server.tool()
def structured() -> Numbers:
    """Answers with numbers."""
    return Numbers(precise=0.1, many=[1, 2])


@server.tool()
def failing() -> str:
    """Tells that it went wrong."""
    raise ToolError("it went wrong")


@server.tool()
def throwing() -> str:
    """Breaks."""
    raise ValueError("it broke")


@server.tool()
def regional(region: Annotated[str, Field(json_schema_extra={"x-mcp-header": "Region"})], size: int) -> str:
    """Has a parameter that a header repeats."""
    return f"{size} in {region}"


@server.tool()
async def steps(ctx: Context[Any, Any]) -> str:
    """Tells its progress."""
    for step in range(1, 4):
        await ctx.report_progress(step, 3, f"step {step}")
        await anyio.sleep(STEP)
    return "done"


@server.tool()
async def wait(ctx: Context[Any, Any]) -> str:
    """Goes on until its caller gives up."""
    await ctx.report_progress(0)
    try:
        await anyio.sleep_forever()
    finally:
        given_up.append("wait")
    return "never"


@server.tool(structured_output=False)
def abandoned() -> str:
    """Tells how many calls were given up."""
    return str(len(given_up))


@server.tool()
async def log(ctx: Context[Any, Any]) -> str:
    """Writes a record."""
    await ctx.log("info", {"said": "a record"}, logger_name="stateless")
    return "logged"


@server.tool()
def ask(ctx: Context[Any, Any]) -> types.CallToolResult | types.InputRequiredResult:
    """Asks its client for something in its result."""
    answers = ctx.input_responses
    if not answers:
        name = types.ElicitRequestFormParams(
            message="Who are you?",
            requested_schema={"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
        )
        requests: types.InputRequests = {
            "name": types.ElicitRequest(params=name),
            "roots": types.ListRootsRequest(),
        }
        return types.InputRequiredResult(input_requests=requests, request_state="asked once")
    said = {key: answer.model_dump(mode="json", exclude_unset=True) for key, answer in sorted(answers.items())}
    return types.CallToolResult(content=[types.TextContent(text=f"{ctx.request_state} {said}")])


@server.tool()
async def announce(ctx: Context[Any, Any]) -> str:
    """Tells all who listen."""
    await ctx.notify_tools_changed()
    await ctx.notify_resource_updated(NOTES)
    return "announced"


@server.resource(NOTES, name="notes", mime_type="text/plain")
def notes() -> str:
    """Today's notes."""
    return "nothing new \u2028"


@server.resource("notes://{day}", name="a day")
def day_of(day: str) -> str:
    """The notes of a day."""
    raise ValueError(f"no notes of {day}")


@server.prompt()
def greet(whom: str) -> str:
    """Greets somebody."""
    return f"Greet {whom}"


@server.completion()  # type: ignore[no-untyped-call, untyped-decorator]
async def complete(
    _ref: types.PromptReference | types.ResourceTemplateReference,
    argument: types.CompletionArgument,
    _context: types.CompletionContext | None,
) -> types.Completion:
    """Completes a name."""
    return types.Completion(values=[f"{argument.value}da"], has_more=False)


async def serve_http() -> None:
    """Serves over HTTP."""
    config = uvicorn.Config(server.streamable_http_app(), host="127.0.0.1", port=0, log_level="error")
    listener = config.bind_socket()
    # Whoever reads the port may ask at once.
    listener.listen()
    sys.stdout.write(f"listening on {listener.getsockname()[1]}\n")
    sys.stdout.flush()
    await uvicorn.Server(config).serve([listener])


if __name__ == "__main__":
    if sys.argv[1] == "stdio":
        server.run("stdio")
    else:
        anyio.run(serve_http)
