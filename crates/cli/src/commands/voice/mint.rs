//! `gait voice token mint`: ask the gate for a commitment, and sign the token that lets an agent speak it.

use std::path::Path;

use gait_artifact::{
    Verdict,
    voice::{CommitmentIntent, SayToken},
};
use gait_disk::read::read_bounded;
use gait_gate::{Call, Decision, say_token::SayTokenError, store::Written};
use serde::Serialize;

use crate::{
    arguments::Parsed,
    commands::gate::invocation::{GATE_FLAGS, Invocation, joined},
    context::Context,
    error::{ErrorKind, Excerpt, Failure},
    minting,
    outcome::{CommandResult, Report},
    spec::{CommandSpec, Flag},
};

const OWN: [Flag; 4] = [
    Flag::path("intent", "the commitment, as a commitment intent"),
    Flag::path("policy", "policy to judge by"),
    Flag::text("ttl", "how long the token holds, such as 90s").or("2m"),
    Flag::path("out", "where the token goes (default say_token_<token_id>.json)"),
];
const FLAGS: [Flag; OWN.len() + GATE_FLAGS.len()] = joined(&[&OWN, GATE_FLAGS]);

pub(crate) const SPEC: CommandSpec = CommandSpec::new(
    "voice token mint",
    "Sign a token when the gate allows a commitment",
)
.explain("Evaluates a commitment intent like any other tool call and leaves a signed trace; an allow gives a signed token without which nothing may be said.")
.flags_first()
.flags(&FLAGS)
.error_fields(|| super::of_operation("mint"));

/// The largest commitment intent that is read, in bytes.
const MAX_INTENT_BYTES: usize = 1 << 20;

/// What is said of a decision, with or without token. Zeros are left out, a turn index of zero too.
#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    operation: &'static str,
    verdict: Verdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reason_codes: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    violations: Vec<String>,
    #[serde(flatten)]
    token: Option<TokenFile<'a>>,
    call_id: &'a str,
    #[serde(skip_serializing_if = "gait_canon::json::is_default")]
    turn_index: i64,
    call_seq: i64,
    commitment_class: &'a str,
    trace_id: &'a str,
    trace_path: &'a str,
    policy_digest: String,
    intent_digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    approval_audit_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    delegation_audit_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    credential_evidence_path: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
}

/// Which token was written, and where.
#[derive(Serialize)]
struct TokenFile<'a> {
    token_id: &'a str,
    token_path: &'a str,
}

impl<'a> Output<'a> {
    fn of(intent: &'a CommitmentIntent, decision: &'a Decision, written: &'a Written) -> Self {
        Self {
            ok: false,
            operation: "mint",
            verdict: decision.verdict(),
            reason_codes: decision.outcome.reasons(),
            violations: decision.outcome.violations(),
            token: None,
            call_id: &intent.call_id,
            turn_index: intent.turn_index,
            call_seq: intent.call_seq,
            commitment_class: &intent.commitment_class,
            trace_id: &decision.trace.record().trace_id,
            trace_path: &written.trace,
            policy_digest: decision.policy_digest.to_string(),
            intent_digest: decision.intent.digest().to_string(),
            approval_audit_path: written.approval_audit.as_deref(),
            delegation_audit_path: written.delegation_audit.as_deref(),
            credential_evidence_path: written.credential_evidence.as_deref(),
            warnings: Vec::new(),
        }
    }
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let mut invocation = Invocation::resolve(parsed, context, false)?;
    // A blank mode, as a script with an unset variable gives it, must not quietly sign with a throw-away key.
    if parsed.given("key-mode") && parsed.text("key-mode").trim().is_empty() {
        "prod".clone_into(&mut invocation.settings.deployment.key_mode);
    }
    let ttl = minting::life_time(parsed.text("ttl"))
        .ok_or_else(|| Failure::invalid_input("invalid --ttl, expected positive duration"))?;
    let commitment = read_intent(parsed.text("intent"))?
        .normalize()
        .map_err(Failure::invalid_input)?;
    let policy = invocation.policy()?;
    // The trace of a commitment tells what was decided, not how quickly: its readers compare such traces.
    let call = Call {
        untimed: true,
        ..invocation.call(commitment.to_request())?
    };

    invocation.at_gate(policy, |gate| {
        let decision = gate.decide(call)?;
        // The trace is evidence whatever the verdict: it is there before anybody may speak.
        let written = decision.write(&invocation.settings.destinations)?;
        let output = Output::of(commitment.intent(), &decision, &written);
        let token = gate
            .mint_say_token(&commitment, &decision, ttl)
            .map_err(|error| refusal(&error, &output))?;
        let path = write(parsed.text("out"), &token)?;
        let report = Report::new(&Output {
            ok: true,
            token: Some(TokenFile {
                token_id: &token.token_id,
                token_path: &path,
            }),
            warnings: warnings(&decision, &written),
            ..output
        });
        Ok(report
            .line(format!("voice token mint ok: {path}"))
            .diagnostics(invocation.notices()))
    })
}

/// Reads the commitment intent at `path`. The failure shows the line that is wrong.
fn read_intent(path: &str) -> Result<CommitmentIntent, Failure> {
    let bytes = read_bounded(Path::new(path), MAX_INTENT_BYTES)
        .map_err(|error| Failure::from(error).context("read voice intent"))?;
    CommitmentIntent::read(&bytes).map_err(|error| {
        let place = error
            .position()
            .and_then(|at| Excerpt::of(path, &bytes, at.line, at.column));
        Failure::from(error)
            .context("parse voice intent json")
            .excerpt(place)
    })
}

/// A decision that lets nobody speak.
fn refusal(error: &SayTokenError, output: &Output<'_>) -> Failure {
    let kind = match error {
        SayTokenError::NotAllowed(Verdict::RequireApproval) => ErrorKind::ApprovalRequired,
        SayTokenError::NotAllowed(_) => ErrorKind::PolicyBlocked,
        SayTokenError::Form(_) => ErrorKind::InvalidInput,
        SayTokenError::ForeignDecision | SayTokenError::Encode(_) => ErrorKind::Internal,
    };
    let reasons =
        (!output.reason_codes.is_empty()).then(|| format!("reasons: {}", output.reason_codes.join(",")));
    let failure = Failure::new(kind, error)
        .with(output)
        .line(format!("trace: {}", output.trace_path));
    match reasons {
        Some(reasons) => failure.line(reasons),
        None => failure,
    }
}

/// Writes the token in one piece and says where.
fn write(given: &str, token: &SayToken) -> Result<String, Failure> {
    let path = minting::token_path(given, "say_token", &token.token_id);
    minting::write_token(&path, token).map_err(|failure| failure.context("write say token"))?;
    Ok(path)
}

/// What the operator should know.
fn warnings(decision: &Decision, written: &Written) -> Vec<String> {
    let journal = written.journal_failure.iter();
    let journal = journal.map(|reason| format!("kill switch journal: {reason}"));
    decision.warnings.iter().cloned().chain(journal).collect()
}
