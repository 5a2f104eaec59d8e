//! `gait voice`: what an agent may promise aloud, and the evidence of what it said.

pub(crate) mod mint;
pub(crate) mod pack;
pub(crate) mod verify;

use gait_canon::json::Object;

use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "voice",
    summary: "Gate what an agent promises aloud",
    explain: "Lets an agent commit to something in a call only with a signed token of the gate, and packs the call as evidence.",
    help_succeeds: true,
};

pub(crate) const TOKEN_GROUP: GroupSpec = GroupSpec {
    path: "voice token",
    summary: "Sign and check permissions to speak",
    explain: "Signs a token when the gate allows a commitment, and checks such tokens offline before they are spoken.",
    help_succeeds: true,
};

/// What the errors of an operation carry.
fn of_operation(operation: &str) -> Object {
    let mut fields = Object::new();
    fields.insert("operation", operation);
    fields
}
