//! `gait gate eval`: judge one tool call and leave a signed trace.

use std::{fmt::Write as _, path::Path};

use gait_artifact::{
    Timestamp, Verdict,
    context::{ContextEnvelope, MAX_ENVELOPE_BYTES, VerifiedEnvelope},
    inventory::Inventory,
};
use gait_canon::keys;
use gait_disk::{path, read::read_bounded};
use gait_gate::{
    Call, Deployment, Fact, Gate, Signer,
    clock::SystemClock,
    credential,
    facts::InventoryFile,
    kill_switch::KillSwitchFile,
    profile::{Profile, ProfileError, UnknownProfile},
    rate_limit::LocalRateLimiter,
    script::Registry,
    token,
};
use gait_policy::CompiledPolicy;

use super::{
    explain::explanation,
    output::Output,
    settings::{self, Settings},
};
use crate::{
    arguments::Parsed,
    context::Context,
    error::{EXIT_OK, ErrorKind, Failure},
    intent_file,
    outcome::{CommandResult, Report},
    policy_file,
    spec::{CommandSpec, Flag},
};

/// The largest inventory that is read, in bytes.
const MAX_INVENTORY_BYTES: usize = 16 << 20;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("gate eval", "Judge one tool call and leave a signed trace")
    .explain("Evaluates an intent against a policy and prints the verdict; only allow may execute, and every decision leaves a signed trace.")
    .flags_first()
    .flags(&[
        Flag::path("policy", "policy to judge by"),
        Flag::path("intent", "the tool call, as an intent request"),
        Flag::path("context-envelope", "evidence of the context the call was decided in"),
        Flag::path("trace-out", "where the trace goes (default trace_<trace_id>.json)"),
        Flag::text("approval-token-ref", "reference of an approval, echoed in output and trace"),
        Flag::path("approval-token", "approval token file"),
        Flag::list("approval-token-chain", "more approval token files"),
        Flag::path("approval-audit-out", "where the approval audit goes (default approval_audit_<trace_id>.json)"),
        Flag::path("delegation-token", "delegation token file"),
        Flag::list("delegation-token-chain", "more delegation token files"),
        Flag::path("delegation-audit-out", "where the delegation audit goes (default delegation_audit_<trace_id>.json)"),
        Flag::path("approval-public-key", "file of the key that verifies approvals"),
        Flag::variable("approval-public-key-env", "variable with the key that verifies approvals"),
        Flag::path("approval-private-key", "file of a private key whose public half verifies approvals"),
        Flag::variable("approval-private-key-env", "variable with a private key whose public half verifies approvals"),
        Flag::path("delegation-public-key", "file of the key that verifies delegations"),
        Flag::variable("delegation-public-key-env", "variable with the key that verifies delegations"),
        Flag::path("delegation-private-key", "file of a private key whose public half verifies delegations"),
        Flag::variable("delegation-private-key-env", "variable with a private key whose public half verifies delegations"),
        Flag::text("key-mode", "where the signing key comes from (default dev)").values(&["dev", "prod"]),
        Flag::path("private-key", "file of the signing key"),
        Flag::variable("private-key-env", "variable with the signing key"),
        Flag::text("profile", "what the deployment demands (default standard)").values(&["standard", "oss-prod"]),
        Flag::text("evaluation-time", "instant to judge windows and expiries for, RFC 3339 (default now)"),
        Flag::path("kill-switch-state", "kill-switch state to obey"),
        Flag::path("rate-limit-state", "counters of rate limits (default .gait-out/gate_rate_limits.json)"),
        Flag::text("credential-broker", "who hands out credentials (default off)").values(&["off", "stub", "env", "command"]),
        Flag::text("credential-env-prefix", "prefix of the env broker's variables (default GAIT_BROKER_TOKEN_)"),
        Flag::text("credential-ref", "credential to ask for instead of the one the rules name"),
        Flag::list("credential-scopes", "scopes to ask for beside those the rules name"),
        Flag::text("credential-command", "program of the command broker"),
        Flag::list("credential-command-args", "its arguments"),
        Flag::path("credential-evidence-out", "where the credential evidence goes (default credential_evidence_<trace_id>.json)"),
        Flag::path("wrkr-inventory", "what is known of the tools"),
        Flag::path("approved-script-registry", "scripts that were approved beforehand"),
        Flag::path("approved-script-public-key", "file of the key that verifies approved scripts"),
        Flag::variable("approved-script-public-key-env", "variable with the key that verifies approved scripts"),
        Flag::path("config", "project defaults").or(".gait/config.yaml"),
        Flag::switch("no-config", "leave project defaults out"),
        Flag::switch("simulate", "report the decision without enforcing it"),
        Flag::switch("explain", "with --json, print an explanation of the decision instead of the result"),
    ]);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let explain = parsed.flag("explain");
    if explain && !parsed.flag("json") {
        return Ok(Report::verbatim(format!("{}\n", SPEC.explain)));
    }
    let settings = Settings::resolve(parsed)?;
    let intent_path = parsed.text("intent");
    if settings.policy.is_empty() || intent_path.is_empty() {
        return Err(Failure::invalid_input("both --policy and --intent are required"));
    }
    let profile: Profile = settings
        .profile
        .parse()
        .map_err(|error: UnknownProfile| Failure::invalid_input(error))?;
    let simulate = parsed.flag("simulate");
    let evaluation_time = evaluation_time(parsed.text("evaluation-time"))?;
    require_production_signing(profile, &settings, simulate)?;

    let policy = CompiledPolicy::new(policy_file::read(&settings.policy)?);
    let request = intent_file::read(intent_path)?;
    let envelope = context_envelope(parsed.text("context-envelope"))?;
    let kill_switch = match settings.kill_switch_state.as_str() {
        "" => Fact::NotConfigured,
        path => Fact::loaded(KillSwitchFile::new(path).load()),
    };
    let scripts = match parsed.text("approved-script-registry").trim() {
        "" => Fact::NotConfigured,
        path => Fact::loaded(Registry::load(Path::new(path))),
    };
    let broker = credential::resolve(&settings.broker, &context.shared_environment())
        .map_err(Failure::invalid_input)?;
    let no_public_key = keys::KeySource::default();
    let signing = keys::signing_key(
        &settings.key_mode,
        &settings.signing_key,
        &no_public_key,
        context.environment(),
    )?;
    let rate_limiter = LocalRateLimiter::new(&settings.rate_limit_state);

    let gate = Gate::new(Deployment {
        policy,
        profile,
        signer: Signer {
            warning: signing.is_ephemeral.then_some(keys::EPHEMERAL_KEY_WARNING),
            key: signing.key,
        },
        approval_key: settings.approval_key(context),
        delegation_key: settings::delegation_key(parsed, context),
        kill_switch,
        inventory: inventory(settings.wrkr_inventory.trim()),
        scripts,
        script_key: settings::script_key(parsed, context),
        broker: broker.as_deref(),
        rate_limiter: &rate_limiter,
        clock: &SystemClock,
        producer_version: context.producer_version(),
    })?;
    let decision = gate.decide(&Call {
        request,
        envelope,
        approval_tokens: token::unique_paths(
            parsed.text("approval-token"),
            parsed.text("approval-token-chain"),
        ),
        approval_reference: parsed.text("approval-token-ref").to_owned(),
        delegation_tokens: token::unique_paths(
            parsed.text("delegation-token"),
            parsed.text("delegation-token-chain"),
        ),
        credential: settings.broker_overrides,
        evaluation_time,
        simulate,
        correlation_id: context.correlation_id().to_owned(),
    })?;
    let written = decision.write(&settings.destinations)?;

    let exit = exit_code(decision.verdict());
    if explain {
        let explanation = explanation(&decision, gate.policy(), &written);
        return Ok(Report::new(&explanation).exit(exit));
    }
    let output = Output::of(&decision, &written);
    let mut unknown = String::new();
    for key in &settings.unknown_keys {
        let _ = writeln!(unknown, "warning: unknown key {key} in the project config");
    }
    Ok(Report::new(&output)
        .lines(output.lines())
        .exit(exit)
        .diagnostics(unknown))
}

/// The exit code is the answer to a caller that reads nothing else.
pub(crate) const fn exit_code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow | Verdict::DryRun => EXIT_OK,
        Verdict::RequireApproval => ErrorKind::ApprovalRequired.exit_code(),
        Verdict::Block => ErrorKind::PolicyBlocked.exit_code(),
    }
}

pub(crate) fn evaluation_time(text: &str) -> Result<Option<Timestamp>, Failure> {
    match text.trim() {
        "" => Ok(None),
        text => match text.parse::<Timestamp>() {
            Ok(time) => Ok(Some(time.to_utc())),
            Err(error) => Err(Failure::invalid_input(error).context("invalid --evaluation-time")),
        },
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

pub(crate) fn context_envelope(given: &str) -> Result<Option<VerifiedEnvelope>, Failure> {
    let given = given.trim();
    if given.is_empty() {
        return Ok(None);
    }
    let path = path::local_or_absolute(Path::new(given))
        .map_err(|_| Failure::invalid_input("context envelope path must be a local filesystem path"))?;
    let bytes = read_bounded(&path, MAX_ENVELOPE_BYTES)
        .map_err(|error| Failure::from(error).context("read context envelope"))?;
    ContextEnvelope::read(&bytes)
        .map(Some)
        .map_err(|error| Failure::invalid_input(error).context("parse context envelope"))
}

pub(crate) fn inventory(given: &str) -> Fact<InventoryFile> {
    if given.is_empty() {
        return Fact::NotConfigured;
    }
    let path = path::clean(given);
    let bytes = match read_bounded(Path::new(&path), MAX_INVENTORY_BYTES) {
        Ok(bytes) => bytes,
        Err(error) => return Fact::Unavailable(error.to_string()),
    };
    Fact::loaded(Inventory::read(&bytes).map(|inventory| InventoryFile { path, inventory }))
}
