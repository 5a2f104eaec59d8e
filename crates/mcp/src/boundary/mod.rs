//! The boundary: from the bytes of a tool call to a decision, through the one door of the gate.
//!
//! payload → [`ToolCall`] → trust in its server → intent → [`Gate::decide`] → [`Judged`]. Every stage of
//! the gate is enforced here as it is on the command line. Nothing is written before the call is judged, and what a call
//! names by path is read only where the operator lets it.

mod effect;
mod job;
mod load;

use std::{path::Path, time::Instant};

use gait_artifact::{
    Timestamp,
    context::VerifiedEnvelope,
    decision::McpTrustDecision,
    text::{is_blank, trim, trim_lower},
};
use gait_gate::{
    Call, Decision, Gate, GateError,
    credential::BrokerOverrides,
    facts::{self, FactFileError},
    profile::Profile,
};

pub use self::{
    effect::changes_state,
    job::JobGuard,
    load::{BoundaryLoadError, BoundarySettings},
};
use crate::{
    adapter::{Adapter, DecodeError, UnsupportedAdapter},
    call::{CallContext, ToolCall},
    intent::CallError,
    oauth::{self, OAuthError},
    run_id,
    trust::{self, TrustStore},
};

/// What a caller should know who doesn't say who it is.
const FALLBACK_CONTEXT_WARNING: &str =
    "standard profile applied fallback intent context; use --profile oss-prod for strict context enforcement";

/// Judges tool calls. Threads can share one.
pub struct Boundary<'a> {
    gate: Gate<'a>,
    envelope: Option<VerifiedEnvelope>,
    presented: Presented,
    trust: TrustStore,
}

/// What is presented with calls beside the calls themselves.
#[derive(Debug, Clone, Default)]
pub struct Presented {
    /// Approval token files.
    pub approval_tokens: Vec<String>,
    /// The caller's own reference of an approval; echoed.
    pub approval_reference: String,
    /// Delegation token files.
    pub delegation_tokens: Vec<String>,
    /// What to ask the broker for instead of, or beside, what the rules say.
    pub credential: BrokerOverrides,
    /// The instant to judge windows, expiries and ages for; the present by default.
    pub evaluation_time: Option<Timestamp>,
}

/// One question to the boundary.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask<'a> {
    /// The call, as it was sent.
    pub payload: &'a [u8],
    /// The shape it was sent in; see [`Adapter`].
    pub adapter: &'a str,
    /// The run the call belongs to; blank for the one that the call names, or one of its own.
    pub run_id: &'a str,
    /// Approval token files beside those that every call presents.
    pub approval_tokens: &'a [String],
    /// Delegation token files beside those that every call presents.
    pub delegation_tokens: &'a [String],
    /// Whether the call may name a file of context evidence.
    pub may_name_envelope: bool,
    /// What the one who asks knows of the caller.
    pub caller: Caller<'a>,
    /// What the one who asks has against the call. Each code blocks it.
    pub objections: &'a [&'static str],
}

/// What is known of a caller at the boundary, for calls that don't say it: most shapes have no place for it. What a call
/// says itself stays; what is blank here is not known.
#[derive(Debug, Clone, Copy, Default)]
pub struct Caller<'a> {
    /// The calling identity.
    pub identity: &'a str,
    /// Where the agent works.
    pub workspace: &'a str,
    /// How risky its calls are. With none a call counts as of high risk for rules, but no server has to be trusted for it.
    pub risk_class: &'a str,
}

impl Ask<'_> {
    /// Reads the payload. That takes nothing but memory: what the call names by path is not looked at.
    pub fn read(&self) -> Result<ToolCall, BoundaryError> {
        Ok(self.adapter.parse::<Adapter>()?.decode(self.payload)?)
    }
}

impl Caller<'_> {
    fn complete(self, context: &mut CallContext) {
        for (said, known) in [
            (&mut context.identity, self.identity),
            (&mut context.workspace, self.workspace),
            (&mut context.risk_class, self.risk_class),
        ] {
            if is_blank(said) && !is_blank(known) {
                known.clone_into(said);
            }
        }
    }
}

/// A call and what was decided of it. Nothing of it is written yet.
#[derive(Debug)]
pub struct Judged {
    /// The decision, with its signed trace.
    pub decision: Decision,
    /// The shape of the call, as it was asked for: trimmed and in lower case.
    pub adapter: String,
    /// The run the call belongs to.
    pub run_id: String,
    /// Whether the call seems to change something beyond reading it.
    pub changes_state: bool,
    /// What the caller should know, in the order in which it is told.
    pub warnings: Vec<String>,
    /// When the boundary began to look at the call.
    pub started: Instant,
}

impl Judged {
    /// The session that the intent names; may be empty.
    #[must_use]
    pub fn session_id(&self) -> &str {
        &self.decision.intent.context().session_id
    }

    /// The job that the intent names; may be empty.
    #[must_use]
    pub fn job_id(&self) -> &str {
        &self.decision.intent.context().job_id
    }

    /// The creation time of everything that is made of the decision.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        self.decision.trace.record().created_at
    }
}

/// Why a call could not be judged. None of these lets it through.
#[derive(Debug, thiserror::Error)]
pub enum BoundaryError {
    /// The shape of the call is none that is known.
    #[error(transparent)]
    Adapter(#[from] UnsupportedAdapter),
    /// The call doesn't have the shape.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The call names context evidence, and that is not its business.
    #[error("call.context.context_envelope_path is not supported; use --context-envelope at the boundary")]
    EnvelopeInCall,
    /// The call names context evidence where the operator has some already.
    #[error(
        "context envelope is already configured at the boundary; remove call.context.context_envelope_path"
    )]
    EnvelopeConfigured,
    /// The context evidence can't be used.
    #[error(transparent)]
    Envelope(#[from] FactFileError),
    /// What the call says of its authentication is refused.
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// The call makes no intent.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The gate can't judge the intent.
    #[error(transparent)]
    Gate(#[from] GateError),
}

impl<'a> Boundary<'a> {
    /// A boundary before `gate`. Every call presents `presented` and is held against `envelope`, when there is one.
    #[must_use]
    pub fn new(gate: Gate<'a>, envelope: Option<VerifiedEnvelope>, presented: Presented) -> Self {
        Self {
            gate,
            envelope,
            presented,
            trust: TrustStore::new(),
        }
    }

    /// The gate behind the boundary.
    #[must_use]
    pub const fn gate(&self) -> &Gate<'a> {
        &self.gate
    }

    /// Judges one call. What comes back as an error must not execute either.
    pub fn decide(&self, ask: &Ask<'_>) -> Result<Judged, BoundaryError> {
        let started = self.gate.clock().instant();
        self.judge(ask.read()?, ask, started)
    }

    /// Judges a call that the one who asks has read itself; [`Ask::payload`] is not looked at.
    pub fn decide_call(&self, call: ToolCall, ask: &Ask<'_>) -> Result<Judged, BoundaryError> {
        self.judge(call, ask, self.gate.clock().instant())
    }

    fn judge(&self, mut call: ToolCall, ask: &Ask<'_>, started: Instant) -> Result<Judged, BoundaryError> {
        let profile = self.gate.profile();
        ask.caller.complete(&mut call.context);
        let envelope = self.envelope(&call.context, ask)?;
        let claimed_risk = trim_lower(&call.context.risk_class);
        self.gate
            .require_kill_switch(profile.is_strict_for(&claimed_risk))?;
        oauth::check(&call.context, profile)?;

        let mcp_trust = self.trust(&call);
        let falls_back = profile == Profile::Standard && call.context.uses_fallback();
        let named_run = call.context.run_id.clone();
        let has_envelope = envelope.is_some();
        let decision = self.gate.decide(Call {
            request: call.into_request(profile)?,
            envelope,
            approval_tokens: joined(&self.presented.approval_tokens, ask.approval_tokens),
            approval_reference: self.presented.approval_reference.clone(),
            delegation_tokens: joined(&self.presented.delegation_tokens, ask.delegation_tokens),
            credential: self.presented.credential.clone(),
            mcp_trust,
            objections: ask.objections.to_vec(),
            evaluation_time: self.presented.evaluation_time,
            simulate: false,
            untimed: true,
            correlation_id: String::new(),
        })?;

        let mut warnings = decision.warnings.clone();
        if falls_back {
            warnings.push(FALLBACK_CONTEXT_WARNING.to_owned());
        }
        Ok(Judged {
            adapter: trim_lower(ask.adapter),
            run_id: run_of(ask.run_id, &named_run, &decision, has_envelope),
            changes_state: changes_state(&decision.intent),
            warnings,
            started,
            decision,
        })
    }

    /// The evidence of the context that a call was decided in: the operator's, or the one that the call may name.
    fn envelope(
        &self,
        context: &CallContext,
        ask: &Ask<'_>,
    ) -> Result<Option<VerifiedEnvelope>, BoundaryError> {
        let named = trim(&context.context_envelope_path);
        match &self.envelope {
            _ if !is_blank(named) && !ask.may_name_envelope => Err(BoundaryError::EnvelopeInCall),
            Some(_) if !is_blank(named) => Err(BoundaryError::EnvelopeConfigured),
            None if !is_blank(named) => Ok(Some(facts::read_envelope(named)?)),
            configured => Ok(configured.clone()),
        }
    }

    /// How far the server of `call` is trusted, where the policy asks for that.
    fn trust(&self, call: &ToolCall) -> Option<McpTrustDecision> {
        let policy = self.gate.policy().mcp_trust.as_ref()?;
        let now = self.gate.clock().now();
        let source = self.trust.load(Path::new(&policy.snapshot), now);
        let (server, risk_class) = (call.server.as_ref(), call.context.risk_class.as_str());
        Some(trust::decide(policy, &source, server, risk_class, now))
    }
}

/// The run of a decision. The age of context evidence is in the intent's digest and has no place in the name of a run:
/// the same call shall belong to the same run a second later.
fn run_of(requested: &str, named: &str, decision: &Decision, has_envelope: bool) -> String {
    let digest = if has_envelope {
        decision.intent.clone().without_context_claims().digest()
    } else {
        decision.intent.digest()
    };
    run_id::resolve(requested, named, &digest)
}

/// Sorted and unique, as the gate wants them.
fn joined(standing: &[String], presented: &[String]) -> Vec<String> {
    let mut all: Vec<_> = standing.iter().chain(presented).cloned().collect();
    all.retain(|path| !is_blank(path));
    all.sort_unstable();
    all.dedup();
    all
}

#[cfg(test)]
mod tests;
