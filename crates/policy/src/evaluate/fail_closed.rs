//! What an intent of a high-risk class must carry before any rule is looked at.

use gait_artifact::{
    Verdict,
    intent::{Context, Intent},
    policy::{FailClosed, HighRiskField, RequiredField},
    text,
};

use super::evaluation::Evaluation;
use crate::compile::CompiledPolicy;

/// The block that fail-closed puts on a prepared `intent`, or nothing when it lacks nothing that its risk class demands.
///
/// Of a script, both its own targets and those of its steps are looked at.
#[must_use]
pub fn fail_closed(policy: &CompiledPolicy, intent: &Intent) -> Option<Evaluation> {
    let section = &policy.policy().fail_closed;
    if !section.applies_to(&intent.context().risk_class) {
        return None;
    }
    let missing: Vec<&str> = missing_fields(section, intent).collect();
    let mut reason_codes: Vec<String> = missing.iter().map(|field| reason_of(field)).collect();
    let mut violations: Vec<String> = missing.iter().map(|field| format!("missing_{field}")).collect();
    if has_unknown_class(intent) {
        reason_codes.push("fail_closed_endpoint_class_unknown".to_owned());
        violations.push("endpoint_class_unknown".to_owned());
    }
    if reason_codes.is_empty() {
        return None;
    }
    Some(Evaluation {
        reason_codes: text::list(reason_codes),
        violations: text::list(violations),
        ended_early: true,
        ..Evaluation::bare(Verdict::Block)
    })
}

fn reason_of(field: &str) -> String {
    match field {
        "context_evidence" => "context_evidence_missing".to_owned(),
        _ => format!("fail_closed_missing_{field}"),
    }
}

fn missing_fields(section: &FailClosed, intent: &Intent) -> impl Iterator<Item = &'static str> {
    let required = section
        .required_fields
        .iter()
        .filter(|field| lacks(intent, **field))
        .map(|field| field.as_str());
    let context = intent.context();
    let high_risk = section
        .required_high_risk_fields
        .iter()
        .filter(|field| lacks_member(context, **field));
    required.chain(high_risk.map(|field| field.as_str()))
}

fn lacks(intent: &Intent, field: RequiredField) -> bool {
    match field {
        RequiredField::Targets => intent.all_targets().next().is_none(),
        RequiredField::ArgProvenance => intent.arg_provenance().is_empty(),
        RequiredField::EndpointClass => has_unknown_class(intent),
        RequiredField::Delegation => intent.delegation().is_none(),
        RequiredField::ContextEvidence => intent.context().context_set_digest.is_empty(),
    }
}

fn has_unknown_class(intent: &Intent) -> bool {
    intent
        .all_targets()
        .any(|target| target.endpoint_class == "other")
}

fn lacks_member(context: &Context, field: HighRiskField) -> bool {
    let text = match field {
        HighRiskField::AgentIdentity => return context.agent_identity.is_none(),
        HighRiskField::CredentialTtlSeconds => return context.credential_ttl_seconds <= 0,
        HighRiskField::AgentActionBomRef => &context.agent_action_bom_ref,
        HighRiskField::AgentId => &context.agent_id,
        HighRiskField::ApprovalRef => &context.approval_ref,
        HighRiskField::CredentialAccessType => &context.credential_access_type,
        HighRiskField::CredentialIssuer => &context.credential_issuer,
        HighRiskField::CredentialRef => &context.credential_ref,
        HighRiskField::CredentialSource => &context.credential_source,
        HighRiskField::Environment => &context.environment,
        HighRiskField::Repo => &context.repo,
        HighRiskField::RunId => &context.run_id,
        HighRiskField::WorkflowId => &context.workflow_id,
        HighRiskField::WrkrInventoryRef => &context.wrkr_inventory_ref,
    };
    text.is_empty()
}
