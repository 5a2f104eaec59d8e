"""What the tests share: a copy of the checkout to run examples in, and programs that are not gait but say so."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[2]
GAIT = os.environ.get("GAIT_BIN") or str(CHECKOUT / "target" / "debug" / "gait")
COPIED = (".agents", "LICENSE", "docs/ecosystem", "examples", "integrations", "perf", "policies", "scenarios", "scripts", "sdk")
TIMEOUT_SECONDS = 120

ALLOW = {"ok": True, "verdict": "allow", "trace_path": "trace.json", "reason_codes": []}
# Programs in place of gait, none of which may make a tool run: what they print, and what they exit with.
IMPOSTORS: dict[str, tuple[str, int]] = {
    "silent": ("", 0),
    "not JSON": ("verdict=allow", 0),
    "not an object": ('["allow"]', 0),
    "no verdict": ('{"ok": true}', 0),
    "an unknown verdict": (json.dumps(ALLOW | {"verdict": "permit"}), 0),
    "an upper-case verdict": (json.dumps(ALLOW | {"verdict": "ALLOW"}), 0),
    "a list of verdicts": (json.dumps(ALLOW | {"verdict": ["allow"]}), 0),
    "a dry run": (json.dumps(ALLOW | {"verdict": "dry_run"}), 0),
    "allow, then block": ('{"ok": true, "verdict": "block", "verdict": "allow"}', 0),
    "allow with the exit code of block": (json.dumps(ALLOW), 3),
    "allow with the exit code of an approval": (json.dumps(ALLOW), 4),
    "allow, then a crash": (json.dumps(ALLOW), 101),
    "allow, but not ok": (json.dumps(ALLOW | {"ok": False}), 0),
    "cut short": (json.dumps(ALLOW)[:-1], 0),
    "two answers": (json.dumps(ALLOW) * 2, 0),
    "too deep": ("[" * 100_000, 0),
    "an error": (json.dumps({"ok": False, "error": "no"}), 6),
}


class CheckoutTest(unittest.TestCase):
    """Tests that run in a copy of the checkout each, so that neither the checkout nor another test is touched."""

    def setUp(self) -> None:
        # The blank in the name finds scripts that do not quote.
        self.scratch = tempfile.TemporaryDirectory(prefix="gait examples ")
        self.addCleanup(self.scratch.cleanup)
        self.root = Path(self.scratch.name) / "checkout"
        for name in COPIED:
            source, target = CHECKOUT / name, self.root / name
            if source.is_dir():
                shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__", "test"))
            elif source.exists():
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, target)

    def run_command(
        self,
        *command: str | Path,
        gait: str | None = GAIT,
        stdin: str = "",
        cwd: Path | None = None,
        **variables: str,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command with an environment in which nothing but PATH and HOME comes from outside."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.root), "PYTHONDONTWRITEBYTECODE": "1"}
        if gait is not None:
            environment["GAIT_BIN"] = gait
        return subprocess.run(
            [str(word) for word in command],
            cwd=cwd or self.root,
            env=environment | variables,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            check=False,
        )

    def run_python(self, script: str, *arguments: str | Path, **settings: Any) -> subprocess.CompletedProcess[str]:
        """Runs a Python script of the checkout."""
        return self.run_command(sys.executable, self.root / script, *arguments, **settings)

    def run_impatiently(self, script: str, *arguments: str, **settings: Any) -> subprocess.CompletedProcess[str]:
        """The same, waiting for gait no longer than a fraction of a second."""
        code = (
            "import runpy, sys; sys.path.insert(0, sys.argv[1]); import boundary; boundary.TIMEOUT_SECONDS = 0.4; "
            "sys.argv = sys.argv[2:]; runpy.run_path(sys.argv[0], run_name='__main__')"
        )
        modules = self.root / "examples" / "integrations"
        return self.run_command(sys.executable, "-c", code, modules, self.root / script, *arguments, **settings)

    def impostor(self, output: str, exit_code: int) -> str:
        """A program that prints something and exits with a code, whatever it is asked."""
        directory = Path(tempfile.mkdtemp(dir=self.scratch.name))
        (directory / "answer").write_text(output, encoding="utf-8")
        return self.program(directory, f'cat "{directory}/answer"\nexit {exit_code}\n')

    def slow(self) -> str:
        """A program whose child keeps the pipes open long after anybody wants to wait."""
        return self.program(Path(tempfile.mkdtemp(dir=self.scratch.name)), "sleep 60 &\nwait\n")

    def missing(self) -> str:
        """A program that is not there."""
        return str(self.root / "no" / "such" / "gait")

    @staticmethod
    def program(directory: Path, text: str) -> str:
        """A shell script."""
        path = directory / "gait"
        path.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        path.chmod(0o755)
        return str(path)

    def assert_exit(self, done: subprocess.CompletedProcess[str], expected: int) -> None:
        """Insists on an exit code, and shows everything where it is another one."""
        self.assertEqual(done.returncode, expected, f"\n{done.args}\n{done.stdout}\n{done.stderr}")
        self.assertNotIn("Traceback", done.stderr)


def pairs(output: str) -> dict[str, str]:
    """`key=value` lines."""
    return dict(line.split("=", 1) for line in output.splitlines())
