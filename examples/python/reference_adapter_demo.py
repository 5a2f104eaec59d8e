#!/usr/bin/env python3
"""The Python SDK in one sitting: a tool behind the gate, the run recorded, the recording a regression fixture."""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parents[1] / "sdk" / "python"))

from gait import (  # noqa: E402
    GaitError,
    GateEnforcementError,
    IntentContext,
    IntentTarget,
    ToolAdapter,
    create_regress_fixture,
    gate_tool,
    run_session,
)

WORKSPACE = Path("/tmp")
POLICY = HERE.parent / "integrations" / "template" / "policy_allow.yaml"
RUN_ID = "run_reference_adapter"
OUT = HERE.parents[1] / "gait-out" / "python_reference"

adapter = ToolAdapter(policy_path=POLICY)
context = IntentContext(
    identity="agent.reference", workspace=str(WORKSPACE), risk_class="low", session_id="sess-reference"
)


@gate_tool(
    adapter=adapter,
    context=context,
    tool_name="tool.write",
    targets=lambda args, kwargs: [IntentTarget(kind="path", value=kwargs["path"], operation="write")],
    trace_out=OUT / "trace.json",
    cwd=OUT,
)
def write_file(*, path: str, text: str) -> str:
    """The tool: what is in here runs when gait allows it."""
    Path(path).write_text(text, encoding="utf-8")
    return f"wrote {len(text)} characters to {path}"


def main() -> int:
    """Runs the demonstration."""
    OUT.mkdir(parents=True, exist_ok=True)
    try:
        with run_session(run_id=RUN_ID, out_dir=OUT, cwd=OUT) as session:
            print(f"tool output={write_file(path=str(OUT / 'note.txt'), text='hello')}")
        capture = session.capture
        if capture is None:
            print("error=the run was not recorded", file=sys.stderr)
            return 1
        print(f"runpack run_id={capture.run_id} bundle={capture.bundle_path}")
        print(f"ticket_footer={capture.ticket_footer}")
        fixture = create_regress_fixture(from_run=OUT / Path(capture.bundle_path).name, cwd=OUT)
        print(f"regress fixture={fixture.fixture_path} config={fixture.config_path}")
    except (GaitError, GateEnforcementError, OSError) as error:
        print(f"error={error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
