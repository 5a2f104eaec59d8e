//! `gait job checkpoint`: the marks a job leaves on its way.

pub(crate) mod add;
pub(crate) mod list;
pub(crate) mod show;

use gait_artifact::job::JobCheckpoint;

use super::store;
use crate::arguments::Parsed;
use crate::error::Failure;
use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "job checkpoint",
    summary: "Add and read the checkpoints of a job",
    explain: "Checkpoints say how far a job has come, what it needs decided and when it is done.",
    help_succeeds: true,
};

/// The checkpoints of the job of `--id`, by their ids.
fn sorted(parsed: &Parsed) -> Result<Vec<JobCheckpoint>, Failure> {
    let mut checkpoints = store(parsed).read(parsed.text("id"))?.checkpoints;
    checkpoints.sort_by(|left, right| left.checkpoint_id.cmp(&right.checkpoint_id));
    Ok(checkpoints)
}
