//! `gait run session status`: how a session stands.

use std::path::Path;

use gait_artifact::session::{SessionChain, SessionEvent};
use gait_page::Listed;
use gait_runpack::session::{Moment, read_history};
use gait_runpack::{VerifyOptions, verify_chain};

use super::{JOURNAL, at, fields, open, required, status_report};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::error::Failure;
use crate::outcome::CommandResult;
use crate::pages::{self, SessionView};
use crate::progress::Bar;
use crate::spec::CommandSpec;

const OPERATION: &str = "status";

pub(crate) const SPEC: CommandSpec = CommandSpec::new("run session status", "Tell how a session stands")
    .explain(super::GROUP.explain)
    .flags(&[JOURNAL, pages::HTML])
    .error_fields(|| fields(OPERATION));

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let [journal] = required(parsed, ["journal"], "--journal is required")?;
    let state = open(journal, context)
        .and_then(|session| session.status(context.now()))
        .map_err(at(journal))?;
    let report = status_report(OPERATION, journal, &state);
    match pages::wanted(parsed) {
        Some(html) => {
            write_page(journal, html, context).map_err(at(journal))?;
            Ok(report.line(pages::line(html)))
        }
        None => Ok(report),
    }
}

/// Writes the page of a session: its newest decisions and all of its checkpoints, whose runpacks are verified.
fn write_page(journal: &str, html: &str, context: &Context<'_>) -> Result<(), Failure> {
    let mut events: Listed<SessionEvent> = Listed::default();
    let mut checkpoints = Vec::new();
    let history = read_history(Path::new(journal), |moment| match moment {
        Moment::Event(event) => events.push_newest(*event),
        Moment::Checkpoint(checkpoint) => checkpoints.push(*checkpoint),
    })?;
    let chain = SessionChain {
        session_id: history.header.session_id,
        run_id: history.header.run_id,
        checkpoints,
        ..SessionChain::default()
    };
    let view = SessionView {
        path: journal,
        session_id: &chain.session_id,
        run_id: &chain.run_id,
        checkpoints: &chain.checkpoints,
        verification: &verify_chain(&chain, &VerifyOptions::default(), &Bar::default()),
        events: Some(&events),
        producer_version: context.producer_version(),
    };
    pages::write(html, pages::session_page(&view).html())
}
