//! `gait approvals approve`: let a waiting call run.

use gait_approval::Consent;
use gait_artifact::Timestamp;
use serde::Serialize;

use super::{APPROVER, DIRECTORY, REQUEST, queue, request_id, required};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::minting::{self, Signer};
use crate::outcome::{CommandResult, Report};
use crate::spec::{CommandSpec, Flag};

const REASON: Flag = Flag::text("reason-code", "why, such as a change number");
const TTL: Flag = Flag::text("ttl", "how long the approval can be used, such as 1h30m").or("15m");

pub(crate) const SPEC: CommandSpec = CommandSpec::new("approvals approve", "Let a waiting call run")
    .explain("Signs an approval of exactly the call that waits; it can be used once, by that call alone.")
    .positionals(REQUEST)
    .flags(&[
        DIRECTORY,
        APPROVER,
        REASON,
        TTL,
        minting::KEY_MODE,
        minting::PRIVATE_KEY,
        minting::PRIVATE_KEY_ENV,
    ]);

#[derive(Serialize)]
struct Output<'a> {
    ok: bool,
    request_id: &'a str,
    status: &'a str,
    token_id: &'a str,
    token_path: String,
    expires_at: Timestamp,
    reason_code: &'a str,
    scope: &'a [String],
    key_id: String,
}

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let id = request_id(parsed)?;
    let consent = Consent {
        approver: required(parsed, &APPROVER)?.to_owned(),
        reason_code: required(parsed, &REASON)?.to_owned(),
        ttl: minting::life_time(parsed.text(TTL.name))
            .ok_or_else(|| Failure::invalid_input("invalid --ttl, expected positive duration"))?,
    };
    let signer = Signer::of_flags(parsed, context)?;
    let approval = queue(parsed).approve(
        &id,
        consent,
        &signer.key,
        context.producer_version(),
        context.now(),
    )?;
    let (token, status) = (&approval.token, approval.status.name());
    let output = Output {
        ok: true,
        request_id: id.as_str(),
        status,
        token_id: &token.token_id,
        token_path: approval.path.to_string_lossy().into_owned(),
        expires_at: token.expires_at.whole_seconds(),
        reason_code: &token.reason_code,
        scope: &token.scope,
        key_id: signer.key.public().key_id().to_string(),
    };
    let more = if approval.status.is_open() {
        "; more approvals are needed"
    } else {
        ""
    };
    Ok(Report::new(&output).line(format!("approved: {id}{more}")))
}
