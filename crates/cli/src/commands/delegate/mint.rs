//! `gait delegate mint`: sign a delegation token.

use gait_artifact::{Timestamp, delegation::DelegationGrant};
use gait_gate::delegation;
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::minting::{self, Signer};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "delegate mint",
    "Sign a delegation from one agent to another",
)
.explain(
    "Signs a token by which a delegator lets a delegate act for it, within a scope and until it expires.",
)
.flags_first()
.label("delegate")
.flags(&[
    Flag::text("delegator", "who hands over"),
    Flag::text("delegate", "who receives"),
    Flag::list("scope", "what is handed over, such as write"),
    Flag::text("scope-class", "class of the work"),
    Flag::text("ttl", "how long the delegation holds, such as 1h30m"),
    Flag::text("intent-digest", "digest of the one intent it is for"),
    Flag::text("policy-digest", "digest of the one policy it is for"),
    Flag::path("out", "where the token goes (default delegation_<token_id>.json)"),
    minting::KEY_MODE,
    minting::PRIVATE_KEY,
    minting::PRIVATE_KEY_ENV,
]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    token_id: String,
    token_path: String,
    delegator_identity: String,
    delegate_identity: String,
    scope: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope_class: String,
    expires_at: Timestamp,
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
    let grant = DelegationGrant {
        delegator_identity: text("delegator"),
        delegate_identity: text("delegate"),
        scope,
        scope_class: text("scope-class"),
        intent_digest: text("intent-digest"),
        policy_digest: text("policy-digest"),
        ttl,
    };
    let token = delegation::mint(grant, context.producer_version(), context.now(), &signer.key)
        .map_err(Failure::invalid_input)?;
    let token_path = minting::token_path(parsed.text("out"), "delegation", &token.token_id);
    minting::write_token(&token_path, &token).map_err(|failure| failure.context("write delegation token"))?;

    let line = format!("delegation token ok: {token_path}");
    let output = Output {
        ok: true,
        token_id: token.token_id,
        token_path,
        delegator_identity: token.delegator_identity,
        delegate_identity: token.delegate_identity,
        scope: token.scope,
        scope_class: token.scope_class,
        expires_at: token.expires_at.whole_seconds(),
        key_id: signer.key.public().key_id().to_string(),
        warnings: signer.warning.as_slice(),
        description: "signed delegation token created",
    };
    Ok(Report::new(&output).line(line).diagnostics(signer.notice()))
}
