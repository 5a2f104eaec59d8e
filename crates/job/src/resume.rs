//! Whether a job may go on: decisions approved, policy named anew, identity still good, environment the same.

use gait_artifact::{
    job::{CheckpointType, JobEventType, JobState, JobStatus, StatusReason, StopReason},
    text,
};
use gait_canon::json::{Object, Value};

use crate::machine::{Refusal, Step, enter, filled};
use crate::{RevocationList, fingerprint};

/// The label of a revocation list that was given without one.
const REVOCATION_LIST: &str = "revocation_list";

/// The wish to resume a job, with everything that is checked anew. Texts are trimmed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resumption {
    /// Who resumes it.
    pub actor: String,
    /// Why; blank means `resume`.
    pub reason: String,
    /// On whose behalf it goes on; blank means as before.
    pub identity: String,
    /// Where it goes on; blank means here.
    pub environment_fingerprint: String,
    /// Whether it may go on somewhere else than where it was submitted.
    pub allow_other_environment: bool,
    /// Digest of the policy it goes on under. A job that is bound to a policy needs it.
    pub policy_digest: String,
    /// Where that policy is found; blank means as before.
    pub policy_ref: String,
    /// What the identity was validated against.
    pub identity_validation_source: String,
    /// Who may no longer act.
    pub revocations: Option<RevocationList>,
    /// Whether the identity is known to be revoked.
    pub identity_revoked: bool,
}

/// What was found about the identity.
struct Identity<'a> {
    name: &'a str,
    /// Whether it had to be checked.
    required: bool,
}

impl Resumption {
    /// Checks everything in a fixed order, the first objection counts, and lets the job run.
    pub(crate) fn apply(&self, state: &mut JobState) -> Result<Step<'_>, Refusal> {
        check_approvals(state)?;
        let policy_required = self.check_policy(state)?;
        let Identity { name, required } = self.check_identity(state)?;
        let identity = name.to_owned();
        let actual = fingerprint::given_or_own(&self.environment_fingerprint);
        let elsewhere = actual != text::trim(&state.environment_fingerprint);
        if elsewhere && !self.allow_other_environment {
            return Err(Refusal::OtherEnvironment {
                expected: state.environment_fingerprint.clone(),
                actual,
            });
        }

        let previous = (state.policy_digest.clone(), state.policy_ref.clone());
        for (bound, given) in [
            (&mut state.policy_digest, &self.policy_digest),
            (&mut state.policy_ref, &self.policy_ref),
        ] {
            if let Some(given) = filled(given) {
                given.clone_into(bound);
            }
        }
        if text::is_blank(&state.identity) {
            state.identity.clone_from(&identity);
        }
        let policy_changed =
            filled(&previous.0).is_some_and(|before| before != text::trim(&state.policy_digest));
        let reason = match (elsewhere, policy_changed) {
            (false, false) => StatusReason::Resumed,
            (false, true) => StatusReason::ResumedWithPolicyTransition,
            (true, false) => StatusReason::ResumedWithEnvOverride,
            (true, true) => StatusReason::ResumedWithEnvOverridePolicyTransition,
        };
        enter(state, JobStatus::Running, StopReason::None, reason);

        let mut payload = Payload::default();
        payload.text("actual_fingerprint", &actual);
        payload.pair(
            ("previous_policy_digest", &previous.0),
            ("current_policy_digest", &state.policy_digest),
        );
        payload.pair(
            ("previous_policy_ref", &previous.1),
            ("current_policy_ref", &state.policy_ref),
        );
        payload.text("expected_fingerprint", &state.environment_fingerprint);
        payload.text("identity", &identity);
        payload.flag("identity_validation_required", required);
        payload.text("identity_validation_source", self.validation_source());
        if !(previous.0.is_empty() && state.policy_digest.is_empty()) {
            payload.set("policy_changed", policy_changed);
        }
        payload.flag("policy_evaluation_required", policy_required);
        payload.text("reason", filled(&self.reason).unwrap_or("resume"));
        Ok(Step {
            payload: payload.sorted(),
            ..Step::plain(JobEventType::Resumed, &self.actor, reason)
        })
    }

    /// Whether a policy has to be evaluated; then its digest must be given.
    fn check_policy(&self, state: &JobState) -> Result<bool, Refusal> {
        let texts = [
            &state.policy_digest,
            &state.policy_ref,
            &self.policy_digest,
            &self.policy_ref,
        ];
        let required = texts.into_iter().any(|text| !text::is_blank(text));
        if required && text::is_blank(&self.policy_digest) {
            return Err(Refusal::PolicyDigestRequired);
        }
        Ok(required)
    }

    fn check_identity<'a>(&'a self, state: &'a JobState) -> Result<Identity<'a>, Refusal> {
        let (bound, given) = (filled(&state.identity), filled(&self.identity));
        if let (Some(bound), Some(given)) = (bound, given)
            && bound != given
        {
            return Err(Refusal::OtherIdentity {
                bound: bound.to_owned(),
                given: given.to_owned(),
            });
        }
        let name = given.or(bound);
        if name.is_none() && (self.revocations.is_some() || self.identity_revoked) {
            return Err(Refusal::IdentityRequired);
        }
        let listed = |name: &str| self.revocations.as_ref().is_some_and(|list| list.revokes(name));
        match name {
            Some(name) if self.identity_revoked || listed(name) => {
                Err(Refusal::IdentityRevoked(name.to_owned()))
            }
            name => Ok(Identity {
                name: name.unwrap_or_default(),
                required: name.is_some(),
            }),
        }
    }

    fn validation_source(&self) -> &str {
        let default = if self.revocations.is_some() {
            REVOCATION_LIST
        } else {
            ""
        };
        filled(&self.identity_validation_source).unwrap_or(default)
    }
}

/// Every decision that a checkpoint ever asked for needs an approval of its own: one bound to it, or one bound to none.
/// A job that waits for a decision which no checkpoint tells stays closed.
fn check_approvals(state: &JobState) -> Result<(), Refusal> {
    let decisions: Vec<&str> = state
        .checkpoints
        .iter()
        .filter(|checkpoint| text::trim(&checkpoint.kind) == CheckpointType::DecisionNeeded.as_str())
        .map(|checkpoint| checkpoint.checkpoint_id.as_str())
        .collect();
    let (unbound, bound): (Vec<&str>, Vec<&str>) = state
        .approvals
        .iter()
        .map(|approval| approval.checkpoint_id.as_str())
        .partition(|id| id.is_empty());
    let covered = decisions.iter().filter(|id| bound.contains(id)).count();
    let approved = (covered + unbound.len()).min(state.approvals.len());
    let waits_for_nothing = decisions.is_empty() && state.status == JobStatus::DecisionNeeded.as_str();
    if approved < decisions.len() || waits_for_nothing {
        return Err(Refusal::ApprovalRequired {
            decisions: decisions.len(),
            approved,
        });
    }
    Ok(())
}

/// The payload of the event, in the making.
#[derive(Default)]
struct Payload(Vec<(&'static str, Value)>);

impl Payload {
    fn set(&mut self, name: &'static str, value: impl Into<Value>) {
        self.0.push((name, value.into()));
    }

    fn text(&mut self, name: &'static str, value: &str) {
        if !value.is_empty() {
            self.set(name, value);
        }
    }

    fn flag(&mut self, name: &'static str, on: bool) {
        if on {
            self.set(name, true);
        }
    }

    /// Both texts as soon as one of them says something.
    fn pair(&mut self, before: (&'static str, &str), after: (&'static str, &str)) {
        if !(before.1.is_empty() && after.1.is_empty()) {
            self.set(before.0, before.1);
            self.set(after.0, after.1);
        }
    }

    fn sorted(mut self) -> Object {
        self.0.sort_unstable_by_key(|(name, _)| *name);
        self.0.into_iter().collect()
    }
}
