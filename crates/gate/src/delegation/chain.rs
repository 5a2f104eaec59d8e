//! Tokens matched to the links of the chain that an intent claims.

use gait_artifact::{
    Timestamp,
    delegation::{
        AUDIT_SCHEMA_ID, DelegationAuditEntry, DelegationAuditRecord, DelegationToken, SCHEMA_VERSION,
    },
    intent::{Delegation, DelegationLink},
    text,
};
use gait_canon::{Digest, PublicKey};

use super::{AuthenticDelegation, DelegationExpectation, DelegationFailure, hands_over};
use crate::{audit::AuditSubject, relation};

const TOKEN_MISSING: &str = "delegation_token_missing";
const CHAIN_MISMATCH: &str = "delegation_token_chain_mismatch";

/// What the delegation stage of one decision asks for.
#[derive(Debug, Clone, Copy)]
pub struct DelegationStage<'a> {
    /// The delegation that the intent claims.
    pub claim: Option<&'a Delegation>,
    /// Scopes of which the whole chain must hand over one; empty for any.
    pub scopes: &'a [String],
    /// Digest of the intent.
    pub intent_digest: Digest,
    /// Digest of the policy.
    pub policy_digest: Digest,
    /// Verifies tokens.
    pub key: &'a PublicKey,
    /// The real time: a delegation ends when it ends, whatever instant a decision is made for.
    pub now: Timestamp,
}

/// What the delegation stage found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DelegationOutcome {
    /// Whether every link has its token. If not, the call must be blocked.
    pub complete: bool,
    /// Links that have one.
    pub valid: usize,
    /// Reason codes.
    pub reason_codes: Vec<&'static str>,
    /// Violations.
    pub violations: Vec<&'static str>,
    /// Ids of the tokens that cover the chain, sorted and joined with `,`; empty unless complete.
    pub delegation_ref: String,
    /// One entry for each link and each token beside them, sorted.
    pub entries: Vec<DelegationAuditEntry>,
}

impl DelegationOutcome {
    /// The audit record of this outcome; none when no delegation was demanded and no token looked at.
    #[must_use]
    pub fn audit_record(&self, required: bool, subject: &AuditSubject<'_>) -> Option<DelegationAuditRecord> {
        if !required && self.entries.is_empty() {
            return None;
        }
        Some(DelegationAuditRecord {
            schema_id: AUDIT_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: subject.created_at,
            producer_version: subject.producer_version.to_owned(),
            trace_id: subject.trace_id.to_owned(),
            tool_name: subject.tool_name.to_owned(),
            intent_digest: subject.intent_digest.to_string(),
            policy_digest: subject.policy_digest.to_string(),
            delegation_required: required,
            valid_delegations: self.valid,
            delegated: self.valid > 0,
            delegation_ref: self.delegation_ref.clone(),
            relationship: Some(relation::delegation_relationship(subject, &self.entries)),
            entries: self.entries.clone(),
        })
    }

    fn refused(codes: Vec<&'static str>) -> Self {
        Self {
            reason_codes: codes,
            violations: vec!["delegation_not_granted"],
            ..Self::default()
        }
    }
}

/// Whether `tokens` cover the chain that `stage` claims: one token for each link, each token used once.
///
/// What the first delegator hands over can only shrink on its way: of the demanded scopes, those count at a link that
/// every link before it handed over.
#[must_use]
pub fn judge(stage: &DelegationStage<'_>, tokens: &[DelegationToken]) -> DelegationOutcome {
    let Some(claim) = stage.claim.filter(|_| !tokens.is_empty()) else {
        return DelegationOutcome::refused(vec![TOKEN_MISSING]);
    };
    let mut matching = Matching::new(stage, tokens);
    for link in links(claim) {
        matching.fill(link);
    }
    matching.list_unused();
    matching.outcome()
}

/// Delegator and delegate of every link that needs a token. Without a chain, anybody may have handed over to the
/// requester.
fn links(claim: &Delegation) -> Vec<(String, String)> {
    if claim.chain.is_empty() {
        return vec![(String::new(), claim.requester_identity.clone())];
    }
    let ends = |link: &DelegationLink| (link.delegator_identity.clone(), link.delegate_identity.clone());
    claim.chain.iter().map(ends).collect()
}

/// A token of the call and what has become of it.
struct Candidate<'a> {
    token: &'a DelegationToken,
    authentic: Result<AuthenticDelegation, DelegationFailure>,
    used: bool,
}

struct Matching<'a> {
    candidates: Vec<Candidate<'a>>,
    /// What the next link must hand over; its parties are filled in.
    expected: DelegationExpectation,
    first_unmatched: Option<DelegationExpectation>,
    matched_ids: Vec<String>,
    error_codes: Vec<&'static str>,
    entries: Vec<DelegationAuditEntry>,
}

impl<'a> Matching<'a> {
    fn new(stage: &DelegationStage<'_>, tokens: &'a [DelegationToken]) -> Self {
        let candidate = |token| Candidate {
            token,
            authentic: AuthenticDelegation::of(token, stage.key, stage.now),
            used: false,
        };
        Self {
            candidates: tokens.iter().map(candidate).collect(),
            expected: DelegationExpectation {
                scopes: stage.scopes.to_vec(),
                intent_digest: stage.intent_digest.to_string(),
                policy_digest: stage.policy_digest.to_string(),
                ..DelegationExpectation::default()
            }
            .normalized(),
            first_unmatched: None,
            matched_ids: Vec::new(),
            error_codes: Vec::new(),
            entries: Vec::new(),
        }
    }

    /// Gives the link the first unused token that is good for it.
    fn fill(&mut self, (delegator, delegate): (String, String)) {
        (self.expected.delegator, self.expected.delegate) = (delegator, delegate);
        let found = self
            .candidates
            .iter_mut()
            .filter(|candidate| !candidate.used)
            .find_map(|candidate| {
                let verified = candidate.authentic.as_ref().ok()?.covering(&self.expected).ok()?;
                candidate.used = true;
                Some(verified)
            });
        if let Some(verified) = found {
            let token = verified.token();
            self.expected.scopes.retain(|scope| hands_over(token, scope));
            self.matched_ids.push(token.token_id.clone());
            self.entries.push(entry(token, None));
        } else {
            self.error_codes.push(TOKEN_MISSING);
            self.entries.push(DelegationAuditEntry {
                delegator_identity: self.expected.delegator.clone(),
                delegate_identity: self.expected.delegate.clone(),
                error_code: TOKEN_MISSING.to_owned(),
                ..DelegationAuditEntry::default()
            });
            self.first_unmatched.get_or_insert_with(|| self.expected.clone());
        }
    }

    /// Tells of every unused token why the first link without one did not take it.
    fn list_unused(&mut self) {
        for candidate in self.candidates.iter().filter(|candidate| !candidate.used) {
            let failure = self
                .first_unmatched
                .as_ref()
                .and_then(|expected| match &candidate.authentic {
                    Ok(authentic) => authentic.covering(expected).err(),
                    Err(failure) => Some(failure.clone()),
                });
            let code = failure.as_ref().map_or(CHAIN_MISMATCH, DelegationFailure::code);
            self.error_codes.push(code);
            self.entries.push(entry(candidate.token, Some(code)));
        }
    }

    fn outcome(mut self) -> DelegationOutcome {
        self.entries.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
        let valid = self.matched_ids.len();
        if self.first_unmatched.is_none() {
            text::list_in_place(&mut self.matched_ids);
            return DelegationOutcome {
                complete: true,
                valid,
                reason_codes: vec!["delegation_granted"],
                violations: Vec::new(),
                delegation_ref: self.matched_ids.join(","),
                entries: self.entries,
            };
        }
        let mut codes = self.error_codes;
        codes.push("delegation_chain_insufficient");
        codes.sort_unstable();
        codes.dedup();
        DelegationOutcome {
            valid,
            entries: self.entries,
            ..DelegationOutcome::refused(codes)
        }
    }
}

fn entry(token: &DelegationToken, error_code: Option<&str>) -> DelegationAuditEntry {
    DelegationAuditEntry {
        token_id: token.token_id.clone(),
        delegator_identity: token.delegator_identity.clone(),
        delegate_identity: token.delegate_identity.clone(),
        scope: text::list(token.scope.iter().cloned()),
        expires_at: token.expires_at,
        valid: error_code.is_none(),
        error_code: error_code.unwrap_or_default().to_owned(),
    }
}

fn sort_key(entry: &DelegationAuditEntry) -> (&str, &str, &str) {
    (
        &entry.delegator_identity,
        &entry.delegate_identity,
        &entry.token_id,
    )
}
