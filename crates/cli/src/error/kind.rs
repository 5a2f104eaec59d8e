//! Kinds of failure, and what follows from each.

use gait_artifact::Verdict;

/// What kind of failure an error is. The kind decides everything that is not text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorKind {
    /// The arguments, an input file or a setting cannot be used as they are.
    InvalidInput,
    /// An artifact, a signature or a token does not hold.
    VerificationFailed,
    /// Policy says no.
    PolicyBlocked,
    /// Policy asks for an approval that is not there.
    ApprovalRequired,
    /// A regression test failed.
    RegressFailed,
    /// Something outside the program is missing.
    DependencyMissing,
    /// Work with side effects that was not explicitly allowed.
    UnsafeOperation,
    /// The operating system refused to read or write state.
    Io,
    /// Another process holds the state.
    StateContention,
    /// The network failed in a way that may pass.
    NetworkTransient,
    /// The network failed in a way that will not pass.
    NetworkPermanent,
    /// The program, or a process it started, failed.
    Internal,
}

/// The exit code of success.
pub const EXIT_OK: u8 = 0;

impl ErrorKind {
    /// Every kind, by exit code.
    pub const ALL: [Self; 12] = [
        Self::Internal,
        Self::Io,
        Self::StateContention,
        Self::NetworkTransient,
        Self::NetworkPermanent,
        Self::VerificationFailed,
        Self::PolicyBlocked,
        Self::ApprovalRequired,
        Self::RegressFailed,
        Self::InvalidInput,
        Self::DependencyMissing,
        Self::UnsafeOperation,
    ];

    /// The process's exit code.
    #[must_use]
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Internal
            | Self::Io
            | Self::StateContention
            | Self::NetworkTransient
            | Self::NetworkPermanent => 1,
            Self::VerificationFailed => 2,
            Self::PolicyBlocked => 3,
            Self::ApprovalRequired => 4,
            Self::RegressFailed => 5,
            Self::InvalidInput => 6,
            Self::DependencyMissing => 7,
            Self::UnsafeOperation => 8,
        }
    }

    /// `error_code` of JSON errors.
    #[must_use]
    pub const fn error_code(self) -> &'static str {
        match self {
            Self::Internal
            | Self::Io
            | Self::StateContention
            | Self::NetworkTransient
            | Self::NetworkPermanent => "internal_failure",
            Self::VerificationFailed => "verification_failed",
            Self::PolicyBlocked => "policy_blocked",
            Self::ApprovalRequired => "approval_required",
            Self::RegressFailed => "regress_failed",
            Self::InvalidInput => "invalid_input",
            Self::DependencyMissing => "dependency_missing",
            Self::UnsafeOperation => "unsafe_operation",
        }
    }

    /// `error_category` of JSON errors. Callers rely on its following from the exit code, so the finer kinds of exit
    /// code 1 show in [`cause`](Self::cause) instead.
    #[must_use]
    pub const fn error_category(self) -> &'static str {
        match self {
            Self::RegressFailed | Self::UnsafeOperation => "internal_failure",
            _ => self.error_code(),
        }
    }

    /// `cause` of JSON errors: what lies behind `internal_failure`, where that is known.
    #[must_use]
    pub const fn cause(self) -> Option<&'static str> {
        match self {
            Self::Io => Some("io_failure"),
            Self::StateContention => Some("state_contention"),
            Self::NetworkTransient => Some("network_transient"),
            Self::NetworkPermanent => Some("network_permanent"),
            _ => None,
        }
    }

    /// `cause_retryable` of JSON errors: whether the same command may succeed later.
    #[must_use]
    pub const fn cause_retryable(self) -> bool {
        matches!(self, Self::StateContention | Self::NetworkTransient)
    }

    /// What to do about it, unless the error knows better.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        match self {
            Self::InvalidInput => "compare the arguments with --help, and the input file with its schema",
            Self::VerificationFailed => "check where the artifact comes from, then verify it again",
            Self::PolicyBlocked => "read the reason codes, then change the policy or the intent",
            Self::ApprovalRequired => "get an approval for this intent and pass its token",
            Self::DependencyMissing => "install or configure what is missing",
            Self::UnsafeOperation => {
                "pass the flags that allow side effects only for a replay someone approved"
            }
            Self::StateContention => "another process holds the state; try again when it is done",
            Self::NetworkTransient => "try again later",
            Self::RegressFailed | Self::Io | Self::NetworkPermanent | Self::Internal => {
                "look at the environment and the logs, then try again"
            }
        }
    }

    /// The category that the exit code of a finished command stands for, in telemetry.
    #[must_use]
    pub const fn category_of_exit(exit: u8) -> &'static str {
        match exit {
            0 => "none",
            2 => Self::VerificationFailed.error_category(),
            3 => Self::PolicyBlocked.error_category(),
            4 => Self::ApprovalRequired.error_category(),
            6 => Self::InvalidInput.error_category(),
            7 => Self::DependencyMissing.error_category(),
            _ => Self::Internal.error_category(),
        }
    }
}

/// The exit code that tells a verdict to a caller that reads nothing else: success alone means that a call may go on as
/// it was answered.
#[must_use]
pub const fn exit_code_of(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allow | Verdict::DryRun => EXIT_OK,
        Verdict::RequireApproval => ErrorKind::ApprovalRequired.exit_code(),
        Verdict::Block => ErrorKind::PolicyBlocked.exit_code(),
    }
}
