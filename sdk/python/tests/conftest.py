"""What the tests share: policies, intents, the program, and one that stands in for it."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from gait import IntentContext, IntentRequest, IntentTarget, capture_intent
from gait.models import parse_time

ROOT = Path(__file__).resolve().parents[3]

POLICY = """\
schema_id: gait.gate.policy
schema_version: 1.0.0
default_verdict: block
rules:
  - {name: ok, effect: allow, priority: 10, match: {tool_names: [tool.ok]}}
  - {name: dry, effect: dry_run, priority: 20, match: {tool_names: [tool.dry]}}
  - {name: ask, effect: require_approval, priority: 30, match: {tool_names: [tool.ask]}}
"""


@pytest.fixture(autouse=True)
def _own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test works in a directory of its own, and no choice of the caller's reaches it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GAIT_BIN", raising=False)


@pytest.fixture
def policy(tmp_path: Path) -> Path:
    path = tmp_path / "policy.yaml"
    path.write_text(POLICY)
    return path


@pytest.fixture(scope="session")
def program() -> str:
    """The `gait` program. Where it was not built a test must not pass."""
    candidates = [os.environ.get("GAIT_TEST_BIN", "")]
    candidates += [str(ROOT / "target" / profile / "gait") for profile in ("debug", "release")]
    for path in candidates:
        if path and os.access(path, os.X_OK):
            return path
    pytest.fail("no gait program: build it, or name it with GAIT_TEST_BIN")


@pytest.fixture
def fake(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A program that answers as told by `FAKE_GAIT_VERDICT` and keeps the command lines it was given."""
    monkeypatch.setenv("FAKE_GAIT_LOG", str(tmp_path / "commands.jsonl"))
    return [sys.executable, str(Path(__file__).with_name("fake_gait.py"))]


def intent_for(tool: str) -> IntentRequest:
    return capture_intent(
        tool_name=tool,
        args={"path": "/srv/out.txt"},
        context=IntentContext(identity="alice", workspace="/repo", risk_class="high"),
        targets=[IntentTarget("path", "/srv/out.txt", "write")],
        created_at=parse_time("2026-03-01T00:00:00.5Z"),
    )
