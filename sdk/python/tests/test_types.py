"""The generated types are current and describe what the schemas allow."""

from __future__ import annotations

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path
from typing import is_typeddict

from gait import types
from gait.types.gate_intent_request import IntentRequest

TOOL = Path(__file__).resolve().parents[1] / "tools" / "generate_types.py"


def test_the_types_are_current() -> None:
    checked = subprocess.run([sys.executable, str(TOOL), "--check"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_every_module_holds_the_artifact_it_is_named_for() -> None:
    modules = [found.name for found in pkgutil.iter_modules(types.__path__) if not found.name.startswith("_")]
    assert len(modules) > 50
    for name in modules:
        module = importlib.import_module(f"gait.types.{name}")
        assert any(is_typeddict(getattr(module, exported)) for exported in module.__all__), name


def test_an_artifact_has_the_members_of_its_schema() -> None:
    assert {"tool_name", "args", "context"} <= set(IntentRequest.__annotations__)
