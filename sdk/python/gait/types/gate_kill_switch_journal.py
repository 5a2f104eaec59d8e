"""One line of the journal: a call that a switch stopped (`gait.gate.kill_switch_journal`).

Generated from `schemas/v1/gate/kill_switch_journal.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "KillSwitchJournalEntry",
]


class KillSwitchJournalEntry(TypedDict):
    """One line of the journal: a call that a switch stopped (`gait.gate.kill_switch_journal`)."""

    schema_id: Literal["gait.gate.kill_switch_journal"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    source: str
    trace_id: NotRequired[str]
    job_id: NotRequired[str]
    tool_name: NotRequired[str]
    agent_id: NotRequired[str]
    identity: NotRequired[str]
    reason_codes: NotRequired[list[str]]
    matched_entry_ids: NotRequired[list[str]]
