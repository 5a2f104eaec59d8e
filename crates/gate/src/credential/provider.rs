//! Receipts of well-known credential providers, as a broker program may pass them on.

use gait_artifact::{Timestamp, credential::CredentialRequest, text};
use gait_canon::json::{self, Value};
use serde::Deserialize;

use super::{
    CredentialAnswer, IssueError,
    secret::{is_secret, looks_like_secret},
};

/// A provider whose receipts are understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provider {
    AwsSts,
    GithubOidc,
    VaultDynamic,
    GcpSts,
    AzureFederated,
    OktaCyberark,
    Command,
    File,
}

impl Provider {
    /// The provider that `answer` names, if it names a known one.
    pub(super) fn of(answer: &Value) -> Option<Self> {
        match text::trim_lower(answer.get("provider")?.as_str()?).as_str() {
            "aws" | "aws_sts" | "sts" => Some(Self::AwsSts),
            "github" | "github_oidc" | "oidc" => Some(Self::GithubOidc),
            "vault" | "vault_dynamic" => Some(Self::VaultDynamic),
            "gcp" | "gcp_sts" => Some(Self::GcpSts),
            "azure" | "azure_federated" => Some(Self::AzureFederated),
            "okta" | "cyberark" | "okta_cyberark" => Some(Self::OktaCyberark),
            "command" => Some(Self::Command),
            "file" => Some(Self::File),
            _ => None,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::AwsSts => "aws_sts",
            Self::GithubOidc => "github_oidc",
            Self::VaultDynamic => "vault_dynamic",
            Self::GcpSts => "gcp_sts",
            Self::AzureFederated => "azure_federated",
            Self::OktaCyberark => "okta_cyberark",
            Self::Command => "command",
            Self::File => "file",
        }
    }

    const fn issuer(self) -> &'static str {
        match self {
            Self::AwsSts => "sts.amazonaws.com",
            Self::GithubOidc => "token.actions.githubusercontent.com",
            Self::VaultDynamic => "vault",
            Self::GcpSts => "sts.googleapis.com",
            Self::AzureFederated => "login.microsoftonline.com",
            Self::OktaCyberark => "okta-cyberark",
            Self::Command => "command",
            Self::File => "file",
        }
    }

    /// Reads `receipt` as this provider's and makes an answer of it.
    pub(super) fn read(
        self,
        receipt: &Value,
        request: &CredentialRequest,
    ) -> Result<CredentialAnswer, IssueError> {
        let receipt: Receipt =
            json::from_value(receipt).map_err(|_| IssueError::Answer("provider receipt is malformed"))?;
        receipt.check_secrets()?;
        receipt.into_answer(self, request)
    }
}

/// A receipt; absent members are blank.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Receipt {
    source: String,
    access_type: String,
    issuer: String,
    subject: String,
    owner: String,
    scope: Vec<String>,
    credential_ref: String,
    target_binding: String,
    run_binding: String,
    job_binding: String,
    request_digest: String,
    issued_at: String,
    expires_at: String,
    ttl_seconds: i64,
    assumed_role_arn: String,
    session_arn: String,
    repository: String,
    workflow_ref: String,
    lease_id: String,
    principal: String,
    workload_identity_provider: String,
    service_principal_id: String,
    federated_credential_id: String,
    broker_session_id: String,
}

impl Receipt {
    /// Refuses what looks like a credential, in the members that an answer is checked for only once they are part of
    /// its reference.
    fn check_secrets(&self) -> Result<(), IssueError> {
        let references = [
            &self.credential_ref,
            &self.session_arn,
            &self.lease_id,
            &self.federated_credential_id,
            &self.broker_session_id,
        ];
        let names = [
            &self.assumed_role_arn,
            &self.repository,
            &self.workflow_ref,
            &self.principal,
            &self.workload_identity_provider,
            &self.service_principal_id,
        ];
        let found = references.into_iter().any(|text| looks_like_secret(text))
            || names.into_iter().any(|text| is_secret(text));
        if found { Err(IssueError::Secret) } else { Ok(()) }
    }

    /// What `provider` calls the credential when the receipt does not name a reference.
    fn reference(&self, provider: Provider) -> Option<String> {
        let given = |text: &str| Some(text::trim(text).to_owned()).filter(|text| !text.is_empty());
        let with = |first: &str, second: &str| {
            given(first)
                .map(|first| given(second).map_or(first.clone(), |second| format!("{first}:{second}")))
        };
        let identifier = match provider {
            Provider::AwsSts => given(&self.assumed_role_arn).or_else(|| given(&self.session_arn)),
            Provider::GithubOidc => with(&self.repository, &self.workflow_ref),
            Provider::VaultDynamic => given(&self.lease_id),
            Provider::GcpSts => given(&self.principal).or_else(|| given(&self.workload_identity_provider)),
            Provider::AzureFederated => with(&self.service_principal_id, &self.federated_credential_id),
            Provider::OktaCyberark => given(&self.broker_session_id),
            Provider::Command | Provider::File => None,
        };
        identifier.map(|identifier| format!("{}:{identifier}", provider.as_str()))
    }

    fn into_answer(
        self,
        provider: Provider,
        request: &CredentialRequest,
    ) -> Result<CredentialAnswer, IssueError> {
        let or = |given: String, default: &str| {
            if text::is_blank(&given) {
                default.to_owned()
            } else {
                given
            }
        };
        let derived = self.reference(provider).unwrap_or_default();
        let credential_ref = or(self.credential_ref, &derived);
        if text::is_blank(&credential_ref) {
            return Err(IssueError::Answer("provider receipt names no credential"));
        }
        let mut answer = CredentialAnswer {
            issued_by: provider.as_str().to_owned(),
            source: or(self.source, provider.as_str()),
            access_type: or(self.access_type, "jit"),
            issuer: or(self.issuer, provider.issuer()),
            subject: or(self.subject, &request.identity),
            owner: or(self.owner, &request.identity),
            scope: self.scope,
            credential_ref,
            target_binding: self.target_binding,
            run_binding: self.run_binding,
            job_binding: self.job_binding,
            request_digest: self.request_digest,
            issued_at: instant(&self.issued_at)?,
            expires_at: instant(&self.expires_at)?,
            ttl_seconds: self.ttl_seconds,
        };
        answer.bind_to(request);
        Ok(answer)
    }
}

/// A time of a receipt; unset when blank.
fn instant(text: &str) -> Result<Timestamp, IssueError> {
    match text::trim(text) {
        "" => Ok(Timestamp::ZERO),
        text => text
            .parse()
            .map_err(|_| IssueError::Answer("provider receipt has an invalid time")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CredentialAnswer, IssueError> {
        let value = json::parse(text.as_bytes()).unwrap();
        let request = CredentialRequest {
            identity: "alice".to_owned(),
            run_id: "run-1".to_owned(),
            scope: vec!["write".to_owned()],
            ..CredentialRequest::default()
        };
        Provider::of(&value).unwrap().read(&value, &request)
    }

    #[test]
    fn every_provider_names_its_credential() {
        for (receipt, reference, issuer) in [
            (
                r#"{"provider":"aws","assumed_role_arn":"arn:r"}"#,
                "aws_sts:arn:r",
                "sts.amazonaws.com",
            ),
            (
                r#"{"provider":" STS ","session_arn":"arn:s"}"#,
                "aws_sts:arn:s",
                "sts.amazonaws.com",
            ),
            (
                r#"{"provider":"github","repository":"o/r"}"#,
                "github_oidc:o/r",
                "token.actions.githubusercontent.com",
            ),
            (
                r#"{"provider":"oidc","repository":"o/r","workflow_ref":"w"}"#,
                "github_oidc:o/r:w",
                "token.actions.githubusercontent.com",
            ),
            (
                r#"{"provider":"vault","lease_id":"l/1"}"#,
                "vault_dynamic:l/1",
                "vault",
            ),
            (
                r#"{"provider":"gcp","principal":"p"}"#,
                "gcp_sts:p",
                "sts.googleapis.com",
            ),
            (
                r#"{"provider":"gcp_sts","workload_identity_provider":"w"}"#,
                "gcp_sts:w",
                "sts.googleapis.com",
            ),
            (
                r#"{"provider":"azure","service_principal_id":"s","federated_credential_id":"f"}"#,
                "azure_federated:s:f",
                "login.microsoftonline.com",
            ),
            (
                r#"{"provider":"cyberark","broker_session_id":"b"}"#,
                "okta_cyberark:b",
                "okta-cyberark",
            ),
            (
                r#"{"provider":"file","credential_ref":"file:x","issuer":"i"}"#,
                "file:x",
                "i",
            ),
        ] {
            let answer = read(receipt).unwrap();
            assert_eq!(
                (answer.credential_ref.as_str(), answer.issuer.as_str()),
                (reference, issuer),
                "{receipt}"
            );
            assert_eq!(
                (answer.access_type.as_str(), answer.subject.as_str()),
                ("jit", "alice")
            );
            assert_eq!(
                (answer.scope.as_slice(), answer.run_binding.as_str()),
                (&["write".to_owned()][..], "run-1")
            );
        }
    }

    #[test]
    fn given_members_win() {
        let answer = read(
            r#"{"provider":"aws","credential_ref":"ref:1","source":"x","access_type":"y","owner":"o","scope":["a"],
            "issued_at":"2026-01-01T00:00:00Z","ttl_seconds":60,"unknown":{}}"#,
        )
        .unwrap();
        assert_eq!(
            (answer.credential_ref.as_str(), answer.issued_by.as_str()),
            ("ref:1", "aws_sts")
        );
        assert_eq!(
            (
                answer.source.as_str(),
                answer.access_type.as_str(),
                answer.owner.as_str()
            ),
            ("x", "y", "o")
        );
        assert_eq!((answer.scope, answer.ttl_seconds), (vec!["a".to_owned()], 60));
    }

    #[test]
    fn unusable_receipts_are_refused() {
        for receipt in [
            r#"{"provider":"aws"}"#,
            r#"{"provider":"github","workflow_ref":"x"}"#,
            r#"{"provider":"azure","federated_credential_id":"x"}"#,
            r#"{"provider":"command"}"#,
            r#"{"provider":"aws","assumed_role_arn":5}"#,
            r#"{"provider":"aws","assumed_role_arn":"a","issued_at":"soon"}"#,
        ] {
            assert!(matches!(read(receipt), Err(IssueError::Answer(_))), "{receipt}");
        }
        for receipt in [
            r#"{"provider":"vault","lease_id":"ghp_abc"}"#,
            r#"{"provider":"file","credential_ref":"ref:AKIAABCDEF"}"#,
            r#"{"provider":"okta","broker_session_id":"sk-123"}"#,
            r#"{"provider":"azure","service_principal_id":"sp","federated_credential_id":"github_pat_1"}"#,
            r#"{"provider":"gcp","principal":"ghp_0123456789abcdefghij"}"#,
        ] {
            assert!(matches!(read(receipt), Err(IssueError::Secret)), "{receipt}");
        }
    }

    #[test]
    fn other_answers_are_no_receipts() {
        for text in [
            r#"{"provider":"corp"}"#,
            r#"{"provider":1}"#,
            r#"{"provider":" "}"#,
            "{}",
            "[]",
        ] {
            assert_eq!(
                Provider::of(&json::parse(text.as_bytes()).unwrap()),
                None,
                "{text}"
            );
        }
    }
}
