//! What a broker answers, and how it is brought into normal form.

use std::time::Duration;

use gait_artifact::{
    Timestamp,
    credential::{CredentialRequest, IssuedCredential},
    text,
};
use serde::Deserialize;

use super::{
    CredentialBroker, IssueError,
    secret::{is_secret, looks_like_secret},
};

/// An answer as a broker gives it. What it leaves empty is filled in from the request or stays unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct CredentialAnswer {
    /// The broker.
    pub issued_by: String,
    /// Where the credential comes from.
    pub source: String,
    /// How it was granted.
    pub access_type: String,
    /// Who issued it.
    pub issuer: String,
    /// Whom it identifies.
    pub subject: String,
    /// Who owns it.
    pub owner: String,
    /// What it is good for.
    pub scope: Vec<String>,
    /// Its reference.
    pub credential_ref: String,
    /// Digest of the targets it is bound to.
    pub target_binding: String,
    /// The run it is bound to.
    pub run_binding: String,
    /// The job it is bound to.
    pub job_binding: String,
    /// Digest of the request it answers.
    pub request_digest: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
    /// Its life time in seconds.
    pub ttl_seconds: i64,
}

impl CredentialAnswer {
    /// Fills what binds the credential to the call from `request` where the answer is silent.
    pub(super) fn bind_to(&mut self, request: &CredentialRequest) {
        if self.scope.is_empty() {
            self.scope.clone_from(&request.scope);
        }
        for (own, requested) in [
            (&mut self.target_binding, &request.target_binding),
            (&mut self.run_binding, &request.run_id),
            (&mut self.job_binding, &request.job_id),
        ] {
            if text::is_blank(own) {
                own.clone_from(requested);
            }
        }
    }

    fn carries_secret(&self) -> bool {
        let names = [
            &self.issued_by,
            &self.source,
            &self.access_type,
            &self.issuer,
            &self.subject,
            &self.owner,
            &self.target_binding,
            &self.run_binding,
            &self.job_binding,
            &self.request_digest,
        ];
        looks_like_secret(&self.credential_ref)
            || names.into_iter().chain(&self.scope).any(|text| is_secret(text))
    }

    /// Brings times and life time into agreement as far as they are given.
    fn complete_times(&mut self, now: Timestamp) {
        self.issued_at = self.issued_at.to_utc();
        self.expires_at = self.expires_at.to_utc();
        if !self.expires_at.is_zero() {
            self.issued_at = self.issued_at.or(now.to_utc());
            if self.ttl_seconds == 0 {
                let between = self.expires_at.since(self.issued_at).as_secs();
                self.ttl_seconds = i64::try_from(between).unwrap_or(i64::MAX);
            }
        } else if let (false, Ok(life @ 1..)) = (self.issued_at.is_zero(), u64::try_from(self.ttl_seconds)) {
            self.expires_at = self.issued_at.saturating_add(Duration::from_secs(life));
        }
    }

    fn normalize(
        mut self,
        broker: &str,
        request: &CredentialRequest,
        now: Timestamp,
    ) -> Result<IssuedCredential, IssueError> {
        if self.carries_secret() {
            return Err(IssueError::Secret);
        }
        if text::is_blank(&self.credential_ref) {
            return Err(IssueError::Answer("no credential reference"));
        }
        if self.ttl_seconds < 0 {
            return Err(IssueError::Answer("negative life time"));
        }
        self.complete_times(now);
        if !self.expires_at.is_zero() && self.expires_at <= now {
            return Err(IssueError::Expired);
        }
        let mut request_digest = text::trim_lower(&self.request_digest);
        if request_digest.is_empty() {
            request_digest = request.digest().map_err(|_| IssueError::Request)?.to_string();
        }
        let trimmed = |text: &str| text::trim(text).to_owned();
        let or_broker = |text: String| if text.is_empty() { broker.to_owned() } else { text };
        Ok(IssuedCredential {
            issued_by: or_broker(trimmed(&self.issued_by)),
            source: or_broker(text::trim_lower(&self.source)),
            access_type: text::trim_lower(&self.access_type),
            issuer: trimmed(&self.issuer),
            subject: trimmed(&self.subject),
            owner: trimmed(&self.owner),
            scope: lower_unique(&self.scope),
            credential_ref: trimmed(&self.credential_ref),
            target_binding: trimmed(&self.target_binding),
            run_binding: trimmed(&self.run_binding),
            job_binding: trimmed(&self.job_binding),
            request_digest,
            issued_at: self.issued_at,
            expires_at: self.expires_at,
            ttl_seconds: self.ttl_seconds,
        })
    }
}

/// The credential that `broker` hands out for `request` at `now`.
///
/// Answers that are expired, without reference or with something that looks like a secret are refused.
pub fn issue(
    broker: &dyn CredentialBroker,
    request: &CredentialRequest,
    now: Timestamp,
) -> Result<IssuedCredential, IssueError> {
    broker
        .answer(request, now)?
        .normalize(broker.name(), request, now)
}

/// The items trimmed and in lower case, in their order, without blanks and repetitions.
pub(super) fn lower_unique(items: &[String]) -> Vec<String> {
    let mut unique = Vec::with_capacity(items.len());
    for item in items.iter().map(|item| text::trim_lower(item)) {
        if !item.is_empty() && !unique.contains(&item) {
            unique.push(item);
        }
    }
    unique
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn noon() -> Timestamp {
        at("2026-06-01T12:00:00Z")
    }

    fn minimal() -> CredentialAnswer {
        CredentialAnswer {
            credential_ref: "ref:1".to_owned(),
            ..CredentialAnswer::default()
        }
    }

    fn normalized(answer: CredentialAnswer) -> Result<IssuedCredential, IssueError> {
        answer.normalize("command", &CredentialRequest::default(), noon())
    }

    #[test]
    fn silence_is_ascribed_to_the_broker() {
        let issued = normalized(minimal()).unwrap();
        assert_eq!(
            (issued.issued_by.as_str(), issued.source.as_str()),
            ("command", "command")
        );
        assert_eq!(issued.issuer, "");
        assert_eq!(
            issued.request_digest,
            CredentialRequest::default().digest().unwrap().to_string()
        );
        assert!(issued.issued_at.is_zero() && issued.expires_at.is_zero());
    }

    #[test]
    fn texts_are_trimmed_and_lower_cased() {
        let answer = CredentialAnswer {
            issued_by: " Corp ".to_owned(),
            source: "Vault_Dynamic".to_owned(),
            access_type: " JIT ".to_owned(),
            scope: ["B", "a", " b ", ""].map(String::from).to_vec(),
            ..minimal()
        };
        let issued = normalized(answer).unwrap();
        assert_eq!(issued.issued_by, "Corp");
        assert_eq!(
            (issued.source.as_str(), issued.access_type.as_str()),
            ("vault_dynamic", "jit")
        );
        assert_eq!(issued.scope, ["b", "a"]);
    }

    #[test]
    fn times_and_life_time_complete_each_other() {
        let issued = normalized(CredentialAnswer {
            issued_at: at("2026-06-01T13:00:00+01:00"),
            expires_at: at("2026-06-01T12:05:00Z"),
            ..minimal()
        })
        .unwrap();
        assert_eq!(
            (issued.issued_at.to_string().as_str(), issued.ttl_seconds),
            ("2026-06-01T12:00:00Z", 300)
        );
        let issued = normalized(CredentialAnswer {
            expires_at: at("2026-06-01T12:01:00Z"),
            ..minimal()
        })
        .unwrap();
        assert_eq!((issued.issued_at, issued.ttl_seconds), (noon(), 60));
        let issued = normalized(CredentialAnswer {
            issued_at: noon(),
            ttl_seconds: 60,
            ..minimal()
        })
        .unwrap();
        assert_eq!(issued.expires_at, at("2026-06-01T12:01:00Z"));
    }

    #[test]
    fn unusable_answers_are_refused() {
        let refused = |answer| normalized(answer).unwrap_err();
        assert!(matches!(
            refused(CredentialAnswer::default()),
            IssueError::Answer(_)
        ));
        assert!(matches!(
            refused(CredentialAnswer {
                ttl_seconds: -1,
                ..minimal()
            }),
            IssueError::Answer(_)
        ));
        let ended = CredentialAnswer {
            expires_at: noon(),
            ..minimal()
        };
        assert!(matches!(refused(ended), IssueError::Expired));
        let outlived = CredentialAnswer {
            issued_at: at("2026-06-01T11:00:00Z"),
            ttl_seconds: 3600,
            ..minimal()
        };
        assert!(matches!(refused(outlived), IssueError::Expired));
    }

    #[test]
    fn no_member_may_carry_a_secret() {
        let secret = || "ghp_0123456789abcdefghij".to_owned();
        for answer in [
            CredentialAnswer {
                credential_ref: "ref:sk-1".to_owned(),
                ..minimal()
            },
            CredentialAnswer {
                subject: secret(),
                ..minimal()
            },
            CredentialAnswer {
                owner: secret(),
                ..minimal()
            },
            CredentialAnswer {
                issued_by: secret(),
                ..minimal()
            },
            CredentialAnswer {
                job_binding: secret(),
                ..minimal()
            },
            CredentialAnswer {
                scope: vec!["write".to_owned(), secret()],
                ..minimal()
            },
        ] {
            let error = normalized(answer).unwrap_err();
            assert!(matches!(error, IssueError::Secret));
            assert!(!format!("{error} {error:?}").contains("0123456789"));
        }
    }

    proptest! {
        #[test]
        fn an_issued_credential_lies_ahead(issued in 0_i64..4_000_000_000, expires in 0_i64..4_000_000_000, ttl in -10_i64..1_000_000) {
            let answer = CredentialAnswer {
                issued_at: Timestamp::from_unix(issued, 0),
                expires_at: Timestamp::from_unix(expires, 0),
                ttl_seconds: ttl,
                ..minimal()
            };
            if let Ok(credential) = normalized(answer) {
                prop_assert!(credential.expires_at > noon());
                prop_assert!(credential.ttl_seconds >= 0);
                prop_assert!(credential.longest_ttl_seconds() >= credential.ttl_seconds);
            }
        }
    }
}
