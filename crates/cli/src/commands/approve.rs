//! `gait approve`: sign an approval token.

use gait_artifact::{Timestamp, approval::ApprovalGrant};
use gait_gate::approval;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::minting::{self, Signer};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "approve",
    "Sign an approval of one intent under one policy",
)
.explain(
    "Signs a token that lets one intent pass one policy until it expires, bound to both by their digests.",
)
.flags_first()
.flags(&[
    Flag::text("intent-digest", "digest of the intent, as gate eval prints it"),
    Flag::text("policy-digest", "digest of the policy, as gate eval prints it"),
    Flag::text(
        "delegation-binding-digest",
        "digest of the intent's delegation, where it has one",
    ),
    Flag::text("ttl", "how long the approval holds, such as 1h30m"),
    Flag::list("scope", "what is approved, such as tool:tool.write"),
    Flag::text("approver", "who approves"),
    Flag::text("reason-code", "why, such as a change number"),
    Flag::integer("max-targets", "largest number of targets (0: any)").or("0"),
    Flag::integer("max-ops", "largest number of operations (0: any)").or("0"),
    Flag::path("out", "where the token goes (default approval_<token_id>.json)"),
    minting::KEY_MODE,
    minting::PRIVATE_KEY,
    minting::PRIVATE_KEY_ENV,
]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    token_id: String,
    token_path: String,
    expires_at: Timestamp,
    reason_code: String,
    scope: Vec<String>,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    max_targets: i64,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    max_ops: i64,
    key_id: String,
    #[serde(skip_serializing_if = "<[&str]>::is_empty")]
    warnings: &'a [&'static str],
    description: &'static str,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let ttl = minting::life_time(parsed.text("ttl"))
        .ok_or_else(|| Failure::invalid_input("invalid --ttl, expected positive duration"))?;
    let scope = parsed.list("scope");
    if scope.is_empty() {
        return Err(Failure::invalid_input("scope is required"));
    }
    let signer = Signer::of_flags(parsed, context)?;
    let text = |flag: &str| parsed.text(flag).to_owned();
    let grant = ApprovalGrant {
        intent_digest: text("intent-digest"),
        policy_digest: text("policy-digest"),
        delegation_binding_digest: text("delegation-binding-digest"),
        approver_identity: text("approver"),
        reason_code: text("reason-code"),
        scope,
        max_targets: parsed.int("max-targets"),
        max_ops: parsed.int("max-ops"),
        ttl,
    };
    let token = approval::mint(grant, context.producer_version(), context.now(), &signer.key)
        .map_err(Failure::invalid_input)?;
    let token_path = minting::token_path(parsed.text("out"), "approval", &token.token_id);
    minting::write_token(&token_path, &token).map_err(|failure| failure.context("write approval token"))?;

    let line = format!("approval token created: {token_path}");
    let output = Output {
        ok: true,
        token_id: token.token_id,
        token_path,
        expires_at: token.expires_at.whole_seconds(),
        reason_code: token.reason_code,
        scope: token.scope,
        max_targets: token.max_targets,
        max_ops: token.max_ops,
        key_id: signer.key.public().key_id().to_string(),
        warnings: signer.warning.as_slice(),
        description: "signed approval token created",
    };
    Ok(Report::new(&output).line(line).diagnostics(signer.notice()))
}
