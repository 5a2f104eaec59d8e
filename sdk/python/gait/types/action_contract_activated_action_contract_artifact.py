"""Activated Action Contract.

Generated from `schemas/v1/action-contract/activated-action-contract-artifact.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ActivatedActionContract",
    "ActivatedActionContractProducer",
    "ActivatedActionContractProposal",
    "ActivatedActionContractSignature",
    "ActivatedActionContractValidity",
]


class ActivatedActionContractProducer(TypedDict):
    name: Literal["gait"]
    artifact_schema_version: Literal["1"]
    contract_schema_version: Literal["1"]


class ActivatedActionContractProposal(TypedDict):
    artifact_id: str
    canonical_content_digest: str
    contract_id: str
    contract_family_id: str
    revision: int
    schema_id: Literal["https://wrkr.dev/schemas/v1/proposed-action-contract-artifact.schema.json"]
    schema_version: Literal["1"]
    contract_schema_version: Literal["3"]


class ActivatedActionContractValidity(TypedDict):
    not_before: str
    not_after: NotRequired[str]


class ActivatedActionContractSignature(TypedDict):
    alg: Literal["ed25519"]
    key_id: str
    sig: str
    signed_digest: str


class ActivatedActionContract(TypedDict):
    schema_id: Literal["https://gait.dev/schemas/v1/activated-action-contract-artifact.schema.json"]
    schema_version: Literal["1"]
    artifact_id: str
    contract_id: str
    contract_family_id: str
    revision: int
    producer: ActivatedActionContractProducer
    proposal: ActivatedActionContractProposal
    policy_digest: str
    activating_principal: str
    authority_refs: list[str]
    target: str
    environment: str
    activation_mode: Literal["context_only", "enforce_floor", "required"]
    validity: ActivatedActionContractValidity
    explicit_exceptions: list[str]
    report_only: Literal[False]
    development_signing: bool
    signature: ActivatedActionContractSignature
