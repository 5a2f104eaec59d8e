//! `gait run session`: what an agent does over hours, kept as it happens.

pub(crate) mod append;
pub(crate) mod checkpoint;
pub(crate) mod compact;
pub(crate) mod start;
pub(crate) mod status;

use std::time::Duration;

use gait_artifact::{Timestamp, session::SessionState};
use gait_canon::json::Object;
use gait_runpack::session::{LockOverrides, LockProfile, LockSettings, Session, SessionError};
use serde::Serialize;

use crate::arguments::Parsed;
use crate::context::Context;
use crate::env;
use crate::error::Failure;
use crate::literal;
use crate::outcome::Report;
use crate::spec::{Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "run session",
    summary: "Keep a session's decisions and make checkpoints of them",
    explain: "Keeps the decisions of a long session in a journal that survives crashes, and turns them into runpacks on the way.",
    help_succeeds: false,
};

const JOURNAL: Flag = Flag::path("journal", "journal of the session");

/// What every JSON answer of a session command carries.
fn fields(operation: &str) -> Object {
    let mut fields = Object::new();
    fields.insert("operation", operation);
    fields
}

/// The trimmed values of `flags`, none of which may be blank: otherwise `missing` is said. Nothing may stand beside flags.
fn required<'a, const N: usize>(
    parsed: &'a Parsed,
    flags: [&str; N],
    missing: &str,
) -> Result<[&'a str; N], Failure> {
    if !parsed.positionals().is_empty() {
        return Err(Failure::unexpected_positionals());
    }
    let values = flags.map(|flag| parsed.text(flag).trim());
    if values.contains(&"") {
        return Err(Failure::invalid_input(missing));
    }
    Ok(values)
}

/// The session whose journal is at `journal`, with the lock settings of the environment.
fn open(journal: &str, context: &Context<'_>) -> Result<Session, SessionError> {
    Session::open(journal, lock_settings(context), context.producer_version())
}

/// Adds the journal to a failure that happened after the arguments were accepted.
fn at<E>(journal: &str) -> impl FnOnce(E) -> Failure
where
    Failure: From<E>,
{
    let journal = journal.to_owned();
    move |error| Failure::from(error).field("journal", journal)
}

/// Settings that cannot be read count as absent; those that are not positive as those of the standard profile.
pub(crate) fn lock_settings(context: &Context<'_>) -> LockSettings {
    let profile = env::SESSION_LOCK_PROFILE.read(context).unwrap_or_default();
    let duration = |variable: env::Variable| {
        let given = literal::duration(&variable.read(context)?)?;
        Some(given.positive().unwrap_or(Duration::ZERO))
    };
    LockSettings::new(
        LockProfile::named(&profile),
        LockOverrides {
            timeout: duration(env::SESSION_LOCK_TIMEOUT),
            retry: duration(env::SESSION_LOCK_RETRY),
            stale_after: duration(env::SESSION_LOCK_STALE_AFTER),
        },
    )
}

#[derive(Serialize)]
struct StatusOutput<'a> {
    ok: bool,
    operation: &'static str,
    journal: &'a str,
    status: Status<'a>,
}

#[derive(Serialize)]
struct Status<'a> {
    session_id: &'a str,
    run_id: &'a str,
    created_at: Timestamp,
    started_at: Timestamp,
    event_count: i64,
    checkpoint_count: i64,
    last_sequence: i64,
}

/// The answer of commands that tell how a session stands.
fn status_report(operation: &'static str, journal: &str, state: &SessionState) -> Report {
    let status = Status {
        session_id: &state.session_id,
        run_id: &state.run_id,
        created_at: state.created_at,
        started_at: state.started_at,
        event_count: state.event_count,
        checkpoint_count: state.checkpoint_count,
        last_sequence: state.last_sequence,
    };
    let line = format!(
        "session {operation}: session_id={} run_id={} events={} checkpoints={} last_sequence={}",
        printable(status.session_id),
        printable(status.run_id),
        status.event_count,
        status.checkpoint_count,
        status.last_sequence
    );
    Report::new(&StatusOutput {
        ok: true,
        operation,
        journal,
        status,
    })
    .line(line)
    .line(journal_line(journal))
}

fn journal_line(journal: &str) -> String {
    format!("journal: {}", printable(journal))
}

/// `text` on one line: line breaks and tabs are blanks, other control characters are left out, blanks are single.
fn printable(text: &str) -> String {
    let visible: String = text
        .chars()
        .map(|letter| {
            if matches!(letter, '\n' | '\r' | '\t') {
                ' '
            } else {
                letter
            }
        })
        .filter(|letter| !letter.is_control())
        .collect();
    visible.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printed_values_stay_on_their_line() {
        for (text, printed) in [
            ("plain", "plain"),
            ("  a\n\tb\r\nc ", "a b c"),
            ("a\u{1b}[31mb\u{7f}", "a[31mb"),
            ("", ""),
        ] {
            assert_eq!(printable(text), printed);
        }
    }
}
