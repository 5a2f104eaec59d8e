//! The schema of the contract inside a proposal.

use crate::shape::{Kind, Member, Shape};

/// The version of the contracts that are understood.
pub const CONTRACT_VERSION: &str = "3";
/// The kind of contract that is understood.
pub const CONTRACT_KIND: &str = "proposed_action_contract";

/// Kinds of authority requirements.
pub const AUTHORITY_KINDS: &[&str] = &[
    "originating_intent",
    "requester_identity",
    "business_owner",
    "affected_system_owner",
    "permitted_agent_role",
    "policy_authority",
    "delegation_root",
    "credential_subject_constraint",
    "separation_of_duties",
];
/// Kinds of preconditions.
pub const PRECONDITION_KINDS: &[&str] = &[
    "validation_contract",
    "effect_contract",
    "required_check",
    "producer",
    "freshness",
    "environment",
    "target",
    "sandbox",
    "policy_digest",
    "credential_mode",
    "expected_effect",
    "forbidden_effect",
];
/// Keys of target constraints that are understood. The schema leaves them open.
pub const TARGET_KEYS: &[&str] = &[
    "composition_id",
    "environment",
    "outcome_class",
    "target_class",
    "target_identity",
];
/// The readiness that stands for a contradiction.
pub const BLOCKED_BY_CONTRADICTION: &str = "blocked_by_contradiction";

const EVIDENCE_STATE: Member = Member::required(
    "evidence_state",
    Kind::Words(&["verified", "declared", "inferred", "unknown", "contradictory"]),
);
const FRESHNESS_STATE: Member = Member::required(
    "freshness_state",
    Kind::Words(&["fresh", "stale", "expired", "unknown"]),
);
const EVIDENCE_REFS: Member = Member::optional("evidence_refs", Kind::TEXTS);
const REASON_CODES: Member = Member::optional("reason_codes", Kind::TEXTS);
const ACCEPTABLE_PRODUCERS: Member = Member::optional("acceptable_producers", Kind::TEXTS);

const TRANSITION: Shape = Shape {
    members: &[
        Member::required("transition_id", Kind::Text),
        Member::required("from_stage_id", Kind::Text),
        Member::required("to_stage_id", Kind::Text),
        Member::optional("from_role", Kind::Text),
        Member::optional("to_role", Kind::Text),
        Member::optional("reason", Kind::Text),
    ],
};
const TARGET_CONSTRAINT: Shape = Shape {
    members: &[
        Member::required("key", Kind::Text),
        Member::required("value", Kind::Text),
    ],
};
const AUTHORITY_REQUIREMENT: Shape = Shape {
    members: &[
        Member::required("requirement_id", Kind::Text),
        Member::required("kind", Kind::Words(AUTHORITY_KINDS)),
        Member::required("required_constraint", Kind::Text),
        Member::optional("observed_value", Kind::Text),
        EVIDENCE_STATE,
        FRESHNESS_STATE,
        EVIDENCE_REFS,
        REASON_CODES,
    ],
};
const PRECONDITION: Shape = Shape {
    members: &[
        Member::required("requirement_id", Kind::Text),
        Member::required("kind", Kind::Words(PRECONDITION_KINDS)),
        Member::required("required_constraint", Kind::Text),
        Member::optional("observed_value", Kind::Text),
        Member::optional("observed_result", Kind::Text),
        ACCEPTABLE_PRODUCERS,
        Member::optional("max_age", Kind::Text),
        EVIDENCE_STATE,
        FRESHNESS_STATE,
        EVIDENCE_REFS,
        REASON_CODES,
    ],
};
const CONFIRMATION: Shape = Shape {
    members: &[
        Member::required("mode", Kind::Words(&["explicit_confirmation", "not_required"])),
        Member::required("required", Kind::Boolean),
        EVIDENCE_STATE,
        FRESHNESS_STATE,
        EVIDENCE_REFS,
        REASON_CODES,
    ],
};
const APPROVAL: Shape = Shape {
    members: &[
        Member::required("required", Kind::Boolean),
        Member::optional("approver_roles", Kind::TEXTS),
        Member::required("minimum_approvals", Kind::Integer { least: 0 }),
        Member::optional("separation_of_duties", Kind::TEXTS),
        Member::required("scope_digest", Kind::TAGGED_DIGEST),
        Member::optional("validity_window", Kind::Text),
        Member::optional("reapproval_triggers", Kind::TEXTS),
        EVIDENCE_STATE,
        FRESHNESS_STATE,
        EVIDENCE_REFS,
        REASON_CODES,
    ],
};
const COMPENSATION: Shape = Shape {
    members: &[
        Member::required("required", Kind::Boolean),
        Member::required(
            "kind",
            Kind::Words(&[
                "documented_recovery",
                "rollback",
                "restore",
                "irreversible_escalation",
                "not_required",
            ]),
        ),
        Member::optional("procedure_ref", Kind::Text),
        Member::optional("target", Kind::Text),
        Member::optional("execution_window", Kind::Text),
        Member::required("verification_required", Kind::Boolean),
        ACCEPTABLE_PRODUCERS,
        EVIDENCE_STATE,
        FRESHNESS_STATE,
        EVIDENCE_REFS,
        REASON_CODES,
    ],
};
const LIFECYCLE_OBSERVATION: Shape = Shape {
    members: &[
        Member::required("observation_id", Kind::Text),
        Member::required(
            "kind",
            Kind::Words(&[
                "proposal_creation",
                "gait_activation_request",
                "gait_activation_receipt",
                "gait_rejection",
                "supersession",
                "gait_execution",
                "gait_effect",
                "axym_verification",
            ]),
        ),
        Member::required("producer", Kind::Text),
        EVIDENCE_STATE,
        FRESHNESS_STATE,
        Member::optional("observed_at", Kind::Time),
        EVIDENCE_REFS,
        Member::optional("action_contract_artifact_refs", Kind::TEXTS),
        Member::optional("proof_refs", Kind::TEXTS),
        REASON_CODES,
    ],
};

/// The schema of a contract of version 3.
pub const CONTRACT: Shape = Shape {
    members: &[
        Member::required("contract_id", Kind::Text),
        Member::required("contract_family_id", Kind::Text),
        Member::required("contract_content_digest", Kind::TAGGED_DIGEST),
        Member::required("contract_version", Kind::Fixed(CONTRACT_VERSION)),
        Member::required("contract_kind", Kind::Fixed(CONTRACT_KIND)),
        Member::required("composition_ref", Kind::Text),
        Member::optional("resolution_key", Kind::Text),
        Member::required("revision", Kind::Integer { least: 1 }),
        Member::optional("supersedes_ref", Kind::Text),
        Member::optional("lifecycle_observations", Kind::Many(&LIFECYCLE_OBSERVATION)),
        Member::optional("allowed_transitions", Kind::Many(&TRANSITION)),
        Member::optional("prohibited_transitions", Kind::Many(&TRANSITION)),
        Member::optional("approval_required_transitions", Kind::Many(&TRANSITION)),
        Member::optional("target_constraints", Kind::Many(&TARGET_CONSTRAINT)),
        Member::optional(
            "required_credential_mode",
            Kind::Words(&["ephemeral", "scoped", "standing_or_unknown"]),
        ),
        Member::required("maximum_delegation_depth", Kind::Integer { least: 0 }),
        Member::optional("evidence_requirements", Kind::TEXTS),
        Member::optional("acceptable_countersigners", Kind::TEXTS),
        Member::optional("expected_outcome_class", Kind::Text),
        Member::optional("compensation_required", Kind::Boolean),
        Member::optional("expires_at", Kind::Time),
        Member::optional("source_digests", Kind::TEXTS),
        Member::required("authority_requirements", Kind::Many(&AUTHORITY_REQUIREMENT)),
        Member::required(
            "authority_readiness_state",
            Kind::Words(&["ready", "needs_evidence", BLOCKED_BY_CONTRADICTION]),
        ),
        Member::required("preconditions", Kind::Many(&PRECONDITION)),
        Member::required("confirmation_requirement", Kind::One(&CONFIRMATION)),
        Member::required("approval_requirement", Kind::One(&APPROVAL)),
        Member::required("compensation_requirement", Kind::One(&COMPENSATION)),
        Member::required("report_only", Kind::Truth(true)),
        Member::optional(
            "readiness_state",
            Kind::Words(&[
                "ready_for_report_only",
                "needs_evidence",
                BLOCKED_BY_CONTRADICTION,
            ]),
        ),
        Member::optional("reason_codes", Kind::TEXTS),
    ],
};
