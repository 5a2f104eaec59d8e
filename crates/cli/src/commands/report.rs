//! `gait report`: what runs and traces say when they are looked at together.

pub(crate) mod top;

use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "report",
    summary: "Rank what agents did",
    explain: "Looks at many runs and traces together and says what deserves a look first.",
    help_succeeds: true,
};
