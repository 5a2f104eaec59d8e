//! The gate itself: one policy and everything that decisions under it rest on.

use std::sync::Arc;

use gait_artifact::{
    Timestamp, context::VerifiedEnvelope, decision::McpTrustDecision, intent::IntentRequest, policy::Policy,
};
use gait_canon::{PrivateKey, PublicKey};
use gait_policy::CompiledPolicy;

use crate::{
    clock::Clock,
    credential::{BrokerOverrides, CredentialBroker},
    dispatch::DispatchGuard,
    entrance::Entrance,
    facts::{Fact, InventoryFile},
    kill_switch::KillSwitchState,
    profile::{Profile, ProfileError},
    rate_limit::RateLimiter,
    script::{self, Registry},
};

/// What a gate is made of: one policy, and everything else that decisions under it rest on.
pub struct Deployment<'a> {
    /// The policy in force.
    pub policy: CompiledPolicy,
    /// What the deployment demands beyond it.
    pub profile: Profile,
    /// Signs traces.
    pub signer: Signer,
    /// Verifies approval tokens, where that is not the signer's key.
    pub approval_key: Fact<PublicKey>,
    /// Verifies delegation tokens, where that is not the key for approvals.
    pub delegation_key: Fact<PublicKey>,
    /// The entries that stop calls at once.
    pub kill_switch: Fact<KillSwitchState>,
    /// What is known of the tools.
    pub inventory: Fact<InventoryFile>,
    /// Scripts that were approved beforehand.
    pub scripts: Fact<Registry>,
    /// Verifies the entries of that registry.
    pub script_key: Fact<PublicKey>,
    /// Hands out credentials.
    pub broker: Option<Arc<dyn CredentialBroker + 'a>>,
    /// Counts calls.
    pub rate_limiter: Arc<dyn RateLimiter + 'a>,
    /// Knows which calls must not go out any more.
    pub dispatch: Option<Arc<dyn DispatchGuard + 'a>>,
    /// Tells the time.
    pub clock: &'a dyn Clock,
    /// Version of the program, as records name it.
    pub producer_version: &'a str,
    /// Where the calls come from.
    pub entrance: Entrance,
}

/// A gate over a deployment that meets its profile.
///
/// Making a gate reads files, deciding reads none but the tokens that a call presents, and counts calls. Threads can
/// share a gate.
pub struct Gate<'a> {
    pub(crate) deployment: Deployment<'a>,
    /// The policy decides by evidence that an approved script would keep it from seeing.
    pub(crate) needs_context_evidence: bool,
}

/// The key that signs traces.
pub struct Signer {
    /// The key.
    pub key: PrivateKey,
    /// What the operator should know of it.
    pub warning: Option<&'static str>,
}

/// One call that wants to run, and what its caller presents with it.
#[derive(Debug, Clone, Default)]
pub struct Call {
    /// The call, as its caller describes it.
    pub request: IntentRequest,
    /// Verified evidence of the context the call was decided in.
    pub envelope: Option<VerifiedEnvelope>,
    /// Approval token files, sorted and unique.
    pub approval_tokens: Vec<String>,
    /// The caller's own reference of an approval; echoed.
    pub approval_reference: String,
    /// Delegation token files, sorted and unique.
    pub delegation_tokens: Vec<String>,
    /// What to ask the broker for instead of, or beside, what the rules say.
    pub credential: BrokerOverrides,
    /// How far the server behind the call is trusted, where somebody asked.
    pub mcp_trust: Option<McpTrustDecision>,
    /// What speaks against the call where it arrived. Each code is reason and violation of a block.
    pub objections: Vec<&'static str>,
    /// The instant to judge freeze windows, expiries of agents and switches, and ages for; the present by default.
    pub evaluation_time: Option<Timestamp>,
    /// Report the decision and enforce nothing.
    pub simulate: bool,
    /// Leave out of the trace how long judging took.
    pub untimed: bool,
    /// Names the process that asks.
    pub correlation_id: String,
}

impl<'a> Gate<'a> {
    /// A gate over `deployment`; an error when it lacks what its profile demands.
    pub fn new(deployment: Deployment<'a>) -> Result<Self, ProfileError> {
        let policy = deployment.policy.policy();
        deployment
            .profile
            .check_policy(policy, deployment.broker.is_some(), deployment.entrance)?;
        Ok(Self {
            needs_context_evidence: script::needs_context_evidence(policy),
            deployment,
        })
    }

    /// The policy in force.
    #[must_use]
    pub const fn policy(&self) -> &Policy {
        self.deployment.policy.policy()
    }

    /// The policy in force, ready to be asked.
    #[must_use]
    pub const fn compiled_policy(&self) -> &CompiledPolicy {
        &self.deployment.policy
    }

    /// What the deployment demands beyond the policy.
    #[must_use]
    pub const fn profile(&self) -> Profile {
        self.deployment.profile
    }

    /// The key that signs traces, for what else proves a decision.
    #[must_use]
    pub const fn signing_key(&self) -> &PrivateKey {
        &self.deployment.signer.key
    }

    /// The clock that decisions are made by.
    #[must_use]
    pub const fn clock(&self) -> &'a dyn Clock {
        self.deployment.clock
    }

    /// Version of the program, as records name it.
    #[must_use]
    pub const fn producer_version(&self) -> &'a str {
        self.deployment.producer_version
    }
}
