"""Runs the published conformance suite twice: with its peer alone, and with the gateway in between."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from peers import PATIENCE, CheckError, Kit, everything, served
from sameness import normal, require_same

RESULTS = re.compile(r"(?:server-)?(?P<scenario>.*)-\d{4}-\d\d-\d\dT[-0-9]+Z")
# Headers that concern one connection only.
OF_A_CONNECTION = {"connection", "keep-alive", "date", "content-length", "transfer-encoding", "host"}
# A check whose outcome says how busy the machine is, unless it fails.
OF_TIME = "client-sse-retry-timing"
CLIENT_SCENARIOS = ("initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry")

# A check that shows the words in which a foreign page is refused: at the door of the gateway they are the gateway's.
OF_THE_DOOR = "localhost-host-rebinding-rejected"

Check = dict[str, Any]
Checks = list[Check]
Look = Callable[[Checks], list[Any]]
# Where the gateway answers and the server by itself does something else, and why. A server that lacks the tools of the
# scenarios says so in its own words; the gateway, which lets nobody call what is not listed, in its own.
BY_DESIGN = {
    "server-sse-polling": "calls a tool that the server does not list: the gateway refuses it without a stream",
    "dns-rebinding-protection": "the server lets foreign pages in, the gateway does not",
}


def suite(kit: Kit, mode: str, *arguments: str) -> dict[str, Checks]:
    """Runs the suite; gives what it checked, by scenario."""
    results = kit.fresh()
    ran = subprocess.run(
        [*kit.published("conformance"), mode, *arguments, "--output-dir", str(results)],
        cwd=kit.fresh(),
        capture_output=True,
        text=True,
        timeout=PATIENCE * 2,
        check=False,
    )
    found = {}
    for path in sorted(results.glob("*/checks.json")):
        named = RESULTS.fullmatch(path.parent.name)
        if named is None:
            raise CheckError(f"conformance: a result of no scenario: {path}")
        found[named["scenario"]] = json.loads(path.read_text())
    if not found:
        raise CheckError(f"conformance: the suite did not run: {ran.stdout[-1000:]}{ran.stderr[-1000:]}")
    return found


def evidence(checks: Checks) -> list[Any]:
    """All that checks say, without what concerns one run or one connection only."""
    return [_evidence(check) for check in checks]


def judgements(checks: Checks) -> list[Any]:
    """The same, without what was only written down on the way: the gateway asks a server for its tools, too."""
    return evidence([check for check in checks if check["status"] != "INFO"])


def outcomes(checks: Checks) -> list[Any]:
    """What came of checks."""
    return [(check["id"], check["status"]) for check in checks]


def _evidence(check: Check) -> Any:
    if check["id"] == OF_TIME:
        return check["id"], check["status"] == "FAILURE"
    if check["id"] == OF_THE_DOOR:
        return outcomes([check])
    return _settled(check)


def _settled(value: Any) -> Any:
    if isinstance(value, list):
        return [_settled(item) for item in value]
    if not isinstance(value, dict):
        return value
    return {
        key: _settled(item) for key, item in value.items() if key != "timestamp" and key.lower() not in OF_A_CONNECTION
    }


def verdict(checks: Checks) -> str:
    """What came of a scenario, in few words."""
    counted = {
        word: sum(check["status"] == status for check in checks)
        for word, status in (("passed", "SUCCESS"), ("failed", "FAILURE"), ("warned", "WARNING"))
    }
    told = [f"{count} {word}" for word, count in counted.items() if count]
    return ", ".join(told) or "nothing to check"


def table(title: str, direct: dict[str, Checks], through: dict[str, Checks]) -> None:
    """Prints what came of every scenario."""
    print(f"\n{title:38} {'direct':22} through the gateway")
    for scenario, checks in direct.items():
        print(f"  {scenario:36} {verdict(checks):22} {verdict(through.get(scenario, []))}")
    sys.stdout.flush()


def check_servers(kit: Kit) -> None:
    """The suite as the client of a server that has all it asks for, and of one that anybody can install."""
    check_server(kit, "scenario server", lambda: served(kit, kit.script("scenario-server.mjs")), evidence, set())
    check_server(kit, "server-everything", lambda: everything(kit), outcomes, set(BY_DESIGN))


def check_server(
    kit: Kit, title: str, server: Callable[[], AbstractContextManager[str]], look: Look, by_design: set[str]
) -> None:
    """The suite as the client of a server, and of another one behind the gateway."""
    with server() as url:
        direct = suite(kit, "server", "--url", url, "--suite", "all")
    with server() as url, kit.in_front_of(url) as gateway:
        through = suite(kit, "server", "--url", gateway, "--suite", "all")
    table(title, direct, through)
    require_same_scenarios(title, direct, through, look, by_design)


def check_clients(kit: Kit) -> None:
    """The suite as the server of a client."""
    client = kit.script("scenario-client.mjs")
    behind = [sys.executable, Path(__file__).with_name("between.py"), kit.gait, kit.node_directory, *client]
    direct, through = (
        {
            name: checks
            for scenario in CLIENT_SCENARIOS
            for name, checks in client_scenario(kit, scenario, command).items()
        }
        for command in (client, behind)
    )
    table("SDK client", direct, through)
    require_same_scenarios("SDK client", direct, through, judgements, set())


def client_scenario(kit: Kit, scenario: str, command: list[Any]) -> dict[str, Checks]:
    """One scenario for a client that a command starts."""
    return suite(kit, "client", "--scenario", scenario, "--command", " ".join(map(str, command)))


def require_same_scenarios(
    title: str, direct: dict[str, Checks], through: dict[str, Checks], look: Look, by_design: set[str]
) -> None:
    """Every check of every scenario must look the same, and what differs by design must differ."""
    if direct.keys() != through.keys():
        raise CheckError(f"{title}: other scenarios ran: {sorted(direct.keys() ^ through.keys())}")
    for scenario, checks in direct.items():
        alone, behind = (look(found) for found in (checks, through[scenario]))
        if scenario not in by_design:
            require_same(f"{title}, {scenario}", alone, behind)
        elif normal(alone) == normal(behind):
            raise CheckError(f"{title}, {scenario}: no longer differs; that must be written down")
        else:
            print(f"  {scenario}: differs by design: {BY_DESIGN[scenario]}")


def check(kit: Kit) -> None:
    """Servers and clients."""
    check_servers(kit)
    check_clients(kit)
