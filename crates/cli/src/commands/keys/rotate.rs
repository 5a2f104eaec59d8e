//! `gait keys rotate`: the next key pair, beside the old one.

use super::{Existing, OUT_DIR, PREFIX, create, required};
use crate::arguments::Parsed;
use crate::context::Context;
use crate::outcome::CommandResult;
use crate::spec::CommandSpec;

pub(crate) const SPEC: CommandSpec = CommandSpec::new("keys rotate", "Create the next key pair and keep the old one")
    .explain("Writes a new key pair with the time in its file names; old keys stay, so what they signed still verifies.")
    .label("keys init")
    .flags(&[OUT_DIR, PREFIX]);

pub(crate) fn run(parsed: &Parsed, context: &Context<'_>) -> CommandResult {
    let directory = required("out-dir", parsed.text("out-dir"))?;
    let prefix = required("prefix", parsed.text("prefix"))?;
    let stamp = context.now().whole_seconds().to_string().replace(['-', ':'], "");
    create(directory, &format!("{prefix}_{stamp}"), Existing::Refuse)
}
