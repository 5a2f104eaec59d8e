//! `gait run`: what an agent did, as a file that anyone can verify.

pub(crate) mod diff;
pub(crate) mod inspect;
pub(crate) mod receipt;
pub(crate) mod record;
pub(crate) mod reduce;
pub(crate) mod replay;
pub(crate) mod session;

use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "run",
    summary: "Record, inspect, replay and compare runs",
    explain: "Keeps what an agent did in one run as a runpack, a file that can be verified, replayed and compared offline.",
    help_succeeds: false,
};
