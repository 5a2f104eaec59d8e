//! `gait delegate`: tokens by which one agent lets another act for it.

pub(crate) mod mint;
pub(crate) mod verify;

use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "delegate",
    summary: "Sign and check delegation tokens",
    explain: "Signs tokens by which one agent lets another act for it, and checks such tokens offline.",
    help_succeeds: true,
};
