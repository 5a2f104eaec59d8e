//! A proposal to try things on.

use gait_canon::json::{self, Object, Value};

use crate::identity::Identities;
use crate::proposal::ProposalDocument;
use crate::terms::Terms;

/// The terms of a small contract, identities left out.
pub(crate) const TERMS: &str = r#"{
    "contract_version": "3", "contract_kind": "proposed_action_contract",
    "composition_ref": "comp-7", "revision": 1, "maximum_delegation_depth": 2,
    "required_credential_mode": "scoped", "expected_outcome_class": "release",
    "expires_at": "2030-01-01T00:00:00Z", "report_only": true,
    "target_constraints": [{"key": "environment", "value": "staging"}],
    "allowed_transitions": [{"transition_id": "t1", "from_stage_id": "a", "to_stage_id": "b"}],
    "evidence_requirements": [" build log "],
    "authority_requirements": [{"requirement_id": "r1", "kind": "business_owner", "required_constraint": "owner",
        "evidence_state": "declared", "freshness_state": "fresh", "evidence_refs": ["e1", "e2"]}],
    "authority_readiness_state": "ready",
    "preconditions": [{"requirement_id": "p1", "kind": "required_check", "required_constraint": "ci",
        "evidence_state": "verified", "freshness_state": "fresh"}],
    "confirmation_requirement": {"mode": "not_required", "required": false,
        "evidence_state": "verified", "freshness_state": "fresh"},
    "approval_requirement": {"required": true, "minimum_approvals": 1, "approver_roles": ["owner"],
        "scope_digest": "sha256:2222222222222222222222222222222222222222222222222222222222222222",
        "evidence_state": "verified", "freshness_state": "fresh"},
    "compensation_requirement": {"required": false, "kind": "not_required", "verification_required": false,
        "evidence_state": "verified", "freshness_state": "fresh"}
}"#;

/// A proposal of [`TERMS`] after `change`, with the identities that follow from them.
pub(crate) fn proposal(change: impl FnOnce(&mut Object)) -> Vec<u8> {
    let mut contract = object(TERMS);
    change(&mut contract);
    let identities = Identities::of(Terms::of(&contract));
    contract.insert("contract_id", identities.contract_id.as_str());
    contract.insert("contract_family_id", identities.family_id.as_str());
    contract.insert("contract_content_digest", identities.content_digest.as_str());
    let mut envelope = object(
        r#"{"schema_id": "https://wrkr.dev/schemas/v1/proposed-action-contract-artifact.schema.json",
            "schema_version": "1", "artifact_id": "paca-0123456789abcdef", "revision": 1,
            "producer": {"name": "wrkr", "artifact_schema_version": "1", "contract_schema_version": "3"},
            "source_scan_refs": ["scan-1"], "composition_refs": ["comp-7"], "creation_evidence": ["log-1"],
            "variant": {"share_profile": "internal", "redacted": false}, "report_only": true}"#,
    );
    envelope.insert("contract_id", identities.contract_id.as_str());
    envelope.insert("contract_family_id", identities.family_id.as_str());
    envelope.insert("contract", Value::Object(contract));
    sealed(envelope)
}

/// The bytes of a proposal with the digest of its content.
pub(crate) fn sealed(mut envelope: Object) -> Vec<u8> {
    let draft = json::compact(&Value::Object(envelope.clone()));
    let digest = document(draft.as_bytes()).content_digest().unwrap();
    envelope.insert("canonical_content_digest", digest);
    json::compact(&Value::Object(envelope)).into_bytes()
}

pub(crate) fn document(bytes: &[u8]) -> ProposalDocument {
    ProposalDocument::parse(bytes).unwrap()
}

pub(crate) fn object(text: &str) -> Object {
    match json::parse(text.as_bytes()).unwrap() {
        Value::Object(object) => object,
        other => unreachable!("{other:?} is no object"),
    }
}
