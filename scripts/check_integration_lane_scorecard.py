#!/usr/bin/env python3
"""Scores integration lanes, and says whether one may become official."""

from __future__ import annotations

import argparse
import json
import math
import sys
from pathlib import Path
from typing import Any

from atomic_file import replace

OUTPUT_SCHEMA_ID = "gait.launch.integration_lane_scorecard"
SCHEMA_VERSION = "1.0.0"
DEFAULT_CREATED_AT = "1980-01-01T00:00:00Z"
WEIGHTS = {
    "setup_speed": 0.25,
    "reliability": 0.25,
    "determinism": 0.2,
    "policy_correctness": 0.2,
    "distribution": 0.1,
}
RATES = ("failure_rate", "determinism_pass_rate", "policy_correctness_rate", "distribution_reach")
METRICS = ("setup_minutes_p50", *RATES)
MAX_SETUP_MINUTES = 30
THRESHOLD = 0.75
MIN_CONFIDENCE = 0.03
HIGH_CONFIDENCE = 0.08
DIGITS = 6
RULE = (
    f"The lane with the highest score is selected. It may be expanded when its score is at least {THRESHOLD} "
    f"and at least {MIN_CONFIDENCE} ahead of the next."
)


class MetricsError(ValueError):
    """The metrics cannot be used."""


def text(value: dict[str, Any], name: str, where: str = "") -> str:
    """A text that must be there."""
    found = value.get(name)
    if not isinstance(found, str) or not found.strip():
        raise MetricsError(f"{where}{name} must be a text")
    return found.strip()


def number(value: dict[str, Any], name: str, where: str) -> float:
    """A metric within its bounds."""
    found = value.get(name)
    if isinstance(found, bool) or not isinstance(found, int | float) or not math.isfinite(found) or found < 0:
        raise MetricsError(f"{where}{name} must be a number that is not negative")
    if name in RATES and found > 1:
        raise MetricsError(f"{where}{name} must be from 0 to 1")
    return found


def scored(lane: Any, position: int) -> dict[str, Any]:
    """A lane with its scores."""
    where = f"lanes[{position}]."
    if not isinstance(lane, dict):
        raise MetricsError(f"lanes[{position}] must be an object")
    metrics = {name: number(lane, name, where) for name in METRICS}
    normalized = {
        "setup_speed": 1 - min(metrics["setup_minutes_p50"], MAX_SETUP_MINUTES) / MAX_SETUP_MINUTES,
        "reliability": 1 - metrics["failure_rate"],
        "determinism": metrics["determinism_pass_rate"],
        "policy_correctness": metrics["policy_correctness_rate"],
        "distribution": metrics["distribution_reach"],
    }
    return {
        "lane_id": text(lane, "lane_id", where),
        "lane_name": text(lane, "lane_name", where),
        "metrics": metrics,
        "normalized_scores": {name: round(score, DIGITS) for name, score in normalized.items()},
        "weighted_score": round(sum(WEIGHTS[name] * score for name, score in normalized.items()), DIGITS),
    }


def decision(lanes: list[dict[str, Any]]) -> dict[str, Any]:
    """What follows from the scores."""
    selected, runner_up = lanes[0], lanes[1] if len(lanes) > 1 else None
    delta = round(selected["weighted_score"] - runner_up["weighted_score"], DIGITS) if runner_up else 1.0
    level = "low" if delta < MIN_CONFIDENCE else "medium" if delta < HIGH_CONFIDENCE else "high"
    met = selected["weighted_score"] >= THRESHOLD
    return {
        "selected_lane_id": selected["lane_id"],
        "selected_lane_name": selected["lane_name"],
        "selected_weighted_score": selected["weighted_score"],
        "runner_up_lane_id": runner_up["lane_id"] if runner_up else "",
        "runner_up_weighted_score": runner_up["weighted_score"] if runner_up else 0.0,
        "confidence_delta": delta,
        "confidence_level": level,
        "threshold_score": THRESHOLD,
        "threshold_met": met,
        "expansion_allowed": met and delta >= MIN_CONFIDENCE,
        "decision_rule": RULE,
    }


def scorecard(document: Any) -> dict[str, Any]:
    """The scorecard of the lanes."""
    if not isinstance(document, dict):
        raise MetricsError("the metrics must be an object")
    text(document, "schema_id")
    text(document, "schema_version")
    created_at = text(document, "created_at") if "created_at" in document else DEFAULT_CREATED_AT
    lanes = document.get("lanes")
    if not isinstance(lanes, list) or not lanes:
        raise MetricsError("lanes must be a list with at least one lane")
    scores = [scored(lane, position) for position, lane in enumerate(lanes)]
    if len({lane["lane_id"] for lane in scores}) != len(scores):
        raise MetricsError("lane_id must be unique")
    scores.sort(key=lambda lane: (-lane["weighted_score"], lane["lane_id"]))
    return {
        "schema_id": OUTPUT_SCHEMA_ID,
        "schema_version": SCHEMA_VERSION,
        "created_at": created_at,
        "weights": WEIGHTS,
        "max_setup_minutes": MAX_SETUP_MINUTES,
        "lanes": scores,
        "decision": decision(scores),
    }


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--input", type=Path, required=True, help="metrics of the lanes")
    parser.add_argument("--out", type=Path, required=True, help="the scorecard")
    options = parser.parse_args()
    try:
        card = scorecard(json.loads(options.input.read_text(encoding="utf-8")))
        replace(options.out, json.dumps(card, indent=2, sort_keys=True) + "\n")
    except (OSError, ValueError, RecursionError) as error:
        print(f"check_integration_lane_scorecard: {error}", file=sys.stderr)
        return 1
    selected = card["decision"]
    print(f"selected: {selected['selected_lane_id']} score={selected['selected_weighted_score']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
