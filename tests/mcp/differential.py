#!/usr/bin/env python3
"""Talks to MCP servers that others wrote, directly and through the gateway, and compares what a client can see.

    differential.py GAIT SERVER_DIRECTORY

SERVER_DIRECTORY holds node_modules with the servers; `run` beside this file installs them. With a policy that allows
everything nothing may differ but what differs between two direct conversations. With a policy that blocks, nothing of a
blocked tool may happen.
"""

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

PATIENCE = 30
ALLOW = "default_verdict: allow\n"
READ_ONLY = """default_verdict: block
rules:
  - {name: reading, effect: allow, match: {tool_names: [read_text_file, list_directory]}}
"""


class Peer:
    """A process that speaks MCP over standard input and output."""

    def __init__(self, command, cwd):
        self.process = subprocess.Popen(
            command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self.arrived = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.arrived.put(json.loads(line))
        self.arrived.put(None)

    def send(self, message):
        self.process.stdin.write(json.dumps(message) + "\n")
        self.process.stdin.flush()

    def ask(self, number, method, params):
        """Sends a request and gives everything that arrives up to its answer; requests of the server are answered."""
        self.send({"jsonrpc": "2.0", "id": number, "method": method, "params": params})
        seen = []
        while True:
            message = self.arrived.get(timeout=PATIENCE)
            if message is None:
                raise SystemExit(f"the server ended before it answered {method}")
            if "method" in message and "id" in message:
                self.send({"jsonrpc": "2.0", "id": message["id"], "result": {"roots": []}})
                seen.append({"method": message["method"], "params": message.get("params")})
            elif message.get("id") == number:
                return [*seen, message]
            elif message.get("method") not in UNTIMED:
                seen.append(message)

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=PATIENCE)


# Notices that come when they like, so that two direct conversations differ in them too.
UNTIMED = {"notifications/message", "notifications/resources/updated", "notifications/tools/list_changed"}

OPENING = (
    "initialize",
    {
        "protocolVersion": "2025-11-25",
        "capabilities": {"roots": {"listChanged": True}},
        "clientInfo": {"name": "differential", "version": "1"},
    },
)


def converse(command, cwd, requests):
    peer = Peer(command, cwd)
    seen = peer.ask(0, *OPENING)
    peer.send({"jsonrpc": "2.0", "method": "notifications/initialized"})
    for number, (method, params) in enumerate(requests, 1):
        seen += peer.ask(number, method, params)
    peer.close()
    return seen


def behind_gateway(gait, policy, command, cwd):
    Path(cwd, "policy.yaml").write_text(policy)
    return [gait, "mcp", "gateway", "--quiet", "--policy", "policy.yaml", "--server", "peer", "--", *command]


def compare(name, direct, through):
    for ours, theirs in zip(through, direct):
        if ours != theirs:
            raise SystemExit(
                f"{name}: a client sees a difference\n direct: {json.dumps(theirs)[:2000]}\n through: {json.dumps(ours)[:2000]}"
            )
    if len(direct) != len(through):
        raise SystemExit(f"{name}: {len(direct)} messages directly, {len(through)} through the gateway")
    print(f"{name}: {len(direct)} messages, no difference")


def everything(gait, servers, scratch):
    command = ["node", str(servers / "@modelcontextprotocol/server-everything/dist/index.js"), "stdio"]
    requests = [
        ("ping", {}),
        ("tools/list", {}),
        ("tools/call", {"name": "echo", "arguments": {"message": "hej \u2028 <&>"}}),
        ("tools/call", {"name": "get-sum", "arguments": {"a": 2, "b": 40.5}}),
        ("tools/call", {"name": "get-tiny-image", "arguments": {}}),
        ("tools/call", {"name": "get-structured-content", "arguments": {"location": "Chicago"}}),
        ("tools/call", {"name": "get-annotated-message", "arguments": {"messageType": "error", "includeImage": True}}),
        (
            "tools/call",
            {
                "name": "trigger-long-running-operation",
                "arguments": {"duration": 1, "steps": 3},
                "_meta": {"progressToken": "p"},
            },
        ),
        ("resources/list", {}),
        ("resources/templates/list", {}),
        ("prompts/list", {}),
        ("prompts/get", {"name": "simple-prompt"}),
        ("completion/complete", {"ref": {"type": "ref/prompt", "name": "completable-prompt"}, "argument": {"name": "department", "value": "E"}}),
        ("no/such/method", {}),
    ]
    cwd = scratch / "everything"
    cwd.mkdir()
    direct = converse(command, cwd, requests)
    compare("server-everything", direct, converse(behind_gateway(gait, ALLOW, command, cwd), cwd, requests))


def filesystem(gait, servers, scratch):
    cwd = scratch / "filesystem"
    files = cwd / "files"
    files.mkdir(parents=True)
    (files / "note.txt").write_text("what is written\n")
    command = ["node", str(servers / "@modelcontextprotocol/server-filesystem/dist/index.js"), str(files)]
    reading = [
        ("tools/list", {}),
        ("tools/call", {"name": "read_text_file", "arguments": {"path": str(files / "note.txt")}}),
        ("tools/call", {"name": "list_directory", "arguments": {"path": str(files)}}),
        ("tools/call", {"name": "read_text_file", "arguments": {"path": "/etc/hostname"}}),
    ]
    direct = converse(command, cwd, reading)
    compare("server-filesystem", direct, converse(behind_gateway(gait, ALLOW, command, cwd), cwd, reading))

    target = files / "written.txt"
    writing = [
        ("tools/list", {}),
        ("tools/call", {"name": "write_file", "arguments": {"path": str(target), "content": "x"}}),
    ]
    seen = converse(behind_gateway(gait, READ_ONLY, command, cwd), cwd, writing)
    names = {tool["name"] for message in seen for tool in message.get("result", {}).get("tools", [])}
    refused = seen[-1]["result"]
    if names != {"read_text_file", "list_directory"}:
        raise SystemExit(f"server-filesystem: a client that may only read sees {sorted(names)}")
    if not refused["isError"] or refused["_meta"]["gait/decision"]["verdict"] != "block" or target.exists():
        raise SystemExit(f"server-filesystem: a blocked call was not refused: {refused}")
    trace = [json.loads(path.read_text()) for path in Path(cwd, "gait-out/mcp-gateway/traces").glob("trace_*.json")]
    if refused["_meta"]["gait/decision"]["trace_id"] not in {record["trace_id"] for record in trace}:
        raise SystemExit("server-filesystem: the refusal has no trace")
    print("server-filesystem: a blocked call does not run, and has a trace")


def main():
    gait, servers = os.path.abspath(sys.argv[1]), Path(sys.argv[2], "node_modules").resolve()
    with tempfile.TemporaryDirectory() as scratch:
        everything(gait, servers, Path(scratch))
        filesystem(gait, servers, Path(scratch))


if __name__ == "__main__":
    main()
