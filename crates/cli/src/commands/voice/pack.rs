//! `gait voice pack`: the `gait pack` commands, for calls.

use crate::commands::gate::invocation::joined;
use crate::commands::pack::{build, diff, inspect, verify};
use crate::spec::{CommandSpec, Flag, GroupSpec};

pub(crate) const GROUP: GroupSpec = GroupSpec {
    path: "voice pack",
    summary: "Pack calls as evidence",
    explain: "Builds, verifies, inspects and compares packs of voice calls.",
    help_succeeds: true,
};

/// The flags of `pack build`, which packs a call here unless it is told otherwise.
const BUILD_FLAGS: [Flag; build::SPEC.flags.len()] = {
    let mut flags: [Flag; build::SPEC.flags.len()] = joined(&[build::SPEC.flags]);
    flags[TYPE] = flags[TYPE].or("call");
    flags
};

/// Where `--type` stands among them.
const TYPE: usize = 0;

pub(crate) const BUILD: CommandSpec = CommandSpec {
    path: "voice pack build",
    summary: "Pack a call with everything that proves it",
    flags: &BUILD_FLAGS,
    ..build::SPEC
}
.positionals("<call record>")
.label(build::SPEC.path);

pub(crate) const VERIFY: CommandSpec = CommandSpec {
    path: "voice pack verify",
    ..verify::SPEC
}
.label(verify::SPEC.path);

pub(crate) const INSPECT: CommandSpec = CommandSpec {
    path: "voice pack inspect",
    ..inspect::SPEC
}
.label(inspect::SPEC.path);

pub(crate) const DIFF: CommandSpec = CommandSpec {
    path: "voice pack diff",
    ..diff::SPEC
}
.label(diff::SPEC.path);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_packed_unless_told_otherwise() {
        assert_eq!(BUILD.flag("type").map(|flag| flag.default), Some("call"));
        for (own, original) in BUILD.flags.iter().zip(build::SPEC.flags) {
            assert_eq!(own.name, original.name);
            assert_eq!(
                own.default == original.default,
                own.name != "type",
                "{}",
                own.name
            );
        }
    }
}
