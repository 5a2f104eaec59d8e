//! The second half of the tour: the demonstration's run replayed, compared and packed.

use std::path::Path;

use gait_canon::json::is_default;
use gait_disk::progress::Unwatched;
use gait_pack::{build, verify};
use gait_runpack::{Runpack, diff, replay};
use serde::Serialize;

use crate::commands::demo::standard::{RUN_ID, RUNPACK_PATH};
use crate::context::Context;
use crate::error::{ErrorKind, Failure};

/// The pack of the demonstration's run.
const PACK_PATH: &str = "gait-out/pack_run_demo.zip";
/// What to try after the whole tour, beside what half of it says.
pub(super) const NEXT_COMMANDS: &[&str] = &[
    "gait pack inspect gait-out/pack_run_demo.zip --json",
    "gait run inspect run_demo",
    "gait demo --durable",
    "gait demo --policy",
    "gait doctor --summary",
];

/// What came of the steps that were taken.
#[derive(Default, Serialize)]
pub(super) struct Steps {
    #[serde(skip_serializing_if = "is_default")]
    replay_status: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    diff_status: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    pack_status: &'static str,
    #[serde(skip_serializing_if = "is_default")]
    pack_path: &'static str,
}

/// Takes the steps and notes each in `steps`.
pub(super) fn walk(steps: &mut Steps, context: &Context<'_>) -> Result<(), Failure> {
    let runpack = Runpack::open(Path::new(RUNPACK_PATH))?;
    let complete = replay::replay(&runpack, replay::Mode::Stub)?.is_complete();
    steps.replay_status = step("replay", complete)?;

    let unchanged = diff::diff(&runpack, &runpack, diff::Privacy::Full)?.is_unchanged();
    steps.diff_status = step("diff", unchanged)?;

    steps.pack_path = PACK_PATH;
    let path = Path::new(PACK_PATH);
    let source = build::run(Path::new(RUNPACK_PATH), context.producer_version())?;
    source.seal(None, &Unwatched)?.write(path, &Unwatched)?;
    let verification = verify::verify(path, &verify::VerifyOptions::default(), &Unwatched)?;
    steps.pack_status = step("pack", verification.is_ok())?;
    Ok(())
}

/// The word for a step that went well.
fn step(name: &str, holds: bool) -> Result<&'static str, Failure> {
    if holds {
        return Ok("ok");
    }
    let text = format!("{name} step of {RUN_ID} failed");
    Err(Failure::new(ErrorKind::VerificationFailed, text))
}

impl Steps {
    /// A line for each step that was taken.
    pub(super) fn lines(&self) -> Vec<String> {
        [
            ("a5_replay", self.replay_status, String::new()),
            ("a6_diff", self.diff_status, String::new()),
            ("a7_pack", self.pack_status, format!(" path={}", self.pack_path)),
        ]
        .into_iter()
        .filter(|(_, status, _)| !status.is_empty())
        .map(|(name, status, more)| format!("{name}={status}{more}"))
        .collect()
    }
}
