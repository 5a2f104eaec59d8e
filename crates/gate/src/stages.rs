//! What a call is held against after the policy has spoken: trust, emergency stops, units, tokens, credentials.

use std::path::Path;

use gait_artifact::{
    Verdict,
    credential::{CredentialRequest, IssuedCredential},
    intent::Intent,
    policy::{CallLimit, Intervention},
};
use gait_canon::PublicKey;
use gait_policy::Evaluation;

use crate::{
    approval::{self, ApprovalOutcome, ApprovalStage, ApprovalTerms},
    credential,
    decision::Limits,
    delegation::{self, DelegationOutcome, DelegationStage},
    dispatch,
    error::GateError,
    gate::{Call, Gate},
    outcome::Outcome,
    profile::{Profile, ProfileError},
    rate_limit::{CounterClass, Taken},
};

/// The violation of a call whose server had to be trusted and is not.
const UNTRUSTED_SERVER: &str = "mcp_trust_policy";

impl Gate<'_> {
    /// Adds what is known of the server behind the call, and stops the call when the policy demands trust that it does
    /// not deserve. A call that must not execute anyway is blocked all the same: nobody should rehearse with a server
    /// that is not to be trusted.
    pub(crate) fn hold_against_trust(&self, call: &Call, outcome: &mut Outcome) {
        let Some(trust) = &call.mcp_trust else { return };
        outcome.reason(trust.reason_codes.iter().cloned());
        if !trust.enforced {
            return;
        }
        outcome.violation([UNTRUSTED_SERVER]);
        match self.policy().mcp_trust.as_ref().map(|section| section.action) {
            Some(Intervention::RequireApproval) => outcome.require_approval(),
            // A finding that no policy asked for is obeyed to the letter.
            Some(Intervention::Block) | None => outcome.deny(),
        }
    }

    /// Blocks a call that must not go out any more, whatever was said of it.
    pub(crate) fn check_dispatch(&self, intent: &Intent, outcome: &mut Outcome, warnings: &mut Vec<String>) {
        let guard = self.deployment.dispatch.as_ref();
        let Some(block) = guard.and_then(|guard| guard.check(intent, self.deployment.clock.now())) else {
            return;
        };
        outcome.deny();
        outcome.reason([block.reason_code]);
        outcome.violation([dispatch::VIOLATION]);
        warnings.extend(block.warnings);
    }

    /// Takes one unit of every limit that the rules set. A call that is blocked anyway, or only simulated, is held
    /// against the limits and takes nothing.
    pub(crate) fn take_units(
        &self,
        demands: &Evaluation,
        intent: &Intent,
        call: &Call,
        outcome: &mut Outcome,
    ) -> Result<Limits, GateError> {
        let rate = demands.rate_limit.as_ref();
        let destructive = demands
            .destructive_budget
            .as_ref()
            .filter(|_| intent.has_destructive_target());
        Ok(Limits {
            rate: self.take_unit(rate, CounterClass::RateLimit, intent, call, outcome)?,
            destructive: self.take_unit(
                destructive,
                CounterClass::DestructiveBudget,
                intent,
                call,
                outcome,
            )?,
        })
    }

    fn take_unit(
        &self,
        limit: Option<&CallLimit>,
        class: CounterClass,
        intent: &Intent,
        call: &Call,
        outcome: &mut Outcome,
    ) -> Result<Option<Taken>, GateError> {
        let Some(limit) = limit else { return Ok(None) };
        let (tool, identity, now) = (
            intent.tool_name(),
            &*intent.context().identity,
            self.deployment.clock.now(),
        );
        let limiter = &self.deployment.rate_limiter;
        let taken = if outcome.verdict() == Verdict::Block {
            // Trouble with the counters is no reason to answer a stopped call with an error instead of the block.
            let Ok(taken) = limiter.preview(limit, class, tool, identity, now) else {
                return Ok(None);
            };
            taken
        } else if call.simulate {
            limiter.preview(limit, class, tool, identity, now)?
        } else {
            limiter.take(limit, class, tool, identity, now)?
        };
        if !taken.allowed {
            outcome.block(match class {
                CounterClass::RateLimit => "rate_limit_exceeded",
                CounterClass::DestructiveBudget => "destructive_budget_exceeded",
            });
        }
        Ok(Some(taken))
    }

    /// Demands a token for every link of the delegation that the call claims, where a rule asks for it.
    pub(crate) fn check_delegation(
        &self,
        demands: &Evaluation,
        intent: &Intent,
        call: &Call,
        outcome: &mut Outcome,
    ) -> Result<DelegationOutcome, GateError> {
        if !demands.delegation_required {
            return Ok(DelegationOutcome::default());
        }
        let explicit = match self.deployment.delegation_key.required()? {
            Some(key) => Some(key),
            None => self.deployment.approval_key.required()?,
        };
        if explicit.is_none() && self.needs_key_for(&call.delegation_tokens) {
            return Err(ProfileError::DelegationKey.into());
        }
        let own = self.deployment.signer.key.public();
        let stage = DelegationStage {
            claim: intent.delegation(),
            scopes: &demands.delegation_scopes,
            intent_digest: intent.digest(),
            policy_digest: self.deployment.policy.digest(),
            key: explicit.unwrap_or(&own),
            now: self.deployment.clock.now(),
        };
        let tokens = read_tokens(&call.delegation_tokens, delegation::read_token)?;
        let found = delegation::judge(&stage, &tokens);
        outcome.reason(found.reason_codes.iter().copied());
        outcome.violation(found.violations.iter().copied());
        if !found.complete {
            outcome.deny();
        }
        Ok(found)
    }

    /// Turns `require_approval` into `allow` when enough valid approvals are presented.
    pub(crate) fn check_approvals(
        &self,
        demands: &Evaluation,
        intent: &Intent,
        call: &Call,
        outcome: &mut Outcome,
    ) -> Result<ApprovalOutcome, GateError> {
        // No call can present more tokens than memory has room for, so the cap changes no answer.
        let required = usize::try_from(demands.required_approvals).unwrap_or(usize::MAX);
        if outcome.verdict() != Verdict::RequireApproval {
            return Ok(ApprovalOutcome::not_asked(required));
        }
        let on = &self.deployment;
        if call.approval_tokens.is_empty() && !on.entrance.misses_absent_tokens() {
            return Ok(ApprovalOutcome::not_asked(required.max(1)));
        }
        let explicit = self.deployment.approval_key.required()?;
        if explicit.is_none() && self.needs_key_for(&call.approval_tokens) {
            return Err(ProfileError::ApprovalKey.into());
        }
        let stage = ApprovalStage {
            required,
            distinct_approvers: demands.distinct_approvers,
            terms: &ApprovalTerms::of(intent, self.deployment.policy.digest()),
            key: &self.approval_key()?,
            now: self.deployment.clock.now(),
        };
        let tokens = read_tokens(&call.approval_tokens, approval::read_token)?;
        let found = approval::judge(&stage, &tokens);
        outcome.reason(found.reason_codes.iter().copied());
        outcome.violation(found.violations.iter().copied());
        if found.granted {
            outcome.grant();
        }
        Ok(found)
    }

    /// Asks the broker for the credential that a rule demands, and holds its answer against every matched rule.
    ///
    /// A simulated call is not going to use a credential, so none is issued for it.
    pub(crate) fn issue_credential(
        &self,
        demands: &Evaluation,
        intent: &Intent,
        call: &Call,
        outcome: &mut Outcome,
    ) -> Option<Issued> {
        if !demands.broker.required || outcome.verdict() != Verdict::Allow {
            return None;
        }
        let Some(broker) = self.deployment.broker.as_deref() else {
            outcome.deny();
            outcome.reason(["broker_credential_required"]);
            outcome.violation(["broker_credential_missing"]);
            return None;
        };
        if call.simulate {
            return None;
        }
        let issued = credential::request_for(
            intent,
            &demands.broker.reference,
            &demands.broker.scopes,
            &call.credential,
        )
        .and_then(|request| {
            let credential = credential::issue(broker, &request, self.deployment.clock.now())?;
            Ok(Issued { request, credential })
        });
        let Ok(issued) = issued else {
            outcome.block("broker_credential_missing");
            return None;
        };
        let rules = self.deployment.policy.policy().rules.iter();
        let matched = rules
            .filter(|rule| demands.matched_rules.contains(&rule.name))
            .map(|rule| &*rule.credential);
        let violations =
            credential::receipt_violations(&issued.request, &issued.credential, intent.context(), matched);
        if violations.is_empty() {
            outcome.reason(["broker_credential_present"]);
        }
        for code in violations {
            outcome.block(code);
        }
        Some(issued)
    }
}

impl Gate<'_> {
    /// The key that approval tokens must be signed by; that of the traces, where no other is configured. An error when the
    /// configured one can't be had.
    pub fn approval_key(&self) -> Result<PublicKey, GateError> {
        let explicit = self.deployment.approval_key.required()?;
        Ok(explicit
            .copied()
            .unwrap_or_else(|| self.deployment.signer.key.public()))
    }

    /// Whether the deployment must have a key of its own for `tokens`: in production, and where there is something to check.
    fn needs_key_for(&self, tokens: &[String]) -> bool {
        let on = &self.deployment;
        on.profile == Profile::OssProd && (on.entrance.misses_absent_tokens() || !tokens.is_empty())
    }
}

/// A credential that was handed out, and what for.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub(crate) request: CredentialRequest,
    pub(crate) credential: IssuedCredential,
}

fn read_tokens<T, E>(paths: &[String], read: impl Fn(&Path) -> Result<T, E>) -> Result<Vec<T>, E> {
    paths.iter().map(|path| read(Path::new(path))).collect()
}
