"""How long decisions take from Python: medians in microseconds, and the figure that `Gate.decide` must reach.

Run it with the wheel installed on a machine that does nothing else; `--check` fails above the figure.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from gait import Gate, IntentContext, IntentTarget, capture_intent, evaluate_gate

#: Microseconds for one decision under a policy of three rules, the intent given as JSON.
DECIDE_AT_MOST = 20.0

POLICY = """\
default_verdict: block
rules:
  - {name: ok, effect: allow, priority: 10, match: {tool_names: [tool.ok]}}
  - {name: dry, effect: dry_run, priority: 20, match: {tool_names: [tool.dry]}}
  - {name: ask, effect: require_approval, priority: 30, match: {tool_names: [tool.ask]}}
"""


def quantiles(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """The fastest tenth and the median of `rounds`, in microseconds."""
    for _ in range(rounds // 10):
        work()
    spans = []
    for _ in range(rounds):
        started = time.perf_counter_ns()
        work()
        spans.append(time.perf_counter_ns() - started)
    spans.sort()
    return spans[rounds // 10] / 1000, spans[rounds // 2] / 1000


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="fail when a decision takes longer than it must")
    check = parser.parse_args().check
    context = IntentContext(identity="alice", workspace="/repo", risk_class="high")
    target = IntentTarget("path", "/srv/out.txt", "write")
    intent = capture_intent(tool_name="tool.ok", args={"path": "/srv/out.txt"}, context=context, targets=[target])
    document = json.dumps(intent.to_dict()).encode()
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        policy = Path("policy.yaml")
        policy.write_text(POLICY)
        gate = Gate(policy)
        if not gate.decide(document).permits:
            raise SystemExit("the intent is not allowed, so this would measure something else")
        rows: list[tuple[str, Callable[[], object], int]] = [
            ("Gate.decide, JSON", lambda: gate.decide(document).verdict, 20_000),
            ("Gate.decide, IntentRequest", lambda: gate.decide(intent).verdict, 10_000),
            ("Gate.evaluate, trace on disk", lambda: gate.evaluate(intent, trace_out="t.json"), 500),
            (
                "evaluate_gate in process",
                lambda: evaluate_gate(policy_path=policy, intent=intent, trace_out="t.json"),
                200,
            ),
        ]
        medians = []
        print(f"{'':32}{'tenth':>10}{'median':>10}")
        for name, work, rounds in rows:
            tenth, median = quantiles(work, rounds)
            medians.append(median)
            print(f"{name:32}{tenth:10.1f}{median:10.1f}")
        os.chdir("/")
    return 1 if check and medians[0] > DECIDE_AT_MOST else 0


if __name__ == "__main__":
    sys.exit(main())
