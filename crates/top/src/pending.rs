//! The calls that wait for people.

use std::collections::HashSet;

use gait_approval::{Details, Queue, QueueError, RequestId};
use gait_artifact::Timestamp;

/// Requests that are shown.
const MAX_SHOWN: usize = 256;

/// Looks at a queue again and again.
#[derive(Debug)]
pub struct PendingCalls {
    queue: Queue,
    /// Requests that nothing will change: they are many, and need not be read again.
    over: HashSet<RequestId>,
}

/// The calls that wait at one instant.
#[derive(Debug, Default)]
pub struct Waiting {
    /// Requests that are open, or approved and not used yet; those that end first come first.
    pub requests: Vec<Details>,
    /// How many can't be read.
    pub unreadable: usize,
}

impl PendingCalls {
    /// Looks at `queue`.
    #[must_use]
    pub fn new(queue: Queue) -> Self {
        Self {
            queue,
            over: HashSet::new(),
        }
    }

    /// The calls that wait at `now`. Changes nothing.
    pub fn look(&mut self, now: Timestamp) -> Result<Waiting, QueueError> {
        let ids = self.queue.ids()?;
        self.over.retain(|id| ids.binary_search(id).is_ok());
        let mut waiting = Waiting::default();
        for id in ids {
            if self.over.contains(&id) {
                continue;
            }
            match self.queue.look(&id, now) {
                Ok(entry) if entry.status.is_final() => _ = self.over.insert(id),
                Ok(entry) => waiting.requests.push(Details::of(&entry, false)),
                // Forgotten since, or not made yet.
                Err(QueueError::Unknown(_)) => {}
                Err(_) => waiting.unreadable += 1,
            }
        }
        waiting.requests.sort_by(|one, other| {
            (one.expires_at, &one.request_id).cmp(&(other.expires_at, &other.request_id))
        });
        waiting.requests.truncate(MAX_SHOWN);
        Ok(waiting)
    }
}

/// What it takes to settle a request, in a few words.
#[must_use]
pub fn needed(details: &Details) -> String {
    if details.status == "approved" {
        return format!("approved by {}, not used yet", details.approvers.join(", "));
    }
    let missing = details.required_approvals.saturating_sub(details.approvers.len());
    let noun = if missing == 1 { "approval" } else { "approvals" };
    match (details.required_approvals, details.distinct_approvers) {
        (0 | 1, _) => format!("needs {missing} {noun}"),
        (all, false) => format!("needs {missing} of {all} approvals"),
        (all, true) => format!("needs {missing} of {all} different approvers"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use gait_approval::{Consent, Objection, PendingCall, QueueSettings};
    use gait_artifact::intent::IntentRequest;
    use gait_canon::{Digest, PrivateKey};

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + second, 0)
    }

    fn call(path: &str, required: usize, distinct: bool) -> PendingCall {
        let text = format!(
            r#"{{"tool_name": "fs.delete", "args": {{}},
            "targets": [{{"kind": "path", "value": "{path}", "operation": "delete", "destructive": true}}],
            "context": {{"identity": "agent", "workspace": "/w", "risk_class": "high"}}}}"#
        );
        PendingCall {
            intent: IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap(),
            policy_digest: Digest::of(b"policy"),
            principal: "agent".to_owned(),
            server: "files".to_owned(),
            required_approvals: required,
            distinct_approvers: distinct,
            reason_codes: vec!["destructive".to_owned()],
            trace_id: "trace".to_owned(),
            approval_key: PrivateKey::from_seed(&[1; 32]).public(),
        }
    }

    /// What waits, and what it needs.
    fn look(pending: &mut PendingCalls, second: i64) -> Vec<String> {
        let waiting = pending.look(at(second)).unwrap();
        waiting.requests.iter().map(needed).collect()
    }

    #[test]
    fn what_is_over_waits_no_more() {
        let root = tempfile::tempdir().unwrap();
        let queue = Queue::new(root.path().join("approvals"), QueueSettings::default());
        let mut pending = PendingCalls::new(queue.clone());
        assert_eq!(look(&mut pending, 0), [""; 0]);

        let denied = queue.ask(&call("/a", 1, false), at(0)).unwrap().id;
        let approved = queue.ask(&call("/b", 2, true), at(1)).unwrap().id;
        queue.ask(&call("/c", 3, false), at(2)).unwrap();
        assert_eq!(
            look(&mut pending, 3),
            [
                "needs 1 approval",
                "needs 2 of 2 different approvers",
                "needs 3 of 3 approvals"
            ]
        );
        let no = Objection {
            by: "alice".to_owned(),
            reason_code: "no".to_owned(),
        };
        queue.deny(&denied, &no, at(3)).unwrap();
        for approver in ["alice", "bob"] {
            let consent = Consent {
                approver: approver.to_owned(),
                reason_code: "CHG-1".to_owned(),
                ttl: Duration::from_secs(3600),
            };
            let key = PrivateKey::from_seed(&[1; 32]);
            queue.approve(&approved, consent, &key, "1.0.0", at(3)).unwrap();
        }
        assert_eq!(
            look(&mut pending, 4),
            ["approved by alice, bob, not used yet", "needs 3 of 3 approvals"]
        );
        // The time to decide is over.
        assert_eq!(look(&mut pending, 700), ["approved by alice, bob, not used yet"]);
        assert_eq!(pending.over.len(), 2);
    }
}
