//! Which calls may have to wait for a disk, a lock or another program while they are judged.
//!
//! Most need nothing but memory and are judged where they are read. The others go to a thread that may take its time, so
//! that no connection is held up by a call of another.

use gait_artifact::policy::Policy;
use gait_mcp::boundary::Presented;
use gait_mcp::call::ToolCall;

/// Calls longer than this are judged elsewhere too, in bytes: reading them takes longer than changing threads.
const LONG_CALL: usize = 32 << 10;

/// Members of a call that make the boundary read a file.
const NAMES_FILES: [&[u8]; 2] = [b"job_id", b"context_envelope_path"];

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

    /// Whether the call in `payload` may wait.
    pub(crate) fn may_wait(self, payload: &[u8]) -> bool {
        self.always || payload.len() > LONG_CALL || NAMES_FILES.iter().any(|name| mentions(payload, name))
    }

    /// The same of a call that was read before.
    pub(crate) fn may_wait_for(self, call: &ToolCall) -> bool {
        let context = &call.context;
        self.always || !context.job_id.is_empty() || !context.context_envelope_path.is_empty()
    }
}

/// Whether `payload` holds `name` in whatever case. Names of members are written without escapes in it.
fn mentions(payload: &[u8], name: &[u8]) -> bool {
    payload
        .windows(name.len())
        .any(|window| window.eq_ignore_ascii_case(name))
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
        assert!(!plain.may_wait(br#"{"name":"t","context":{"session_id":"s"}}"#));
        assert!(plain.may_wait(br#"{"name":"t","context":{"job_id":"j"}}"#));
        assert!(plain.may_wait(br#"{"name":"t","context":{"Job_ID":"j"}}"#));
        assert!(plain.may_wait(br#"{"name":"t","context":{"context_envelope_path":"e"}}"#));
        assert!(plain.may_wait(&vec![b' '; LONG_CALL + 1]));
        let mut read = ToolCall::default();
        assert!(!plain.may_wait_for(&read));
        read.context.job_id = "j".to_owned();
        assert!(plain.may_wait_for(&read));
        let limited = waiting(
            "{default_verdict: block, rules: [{name: r, effect: allow, rate_limit: {requests: 1, window: minute}}]}",
        );
        assert!(limited.may_wait(b"{}"));
    }
}
