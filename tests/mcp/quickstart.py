"""Does what docs/mcp-gateway.md tells its readers to do, and looks for what it tells them to see.

A block of `sh` is run, a block with a title is written to a file of that name, and the lines of a block of `text` must
come, in this order and up to the end, in what the commands before it print; an ellipsis stands for anything.
"""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from peers import PATIENCE, CheckError, Kit

DOCUMENT = Path(__file__).parents[2] / "docs/mcp-gateway.md"
SECTION = "## Five minutes with a published server\n"
BLOCK = re.compile(r"^```(?P<kind>\w+)(?: title=\"(?P<title>[^\"]+)\")?\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
# Tells where the output of one block ends.
MARK = "---- end of block ----"


def blocks() -> Iterator[re.Match[str]]:
    """The fenced blocks of the section."""
    _, _, rest = DOCUMENT.read_text().partition(SECTION)
    section, _, _ = rest.partition("\n## ")
    yield from BLOCK.finditer(section)


def prepare(kit: Kit) -> tuple[Path, dict[str, str]]:
    """A directory to work in, and an environment with the programs that readers have."""
    home = kit.fresh()
    programs = home / "bin"
    programs.mkdir()
    (programs / "gait").symlink_to(kit.gait)
    # What npx finds here it does not fetch.
    (home / "node_modules").symlink_to(kit.node_directory / "node_modules")
    path = os.pathsep.join([str(programs), str(kit.node_directory / "node_modules/.bin"), os.environ["PATH"]])
    return home, {**os.environ, "PATH": path, "HOME": str(home), "npm_config_update_notifier": "false"}


def run(home: Path, environment: dict[str, str], scripts: list[str]) -> list[list[str]]:
    """Runs blocks in one shell, as a reader would; gives the lines that each prints."""
    script = "".join(f"{body}\necho '{MARK}'\n" for body in scripts)
    command = ["bash", "-c", script]
    ran = subprocess.run(
        command, cwd=home, env=environment, capture_output=True, text=True, timeout=2 * PATIENCE, check=False
    )
    printed = [part.splitlines() for part in ran.stdout.split(MARK + "\n")[:-1]]
    if len(printed) != len(scripts):
        raise CheckError(f"quick start: the shell ended early: {ran.stderr[-2000:]}")
    return printed


def require_lines(printed: list[str], expected: list[str]) -> None:
    """The expected lines must come in this order, and nothing after them."""
    left = iter(printed)
    for line in expected:
        pattern = ".*".join(re.escape(part) for part in line.split("…"))
        if not any(re.fullmatch(pattern, candidate) for candidate in left):
            raise CheckError("quick start: not printed: {}\nbut:\n{}".format(line, "\n".join(printed)))
    if more := list(left):
        raise CheckError(f"quick start: the document does not tell of {more}")


def check(kit: Kit) -> None:
    """Follows the document from its first block to its last."""
    home, environment = prepare(kit)
    scripts: list[str] = []
    expected: dict[int, list[str]] = {}
    for block in blocks():
        if block["title"]:
            (home / block["title"]).write_text(block["body"])
        elif block["kind"] == "sh":
            scripts.append(block["body"])
        else:
            expected[len(scripts) - 1] = block["body"].splitlines()
    if -1 in expected or not expected:
        raise CheckError("quick start: the document has no section with that name and outputs")
    printed = run(home, environment, scripts)
    for number, lines in expected.items():
        require_lines(printed[number], lines)
    print(f"quick start: {len(scripts)} blocks of commands do what the document says")
