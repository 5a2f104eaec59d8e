//! `gait voice token verify`: whether a token lets an agent speak, and what.

use std::{fmt::Write as _, path::Path};

use gait_artifact::{finding::Finding, text, voice::SayToken};
use gait_canon::keys;
use gait_gate::say_token::{self, SayExpectation};
use serde::Serialize;

use crate::{
    arguments::Parsed,
    context::Context,
    error::{ErrorKind, Failure},
    outcome::{CommandResult, Report},
    spec::{CommandSpec, Flag},
};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("voice token verify", "Verify a token before speaking")
    .explain("Checks offline that a say token was signed with the given key, has not expired and is good for what is to be said.")
    .flags_first()
    .flags(&[
        Flag::path("token", "the token"),
        Flag::path("public-key", "file of the public key"),
        Flag::variable("public-key-env", "environment variable that holds the public key"),
        Flag::path("private-key", "file of the private key, whose public half verifies"),
        Flag::variable("private-key-env", "environment variable that holds the private key"),
        Flag::text("intent-digest", "intent it must be for"),
        Flag::text("policy-digest", "policy that must have allowed it"),
        Flag::text("call-id", "call it must be for"),
        Flag::integer("turn-index", "turn it must be for; below 0 any").or("-1"),
        Flag::integer("call-seq", "position in the call it must be for; below 1 any").or("0"),
        Flag::text("commitment-class", "class of commitments it must be for"),
        Flag::text("currency", "currency its amounts must be in"),
        Flag::integer("quote-cents", "price it must cover; a token without upper bound covers none"),
        Flag::text("profile", "what counts as a failure; strict counts findings too (default standard)")
            .values(&["standard", "strict"]),
        Flag::integer("refund-cents", "refund it must cover; a token without ceiling covers none"),
    ])
    .error_fields(|| super::of_operation("verify"));

/// Which token is spoken of, as it stands in its file. Zeros are left out.
#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    operation: &'static str,
    #[serde(skip_serializing_if = "str::is_empty")]
    token_id: &'a str,
    token_path: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    call_id: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    turn_index: i64,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    call_seq: i64,
    #[serde(skip_serializing_if = "str::is_empty")]
    commitment_class: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    policy_digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    intent_digest: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    integrity_findings: Vec<Finding>,
}

impl<'a> Output<'a> {
    fn of(token: &'a SayToken, path: &'a str) -> Self {
        Self {
            ok: false,
            operation: "verify",
            token_id: &token.token_id,
            token_path: path,
            call_id: &token.call_id,
            turn_index: token.turn_index,
            call_seq: token.call_seq,
            commitment_class: &token.commitment_class,
            policy_digest: None,
            intent_digest: None,
            integrity_findings: Vec::new(),
        }
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let path = parsed.text("token").trim();
    if path.is_empty() {
        return Err(Failure::invalid_input("--token is required"));
    }
    let expected = expectation(parsed)?;
    let key = keys::verify_key(
        &parsed.key_source("public-key", "public-key-env"),
        &parsed.key_source("private-key", "private-key-env"),
        context.environment(),
    )?;
    let token = say_token::read_token(Path::new(path)).map_err(Failure::invalid_input)?;
    let output = Output::of(&token, path);
    let verified = say_token::verify(&token, &expected, &key, context.now()).map_err(|failure| {
        let code = failure.code();
        Failure::new(ErrorKind::VerificationFailed, format!("{code}: {failure}"))
            .with(&output)
            .field("error_code", code)
    })?;
    let findings = verified.findings();
    let mut notices = String::new();
    for finding in &findings {
        // Writing to a String cannot fail.
        _ = writeln!(notices, "finding: {finding}");
    }
    let report = Report::new(&Output {
        ok: true,
        policy_digest: Some(&token.policy_digest),
        intent_digest: Some(&token.intent_digest),
        integrity_findings: findings,
        ..output
    });
    Ok(report
        .line(format!("voice token verify ok: {path}"))
        .diagnostics(notices))
}

/// What the flags ask of the token.
fn expectation(parsed: &Parsed) -> Result<SayExpectation, Failure> {
    let text = |flag: &str| parsed.text(flag).to_owned();
    Ok(SayExpectation {
        intent_digest: text("intent-digest"),
        policy_digest: text("policy-digest"),
        call_id: text("call-id"),
        turn_index: Some(parsed.int("turn-index")).filter(|turn| *turn >= 0),
        call_seq: Some(parsed.int("call-seq")).filter(|seq| *seq > 0),
        commitment_class: text("commitment-class"),
        currency: text("currency"),
        quote_cents: amount(parsed, "quote-cents")?,
        refund_cents: amount(parsed, "refund-cents")?,
        derived_id: is_strict(parsed)?,
    }
    .normalized())
}

/// Whether the profile counts findings as failures.
fn is_strict(parsed: &Parsed) -> Result<bool, Failure> {
    match text::trim_lower(parsed.text("profile")).as_str() {
        "" | "standard" => Ok(false),
        "strict" => Ok(true),
        other => Err(Failure::invalid_input(format!(
            "unknown profile {other:?}, expected standard or strict"
        ))),
    }
}

/// The amount that `flag` gives; there are no negative prices.
fn amount(parsed: &Parsed, flag: &str) -> Result<Option<i64>, Failure> {
    if !parsed.given(flag) {
        return Ok(None);
    }
    let cents = parsed.int(flag);
    if cents < 0 {
        return Err(Failure::invalid_input(format!("--{flag} must be >= 0")));
    }
    Ok(Some(cents))
}
