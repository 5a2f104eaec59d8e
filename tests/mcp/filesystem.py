"""Lets a policy stand between a client and the published `server-filesystem`."""

import json
import subprocess
from pathlib import Path
from typing import Any

from differential import calls
from peers import CheckError, Kit
from sameness import require_same
from wire import Message, Wire, conversation

READ_ONLY = """default_verdict: block
rules:
  - {name: reading, effect: allow, match: {tool_names: [read_text_file, list_directory]}}
"""
WRITTEN = "what is written\n"


def files_of(kit: Kit) -> tuple[Path, list[str]]:
    """A directory with a file, and the server of it."""
    files = kit.fresh()
    (files / "note.txt").write_text(WRITTEN)
    return files, kit.published("server-filesystem", str(files))


def check_reading(kit: Kit) -> None:
    """What a policy allows comes as if there was no gateway."""
    files, server = files_of(kit)
    requests = [
        ("tools/list", {}),
        calls("read_text_file", {"path": str(files / "note.txt")}),
        calls("list_directory", {"path": str(files)}),
        calls("read_text_file", {"path": "/etc/hostname"}),
    ]
    direct, through = (conversation(command, kit.fresh(), requests) for command in (server, kit.beside(server)))
    require_same("server-filesystem", direct, through)
    print(f"server-filesystem: {len(direct)} messages, no difference")


def check_writing(kit: Kit) -> None:
    """What it blocks does not happen, and the model and the operator are told."""
    files, server = files_of(kit)
    home = kit.fresh()
    private, public = make_key(kit, home)
    signed = ["--key-mode", "prod", "--private-key", str(private), "--trace-dir", str(home / "signed")]
    gateway = [*kit.gateway(READ_ONLY), *signed, "--", *server]
    note = files / "note.txt"
    with Wire(gateway, home) as wire:
        wire.open()
        listed = wire.ask("tools/list", {})[-1]["result"]["tools"]
        read = wire.ask(*calls("read_text_file", {"path": str(note)}))[-1]
        refused = [
            wire.ask(*calls("write_file", {"path": str(path), "content": "x"}))[-1]
            for path in (note, files / "new.txt")
        ]
    names = sorted(tool["name"] for tool in listed)
    require(names == ["list_directory", "read_text_file"], f"a client that may only read sees {names}")
    require(read["result"]["content"][0]["text"] == WRITTEN, f"an allowed call brings {read}")
    require([path.name for path in files.iterdir()] == ["note.txt"], "a blocked call made a file")
    require(note.read_text() == WRITTEN, "a blocked call changed a file")
    traces = {record["trace_id"]: path for path, record in verified(kit, home / "signed", public)}
    require(len(traces) == 1 + len(refused), f"three calls left {len(traces)} traces")
    for answer in refused:
        require_refusal(answer, traces)
    print("server-filesystem: what is blocked does not happen, is explained, and leaves a trace that verifies")


def require(holds: bool, otherwise: str) -> None:
    """Fails unless it holds."""
    if not holds:
        raise CheckError(f"server-filesystem: {otherwise}")


def require_refusal(answer: Message, traces: dict[str, Path]) -> None:
    """A refusal must tell people, models and programs the reason and the trace."""
    result = answer["result"]
    text, decision = result["content"][0]["text"], result["_meta"]["gait/decision"]
    require(result["isError"], f"a refusal is no error: {answer}")
    require(decision["verdict"] == "block" and not decision["executed"], f"a refusal says {decision}")
    require(decision["trace_id"] in traces, "a refusal has no trace")
    told = [*decision["reason_codes"], decision["trace_id"]]
    require("default_block" in told and all(part in text for part in told), f"a model is told {text!r}")


def make_key(kit: Kit, home: Path) -> tuple[Path, Path]:
    """A key to sign with."""
    subprocess.run([str(kit.gait), "keys", "init"], cwd=home, check=True, stdout=subprocess.DEVNULL)
    keys = home / "gait-out/keys"
    return keys / "gait_private.key", keys / "gait_public.key"


def verified(kit: Kit, traces: Path, public: Path) -> list[tuple[Path, Any]]:
    """The traces in a directory, each verified by the program."""
    found = sorted(traces.glob("trace_*.json"))
    for path in found:
        command = [str(kit.gait), "trace", "verify", "--public-key", str(public), str(path)]
        ran = subprocess.run(command, capture_output=True, text=True, check=False)
        require(ran.returncode == 0, f"a trace does not verify: {ran.stdout}{ran.stderr}")
    return [(path, json.loads(path.read_text())) for path in found]


def check(kit: Kit) -> None:
    """Reading and writing."""
    check_reading(kit)
    check_writing(kit)
