"""The outcome of testing a policy with one intent (`gait.policytest.result`).

Generated from `schemas/v1/policytest/policy_test_result.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal, TypeAlias

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "PolicyTestResult",
    "Verdict",
]


Verdict: TypeAlias = Literal["allow", "dry_run", "require_approval", "block"]


class PolicyTestResult(TypedDict):
    """The outcome of testing a policy with one intent (`gait.policytest.result`)."""

    schema_id: Literal["gait.policytest.result"]
    schema_version: Literal["1.0.0"]
    created_at: str
    producer_version: str
    policy_digest: str
    intent_digest: str
    verdict: Verdict
    reason_codes: list[str]
    violations: list[str]
    matched_rule: NotRequired[str]
    delegation_matched: NotRequired[bool]
    delegation_depth: NotRequired[int]
    delegation_scope: NotRequired[str]
