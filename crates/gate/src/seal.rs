//! From a decision to its trace record.

use gait_artifact::{
    Timestamp,
    decision::{KillSwitchDecision, McpTrustDecision, StepVerdict},
    intent::Intent,
    kill_switch::KillSwitchJournalEntry,
    policy::{POLICY_SCHEMA_ID, POLICY_SCHEMA_VERSION},
    trace::{DelegationRef, TraceRecord, event_id, trace_id},
};
use gait_canon::Digest;
use gait_policy::Evaluation;

use crate::{
    approval::ApprovalOutcome,
    audit::AuditSubject,
    credential::{self, EvidenceHeader},
    decision::{ApprovalReport, Decision, DelegationReport, FastPath, Judgement, Limits},
    delegation::DelegationOutcome,
    entrance::Entrance,
    error::GateError,
    gate::{Call, Gate},
    kill_switch,
    outcome::{Outcome, Simulation},
    prepare::Prepared,
    relation,
    stages::Issued,
    trace::SealedTrace,
};

/// Everything the stages of a decision found.
pub(crate) struct Stages {
    pub(crate) prepared: Prepared,
    pub(crate) judgement: Judgement,
    pub(crate) outcome: Outcome,
    pub(crate) simulation: Option<Simulation>,
    pub(crate) limits: Limits,
    pub(crate) delegation: DelegationOutcome,
    pub(crate) approval: ApprovalOutcome,
    pub(crate) credential: Option<Issued>,
}

impl Stages {
    /// What the intent's facts came from; nothing when no rule was looked at.
    fn context_source(&self) -> &str {
        if self.judgement.evaluation.ended_early {
            ""
        } else {
            &self.prepared.context_source
        }
    }

    /// The ids of the approvals that let the call through, or the caller's own reference.
    fn approval_reference<'a>(&'a self, call: &'a Call) -> &'a str {
        match self.approval.approval_ref.as_str() {
            "" => call.approval_reference.trim(),
            granting => granting,
        }
    }
}

impl Gate<'_> {
    /// Makes the records of a decision and signs its trace.
    pub(crate) fn seal(
        &self,
        found: Stages,
        call: &Call,
        mut warnings: Vec<String>,
    ) -> Result<Decision, GateError> {
        let context_source = found.context_source().to_owned();
        let approval_reference = found.approval_reference(call).to_owned();
        let trace = self.sign_trace(&found, call)?;
        let subject = self.audit_subject(&found, &trace.record().trace_id);
        let asked = self.deployment.entrance.misses_absent_tokens() || !call.approval_tokens.is_empty();
        let approval_audit = asked.then(|| found.approval.audit_record(&subject)).flatten();
        let delegation_required = found.judgement.evaluation.delegation_required;
        let delegation_audit = found.delegation.audit_record(delegation_required, &subject);
        let credential = found.credential.as_ref().map(|issued| {
            let header = EvidenceHeader {
                created_at: subject.created_at,
                producer_version: subject.producer_version,
                trace_id: subject.trace_id,
            };
            credential::evidence(&issued.request, &issued.credential, &header)
        });
        let journal = journal_entry(&found, &subject, self.deployment.entrance);
        warnings.sort_unstable();
        warnings.dedup();
        Ok(Decision {
            profile: self.deployment.profile,
            outcome: found.outcome,
            simulation: found.simulation,
            evaluation: found.judgement.evaluation,
            intent: found.prepared.intent,
            phase: found.prepared.phase,
            policy_digest: self.deployment.policy.digest(),
            context_source,
            approval: ApprovalReport {
                required: found.approval.required,
                valid: found.approval.valid,
                reference: approval_reference,
                audit: approval_audit,
            },
            delegation: DelegationReport {
                required: delegation_required,
                valid: found.delegation.valid,
                reference: found.delegation.delegation_ref,
                audit: delegation_audit,
            },
            credential,
            limits: found.limits,
            fast_path: found.judgement.fast_path,
            kill_switch: found.judgement.kill_switch,
            mcp_trust: call.mcp_trust.clone(),
            journal,
            trace,
            warnings,
        })
    }

    fn sign_trace(&self, found: &Stages, call: &Call) -> Result<SealedTrace, GateError> {
        let on = &self.deployment;
        let judgement = &found.judgement;
        let record = TraceParts {
            intent: &found.prepared.intent,
            policy_digest: on.policy.digest(),
            evaluation: &judgement.evaluation,
            outcome: &found.outcome,
            created_at: judgement.created_at,
            observed_at: on.clock.now(),
            producer_version: on.producer_version,
            correlation_id: &call.correlation_id,
            context_source: found.context_source(),
            fast_path: &judgement.fast_path,
            approval_reference: found.approval_reference(call),
            delegation_reference: &found.delegation.delegation_ref,
            credential: found.credential.as_ref(),
            kill_switch: judgement.kill_switch.as_ref(),
            mcp_trust: call.mcp_trust.as_ref(),
            entrance: on.entrance,
            latency_ms: if call.untimed { 0.0 } else { judgement.latency_ms },
        }
        .record();
        SealedTrace::seal(record, &on.signer.key).map_err(|source| GateError::Encode {
            record: "trace",
            source,
        })
    }

    /// What the records beside the trace say of the decision.
    fn audit_subject<'a>(&'a self, found: &'a Stages, trace_id: &'a str) -> AuditSubject<'a> {
        AuditSubject {
            created_at: found.judgement.created_at,
            producer_version: self.deployment.producer_version,
            trace_id,
            tool_name: found.prepared.intent.tool_name(),
            intent_digest: found.prepared.intent.digest(),
            policy_digest: self.deployment.policy.digest(),
        }
    }
}

/// The line for the kill switch's journal, when a switch stopped the call.
fn journal_entry(
    found: &Stages,
    subject: &AuditSubject<'_>,
    entrance: Entrance,
) -> Option<KillSwitchJournalEntry> {
    let stopped = found
        .judgement
        .kill_switch
        .as_ref()
        .filter(|decision| decision.status == "active")?;
    Some(kill_switch::journal_entry(
        stopped,
        &found.prepared.intent,
        subject,
        entrance,
    ))
}

/// Everything a trace is made from.
pub(crate) struct TraceParts<'a> {
    pub intent: &'a Intent,
    pub policy_digest: Digest,
    pub evaluation: &'a Evaluation,
    pub outcome: &'a Outcome,
    pub created_at: Timestamp,
    pub observed_at: Timestamp,
    pub producer_version: &'a str,
    pub correlation_id: &'a str,
    pub context_source: &'a str,
    pub fast_path: &'a FastPath,
    pub approval_reference: &'a str,
    pub delegation_reference: &'a str,
    pub credential: Option<&'a Issued>,
    pub kill_switch: Option<&'a KillSwitchDecision>,
    pub mcp_trust: Option<&'a McpTrustDecision>,
    pub entrance: Entrance,
    pub latency_ms: f64,
}

impl TraceParts<'_> {
    /// The id of the decision.
    pub(crate) fn trace_id(&self) -> String {
        trace_id(&self.policy_digest, &self.intent.digest(), self.outcome.verdict())
    }

    /// The unsigned record.
    pub(crate) fn record(&self) -> TraceRecord {
        let mut trace = TraceRecord::of(self.outcome.verdict());
        trace.trace_id = self.trace_id();
        trace.created_at = self.created_at;
        trace.observed_at = self.observed_at;
        trace.event_id = event_id(&trace.trace_id, self.observed_at);
        trace.producer_version = self.producer_version.to_owned();
        trace.correlation_id = self.correlation_id.to_owned();
        trace.policy_id = POLICY_SCHEMA_ID.to_owned();
        trace.policy_version = POLICY_SCHEMA_VERSION.to_owned();
        trace.policy_digest = self.policy_digest.to_string();
        trace.violations = self.outcome.violations();
        trace.latency_ms = self.latency_ms;
        trace.approval_token_ref = self.approval_reference.to_owned();
        trace.kill_switch = self.kill_switch.cloned();
        trace.mcp_trust = self.mcp_trust.cloned();
        if self.entrance.traces_constraints() {
            trace.freeze_window = self.evaluation.freeze_window.clone();
            trace.sandbox = self.evaluation.sandbox.clone();
        }
        self.describe_intent(&mut trace);
        self.describe_caller(&mut trace);
        self.describe_credentials(&mut trace);
        self.describe_script(&mut trace);
        trace.delegation_ref = self.delegation_ref();
        trace.relationship = Some(relation::trace_relationship(&trace, self.intent));
        trace
    }

    fn describe_intent(&self, trace: &mut TraceRecord) {
        let context = self.intent.context();
        trace.tool_name = self.intent.tool_name().to_owned();
        trace.args_digest = self.intent.args_digest().to_string();
        trace.intent_digest = self.intent.digest().to_string();
        trace.skill_provenance = self.intent.skill_provenance().cloned();
        trace.context_set_digest = context.context_set_digest.clone();
        trace.context_evidence_mode = context.context_evidence_mode.clone();
        trace.context_ref_count = context.context_refs.len();
        trace.context_source = self.context_source.to_owned();
    }

    fn describe_caller(&self, trace: &mut TraceRecord) {
        let context = self.intent.context();
        trace.agent_id.clone_from(&context.agent_id);
        trace.agent_identity.clone_from(&context.agent_identity);
        trace.run_id.clone_from(&context.run_id);
        trace.workflow_id.clone_from(&context.workflow_id);
        trace.repo.clone_from(&context.repo);
        trace.environment.clone_from(&context.environment);
        trace.credential_ref.clone_from(&context.credential_ref);
        trace.credential_source.clone_from(&context.credential_source);
        trace
            .credential_access_type
            .clone_from(&context.credential_access_type);
        trace.credential_issuer.clone_from(&context.credential_issuer);
        trace.credential_subject.clone_from(&context.credential_subject);
        trace.credential_owner.clone_from(&context.credential_owner);
        trace
            .credential_target_binding
            .clone_from(&context.credential_target_binding);
        trace
            .credential_run_binding
            .clone_from(&context.credential_run_binding);
        trace
            .credential_job_binding
            .clone_from(&context.credential_job_binding);
        trace.credential_ttl_seconds = context.credential_ttl_seconds;
        trace.approval_ref.clone_from(&context.approval_ref);
        trace.wrkr_inventory_ref.clone_from(&context.wrkr_inventory_ref);
        trace
            .agent_action_bom_ref
            .clone_from(&context.agent_action_bom_ref);
    }

    fn describe_credentials(&self, trace: &mut TraceRecord) {
        let Some(Issued {
            credential: issued, ..
        }) = self.credential
        else {
            return;
        };
        trace.broker_credential_ref.clone_from(&issued.credential_ref);
        trace.broker_credential_source.clone_from(&issued.source);
        trace
            .broker_credential_access_type
            .clone_from(&issued.access_type);
        issued
            .issuer_or_broker()
            .clone_into(&mut trace.broker_credential_issuer);
        trace.broker_request_digest.clone_from(&issued.request_digest);
        trace.broker_target_binding.clone_from(&issued.target_binding);
        trace.broker_run_binding.clone_from(&issued.run_binding);
        trace.broker_job_binding.clone_from(&issued.job_binding);
    }

    fn describe_script(&self, trace: &mut TraceRecord) {
        let Some(script) = self.intent.script() else {
            return;
        };
        trace.script = true;
        trace.step_count = script.steps.len();
        trace.script_hash = self
            .intent
            .script_hash()
            .map(|hash| hash.to_string())
            .unwrap_or_default();
        trace.pre_approved = self.fast_path.pre_approved;
        trace.pattern_id.clone_from(&self.fast_path.pattern_id);
        trace.registry_reason.clone_from(&self.fast_path.registry_reason);
        if let Some(judged) = &self.evaluation.script {
            judged
                .composite_risk_class
                .clone_into(&mut trace.composite_risk_class);
            trace.step_verdicts.clone_from(&judged.steps);
            trace.matched_rule_ids = rules_of(&judged.steps);
        }
    }

    fn delegation_ref(&self) -> Option<DelegationRef> {
        let claim = self.intent.delegation()?;
        let reference = match self.delegation_reference {
            "" => claim.token_refs.first().cloned().unwrap_or_default(),
            tokens => tokens.to_owned(),
        };
        let reasons = self.outcome.reasons();
        Some(DelegationRef {
            delegation_token_ref: reference,
            requester_identity: claim.requester_identity.clone(),
            delegation_depth: claim.chain.len(),
            scope_class: claim.scope_class.clone(),
            chain_digest: self
                .intent
                .delegation_digest()
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
            reason_codes: reasons
                .into_iter()
                .filter(|code| code.starts_with("delegation_"))
                .collect(),
        })
    }
}

/// The names of the rules that matched the steps, sorted.
fn rules_of(steps: &[StepVerdict]) -> Vec<String> {
    let mut names: Vec<_> = steps
        .iter()
        .flat_map(|step| step.matched_rule.split(','))
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().map(str::to_owned).collect()
}

/// The creation time that records of a decision carry: that of the intent, or the start of 1980.
pub(crate) fn record_time(intent: &Intent) -> Timestamp {
    intent.created_at().or(Timestamp::EPOCH_1980).to_utc()
}
