//! The page of a session.

use gait_artifact::session::{SessionCheckpoint, SessionEvent};
use gait_page::{Badge, Call, Check, Checkpoint, Head, Listed, SessionPage, Text, Tone};
use gait_runpack::ChainVerification;

use super::{check, counts, finding_check, instant};

/// What is known of a session.
pub(crate) struct SessionView<'a> {
    /// Its journal or its chain.
    pub(crate) path: &'a str,
    pub(crate) session_id: &'a str,
    pub(crate) run_id: &'a str,
    pub(crate) checkpoints: &'a [SessionCheckpoint],
    pub(crate) verification: &'a ChainVerification,
    /// The newest decisions; none where only the chain is known.
    pub(crate) events: Option<&'a Listed<SessionEvent>>,
    pub(crate) producer_version: &'a str,
}

/// The page of a session.
pub(crate) fn session_page<'a>(view: &SessionView<'a>) -> SessionPage<'a> {
    let verification = view.verification;
    let badge = match (view.checkpoints, verification.is_ok()) {
        ([], _) => Badge::new(Tone::Warn, "no checkpoint"),
        (_, true) => Badge::of("intact"),
        (_, false) => Badge::of("broken"),
    };
    let mut head = Head {
        kind: "Session",
        title: view.session_id.into(),
        badge,
        producer_version: view.producer_version.into(),
        ..Head::default()
    };
    head.tell("Path", view.path);
    head.tell("Run", view.run_id);
    head.tell("Checkpoints", view.checkpoints.len().to_string());
    if let Some(events) = view.events {
        head.tell("Decisions", events.total().to_string());
    }
    let mut checkpoints = Listed::default();
    for checkpoint in view.checkpoints {
        checkpoints.push_newest(checkpoint_row(checkpoint));
    }
    let mut calls = Listed::default();
    if let Some(events) = view.events {
        for event in events.rows() {
            calls.push_newest(call(event));
        }
    }
    let chained = (!view.checkpoints.is_empty()).then(|| chain_checks(verification));
    let journal = view.events.map(|events| {
        let note = format!("{} decisions follow each other without a break", events.total());
        check("Journal", "intact", vec![note.into()])
    });
    let parts = journal.into_iter().chain(chained.into_iter().flatten());
    let verdicts = view
        .events
        .into_iter()
        .flat_map(Listed::rows)
        .map(|event| event.verdict.as_str());
    SessionPage {
        head,
        checks: parts
            .chain(verification.findings.iter().map(finding_check))
            .collect(),
        verdicts: counts(verdicts),
        checkpoints,
        calls,
        has_calls: view.events.is_some(),
    }
}

fn chain_checks(verification: &ChainVerification) -> [Check<'_>; 2] {
    [
        (
            "Links",
            &verification.linkage_errors,
            "every checkpoint follows the one before",
        ),
        (
            "Runpacks",
            &verification.checkpoint_errors,
            "the runpack of every checkpoint is what the chain says",
        ),
    ]
    .map(|(name, errors, otherwise)| match errors.as_slice() {
        [] => check(name, "intact", vec![otherwise.into()]),
        errors => check(name, "broken", Text::all(errors)),
    })
}

fn checkpoint_row(checkpoint: &SessionCheckpoint) -> Checkpoint<'_> {
    Checkpoint {
        index: checkpoint.checkpoint_index,
        range: format!("{} to {}", checkpoint.sequence_start, checkpoint.sequence_end).into(),
        at: instant(checkpoint.created_at),
        runpack: (&checkpoint.runpack_path).into(),
        digest: (&checkpoint.checkpoint_digest).into(),
    }
}

fn call(event: &SessionEvent) -> Call<'_> {
    Call {
        index: usize::try_from(event.sequence).unwrap_or_default(),
        tool: (&event.tool_name).into(),
        status: Badge::default(),
        verdict: Badge::of(&event.verdict),
        reasons: [Text::all(&event.reason_codes), Text::all(&event.violations)].concat(),
        at: instant(event.created_at),
        id: (&event.trace_id).into(),
        digest: (&event.intent_digest).into(),
    }
}
