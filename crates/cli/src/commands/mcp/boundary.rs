//! What every command that judges tool calls is configured with, and the boundary that makes.

use std::path::PathBuf;

use gait_artifact::text::trim_lower;
use gait_disk::reload::OnInvalid;
use gait_gate::{clock::SystemClock, load::World};
use gait_mcp::{
    Boundary, BoundarySettings,
    boundary::{BoundaryLoadError, Presented},
};
use gait_serve::{Access, BearerToken, ListenAddress, Waiting};

use crate::{
    arguments::Parsed,
    commands::gate::{
        invocation::{GATE_FLAGS, joined, tokens, without},
        settings::Settings,
    },
    config::ProjectConfig,
    context::Context,
    error::Failure,
    spec::Flag,
};

/// Flags of the gate that are about one decision alone, or about project defaults.
const OF_ONE_DECISION: &[&str] = &[
    "evaluation-time",
    "trace-out",
    "approval-audit-out",
    "delegation-audit-out",
    "credential-evidence-out",
    "config",
    "no-config",
];

const OF_THE_GATE: [Flag; GATE_FLAGS.len() - OF_ONE_DECISION.len()] = without(GATE_FLAGS, OF_ONE_DECISION);

const OWN: [Flag; 5] = [
    Flag::path("policy", "policy to judge by"),
    Flag::text("adapter", "shape of the calls").or("mcp").values(&[
        "mcp",
        "openai",
        "anthropic",
        "langchain",
        "claude_code",
    ]),
    Flag::path("job-root", "directory of the jobs whose emergency stop counts").or("./gait-out/jobs"),
    Flag::path("export-log-out", "file that gets a log line for each decision"),
    Flag::path(
        "export-otel-out",
        "file that gets a line in the manner of OpenTelemetry for each decision",
    ),
];

/// What to do when the files of the boundary become unusable.
pub(crate) const ON_INVALID_POLICY: Flag = Flag::text(
    "on-invalid-policy",
    "what to do when policy or keys become unusable: decide nothing, or keep the last",
)
.or("refuse")
.values(&["refuse", "keep"]);

/// The flags of every command that judges tool calls.
pub(crate) const BOUNDARY_FLAGS: &[Flag] =
    &joined::<{ OWN.len() + OF_THE_GATE.len() }>(&[&OWN, &OF_THE_GATE]);

/// What the flags say of the boundary over the policy at `policy`. No file is read.
pub(crate) fn settings(parsed: &Parsed, policy: &str) -> Result<BoundarySettings, Failure> {
    let Settings {
        profile,
        mut deployment,
        broker_overrides,
        ..
    } = Settings::over(parsed, &ProjectConfig::default());
    deployment.profile = profile.parse().map_err(Failure::invalid_input)?;
    Ok(BoundarySettings {
        policy: policy.to_owned(),
        deployment,
        context_envelope: parsed.text("context-envelope").to_owned(),
        job_root: parsed.text("job-root").to_owned(),
        presented: Presented {
            approval_tokens: tokens(parsed, "approval"),
            approval_reference: parsed.text("approval-token-ref").to_owned(),
            delegation_tokens: tokens(parsed, "delegation"),
            credential: broker_overrides,
            evaluation_time: None,
        },
    })
}

/// The boundary that `settings` describe, read now.
pub(crate) fn load(settings: &BoundarySettings, context: &Context<'_>) -> Result<Boundary<'static>, Failure> {
    let world = World {
        environment: &context.shared_environment(),
        clock: &SystemClock,
        producer_version: context.producer_version(),
    };
    settings
        .load(&world)
        .map_err(|error| failure(&settings.policy, error))
}

/// What reads the boundary that `settings` describe again and again, and tells whether its calls may have to wait.
pub(crate) fn loader(
    settings: BoundarySettings,
    context: &Context<'_>,
) -> impl Fn() -> Result<(Boundary<'static>, Waiting), BoundaryLoadError> + Send + Sync + 'static {
    let environment = context.shared_environment();
    let producer_version = context.producer_version();
    move || {
        let world = World {
            environment: &environment,
            clock: &SystemClock,
            producer_version,
        };
        let boundary = settings.load(&world)?;
        let waiting = waiting(&boundary, &settings);
        Ok((boundary, waiting))
    }
}

/// The files that the boundary is read from, where they are named.
pub(crate) fn files(settings: &BoundarySettings) -> Vec<PathBuf> {
    let on = &settings.deployment;
    let keys = [
        &on.signing_key,
        &on.approval_key.public,
        &on.approval_key.private,
        &on.delegation_key.public,
        &on.delegation_key.private,
        &on.script_key.public,
        &on.script_key.private,
    ];
    [
        &settings.policy,
        &settings.context_envelope,
        &on.kill_switch_state,
        &on.inventory,
        &on.scripts,
    ]
    .into_iter()
    .chain(keys.into_iter().filter_map(|key| key.path.as_ref()))
    .map(|path| PathBuf::from(path.trim()))
    .filter(|path| !path.as_os_str().is_empty())
    .collect()
}

/// What `--on-invalid-policy` says.
pub(crate) fn on_invalid(parsed: &Parsed) -> Result<OnInvalid, Failure> {
    match trim_lower(parsed.text(ON_INVALID_POLICY.name)).as_str() {
        "refuse" => Ok(OnInvalid::Refuse),
        "keep" => Ok(OnInvalid::Keep),
        _ => Err(Failure::invalid_input(
            "unsupported --on-invalid-policy value (expected refuse or keep)",
        )),
    }
}

/// The failure shows the line of the policy that is wrong.
pub(crate) fn failure(policy: &str, error: BoundaryLoadError) -> Failure {
    match error {
        BoundaryLoadError::Policy { source, text } => {
            let excerpt = crate::policy_file::excerpt(policy, &text, &source);
            Failure::from(*source).excerpt(excerpt)
        }
        error => Failure::invalid_input(error),
    }
}

/// Whether judging may have to wait for something that is not in memory.
pub(crate) fn waiting(boundary: &Boundary<'_>, settings: &BoundarySettings) -> Waiting {
    let broker = trim_lower(&settings.deployment.broker.name);
    let has_broker = !matches!(broker.as_str(), "" | "off");
    Waiting::under(boundary.gate().policy(), &settings.presented, has_broker)
}

/// What `--auth-mode` says.
pub(crate) fn asks_for_token(parsed: &Parsed) -> Result<bool, Failure> {
    match trim_lower(parsed.text("auth-mode")).as_str() {
        "off" => Ok(false),
        "token" => Ok(true),
        _ => Err(Failure::invalid_input(
            "unsupported --auth-mode value (expected off or token)",
        )),
    }
}

/// What callers must show: beyond this machine never nothing.
pub(crate) fn access(
    parsed: &Parsed,
    context: &Context<'_>,
    asks_for_token: bool,
    address: &ListenAddress,
) -> Result<Access, Failure> {
    if !asks_for_token {
        if !address.is_loopback() {
            return Err(Failure::invalid_input(
                "non-loopback --listen requires --auth-mode token",
            ));
        }
        return Ok(Access::Loopback);
    }
    let variable = parsed.text("auth-token-env").trim();
    if variable.is_empty() {
        return Err(Failure::invalid_input(
            "--auth-mode token requires --auth-token-env",
        ));
    }
    let token = context.env(variable).unwrap_or_default();
    BearerToken::new(&token)
        .map(Access::Token)
        .ok_or_else(|| Failure::invalid_input("--auth-token-env did not resolve to a non-empty value"))
}
