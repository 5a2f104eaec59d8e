//! From how the child ended and what its traces say to the wrapper's own exit code.

use gait_artifact::Verdict;
use gait_gate::child::Ending;

use super::Mode;
use super::evidence::Evidence;
use crate::error::{EXIT_OK, ErrorKind};

/// The child's exit code as it is reported: -1 when it had none.
pub(super) const fn exit_code(ending: Ending) -> i64 {
    match ending {
        Ending::Exited(code) => code as i64,
        Ending::Signalled(_) | Ending::TimedOut | Ending::Interrupted => -1,
    }
}

/// What the wrapper makes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Conclusion {
    /// The wrapper cannot vouch for the child.
    Failed {
        /// The kind of failure.
        kind: ErrorKind,
        /// The machine-readable reason.
        reason: &'static str,
        /// The text.
        text: String,
    },
    /// The child ran and its traces count.
    Finished {
        /// The wrapper's exit code.
        exit: u8,
    },
}

impl Conclusion {
    /// `timeout` gives the text of the time-out the child was under.
    pub(super) fn of(
        mode: Mode,
        ending: Ending,
        evidence: &Evidence,
        timeout: impl FnOnce() -> String,
    ) -> Self {
        let failed = |kind, reason, text: &str| Self::Failed {
            kind,
            reason,
            text: text.to_owned(),
        };
        if ending == Ending::TimedOut {
            let text = format!("child command timed out after {}", timeout());
            return failed(ErrorKind::Internal, "child_timed_out", &text);
        }
        if evidence.trace_paths.is_empty() {
            const TEXT: &str =
                "the child named no trace: it must print a line trace_path=<path> for every decision";
            return failed(ErrorKind::InvalidInput, "missing_trace_reference", TEXT);
        }
        let enforced = mode == Mode::Enforce;
        if enforced && evidence.invalid {
            const TEXT: &str = "the child named a trace that cannot be trusted, and enforce fails closed";
            return failed(ErrorKind::PolicyBlocked, "invalid_trace_artifact", TEXT);
        }
        let exit = match ending {
            Ending::Exited(0) if enforced => exit_of(evidence),
            // Exit codes are eight bits wide; what is not one stands for "no code".
            Ending::Exited(code) => u8::try_from(code).unwrap_or(u8::MAX),
            Ending::Signalled(_) | Ending::TimedOut | Ending::Interrupted => u8::MAX,
        };
        Self::Finished { exit }
    }
}

/// The exit code that the verdicts ask for: the strictest one decides.
fn exit_of(evidence: &Evidence) -> u8 {
    let any = |verdict| evidence.verdicts.contains(&verdict);
    if any(Verdict::Block) || any(Verdict::DryRun) {
        ErrorKind::PolicyBlocked.exit_code()
    } else if any(Verdict::RequireApproval) {
        ErrorKind::ApprovalRequired.exit_code()
    } else {
        EXIT_OK
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(verdicts: &[Verdict], invalid: bool) -> Evidence {
        let trace_paths = verdicts.iter().map(|verdict| format!("{verdict}.json")).collect();
        Evidence {
            trace_paths,
            verdicts: verdicts.to_vec(),
            invalid,
            ..Evidence::default()
        }
    }

    #[test]
    fn the_first_matching_rule_decides() {
        use Verdict::{Allow, Block, DryRun, RequireApproval};
        let exit =
            |mode, ending, evidence: &Evidence| match Conclusion::of(mode, ending, evidence, String::new) {
                Conclusion::Failed { kind, reason, .. } => (kind.exit_code(), reason),
                Conclusion::Finished { exit } => (exit, ""),
            };
        let ok = Ending::Exited(0);
        for (mode, ending, verdicts, invalid, want) in [
            (
                Mode::Enforce,
                Ending::TimedOut,
                &[Block][..],
                false,
                (1, "child_timed_out"),
            ),
            (
                Mode::Test,
                Ending::Exited(9),
                &[],
                false,
                (6, "missing_trace_reference"),
            ),
            (
                Mode::Enforce,
                Ending::Exited(9),
                &[Allow],
                true,
                (3, "invalid_trace_artifact"),
            ),
            (Mode::Test, ok, &[Allow], true, (0, "")),
            (Mode::Enforce, Ending::Exited(9), &[Block], false, (9, "")),
            (Mode::Enforce, Ending::Signalled(9), &[Allow], false, (255, "")),
            (Mode::Enforce, ok, &[RequireApproval, Block], false, (3, "")),
            (Mode::Enforce, ok, &[DryRun], false, (3, "")),
            (Mode::Enforce, ok, &[Allow, RequireApproval], false, (4, "")),
            (Mode::Enforce, ok, &[Allow], false, (0, "")),
            (Mode::Trace, ok, &[Block], false, (0, "")),
        ] {
            assert_eq!(
                exit(mode, ending, &evidence(verdicts, invalid)),
                want,
                "{mode:?} {ending:?} {verdicts:?}"
            );
        }
    }
}
