#!/usr/bin/env python3
"""Voice: an agent may speak a commitment only with a token that gait signed for exactly this commitment.

A quote is judged, the token is verified just before speech, and the call is packed with everything that proves it.
"""

from __future__ import annotations

import argparse
import hashlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from boundary import BoundaryError, find_gait, run_gait
from scenario import ALL_SCENARIOS, CHECKOUT, CREATED_AT, write_json

HERE = Path(__file__).resolve().parent
DIRECTORY = CHECKOUT / "gait-out" / "integrations" / "voice_reference"
COMMITMENT_CLASS = "quote"
TURN_INDEX = 2
CALL_SEQ = 2
EXITS = {"allow": 0, "block": 3, "require_approval": 4}
# What happens in the call. Speech without a class commits to nothing, and needs no token.
EVENTS = (
    "asr.final",
    "commitment.declared",
    "gate.decision",
    "tts.request",
    "tts.emitted",
    "tool.intent",
    "tool.result",
)


def digest(text: str) -> str:
    """The digest that stands for an utterance; what was said stays out of the record."""
    return hashlib.sha256(text.encode()).hexdigest()


def gait(arguments: Sequence[str], accepted: Sequence[int] = (0,)) -> dict[str, Any]:
    """Runs gait in the directory of the example, and gives what it answered."""
    answer = run_gait([find_gait(CHECKOUT), *arguments, "--json"], cwd=DIRECTORY)
    result = answer.json()
    if answer.exit_code not in accepted:
        detail = result.get("error", "no reason given")
        raise BoundaryError(f"gait {' '.join(arguments[:3])} exited with {answer.exit_code}: {detail}")
    if answer.exit_code == 0 and result.get("ok") is not True:
        raise BoundaryError(f"gait {' '.join(arguments[:3])} exited with 0 but did not say ok")
    return result


def intent_of(scenario: str) -> dict[str, Any]:
    """The commitment: a price between 12 and 18 dollars."""
    return {
        "schema_id": "gait.voice.commitment_intent",
        "schema_version": "1.0.0",
        "created_at": CREATED_AT,
        "producer_version": "0.0.0-example",
        "call_id": f"call_voice_{scenario}",
        "turn_index": TURN_INDEX,
        "call_seq": CALL_SEQ,
        "commitment_class": COMMITMENT_CLASS,
        "currency": "USD",
        "quote_min_cents": 1200,
        "quote_max_cents": 1800,
        "context": {
            "identity": "agent.voice",
            "workspace": "/srv/voice",
            "risk_class": "high",
            "session_id": f"sess-voice-{scenario}",
        },
    }


def mint(scenario: str, intent: Path, trace: Path, token: Path) -> dict[str, Any]:
    """Asks for a token. There is one only when the policy allows the commitment."""
    result = gait(
        [
            *("voice", "token", "mint", "--intent", str(intent), "--policy", str(HERE / f"policy_{scenario}.yaml")),
            *("--trace-out", str(trace), "--out", str(token), "--key-mode", "prod"),
            *("--private-key", "keys/voice_private.key"),
            *("--approval-audit-out", f"approval_audit_{scenario}.json"),
        ],
        accepted=(0, EXITS[scenario]),
    )
    if result.get("verdict") != scenario:
        raise BoundaryError(f"expected verdict {scenario}, got {result.get('verdict')}")
    for name in ("intent_digest", "policy_digest"):
        if len(str(result.get(name, ""))) != 64:
            raise BoundaryError(f"gait gave no {name}")
    return result


def verify(intent: dict[str, Any], minted: dict[str, Any], token: Path) -> None:
    """The last check before speech: this token, for this commitment, at this place of this call."""
    gait(
        [
            *("voice", "token", "verify", "--token", str(token), "--public-key", "keys/voice_public.key"),
            *("--intent-digest", minted["intent_digest"], "--policy-digest", minted["policy_digest"]),
            *("--call-id", intent["call_id"], "--turn-index", str(TURN_INDEX), "--call-seq", str(CALL_SEQ)),
            *("--commitment-class", COMMITMENT_CLASS),
        ]
    )


def record_of(intent: dict[str, Any], minted: dict[str, Any], runpack: str, token_id: str | None) -> dict[str, Any]:
    """The call, told in events, decisions and receipts."""
    place = {"call_id": intent["call_id"], "call_seq": CALL_SEQ, "turn_index": TURN_INDEX}
    digests = {"intent_digest": minted["intent_digest"], "policy_digest": minted["policy_digest"]}
    decision = {**place, **digests, "commitment_class": COMMITMENT_CLASS, "verdict": minted["verdict"]}
    decision["reason_codes"] = minted.get("reason_codes", [])
    events = []
    for sequence, kind in enumerate(EVENTS, start=1):
        event = {**place, "call_seq": sequence, "created_at": CREATED_AT, "event_type": kind}
        if kind in ("commitment.declared", "gate.decision"):
            event |= {"commitment_class": COMMITMENT_CLASS, **digests}
        if kind == "tts.emitted" and token_id:
            event |= {"call_seq": CALL_SEQ, "commitment_class": COMMITMENT_CLASS, "say_token_id": token_id}
        events.append(event)
    record = {
        "schema_id": "gait.voice.call_record",
        "schema_version": "1.0.0",
        "created_at": CREATED_AT,
        "producer_version": "0.0.0-example",
        "call_id": intent["call_id"],
        "runpack_path": runpack,
        "privacy_mode": "hash_only",
        "events": events,
        "commitments": [intent],
        "gate_decisions": [decision],
        "speak_receipts": [],
        "reference_digests": [{"ref_id": "price-list", "sha256": digest("price list of the example")}],
    }
    if token_id:
        receipt = {**place, "commitment_class": COMMITMENT_CLASS, "say_token_id": token_id}
        receipt |= {"spoken_digest": digest("twelve to eighteen dollars"), "emitted_at": CREATED_AT}
        record["speak_receipts"] = [receipt]
    return record


def play(scenario: str) -> list[tuple[str, str]]:
    """Plays a scenario, and gives what there is to report."""
    DIRECTORY.mkdir(parents=True, exist_ok=True)
    names = ("intent_{}.json", "trace_{}.json", "say_token_{}.json", "call_record_{}.json", "callpack_{}.zip")
    files = [DIRECTORY / name.format(scenario) for name in names]
    # A token of an earlier run would look like permission to speak.
    for path in (*files, DIRECTORY / f"approval_audit_{scenario}.json"):
        path.unlink(missing_ok=True)
    intent_path, trace, token, record_path, callpack = files

    gait(["keys", "init", "--out-dir", "keys", "--prefix", "voice", "--force"])
    demo = gait(["demo"])
    intent = intent_of(scenario)
    write_json(intent_path, intent)
    minted = mint(scenario, intent_path, trace, token)
    speaks = minted["verdict"] == "allow"
    if speaks != token.is_file():
        raise BoundaryError(f"verdict {scenario}, but a token is {'missing' if speaks else 'there'}")
    if speaks:
        verify(intent, minted, token)

    record = record_of(intent, minted, str(DIRECTORY / demo["bundle"]), minted["token_id"] if speaks else None)
    write_json(record_path, record)
    gait(["voice", "pack", "build", "--from", str(record_path), "--out", str(callpack)])
    gait(["voice", "pack", "verify", str(callpack)])
    report = [
        ("framework", "voice_reference"),
        ("scenario", scenario),
        ("verdict", minted["verdict"]),
        ("speak_emitted", str(speaks).lower()),
        ("trace_path", str(trace)),
        ("call_record", str(record_path)),
        ("callpack_path", str(callpack)),
    ]
    return [*report, ("token_path", str(token))] if speaks else report


def main() -> int:
    """The command line of the quickstart."""
    parser = argparse.ArgumentParser(description="A spoken commitment at the boundary of gait.")
    parser.add_argument("--scenario", required=True, choices=ALL_SCENARIOS)
    try:
        report = play(parser.parse_args().scenario)
    except (BoundaryError, KeyError, OSError) as error:
        print(f"error={error}")
        return 1
    for name, value in report:
        print(f"{name}={value}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
