//! `gait incident`: the evidence of what happened around a run.

pub(crate) mod pack;
pub(crate) mod triage;

use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "incident",
    summary: "Gather the evidence of an incident",
    explain: "Gathers the evidence of what happened around a run, for those who look into an incident.",
    help_succeeds: true,
};
