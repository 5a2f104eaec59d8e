//! A command line that asks the gate: its flags and project defaults, and the gate they make.

use std::{fmt::Write as _, mem::ManuallyDrop};

use gait_artifact::{Timestamp, intent::IntentRequest};
use gait_gate::{
    Call, Deployment, Entrance, Gate,
    clock::SystemClock,
    load::World,
    profile::{Profile, ProfileError},
    token,
};
use gait_policy::CompiledPolicy;

use super::settings::Settings;
use crate::{arguments::Parsed, config, context::Context, error::Failure, facts, policy_file, spec::Flag};

/// What every command that asks the gate can be told beside the policy and what it asks for.
pub(crate) const GATE_FLAGS: &[Flag] = &[
    Flag::path(
        "context-envelope",
        "evidence of the context the call was decided in",
    ),
    Flag::path(
        "trace-out",
        "where the trace goes (default trace_<trace_id>.json)",
    ),
    Flag::text(
        "approval-token-ref",
        "reference of an approval, echoed in output and trace",
    ),
    Flag::path("approval-token", "approval token file"),
    Flag::list("approval-token-chain", "more approval token files"),
    Flag::path(
        "approval-audit-out",
        "where the approval audit goes (default approval_audit_<trace_id>.json)",
    ),
    Flag::path("delegation-token", "delegation token file"),
    Flag::list("delegation-token-chain", "more delegation token files"),
    Flag::path(
        "delegation-audit-out",
        "where the delegation audit goes (default delegation_audit_<trace_id>.json)",
    ),
    Flag::path("approval-public-key", "file of the key that verifies approvals"),
    Flag::variable(
        "approval-public-key-env",
        "variable with the key that verifies approvals",
    ),
    Flag::path(
        "approval-private-key",
        "file of a private key whose public half verifies approvals",
    ),
    Flag::variable(
        "approval-private-key-env",
        "variable with a private key whose public half verifies approvals",
    ),
    Flag::path(
        "delegation-public-key",
        "file of the key that verifies delegations",
    ),
    Flag::variable(
        "delegation-public-key-env",
        "variable with the key that verifies delegations",
    ),
    Flag::path(
        "delegation-private-key",
        "file of a private key whose public half verifies delegations",
    ),
    Flag::variable(
        "delegation-private-key-env",
        "variable with a private key whose public half verifies delegations",
    ),
    Flag::text("key-mode", "where the signing key comes from (default dev)").values(&["dev", "prod"]),
    Flag::path("private-key", "file of the signing key"),
    Flag::variable("private-key-env", "variable with the signing key"),
    Flag::text("profile", "what the deployment demands (default standard)").values(&["standard", "oss-prod"]),
    Flag::text(
        "evaluation-time",
        "instant to judge windows and expiries for, RFC 3339 (default now)",
    ),
    Flag::path("kill-switch-state", "kill-switch state to obey"),
    Flag::path(
        "rate-limit-state",
        "counters of rate limits (default .gait-out/gate_rate_limits.json)",
    ),
    Flag::text("credential-broker", "who hands out credentials (default off)")
        .values(&["off", "stub", "env", "command"]),
    Flag::text(
        "credential-env-prefix",
        "prefix of the env broker's variables (default GAIT_BROKER_TOKEN_)",
    ),
    Flag::text(
        "credential-ref",
        "credential to ask for instead of the one the rules name",
    ),
    Flag::list(
        "credential-scopes",
        "scopes to ask for beside those the rules name",
    ),
    Flag::text("credential-command", "program of the command broker"),
    Flag::list("credential-command-args", "its arguments"),
    Flag::path(
        "credential-evidence-out",
        "where the credential evidence goes (default credential_evidence_<trace_id>.json)",
    ),
    Flag::path("wrkr-inventory", "what is known of the tools"),
    Flag::path(
        "approved-script-registry",
        "scripts that were approved beforehand",
    ),
    Flag::path(
        "approved-script-public-key",
        "file of the key that verifies approved scripts",
    ),
    Flag::variable(
        "approved-script-public-key-env",
        "variable with the key that verifies approved scripts",
    ),
    config::FLAGS[0],
    config::FLAGS[1],
];

/// The flags of all `parts`, in order; `N` is how many they are.
pub(crate) const fn joined<const N: usize>(parts: &[&[Flag]]) -> [Flag; N] {
    let mut flags = [Flag::switch("", ""); N];
    let (mut part, mut filled) = (0, 0);
    while part < parts.len() {
        let mut index = 0;
        while index < parts[part].len() {
            flags[filled] = parts[part][index];
            filled += 1;
            index += 1;
        }
        part += 1;
    }
    assert!(filled == N, "there are as many flags as the array takes");
    flags
}

/// The flags of `flags` that none of `names` names, in order; `N` is how many they are.
pub(crate) const fn without<const N: usize>(flags: &[Flag], names: &[&str]) -> [Flag; N] {
    let mut kept = [Flag::switch("", ""); N];
    let (mut index, mut filled) = (0, 0);
    while index < flags.len() {
        if !is_among(flags[index].name, names) {
            kept[filled] = flags[index];
            filled += 1;
        }
        index += 1;
    }
    assert!(filled == N, "there are as many flags as the array takes");
    kept
}

const fn is_among(name: &str, names: &[&str]) -> bool {
    let name = name.as_bytes();
    let mut index = 0;
    while index < names.len() {
        let other = names[index].as_bytes();
        let mut letter = 0;
        while letter < name.len() && letter < other.len() && name[letter] == other[letter] {
            letter += 1;
        }
        if letter == name.len() && letter == other.len() {
            return true;
        }
        index += 1;
    }
    false
}

/// The files of the tokens of a kind that the flags name: `approval` or `delegation`.
pub(crate) fn tokens(parsed: &Parsed, kind: &str) -> Vec<String> {
    let (one, more) = (format!("{kind}-token"), format!("{kind}-token-chain"));
    token::unique_paths(parsed.text(&one), parsed.text(&more))
}

/// One run of such a command: its flags and what follows from them.
pub(crate) struct Invocation<'a> {
    parsed: &'a Parsed,
    context: &'a Context<'a>,
    pub(crate) settings: Settings,
    simulate: bool,
    evaluation_time: Option<Timestamp>,
}

impl<'a> Invocation<'a> {
    /// Checks all that can be checked before a file is read.
    ///
    /// A simulating command asks what the gate would say and enforces nothing.
    pub(crate) fn resolve(
        parsed: &'a Parsed,
        context: &'a Context<'a>,
        simulate: bool,
    ) -> Result<Self, Failure> {
        let mut settings = Settings::resolve(parsed)?;
        if settings.policy.is_empty() || parsed.text("intent").is_empty() {
            return Err(Failure::invalid_input("both --policy and --intent are required"));
        }
        settings.deployment.profile = settings
            .profile
            .parse::<Profile>()
            .map_err(Failure::invalid_input)?;
        let evaluation_time = facts::evaluation_time(parsed.text("evaluation-time"))?;
        if simulate && settings.deployment.profile == Profile::OssProd {
            return Err(ProfileError::Simulate.into());
        }
        settings.deployment.check_signing()?;
        Ok(Self {
            parsed,
            context,
            settings,
            simulate,
            evaluation_time,
        })
    }

    /// The call that `request` describes, and what its caller presents with it.
    pub(crate) fn call(&self, request: IntentRequest) -> Result<Call, Failure> {
        let parsed = self.parsed;
        Ok(Call {
            request,
            envelope: facts::context_envelope(parsed.text("context-envelope"))?,
            approval_tokens: tokens(parsed, "approval"),
            approval_reference: parsed.text("approval-token-ref").to_owned(),
            delegation_tokens: tokens(parsed, "delegation"),
            credential: self.settings.broker_overrides.clone(),
            mcp_trust: None,
            objections: Vec::new(),
            evaluation_time: self.evaluation_time,
            simulate: self.simulate,
            untimed: false,
            correlation_id: self.context.correlation_id().to_owned(),
        })
    }

    /// Does `work` with the gate over everything that flags and project defaults name.
    pub(crate) fn at_gate<T>(
        &self,
        policy: CompiledPolicy,
        work: impl FnOnce(&Gate<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let gate = ManuallyDrop::new(Gate::new(self.deployment(policy)?)?);
        let done = work(&gate);
        // Giving back the memory of thousands of rules piece by piece takes longer than deciding: a process that ends
        // soon leaves that to the operating system.
        if self.context.process_goes_on() {
            drop(ManuallyDrop::into_inner(gate));
        }
        done
    }

    /// The policy that flags or project defaults name.
    pub(crate) fn policy(&self) -> Result<CompiledPolicy, Failure> {
        Ok(CompiledPolicy::new(policy_file::read(&self.settings.policy)?))
    }

    /// What the operator should know of the project defaults, a line each.
    pub(crate) fn notices(&self) -> String {
        let mut notices = String::new();
        for key in &self.settings.unknown_keys {
            // Writing to a String cannot fail.
            _ = writeln!(notices, "warning: unknown key {key} in the project config");
        }
        notices
    }

    /// The gate's parts, read from the files that flags and project defaults name.
    pub(super) fn deployment(&self, policy: CompiledPolicy) -> Result<Deployment<'static>, Failure> {
        let world = World {
            environment: &self.context.shared_environment(),
            clock: &SystemClock,
            producer_version: self.context.producer_version(),
        };
        let settings = &self.settings.deployment;
        Ok(settings.load(policy, Entrance::CommandLine, &world)?)
    }
}
