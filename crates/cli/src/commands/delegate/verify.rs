//! `gait delegate verify`: whether a delegation token holds, and for what.

use std::path::Path;

use gait_artifact::Timestamp;
use gait_canon::keys::{self, KeySource};
use gait_gate::delegation::{self, DelegationExpectation};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::{ErrorKind, Failure};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("delegate verify", "Verify a delegation token")
    .explain("Checks offline that a delegation token was signed with the given key, has not expired and is good for what is expected.")
    .flags_first()
    .label("delegate")
    .flags(&[
        Flag::path("token", "the token"),
        Flag::path("public-key", "file of the public key"),
        Flag::variable("public-key-env", "environment variable that holds the public key"),
        Flag::path("private-key", "file of the private key, whose public half verifies"),
        Flag::variable("private-key-env", "environment variable that holds the private key"),
        Flag::text("delegator", "who must hand over"),
        Flag::text("delegate", "who must receive"),
        Flag::list("scope", "scopes of which the token must have one"),
        Flag::text("intent-digest", "intent that a token bound to one must be for"),
        Flag::text("policy-digest", "policy that a token bound to one must be for"),
    ]);

#[derive(Serialize)]
struct Output {
    ok: bool,
    #[serde(flatten)]
    token: TokenName,
    delegator_identity: String,
    delegate_identity: String,
    scope: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    scope_class: String,
    expires_at: Timestamp,
    key_id: String,
    description: &'static str,
}

/// Which token is spoken of, in results and failures.
#[derive(Serialize)]
struct TokenName {
    #[serde(skip_serializing_if = "String::is_empty")]
    token_id: String,
    token_path: String,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let token_path = parsed.text("token").trim();
    if token_path.is_empty() {
        return Err(Failure::invalid_input("--token is required"));
    }
    let public = trimmed(parsed.key_source("public-key", "public-key-env"));
    let private = trimmed(parsed.key_source("private-key", "private-key-env"));
    let key = keys::verify_key(&public, &private, context.environment())?;
    let token = delegation::read_token(Path::new(token_path)).map_err(Failure::invalid_input)?;
    let text = |flag: &str| parsed.text(flag).to_owned();
    let expected = DelegationExpectation {
        delegator: text("delegator"),
        delegate: text("delegate"),
        scopes: parsed.list("scope"),
        intent_digest: text("intent-digest"),
        policy_digest: text("policy-digest"),
    }
    .normalized();
    let name = TokenName {
        token_id: token.token_id.clone(),
        token_path: token_path.to_owned(),
    };

    if let Err(failure) = delegation::validate(&token, &expected, &key, context.now()) {
        let code = failure.code();
        return Err(
            Failure::new(ErrorKind::VerificationFailed, format!("{code}: {failure}"))
                .with(&name)
                .field("error_code", code),
        );
    }
    let line = format!("delegation token ok: {token_path}");
    let output = Output {
        ok: true,
        token: name,
        delegator_identity: token.delegator_identity,
        delegate_identity: token.delegate_identity,
        scope: token.scope,
        scope_class: token.scope_class,
        expires_at: token.expires_at.to_utc().whole_seconds(),
        key_id: key.key_id().to_string(),
        description: "delegation token verified",
    };
    Ok(Report::new(&output).line(line))
}

/// The source with blanks around its texts cut off, so that a blank one counts as not given.
fn trimmed(source: KeySource) -> KeySource {
    let trim = |text: Option<String>| text.map(|text| text.trim().to_owned());
    KeySource {
        path: trim(source.path),
        env: trim(source.env),
    }
}
