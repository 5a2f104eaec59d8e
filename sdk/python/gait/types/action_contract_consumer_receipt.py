"""Action Contract Consumer Receipt.

Generated from `schemas/v1/action-contract/consumer-receipt.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Any, Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ActionContractConsumerReceipt",
    "ActionContractConsumerReceiptSchemaVersions",
    "ActionContractConsumerReceiptSemanticResult",
]


class ActionContractConsumerReceiptSchemaVersions(TypedDict):
    artifact: str
    contract: str


class ActionContractConsumerReceiptSemanticResult(TypedDict):
    proposal_valid: bool
    activation_ready: bool
    reason_codes: NotRequired[list[str]]
    execution_claim: Literal[False]
    effect_claim: Literal[False]


class ActionContractConsumerReceipt(TypedDict):
    consumer: Literal["gait"]
    version: str
    scenario_id: str
    artifact_sha256: str
    status: Literal["pass", "reject", "dependency_missing"]
    self_attestation: Literal[False]
    proposal_artifact_id: NotRequired[str]
    contract_id: NotRequired[str]
    contract_family_id: NotRequired[str]
    revision: NotRequired[int]
    resolution_key: NotRequired[str]
    schema_versions: ActionContractConsumerReceiptSchemaVersions
    supported_constraints: dict[str, Any]
    semantic_result: ActionContractConsumerReceiptSemanticResult
