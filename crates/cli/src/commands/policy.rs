//! `gait policy`: write, check, format and try out policies.

pub(crate) mod facts;
pub(crate) mod fmt;
pub(crate) mod init;
pub(crate) mod simulate;
pub(crate) mod test;
pub(crate) mod validate;

use crate::arguments::Parsed;
use crate::error::Failure;
use crate::spec::GroupSpec;

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "policy",
    summary: "Write, check, format and try out policies",
    explain: "Policies decide what tool calls may do; these commands create, check, format, test and compare them.",
    help_succeeds: true,
};

/// The only positional argument of a command that takes one, written in usage as `form`.
fn only_argument<'a>(parsed: &'a Parsed, form: &str) -> Result<&'a str, Failure> {
    match parsed.positionals() {
        [argument] => Ok(argument),
        _ => Err(Failure::invalid_input(format!("expected {form}"))),
    }
}
