"""Proposed Action Contract.

Generated from `schemas/v1/action-contract/proposed-action-contract-artifact.schema.json` by `tools/generate_types.py`.
"""

from __future__ import annotations

from typing import Literal

from gait.types._typing import NotRequired, TypedDict

__all__ = [
    "ProposedActionContract",
    "ProposedActionContractContract",
    "ProposedActionContractContractAllowedTransitions",
    "ProposedActionContractContractApprovalRequiredTransitions",
    "ProposedActionContractContractApprovalRequirement",
    "ProposedActionContractContractAuthorityRequirements",
    "ProposedActionContractContractCompensationRequirement",
    "ProposedActionContractContractConfirmationRequirement",
    "ProposedActionContractContractLifecycleObservations",
    "ProposedActionContractContractPreconditions",
    "ProposedActionContractContractProhibitedTransitions",
    "ProposedActionContractContractTargetConstraints",
    "ProposedActionContractProducer",
    "ProposedActionContractVariant",
]


class ProposedActionContractProducer(TypedDict):
    name: Literal["wrkr"]
    artifact_schema_version: Literal["1"]
    contract_schema_version: Literal["3"]


class ProposedActionContractVariant(TypedDict):
    share_profile: Literal["internal", "public", "customer-redacted", "design-partner", "external-redacted", "investor-safe"]
    redacted: bool


class ProposedActionContractContractLifecycleObservations(TypedDict):
    observation_id: str
    kind: Literal["proposal_creation", "gait_activation_request", "gait_activation_receipt", "gait_rejection", "supersession", "gait_execution", "gait_effect", "axym_verification"]
    producer: str
    evidence_state: Literal["verified", "declared", "inferred", "unknown", "contradictory"]
    freshness_state: Literal["fresh", "stale", "expired", "unknown"]
    observed_at: NotRequired[str]
    evidence_refs: NotRequired[list[str]]
    action_contract_artifact_refs: NotRequired[list[str]]
    proof_refs: NotRequired[list[str]]
    reason_codes: NotRequired[list[str]]


class ProposedActionContractContractAllowedTransitions(TypedDict):
    transition_id: str
    from_stage_id: str
    to_stage_id: str
    from_role: NotRequired[str]
    to_role: NotRequired[str]
    reason: NotRequired[str]


class ProposedActionContractContractProhibitedTransitions(TypedDict):
    transition_id: str
    from_stage_id: str
    to_stage_id: str
    from_role: NotRequired[str]
    to_role: NotRequired[str]
    reason: NotRequired[str]


class ProposedActionContractContractApprovalRequiredTransitions(TypedDict):
    transition_id: str
    from_stage_id: str
    to_stage_id: str
    from_role: NotRequired[str]
    to_role: NotRequired[str]
    reason: NotRequired[str]


class ProposedActionContractContractTargetConstraints(TypedDict):
    key: str
    value: str


class ProposedActionContractContractAuthorityRequirements(TypedDict):
    requirement_id: str
    kind: Literal["originating_intent", "requester_identity", "business_owner", "affected_system_owner", "permitted_agent_role", "policy_authority", "delegation_root", "credential_subject_constraint", "separation_of_duties"]
    required_constraint: str
    observed_value: NotRequired[str]
    evidence_state: Literal["verified", "declared", "inferred", "unknown", "contradictory"]
    freshness_state: Literal["fresh", "stale", "expired", "unknown"]
    evidence_refs: NotRequired[list[str]]
    reason_codes: NotRequired[list[str]]


class ProposedActionContractContractPreconditions(TypedDict):
    requirement_id: str
    kind: Literal["validation_contract", "effect_contract", "required_check", "producer", "freshness", "environment", "target", "sandbox", "policy_digest", "credential_mode", "expected_effect", "forbidden_effect"]
    required_constraint: str
    observed_value: NotRequired[str]
    observed_result: NotRequired[str]
    acceptable_producers: NotRequired[list[str]]
    max_age: NotRequired[str]
    evidence_state: Literal["verified", "declared", "inferred", "unknown", "contradictory"]
    freshness_state: Literal["fresh", "stale", "expired", "unknown"]
    evidence_refs: NotRequired[list[str]]
    reason_codes: NotRequired[list[str]]


class ProposedActionContractContractConfirmationRequirement(TypedDict):
    mode: Literal["explicit_confirmation", "not_required"]
    required: bool
    evidence_state: Literal["verified", "declared", "inferred", "unknown", "contradictory"]
    freshness_state: Literal["fresh", "stale", "expired", "unknown"]
    evidence_refs: NotRequired[list[str]]
    reason_codes: NotRequired[list[str]]


class ProposedActionContractContractApprovalRequirement(TypedDict):
    required: bool
    approver_roles: NotRequired[list[str]]
    minimum_approvals: int
    separation_of_duties: NotRequired[list[str]]
    scope_digest: str
    validity_window: NotRequired[str]
    reapproval_triggers: NotRequired[list[str]]
    evidence_state: Literal["verified", "declared", "inferred", "unknown", "contradictory"]
    freshness_state: Literal["fresh", "stale", "expired", "unknown"]
    evidence_refs: NotRequired[list[str]]
    reason_codes: NotRequired[list[str]]


class ProposedActionContractContractCompensationRequirement(TypedDict):
    required: bool
    kind: Literal["documented_recovery", "rollback", "restore", "irreversible_escalation", "not_required"]
    procedure_ref: NotRequired[str]
    target: NotRequired[str]
    execution_window: NotRequired[str]
    verification_required: bool
    acceptable_producers: NotRequired[list[str]]
    evidence_state: Literal["verified", "declared", "inferred", "unknown", "contradictory"]
    freshness_state: Literal["fresh", "stale", "expired", "unknown"]
    evidence_refs: NotRequired[list[str]]
    reason_codes: NotRequired[list[str]]


class ProposedActionContractContract(TypedDict):
    contract_id: str
    contract_family_id: str
    contract_content_digest: str
    contract_version: Literal["3"]
    contract_kind: Literal["proposed_action_contract"]
    composition_ref: str
    resolution_key: NotRequired[str]
    revision: int
    supersedes_ref: NotRequired[str]
    lifecycle_observations: NotRequired[list[ProposedActionContractContractLifecycleObservations]]
    allowed_transitions: NotRequired[list[ProposedActionContractContractAllowedTransitions]]
    prohibited_transitions: NotRequired[list[ProposedActionContractContractProhibitedTransitions]]
    approval_required_transitions: NotRequired[list[ProposedActionContractContractApprovalRequiredTransitions]]
    target_constraints: NotRequired[list[ProposedActionContractContractTargetConstraints]]
    required_credential_mode: NotRequired[Literal["ephemeral", "scoped", "standing_or_unknown"]]
    maximum_delegation_depth: int
    evidence_requirements: NotRequired[list[str]]
    acceptable_countersigners: NotRequired[list[str]]
    expected_outcome_class: NotRequired[str]
    compensation_required: NotRequired[bool]
    expires_at: NotRequired[str]
    source_digests: NotRequired[list[str]]
    authority_requirements: list[ProposedActionContractContractAuthorityRequirements]
    authority_readiness_state: Literal["ready", "needs_evidence", "blocked_by_contradiction"]
    preconditions: list[ProposedActionContractContractPreconditions]
    confirmation_requirement: ProposedActionContractContractConfirmationRequirement
    approval_requirement: ProposedActionContractContractApprovalRequirement
    compensation_requirement: ProposedActionContractContractCompensationRequirement
    report_only: Literal[True]
    readiness_state: NotRequired[Literal["ready_for_report_only", "needs_evidence", "blocked_by_contradiction"]]
    reason_codes: NotRequired[list[str]]


class ProposedActionContract(TypedDict):
    schema_id: Literal["https://wrkr.dev/schemas/v1/proposed-action-contract-artifact.schema.json"]
    schema_version: Literal["1"]
    artifact_id: str
    contract_id: str
    contract_family_id: str
    revision: int
    producer: ProposedActionContractProducer
    source_scan_refs: list[str]
    composition_refs: list[str]
    resolution_key: NotRequired[str]
    creation_evidence: list[str]
    canonical_content_digest: str
    variant: ProposedActionContractVariant
    report_only: Literal[True]
    contract: ProposedActionContractContract
