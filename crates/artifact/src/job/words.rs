//! The words that a job's records hold.

/// Declares an enum of words with its texts, both ways.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$word_doc:meta])* $word:ident = $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$word_doc])* $word,)+ }

        impl $name {
            /// Every word, in the order of their declaration.
            pub const ALL: &[Self] = &[$(Self::$word),+];
            /// The texts of [`ALL`](Self::ALL).
            pub const WORDS: &[&str] = &[$($text),+];

            /// The text records hold.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$word => $text,)+ }
            }

            /// The word that `text` is exactly, if it is one.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|word| word.as_str() == text)
            }
        }
    };
}

words! {
    /// Where a job stands.
    JobStatus {
        /// It works.
        Running = "running",
        /// Somebody paused it.
        Paused = "paused",
        /// It waits for a decision.
        DecisionNeeded = "decision_needed",
        /// Something outside of it is in its way.
        Blocked = "blocked",
        /// It has done its work.
        Completed = "completed",
        /// Somebody gave it up.
        Cancelled = "cancelled",
        /// It was stopped at once and for good.
        EmergencyStopped = "emergency_stopped",
    }
}

words! {
    /// Why a job does not run.
    StopReason {
        /// It runs.
        None = "none",
        /// Paused by somebody.
        PausedByUser = "paused_by_user",
        /// A decision is needed.
        DecisionNeeded = "decision_needed",
        /// It is blocked.
        Blocked = "blocked",
        /// It is done.
        Completed = "completed",
        /// Cancelled by somebody.
        CancelledByUser = "cancelled_by_user",
        /// Stopped in an emergency.
        EmergencyStopped = "emergency_stopped",
        /// Reserved; no program writes it.
        EnvFingerprintMismatch = "env_fingerprint_mismatch",
    }
}

words! {
    /// What brought a job into its status.
    StatusReason {
        /// It was submitted.
        Submitted = "submitted",
        /// It was paused.
        Paused = "paused",
        /// A checkpoint asked for a decision.
        DecisionNeeded = "decision_needed",
        /// A checkpoint said that it is blocked.
        Blocked = "blocked",
        /// A checkpoint said that it is done.
        Completed = "completed",
        /// An approval was recorded; the status stayed.
        ApprovalRecorded = "approval_recorded",
        /// It was resumed as it was.
        Resumed = "resumed",
        /// It was resumed under another policy.
        ResumedWithPolicyTransition = "resumed_with_policy_transition",
        /// It was resumed in another environment.
        ResumedWithEnvOverride = "resumed_with_env_override",
        /// It was resumed in another environment and under another policy.
        ResumedWithEnvOverridePolicyTransition = "resumed_with_env_override_policy_transition",
        /// An emergency stop took effect.
        EmergencyStopPreempted = "emergency_stop_preempted",
        /// It was cancelled.
        Cancelled = "cancelled",
    }
}

words! {
    /// What a checkpoint says about the job.
    CheckpointType {
        /// What it is going to do.
        Plan = "plan",
        /// What it has done so far.
        Progress = "progress",
        /// That somebody has to decide.
        DecisionNeeded = "decision-needed",
        /// That it can't go on.
        Blocked = "blocked",
        /// That it is done.
        Completed = "completed",
    }
}

impl CheckpointType {
    /// The `reason_code` of such a checkpoint.
    #[must_use]
    pub const fn reason_code(self) -> &'static str {
        match self {
            Self::Plan => "checkpoint_plan",
            Self::Progress => "checkpoint_progress",
            Self::DecisionNeeded => "checkpoint_decision_needed",
            Self::Blocked => "checkpoint_blocked",
            Self::Completed => "checkpoint_completed",
        }
    }
}

words! {
    /// What happened to a job.
    JobEventType {
        /// It began.
        Submitted = "submitted",
        /// It left a checkpoint.
        CheckpointAdded = "checkpoint_added",
        /// It was paused.
        Paused = "paused",
        /// Somebody approved what it asked for.
        Approved = "approved",
        /// It goes on.
        Resumed = "resumed",
        /// It was given up.
        Cancelled = "cancelled",
        /// An emergency stop took effect.
        EmergencyStopAcknowledged = "emergency_stop_acknowledged",
        /// A call of the stopped job was refused at the tool boundary.
        DispatchBlocked = "dispatch_blocked",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_exact() {
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::parse(status.as_str()), Some(*status));
        }
        assert_eq!(JobStatus::parse("Running"), None);
        assert_eq!(CheckpointType::parse("decision_needed"), None);
        assert_eq!(
            CheckpointType::parse("decision-needed"),
            Some(CheckpointType::DecisionNeeded)
        );
    }
}
