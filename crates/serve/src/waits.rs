//! Which calls may have to wait for a disk, a lock or another program while they are judged.
//!
//! Most need nothing but memory and are judged where they are read. The others go to a thread that may take its time, so
//! that no connection is held up by a call of another.

use gait_artifact::policy::Policy;
use gait_mcp::boundary::Presented;
use gait_mcp::call::ToolCall;

/// Calls longer than this are read and judged elsewhere too, in bytes: reading them takes longer than changing threads.
const LONG_CALL: usize = 32 << 10;

/// Whether a call of so many bytes keeps a thread busy too long for those who wait for it.
pub(crate) const fn is_long(bytes: usize) -> bool {
    bytes > LONG_CALL
}

/// What can make calls wait whatever they say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    always: bool,
}

impl Waiting {
    /// Whether calls under `policy` wait for counters of limits, for tokens or for the broker that `has_broker` tells of.
    #[must_use]
    pub fn under(policy: &Policy, presented: &Presented, has_broker: bool) -> Self {
        let limited = policy
            .rules
            .iter()
            .any(|rule| rule.rate_limit.is_some() || rule.destructive_budget.is_some());
        let tokens = !presented.approval_tokens.is_empty() || !presented.delegation_tokens.is_empty();
        Self {
            always: limited || tokens || has_broker,
        }
    }

    /// Whether calls may wait whatever they say.
    #[must_use]
    pub const fn is_always(self) -> bool {
        self.always
    }

    /// Whether `call` may wait: it does where the boundary reads a file for it.
    pub(crate) fn may_wait(self, call: &ToolCall) -> bool {
        let context = &call.context;
        self.always || !context.job_id.is_empty() || !context.context_envelope_path.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use gait_policy::document;

    use super::*;

    fn waiting(policy: &str) -> Waiting {
        let policy = document::read(policy.as_bytes()).unwrap();
        Waiting::under(&policy, &Presented::default(), false)
    }

    #[test]
    fn calls_wait_for_what_is_not_in_memory() {
        let plain = waiting("{default_verdict: block}");
        let mut call = ToolCall::default();
        call.context.session_id = "s".to_owned();
        assert!(!plain.may_wait(&call));
        call.context.job_id = "j".to_owned();
        assert!(plain.may_wait(&call));
        let mut call = ToolCall::default();
        call.context.context_envelope_path = "e".to_owned();
        assert!(plain.may_wait(&call));
        let limited = waiting(
            "{default_verdict: block, rules: [{name: r, effect: allow, rate_limit: {requests: 1, window: minute}}]}",
        );
        assert!(limited.may_wait(&ToolCall::default()));
    }
}
