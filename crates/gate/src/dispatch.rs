//! The seam to whatever keeps calls of a piece of work from going out, whatever the policy says of them.

use gait_artifact::{Timestamp, intent::Intent};

/// The violation of every call that a [`DispatchGuard`] holds back.
pub const VIOLATION: &str = "emergency_stop_active";

/// Knows which calls must not go out any more.
pub trait DispatchGuard: Send + Sync {
    /// Why the call that `intent` describes must not go out at `now`; nothing when it may.
    ///
    /// It is asked once for a call that can be judged and traced, and may record that the call was held back.
    fn check(&self, intent: &Intent, now: Timestamp) -> Option<DispatchBlock>;
}

/// Why a call must not go out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DispatchBlock {
    /// The reason code.
    pub reason_code: &'static str,
    /// What the operator should know of it.
    pub warnings: Vec<String>,
}
