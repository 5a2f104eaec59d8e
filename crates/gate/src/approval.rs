//! Approvals: tokens by which somebody consents to one intent under one policy.
//!
//! bytes → [`ApprovalToken`] (claims) → [`VerifiedApproval`] (checked for one call) → [`ApprovalOutcome`]. Only a
//! verified approval counts.

use std::path::Path;

use gait_artifact::{
    Timestamp,
    approval::{
        AUDIT_SCHEMA_ID, ApprovalAuditEntry, ApprovalAuditRecord, ApprovalGrant, ApprovalToken,
        SCHEMA_VERSION,
    },
    form::FormError,
    intent::Intent,
    text,
};
use gait_canon::{Digest, PrivateKey, PublicKey, sign};

use crate::{
    audit::AuditSubject,
    relation,
    token::{self, MintError, SignatureFailure, TokenFileError},
};

/// The scope that covers everything.
const ANY_SCOPE: &str = "*";

/// Why a token does not count. The first check that fails decides.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApprovalFailure {
    /// The token has no normal form.
    #[error(transparent)]
    Invalid(FormError),
    /// Nobody signed it.
    #[error("signature missing")]
    SignatureMissing,
    /// Its signature is no proof.
    #[error(transparent)]
    SignatureInvalid(SignatureFailure),
    /// It is for another intent.
    #[error("intent digest mismatch")]
    IntentMismatch,
    /// It is for another policy.
    #[error("policy digest mismatch")]
    PolicyMismatch,
    /// It is not for the delegation that the intent claims.
    #[error("delegation binding mismatch")]
    DelegationBindingMismatch,
    /// It was good once.
    #[error("token expired")]
    Expired,
    /// It does not cover all the call needs.
    #[error("scope mismatch")]
    ScopeMismatch,
    /// The call acts on more than it allows.
    #[error("max_targets exceeded")]
    MaxTargetsExceeded,
    /// The call does more than it allows.
    #[error("max_ops exceeded")]
    MaxOpsExceeded,
}

impl ApprovalFailure {
    /// The reason code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "approval_token_invalid",
            Self::SignatureMissing => "approval_token_signature_missing",
            Self::SignatureInvalid(_) => "approval_token_signature_invalid",
            Self::IntentMismatch => "approval_token_intent_mismatch",
            Self::PolicyMismatch => "approval_token_policy_mismatch",
            Self::DelegationBindingMismatch => "approval_token_delegation_binding_mismatch",
            Self::Expired => "approval_token_expired",
            Self::ScopeMismatch => "approval_token_scope_mismatch",
            Self::MaxTargetsExceeded => "approval_token_max_targets_exceeded",
            Self::MaxOpsExceeded => "approval_token_max_ops_exceeded",
        }
    }
}

/// What a token must be good for: one call under one policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApprovalTerms {
    /// Digest of the intent.
    pub intent_digest: Digest,
    /// Digest of the policy.
    pub policy_digest: Digest,
    /// Digest of the delegation that the intent claims, if it claims one.
    pub delegation_digest: Option<Digest>,
    /// Scopes that a token must all have, in lower case.
    pub required_scopes: Vec<String>,
    /// How many targets the call acts on.
    pub target_count: usize,
    /// How many operations it makes.
    pub operation_count: usize,
}

impl ApprovalTerms {
    /// The terms of `intent` under the policy with this digest.
    #[must_use]
    pub fn of(intent: &Intent, policy_digest: Digest) -> Self {
        let steps = intent.script().map_or(&[][..], |script| &script.steps);
        let of_steps: usize = steps.iter().map(|step| step.targets.len()).sum();
        let target_count = if of_steps > 0 {
            of_steps
        } else {
            intent.targets().len()
        };
        let operation_count = if steps.is_empty() {
            intent.targets().len().max(1)
        } else {
            steps.len()
        };
        Self {
            intent_digest: intent.digest(),
            policy_digest,
            delegation_digest: intent.delegation_digest(),
            required_scopes: required_scopes(intent),
            target_count,
            operation_count,
        }
    }
}

/// A destructive call needs its approver to say so, unless it is only planned.
fn required_scopes(intent: &Intent) -> Vec<String> {
    let mut scopes = vec![format!("tool:{}", intent.tool_name())];
    let applied = matches!(intent.context().phase.as_str(), "" | "apply");
    if applied && intent.has_destructive_target() {
        scopes.extend(["phase:apply", "destructive:apply"].map(String::from));
    }
    text::list_lower_in_place(&mut scopes);
    scopes
}

/// A token in normal form that passed every check for one call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedApproval(ApprovalToken);

impl VerifiedApproval {
    /// The token.
    #[must_use]
    pub const fn token(&self) -> &ApprovalToken {
        &self.0
    }
}

/// Makes a token that consents to `grant`.
pub fn mint(
    grant: ApprovalGrant,
    producer_version: &str,
    now: Timestamp,
    key: &PrivateKey,
) -> Result<ApprovalToken, MintError> {
    let mut token = ApprovalToken::issue(grant, producer_version, now)?;
    token.signature = Some(sign::sign(&token.digest()?, key));
    Ok(token)
}

/// Reads the token file at `path`.
pub fn read_token(path: &Path) -> Result<ApprovalToken, TokenFileError> {
    token::read_file("approval", path)
}

/// Checks `token` in full: form, signature, intent, policy, delegation, expiry, scope, bounds, in this order.
pub fn validate(
    token: &ApprovalToken,
    terms: &ApprovalTerms,
    key: &PublicKey,
    now: Timestamp,
) -> Result<VerifiedApproval, ApprovalFailure> {
    let token = token.clone().normalized().map_err(ApprovalFailure::Invalid)?;
    let signature = token
        .signature
        .as_ref()
        .ok_or(ApprovalFailure::SignatureMissing)?;
    token::check_signature(signature, token.digest(), key).map_err(ApprovalFailure::SignatureInvalid)?;
    if token.intent_digest != terms.intent_digest.to_string() {
        return Err(ApprovalFailure::IntentMismatch);
    }
    if token.policy_digest != terms.policy_digest.to_string() {
        return Err(ApprovalFailure::PolicyMismatch);
    }
    if terms
        .delegation_digest
        .is_some_and(|claimed| token.delegation_binding_digest != claimed.to_string())
    {
        return Err(ApprovalFailure::DelegationBindingMismatch);
    }
    if token.expires_at <= now {
        return Err(ApprovalFailure::Expired);
    }
    let covers = |scope: &str| token.scope.iter().any(|held| held == scope);
    if !covers(ANY_SCOPE) && !terms.required_scopes.iter().all(|scope| covers(scope)) {
        return Err(ApprovalFailure::ScopeMismatch);
    }
    if exceeds(terms.target_count, token.max_targets) {
        return Err(ApprovalFailure::MaxTargetsExceeded);
    }
    if exceeds(terms.operation_count, token.max_ops) {
        return Err(ApprovalFailure::MaxOpsExceeded);
    }
    Ok(VerifiedApproval(token))
}

/// Whether `count` is above `bound`, of which 0 is none.
fn exceeds(count: usize, bound: i64) -> bool {
    bound != 0 && usize::try_from(bound).is_ok_and(|bound| count > bound)
}

/// What the approval stage of one decision asks for.
#[derive(Debug, Clone, Copy)]
pub struct ApprovalStage<'a> {
    /// Approvals that the policy demands; at least one is needed whatever this says.
    pub required: usize,
    /// Whether they must come from different approvers.
    pub distinct_approvers: bool,
    /// The call.
    pub terms: &'a ApprovalTerms,
    /// Verifies tokens.
    pub key: &'a PublicKey,
    /// The real time: consent ends when it ends, whatever instant a decision is made for.
    pub now: Timestamp,
}

/// What the approval stage found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApprovalOutcome {
    /// Whether the call may go on.
    pub granted: bool,
    /// Approvals that were needed.
    pub required: usize,
    /// Valid ones among the tokens presented.
    pub valid: usize,
    /// Reason codes.
    pub reason_codes: Vec<&'static str>,
    /// Violations.
    pub violations: Vec<&'static str>,
    /// Ids of the tokens that granted the call, joined with `,`; empty unless granted.
    pub approval_ref: String,
    /// Who signed the valid tokens, sorted.
    pub approvers: Vec<String>,
    /// One entry for each token, sorted.
    pub entries: Vec<ApprovalAuditEntry>,
}

impl ApprovalOutcome {
    /// The outcome of a call that demands `required` approvals and never came to be asked for them.
    #[must_use]
    pub fn not_asked(required: usize) -> Self {
        Self {
            required,
            ..Self::default()
        }
    }

    /// The audit record of this outcome; none when no approval was demanded or presented.
    #[must_use]
    pub fn audit_record(&self, subject: &AuditSubject<'_>) -> Option<ApprovalAuditRecord> {
        if self.required == 0 && self.entries.is_empty() {
            return None;
        }
        Some(ApprovalAuditRecord {
            schema_id: AUDIT_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: subject.created_at,
            producer_version: subject.producer_version.to_owned(),
            trace_id: subject.trace_id.to_owned(),
            tool_name: subject.tool_name.to_owned(),
            intent_digest: subject.intent_digest.to_string(),
            policy_digest: subject.policy_digest.to_string(),
            required_approvals: self.required,
            valid_approvals: self.valid,
            approved: self.valid >= self.required,
            approvers: self.approvers.clone(),
            relationship: Some(relation::approval_relationship(subject, &self.approvers)),
            entries: (!self.entries.is_empty()).then(|| self.entries.clone()),
        })
    }
}

/// Whether `tokens` are the approvals that `stage` asks for.
#[must_use]
pub fn judge(stage: &ApprovalStage<'_>, tokens: &[ApprovalToken]) -> ApprovalOutcome {
    let mut outcome = ApprovalOutcome::not_asked(stage.required.max(1));
    let mut token_ids = Vec::new();
    for token in tokens {
        match validate(token, stage.terms, stage.key, stage.now) {
            Ok(VerifiedApproval(token)) => {
                outcome.valid += 1;
                outcome.entries.push(entry(&token, None));
                outcome.approvers.push(token.approver_identity);
                token_ids.push(token.token_id);
            }
            Err(failure) => {
                outcome.reason_codes.push(failure.code());
                outcome.entries.push(entry(token, Some(&failure)));
            }
        }
    }
    text::list_in_place(&mut outcome.approvers);
    sort_entries(&mut outcome.entries);

    let missing = missing_codes(stage, &outcome, tokens.is_empty());
    if missing.is_empty() {
        text::list_in_place(&mut token_ids);
        outcome.granted = true;
        outcome.approval_ref = token_ids.join(",");
        outcome.reason_codes.push("approval_granted");
    } else {
        outcome.reason_codes.extend(missing);
        outcome.violations.push("approval_not_granted");
    }
    outcome.reason_codes.sort_unstable();
    outcome.reason_codes.dedup();
    outcome
}

/// What still stands between the call and its approval.
fn missing_codes(stage: &ApprovalStage<'_>, outcome: &ApprovalOutcome, no_tokens: bool) -> Vec<&'static str> {
    if no_tokens {
        return vec!["approval_token_missing"];
    }
    let mut codes = Vec::new();
    if outcome.valid < outcome.required {
        codes.push("approval_chain_insufficient");
    }
    if stage.distinct_approvers && outcome.required > 1 && outcome.approvers.len() < outcome.required {
        codes.push("approval_distinct_approvers_required");
    }
    codes
}

fn entry(token: &ApprovalToken, failure: Option<&ApprovalFailure>) -> ApprovalAuditEntry {
    ApprovalAuditEntry {
        token_id: token.token_id.clone(),
        approver_identity: token.approver_identity.clone(),
        reason_code: token.reason_code.clone(),
        scope: text::list(token.scope.iter().cloned()),
        expires_at: token.expires_at.to_utc(),
        valid: failure.is_none(),
        error_code: failure.map(ApprovalFailure::code).unwrap_or_default().to_owned(),
    }
}

fn sort_entries(entries: &mut [ApprovalAuditEntry]) {
    entries.sort_by_cached_key(|entry| {
        (
            entry.token_id.clone(),
            entry.approver_identity.clone(),
            entry.reason_code.clone(),
            entry.expires_at,
            entry.scope.join(","),
        )
    });
}

#[cfg(test)]
mod tests;
