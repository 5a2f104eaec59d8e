//! The decision pipeline: the one door through which every tool call enters, whoever asks.
//!
//! [`Gate::decide`] is the order of checks. Nothing gets around what stands first: an intent that lacks what
//! fail-closed demands, an active kill switch and an active freeze window stop approved scripts and simulated calls
//! like any other.

use gait_artifact::{
    Timestamp, Verdict,
    decision::KillSwitchDecision,
    intent::{Intent, IntentError, IntentRequest},
    text,
};
use gait_policy::{Evaluation, Facts, ScriptEvaluation};

use crate::{
    decision::{Decision, FastPath, Judgement},
    error::GateError,
    facts::Fact,
    gate::{Call, Gate},
    kill_switch,
    outcome::Outcome,
    prepare::{self, Prepared},
    profile::{Profile, ProfileError},
    ruled::Ruled,
    script::VerifiedRegistry,
    seal::{self, Stages},
};

impl Gate<'_> {
    /// Judges one call and proves it with a signed trace. What comes back as an error must not execute either.
    pub fn decide(&self, mut call: Call) -> Result<Decision, GateError> {
        let request = std::mem::take(&mut call.request);
        let Ruled { stages, warnings } = self.judge_by_stages(request, &call)?;
        self.seal(stages, &call, warnings)
    }

    /// Judges one call by every stage and proves nothing: for callers who need the verdict sooner than its evidence.
    pub fn rule(&self, mut call: Call) -> Result<Ruled, GateError> {
        let request = std::mem::take(&mut call.request);
        self.judge_by_stages(request, &call)
    }

    /// Judges `request`, with which comes the rest of `call`, stage by stage.
    fn judge_by_stages(&self, request: IntentRequest, call: &Call) -> Result<Ruled, GateError> {
        let on = &self.deployment;
        if call.simulate && on.profile == Profile::OssProd {
            return Err(ProfileError::Simulate.into());
        }
        let now = call.evaluation_time.unwrap_or_else(|| on.clock.now());
        let strict = on
            .profile
            .is_strict_for(&text::trim_lower(&request.context.risk_class));
        let mut warnings: Vec<String> = on.signer.warning.into_iter().map(str::to_owned).collect();

        // What the decision rests on, or a refusal to decide without it.
        self.require_kill_switch(strict)?;
        let inventory = self.require_inventory(strict, &mut warnings)?;
        let scripts = self.require_scripts(strict, &mut warnings)?;
        let policy = on.policy.policy();
        let prepared = prepare::prepare(request, policy, call.envelope.as_ref(), inventory, now)
            .map_err(|error| self.unjudgeable(error, strict && scripts.is_some()))?;

        // What the policy says, and what stands above it.
        let facts = Facts {
            now,
            inventory: inventory.map(|file| &file.inventory),
        };
        let judgement = self.judge(&prepared, &facts, scripts.as_ref(), &mut warnings);
        let mut outcome = Outcome::of(&judgement.evaluation, judgement.kill_switch.as_ref());

        // What the boundary knows of the server and the job behind the call; then what is still demanded of an allowed
        // call, in the order in which it is asked for.
        let demands = &judgement.evaluation;
        let intent = &prepared.intent;
        self.hold_against_trust(call, &mut outcome);
        for code in &call.objections {
            outcome.block(code);
        }
        self.check_dispatch(intent, &mut outcome, &mut warnings);
        let limits = self.take_units(demands, intent, call, &mut outcome)?;
        let delegation = self.check_delegation(demands, intent, call, &mut outcome)?;
        let approval = self.check_approvals(demands, intent, call, &mut outcome)?;
        let credential = self.issue_credential(demands, intent, call, &mut outcome);
        let simulation = call.simulate.then(|| outcome.simulate());

        let stages = Stages {
            prepared,
            judgement,
            outcome,
            simulation,
            limits,
            delegation,
            approval,
            credential,
        };
        Ok(Ruled { stages, warnings })
    }

    /// What the policy says of the call, unless something above it has the say.
    fn judge(
        &self,
        prepared: &Prepared,
        facts: &Facts<'_>,
        scripts: Option<&VerifiedRegistry>,
        warnings: &mut Vec<String>,
    ) -> Judgement {
        let started = self.deployment.clock.instant();
        let intent = &prepared.intent;
        let kill_switch = self.ask_kill_switch(intent, facts.now);
        let stopped = kill_switch
            .as_ref()
            .is_some_and(|decision| decision.status != "inactive");

        let (evaluation, fast_path) = if prepared.contradicts_context {
            (
                Evaluation::refused("fail_closed_intent_invalid", "intent_not_evaluable"),
                FastPath::default(),
            )
        } else if let Some(incomplete) = gait_policy::fail_closed(&self.deployment.policy, intent) {
            (incomplete, FastPath::default())
        } else if matches!(self.deployment.kill_switch, Fact::Unavailable(_)) {
            let code = kill_switch::STATE_UNAVAILABLE;
            (Evaluation::refused(code, code), FastPath::default())
        } else if stopped {
            (
                gait_policy::evaluate(&self.deployment.policy, intent, facts),
                FastPath::default(),
            )
        } else {
            self.judge_by_script_or_rules(intent, facts, scripts, warnings)
        };
        let created_at = if fast_path.pre_approved {
            self.deployment.clock.now()
        } else {
            seal::record_time(intent)
        };
        let latency_ms = started.elapsed().as_secs_f64() * 1000.0;
        Judgement {
            evaluation,
            kill_switch,
            fast_path,
            created_at,
            latency_ms,
        }
    }

    /// An approved script stands in for the rules, but not for a freeze window.
    fn judge_by_script_or_rules(
        &self,
        intent: &Intent,
        facts: &Facts<'_>,
        scripts: Option<&VerifiedRegistry>,
        warnings: &mut Vec<String>,
    ) -> (Evaluation, FastPath) {
        let by_rules = |reason: &str| {
            let fast_path = FastPath {
                registry_reason: reason.to_owned(),
                ..FastPath::default()
            };
            (
                gait_policy::evaluate(&self.deployment.policy, intent, facts),
                fast_path,
            )
        };
        let Some(scripts) = scripts else {
            return by_rules("");
        };
        if self.needs_context_evidence {
            warnings.push(
                "approved script fast-path disabled because policy requires authenticated context evidence"
                    .to_owned(),
            );
            return by_rules("");
        }
        if !intent.is_script() {
            return by_rules("not_script");
        }
        let Some(found) = scripts.find(
            intent,
            &self.deployment.policy.digest(),
            self.deployment.clock.now(),
        ) else {
            return by_rules("approved_script_not_found");
        };
        let (ruled, _) = by_rules("");
        if ruled.frozen {
            warnings.push("approved script fast-path disabled because a freeze window is active".to_owned());
            return (ruled, FastPath::default());
        }
        let reason = "approved_script_match";
        let fast_path = FastPath {
            pre_approved: true,
            pattern_id: found.pattern_id,
            registry_reason: reason.to_owned(),
        };
        let mut evaluation = Evaluation::because(Verdict::Allow, reason);
        evaluation.script = Some(ScriptEvaluation {
            composite_risk_class: found.composite_risk_class,
            steps: found.steps,
        });
        (evaluation, fast_path)
    }

    /// A risky call that approved scripts were to be looked up for is refused by policy, not for its form.
    fn unjudgeable(&self, error: IntentError, asks_for_script: bool) -> GateError {
        if asks_for_script && !self.needs_context_evidence {
            GateError::UnjudgeableScript(error)
        } else {
            GateError::Intent(error)
        }
    }

    /// What the kill switch says; nothing where none is configured.
    fn ask_kill_switch(&self, intent: &Intent, now: Timestamp) -> Option<KillSwitchDecision> {
        match &self.deployment.kill_switch {
            Fact::NotConfigured => None,
            Fact::Known(state) => Some(kill_switch::judge(state, intent, now)),
            Fact::Unavailable(_) => Some(kill_switch::unavailable(now)),
        }
    }
}
