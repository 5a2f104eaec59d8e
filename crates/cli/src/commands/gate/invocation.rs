//! A command line that asks the gate: its flags and project defaults, and the gate they make.

use std::{
    fmt::{self, Write as _},
    mem::ManuallyDrop,
    path::Path,
};

use gait_artifact::{Timestamp, intent::IntentRequest};
use gait_canon::keys;
use gait_gate::{
    Call, Deployment, Fact, Gate, Signer,
    clock::SystemClock,
    credential::{self, CredentialBroker},
    kill_switch::KillSwitchFile,
    profile::{Profile, ProfileError},
    rate_limit::{LocalRateLimiter, RateLimiter},
    script::Registry,
    token,
};
use gait_policy::CompiledPolicy;

use super::settings::{self, Settings};
use crate::{arguments::Parsed, context::Context, error::Failure, facts, policy_file, spec::Flag};

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
    Flag::path("config", "project defaults").or(".gait/config.yaml"),
    Flag::switch("no-config", "leave project defaults out"),
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

/// One run of such a command: its flags and what follows from them.
pub(crate) struct Invocation<'a> {
    parsed: &'a Parsed,
    context: &'a Context<'a>,
    pub(crate) settings: Settings,
    simulate: bool,
    profile: Profile,
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
        let settings = Settings::resolve(parsed)?;
        if settings.policy.is_empty() || parsed.text("intent").is_empty() {
            return Err(Failure::invalid_input("both --policy and --intent are required"));
        }
        let profile = settings
            .profile
            .parse::<Profile>()
            .map_err(Failure::invalid_input)?;
        let evaluation_time = facts::evaluation_time(parsed.text("evaluation-time"))?;
        require_production_signing(profile, &settings, simulate)?;
        Ok(Self {
            parsed,
            context,
            settings,
            simulate,
            profile,
            evaluation_time,
        })
    }

    /// The call that `request` describes, and what its caller presents with it.
    pub(crate) fn call(&self, request: IntentRequest) -> Result<Call, Failure> {
        let parsed = self.parsed;
        let tokens = |first: &str, more: &str| token::unique_paths(parsed.text(first), parsed.text(more));
        Ok(Call {
            request,
            envelope: facts::context_envelope(parsed.text("context-envelope"))?,
            approval_tokens: tokens("approval-token", "approval-token-chain"),
            approval_reference: parsed.text("approval-token-ref").to_owned(),
            delegation_tokens: tokens("delegation-token", "delegation-token-chain"),
            credential: self.settings.broker_overrides.clone(),
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
        let settings = &self.settings;
        let broker = credential::resolve(&settings.broker, &self.context.shared_environment())
            .map_err(Failure::invalid_input)?;
        let rate_limiter = LocalRateLimiter::new(&settings.rate_limit_state);
        let deployment = self.deployment(policy, broker.as_deref(), &rate_limiter)?;
        // The process ends soon: giving back the memory of thousands of rules piece by piece takes longer than deciding.
        let gate = ManuallyDrop::new(Gate::new(deployment)?);
        work(&gate)
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
    fn deployment<'d>(
        &self,
        policy: CompiledPolicy,
        broker: Option<&'d dyn CredentialBroker>,
        rate_limiter: &'d dyn RateLimiter,
    ) -> Result<Deployment<'d>, Failure> {
        let (parsed, settings, context) = (self.parsed, &self.settings, self.context);
        let no_public_key = keys::KeySource::default();
        let signing = keys::signing_key(
            &settings.key_mode,
            &settings.signing_key,
            &no_public_key,
            context.environment(),
        )?;
        Ok(Deployment {
            policy,
            profile: self.profile,
            signer: Signer {
                warning: signing.is_ephemeral.then_some(keys::EPHEMERAL_KEY_WARNING),
                key: signing.key,
            },
            approval_key: settings.approval_key(context),
            delegation_key: settings::delegation_key(parsed, context),
            kill_switch: configured(&settings.kill_switch_state, |path| {
                KillSwitchFile::new(path).load()
            }),
            inventory: configured(settings.wrkr_inventory.trim(), facts::inventory),
            scripts: configured(parsed.text("approved-script-registry").trim(), |path| {
                Registry::load(Path::new(path))
            }),
            script_key: settings::script_key(parsed, context),
            broker,
            rate_limiter,
            clock: &SystemClock,
            producer_version: context.producer_version(),
        })
    }
}

/// A fact from the file at `path`, where one is named.
fn configured<T, E: fmt::Display>(path: &str, load: impl Fn(&str) -> Result<T, E>) -> Fact<T> {
    if path.is_empty() {
        Fact::NotConfigured
    } else {
        Fact::loaded(load(path))
    }
}

/// What the strict profile demands before anything is read.
fn require_production_signing(
    profile: Profile,
    settings: &Settings,
    simulate: bool,
) -> Result<(), ProfileError> {
    if profile == Profile::Standard {
        return Ok(());
    }
    if simulate {
        return Err(ProfileError::Simulate);
    }
    if settings.key_mode != "prod" {
        return Err(ProfileError::KeyMode);
    }
    if !settings.signing_key.is_given() {
        return Err(ProfileError::SigningKey);
    }
    Ok(())
}
