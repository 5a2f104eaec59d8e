//! `gait keys init`: a first key pair.

use super::{Existing, OUT_DIR, PREFIX, create, required};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::{CommandSpec, Flag};

pub(crate) const SPEC: CommandSpec = CommandSpec::new("keys init", "Create an Ed25519 key pair")
    .explain("Writes a new private and public key file, so that records can be signed here and verified elsewhere.")
    .flags(&[OUT_DIR, PREFIX, Flag::switch("force", "replace existing key files")]);

pub(crate) fn run(parsed: &Parsed, _: &Context<'_>) -> CommandResult {
    let directory = required("out-dir", parsed.text("out-dir"))?;
    let prefix = required("prefix", parsed.text("prefix"))?;
    create(
        directory,
        prefix,
        if parsed.flag("force") {
            Existing::Replace
        } else {
            Existing::Refuse
        },
    )
}
