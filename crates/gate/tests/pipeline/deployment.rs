//! A deployment in memory: a clock that moves when it is told to, a limiter and a broker that do as they are told.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use gait_artifact::{
    Timestamp,
    context::ContextEnvelope,
    credential::CredentialRequest,
    intent::{Delegation, DelegationLink, Intent, IntentRequest},
    inventory::Inventory,
    policy::CallLimit,
    script::ScriptGrant,
};
use gait_canon::{PrivateKey, PublicKey, json};
use gait_gate::{
    Call, Decision, Deployment, Entrance, Fact, Gate, GateError, Signer,
    clock::Clock,
    credential::{CredentialAnswer, CredentialBroker, IssueError},
    dispatch::{DispatchBlock, DispatchGuard},
    facts::InventoryFile,
    kill_switch::{KillSwitchEntry, KillSwitchState},
    profile::Profile,
    rate_limit::{CounterClass, RateLimitError, RateLimiter, Taken},
    script::{self, Registry},
};
use gait_policy::{CompiledPolicy, document};

/// Where the clock stands at first.
pub(crate) const NOW: &str = "2026-06-01T12:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().expect("the time is RFC 3339")
}

/// The key that signs traces, and with it whatever has no key of its own.
pub(crate) fn signing_key() -> PrivateKey {
    PrivateKey::from_seed(&[1; 32])
}

/// A clock that only moves when it is told to.
#[derive(Default)]
pub(crate) struct TestClock {
    waited: Duration,
}

impl TestClock {
    /// Lets a second pass.
    pub(crate) fn wait(&mut self) {
        self.waited += Duration::from_secs(1);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        at(NOW).saturating_add(self.waited)
    }
}

/// Counts the units it gives away.
#[derive(Default)]
pub(crate) struct Limiter {
    /// There is nothing left to take.
    pub(crate) used_up: bool,
    /// Its store can't be had.
    pub(crate) failing: bool,
    taken: AtomicUsize,
}

impl Limiter {
    fn answer(&self, limit: &CallLimit) -> Result<Taken, RateLimitError> {
        if self.failing {
            return Err(RateLimitError::Contention);
        }
        Ok(Taken {
            scope: limit.scope,
            key: "counter".to_owned(),
            used: 1,
            remaining: 0,
            allowed: !self.used_up,
        })
    }
}

impl RateLimiter for Limiter {
    fn take(
        &self,
        limit: &CallLimit,
        _: CounterClass,
        _: &str,
        _: &str,
        _: Timestamp,
    ) -> Result<Taken, RateLimitError> {
        let taken = self.answer(limit)?;
        self.taken
            .fetch_add(usize::from(taken.allowed), Ordering::Relaxed);
        Ok(taken)
    }

    fn preview(
        &self,
        limit: &CallLimit,
        _: CounterClass,
        _: &str,
        _: &str,
        _: Timestamp,
    ) -> Result<Taken, RateLimitError> {
        self.answer(limit)
    }
}

/// What a broker does when it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manners {
    /// Hands out what was asked for.
    Good,
    /// Fails.
    Failing,
    /// Hands out a credential for other targets.
    Sloppy,
}

/// Counts the credentials it hands out.
pub(crate) struct Broker {
    manners: Manners,
    issued: AtomicUsize,
}

impl CredentialBroker for Broker {
    fn name(&self) -> &'static str {
        "test"
    }

    fn answer(&self, request: &CredentialRequest, now: Timestamp) -> Result<CredentialAnswer, IssueError> {
        if self.manners == Manners::Failing {
            return Err(IssueError::Command);
        }
        self.issued.fetch_add(1, Ordering::Relaxed);
        Ok(CredentialAnswer {
            credential_ref: "ref:1".to_owned(),
            access_type: "jit".to_owned(),
            scope: request.scope.clone(),
            target_binding: if self.manners == Manners::Sloppy {
                "elsewhere".to_owned()
            } else {
                request.target_binding.clone()
            },
            run_binding: request.run_id.clone(),
            job_binding: request.job_id.clone(),
            issued_at: now,
            ttl_seconds: 60,
            ..CredentialAnswer::default()
        })
    }
}

/// Holds back the calls of one job, and counts them.
pub(crate) struct Stop {
    job_id: &'static str,
    held_back: AtomicUsize,
}

impl DispatchGuard for Stop {
    fn check(&self, intent: &Intent, _: Timestamp) -> Option<DispatchBlock> {
        if intent.context().job_id != self.job_id {
            return None;
        }
        self.held_back.fetch_add(1, Ordering::Relaxed);
        Some(DispatchBlock {
            reason_code: "emergency_stop_preempted",
            warnings: vec!["the job was stopped".to_owned()],
        })
    }
}

/// Everything a gate is made of. The setters read like the story of a test.
pub(crate) struct Bench {
    pub(crate) policy: CompiledPolicy,
    pub(crate) profile: Profile,
    pub(crate) kill_switch: Fact<KillSwitchState>,
    pub(crate) inventory: Fact<InventoryFile>,
    pub(crate) scripts: Fact<Registry>,
    pub(crate) script_key: Fact<PublicKey>,
    pub(crate) approval_key: Fact<PublicKey>,
    pub(crate) delegation_key: Fact<PublicKey>,
    broker: Option<Arc<Broker>>,
    limiter: Arc<Limiter>,
    stop: Option<Arc<Stop>>,
    entrance: Entrance,
    pub(crate) clock: TestClock,
}

impl Bench {
    /// A deployment that has nothing but a policy.
    pub(crate) fn of(policy: &str) -> Self {
        let policy = document::read(policy.as_bytes()).unwrap_or_else(|error| panic!("{error}\n{policy}"));
        Self::over(CompiledPolicy::new(policy))
    }

    pub(crate) fn over(policy: CompiledPolicy) -> Self {
        Self {
            policy,
            profile: Profile::Standard,
            kill_switch: Fact::NotConfigured,
            inventory: Fact::NotConfigured,
            scripts: Fact::NotConfigured,
            script_key: Fact::NotConfigured,
            approval_key: Fact::NotConfigured,
            delegation_key: Fact::NotConfigured,
            broker: None,
            limiter: Arc::default(),
            stop: None,
            entrance: Entrance::CommandLine,
            clock: TestClock::default(),
        }
    }

    pub(crate) fn in_production(mut self) -> Self {
        self.profile = Profile::OssProd;
        self
    }

    /// A kill switch is on for every call of `tool`.
    pub(crate) fn stopping(mut self, tool: &str) -> Self {
        let mut state = KillSwitchState::empty("1.0.0", at(NOW));
        state.entries.push(KillSwitchEntry {
            entry_id: "stop".to_owned(),
            enabled: true,
            tool_name: tool.to_owned(),
            created_at: at(NOW),
            ..KillSwitchEntry::default()
        });
        self.kill_switch = Fact::Known(state);
        self
    }

    pub(crate) fn without_its_kill_switch(mut self) -> Self {
        self.kill_switch = Fact::Unavailable("read kill switch state: gone".to_owned());
        self
    }

    pub(crate) fn knowing(mut self, inventory: &str) -> Self {
        self.inventory = Fact::Known(InventoryFile {
            path: "tools.json".to_owned(),
            inventory: Inventory::read(inventory.as_bytes()).unwrap(),
        });
        self
    }

    pub(crate) fn without_its_inventory(mut self) -> Self {
        self.inventory = Fact::Unavailable("gone".to_owned());
        self
    }

    /// Somebody approved the script of `call` under the policy in force, and the deployment knows the key.
    pub(crate) fn having_approved(mut self, call: &Call) -> Self {
        let intent = call.request.clone().normalize().unwrap();
        let steps = &intent.script().expect("only scripts can be approved").steps;
        let grant = ScriptGrant {
            pattern_id: "nightly".to_owned(),
            policy_digest: self.policy.digest(),
            script_hash: intent.script_hash().unwrap(),
            tool_sequence: steps.iter().map(|step| step.tool_name.clone()).collect(),
            scope: Vec::new(),
            approver_identity: "carol".to_owned(),
            ttl: Duration::from_secs(60),
        };
        let entry = script::mint(grant, "1.0.0", at(NOW), &signing_key()).unwrap();
        let text = json::pretty(&[entry]).unwrap();
        self.scripts = Fact::Known(Registry::read(text.as_bytes()).unwrap());
        self.script_key = Fact::Known(signing_key().public());
        self
    }

    pub(crate) fn without_its_scripts(mut self) -> Self {
        self.scripts = Fact::Unavailable("gone".to_owned());
        self
    }

    pub(crate) fn without_the_script_key(mut self) -> Self {
        self.script_key = Fact::NotConfigured;
        self
    }

    pub(crate) fn trusting_scripts_of(mut self, key: &PrivateKey) -> Self {
        self.script_key = Fact::Known(key.public());
        self
    }

    pub(crate) fn brokered(mut self, manners: Manners) -> Self {
        self.broker = Some(Arc::new(Broker {
            manners,
            issued: AtomicUsize::new(0),
        }));
        self
    }

    /// Every limit is used up.
    pub(crate) fn used_up(self) -> Self {
        self.limited(true, false)
    }

    pub(crate) fn with_failing_limiter(self) -> Self {
        self.limited(false, true)
    }

    pub(crate) fn limited(mut self, used_up: bool, failing: bool) -> Self {
        self.limiter = Arc::new(Limiter {
            used_up,
            failing,
            ..Limiter::default()
        });
        self
    }

    /// The job was stopped.
    pub(crate) fn with_stopped_job(mut self, job_id: &'static str) -> Self {
        self.stop = Some(Arc::new(Stop {
            job_id,
            held_back: AtomicUsize::new(0),
        }));
        self
    }

    /// Calls come from clients of tool servers.
    pub(crate) fn at_the_boundary(mut self) -> Self {
        self.entrance = Entrance::McpBoundary;
        self
    }

    pub(crate) fn decide(&self, call: &Call) -> Result<Decision, GateError> {
        let gate = Gate::new(Deployment {
            policy: self.policy.clone(),
            profile: self.profile,
            signer: Signer {
                key: signing_key(),
                warning: None,
            },
            approval_key: self.approval_key.clone(),
            delegation_key: self.delegation_key.clone(),
            kill_switch: self.kill_switch.clone(),
            inventory: self.inventory.clone(),
            scripts: self.scripts.clone(),
            script_key: self.script_key.clone(),
            broker: self
                .broker
                .clone()
                .map(|broker| broker as Arc<dyn CredentialBroker>),
            rate_limiter: self.limiter.clone(),
            dispatch: self.stop.clone().map(|guard| guard as Arc<dyn DispatchGuard>),
            clock: &self.clock,
            producer_version: "1.0.0",
            entrance: self.entrance,
        })?;
        gate.decide(call.clone())
    }

    /// Units that were taken of any limit.
    pub(crate) fn taken(&self) -> usize {
        self.limiter.taken.load(Ordering::Relaxed)
    }

    /// Calls that were held back because of their job.
    pub(crate) fn held_back(&self) -> usize {
        self.stop
            .as_ref()
            .map_or(0, |stop| stop.held_back.load(Ordering::Relaxed))
    }

    /// Credentials that were handed out.
    pub(crate) fn issued(&self) -> usize {
        self.broker
            .as_ref()
            .map_or(0, |broker| broker.issued.load(Ordering::Relaxed))
    }
}

/// A call of `tool` on one file, by alice.
pub(crate) fn call(tool: &str, risk_class: &str) -> Call {
    let operation = tool.rsplit('.').next().unwrap_or_default();
    request(&format!(
        r#"{{"tool_name": "{tool}", "args": {{}},
            "targets": [{{"kind": "path", "value": "/srv/a", "operation": "{operation}"}}],
            "context": {{"identity": "alice", "workspace": "/srv", "risk_class": "{risk_class}"}}}}"#
    ))
}

/// A script that reads one file and writes another.
pub(crate) fn script(risk_class: &str) -> Call {
    request(&format!(
        r#"{{"tool_name": "script", "args": {{}}, "targets": [],
            "context": {{"identity": "alice", "workspace": "/srv", "risk_class": "{risk_class}"}},
            "script": {{"steps": [
                {{"tool_name": "fs.read", "args": {{}}, "targets": [{{"kind": "path", "value": "/srv/a", "operation": "read"}}]}},
                {{"tool_name": "fs.write", "args": {{}}, "targets": [{{"kind": "path", "value": "/srv/b", "operation": "write"}}]}}]}}}}"#
    ))
}

pub(crate) fn request(json: &str) -> Call {
    Call {
        request: IntentRequest::read(json.as_bytes()).unwrap(),
        correlation_id: "test".to_owned(),
        ..Call::default()
    }
}

/// The same call, only simulated.
pub(crate) fn simulated(call: Call) -> Call {
    Call {
        simulate: true,
        ..call
    }
}

/// The same call, made by alice for bob.
pub(crate) fn delegated(mut call: Call) -> Call {
    call.request.delegation = Some(Delegation {
        requester_identity: "alice".to_owned(),
        scope_class: "write".to_owned(),
        chain: vec![DelegationLink {
            delegator_identity: "bob".to_owned(),
            delegate_identity: "alice".to_owned(),
            ..DelegationLink::default()
        }],
        ..Delegation::default()
    });
    call
}

/// The same call, with verified evidence of its context.
pub(crate) fn with_evidence(call: Call) -> Call {
    let envelope = ContextEnvelope {
        context_set_id: "set".to_owned(),
        evidence_mode: "required".to_owned(),
        ..ContextEnvelope::default()
    };
    Call {
        envelope: Some(envelope.verify().unwrap()),
        ..call
    }
}

/// The same call with evidence that its own claims contradict.
pub(crate) fn with_contradicted_evidence(call: Call) -> Call {
    let mut call = with_evidence(call);
    call.request.context.context_evidence_mode = "best_effort".to_owned();
    call
}
