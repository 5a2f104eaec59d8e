//! The stub broker: answers everything, the same way every time. It protects nothing.

use std::time::Duration;

use gait_artifact::{Timestamp, credential::CredentialRequest};
use gait_canon::digest::short_id;

use super::{CredentialAnswer, CredentialBroker, IssueError};

/// How long its credentials last, in seconds.
const LIFE_SECONDS: u32 = 300;

/// A broker for tests and demonstrations.
pub(super) struct StubBroker;

impl CredentialBroker for StubBroker {
    fn name(&self) -> &'static str {
        "stub"
    }

    fn answer(&self, request: &CredentialRequest, now: Timestamp) -> Result<CredentialAnswer, IssueError> {
        let asked = [
            request.tool_name.as_str(),
            &request.identity,
            &request.workspace,
            &request.session_id,
            &request.request_id,
            &request.reference,
            &request.scope.join(","),
        ];
        let mut answer = CredentialAnswer {
            issued_by: "stub".to_owned(),
            source: "stub".to_owned(),
            access_type: "jit".to_owned(),
            issuer: "stub".to_owned(),
            subject: request.identity.clone(),
            owner: request.identity.clone(),
            credential_ref: format!("stub:{}", short_id(&asked.join("|"))),
            issued_at: now,
            expires_at: now.saturating_add(Duration::from_secs(u64::from(LIFE_SECONDS))),
            ttl_seconds: i64::from(LIFE_SECONDS),
            ..CredentialAnswer::default()
        };
        answer.bind_to(request);
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credential::issue;

    #[test]
    fn references_depend_on_the_request_alone() {
        let request = CredentialRequest {
            tool_name: "tool.write".to_owned(),
            identity: "agent.alice".to_owned(),
            workspace: "/srv/data".to_owned(),
            session_id: "sess-1".to_owned(),
            ..CredentialRequest::default()
        };
        let issued = issue(&StubBroker, &request, Timestamp::EPOCH_1980).unwrap();
        assert_eq!(issued.credential_ref, "stub:ed74d2d4e0b70cfd8907a2b9");
        assert_eq!(issued.expires_at.to_string(), "1980-01-01T00:05:00Z");
        assert_eq!((issued.ttl_seconds, issued.access_type.as_str()), (300, "jit"));
        let other = CredentialRequest {
            scope: vec!["write".to_owned()],
            ..request
        };
        assert_ne!(
            issue(&StubBroker, &other, Timestamp::EPOCH_1980)
                .unwrap()
                .credential_ref,
            issued.credential_ref
        );
    }
}
