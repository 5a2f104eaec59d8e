//! The environment broker: a credential is there when its variable is.
//!
//! The variable holds the secret itself, for the program that makes the call. What leaves this module is the
//! variable's name, a fingerprint, and what further variables say about the credential.

use gait_artifact::{Timestamp, credential::CredentialRequest, text};

use super::{
    CredentialAnswer, CredentialBroker, DEFAULT_ENVIRONMENT_PREFIX, Environment, IssueError, secret::Secret,
};

/// A broker that looks for secrets in environment variables.
pub(super) struct EnvironmentBroker {
    prefix: String,
    environment: Environment,
}

impl EnvironmentBroker {
    pub(super) fn new(prefix: &str, environment: Environment) -> Self {
        let prefix = if text::is_blank(prefix) {
            DEFAULT_ENVIRONMENT_PREFIX
        } else {
            text::trim(prefix)
        };
        Self {
            prefix: prefix.to_owned(),
            environment,
        }
    }

    /// The trimmed value of the variable `name` with `suffix`, or `default` when it is blank.
    fn described(&self, name: &str, suffix: &str, default: &str) -> String {
        let value = (self.environment)(&format!("{name}{suffix}")).unwrap_or_default();
        let value = text::trim(&value);
        if value.is_empty() {
            default.to_owned()
        } else {
            value.to_owned()
        }
    }

    /// The instant in the variable `name` with `suffix`; unset when it holds none.
    fn instant(&self, name: &str, suffix: &str) -> Timestamp {
        self.described(name, suffix, "")
            .parse()
            .unwrap_or(Timestamp::ZERO)
    }
}

impl CredentialBroker for EnvironmentBroker {
    fn name(&self) -> &'static str {
        "env"
    }

    fn answer(&self, request: &CredentialRequest, _now: Timestamp) -> Result<CredentialAnswer, IssueError> {
        let asked_for = if text::is_blank(&request.reference) {
            &request.tool_name
        } else {
            &request.reference
        };
        let name = format!("{}{}", self.prefix, variable_key(asked_for));
        let secret = (self.environment)(&name)
            .and_then(Secret::new)
            .ok_or_else(|| IssueError::NotSet(name.clone()))?;
        let scope = self.described(&name, "_SCOPE", "");
        let ttl = self.described(&name, "_TTL_SECONDS", "").parse().unwrap_or(0);
        let mut answer = CredentialAnswer {
            issued_by: "env".to_owned(),
            source: self.described(&name, "_SOURCE", "env"),
            access_type: self.described(&name, "_ACCESS_TYPE", "unknown"),
            issuer: self.described(&name, "_ISSUER", "env"),
            subject: self.described(&name, "_SUBJECT", &request.identity),
            owner: self.described(&name, "_OWNER", &request.identity),
            scope: scope
                .split(',')
                .map(text::trim)
                .filter(|item| !item.is_empty())
                .map(str::to_owned)
                .collect(),
            credential_ref: format!("env:{name}:{}", secret.fingerprint()),
            target_binding: self.described(&name, "_TARGET_BINDING", ""),
            run_binding: self.described(&name, "_RUN_BINDING", ""),
            job_binding: self.described(&name, "_JOB_BINDING", ""),
            request_digest: String::new(),
            issued_at: self.instant(&name, "_ISSUED_AT"),
            expires_at: self.instant(&name, "_EXPIRES_AT"),
            ttl_seconds: i64::max(ttl, 0),
        };
        answer.bind_to(request);
        Ok(answer)
    }
}

/// The part of a variable's name that stands for `reference`: upper case, everything else one `_`.
fn variable_key(reference: &str) -> String {
    let upper = text::trim(reference)
        .to_ascii_uppercase()
        .replace(['.', '-'], "_");
    let mut key = String::with_capacity(upper.len());
    let mut replaced = false;
    for letter in upper.chars() {
        let is_kept = letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
        if is_kept {
            key.push(letter);
        } else if !replaced {
            key.push('_');
        }
        replaced = !is_kept;
    }
    let key = key.trim_matches('_');
    if key.is_empty() {
        "DEFAULT".to_owned()
    } else {
        key.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeMap, sync::Arc};

    use super::*;
    use crate::credential::{EvidenceHeader, evidence, issue};

    fn broker(prefix: &str, variables: &[(&str, &str)]) -> EnvironmentBroker {
        let variables: BTreeMap<String, String> = variables
            .iter()
            .map(|&(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        EnvironmentBroker::new(prefix, Arc::new(move |name| variables.get(name).cloned()))
    }

    fn request(reference: &str) -> CredentialRequest {
        CredentialRequest {
            tool_name: "tool.write".to_owned(),
            identity: "alice".to_owned(),
            reference: reference.to_owned(),
            scope: vec!["write".to_owned()],
            run_id: "run-1".to_owned(),
            ..CredentialRequest::default()
        }
    }

    #[test]
    fn keys_are_made_of_references() {
        for (reference, key) in [
            ("vault-write", "VAULT_WRITE"),
            ("a.b-c/d (e)", "A_B_C_D_E"),
            ("tool.write", "TOOL_WRITE"),
            ("a--b", "A__B"),
            ("///", "DEFAULT"),
            ("", "DEFAULT"),
            ("_x_", "X"),
            ("größe", "GR_E"),
        ] {
            assert_eq!(variable_key(reference), key, "{reference}");
        }
    }

    #[test]
    fn a_missing_or_blank_variable_issues_nothing() {
        for variables in [&[][..], &[("GAIT_BROKER_TOKEN_X", " \n")]] {
            let error = issue(&broker(" ", variables), &request("x"), Timestamp::EPOCH_1980).unwrap_err();
            assert!(matches!(error, IssueError::NotSet(name) if name == "GAIT_BROKER_TOKEN_X"));
        }
    }

    #[test]
    fn what_is_known_of_the_credential_is_in_further_variables() {
        let broker = broker(
            " MY_ ",
            &[
                ("MY_X", "v"),
                ("MY_X_SOURCE", " AWS_STS "),
                ("MY_X_ACCESS_TYPE", "JIT"),
                ("MY_X_ISSUER", "sts"),
                ("MY_X_SUBJECT", "subject"),
                ("MY_X_SCOPE", "B, ,a"),
                ("MY_X_ISSUED_AT", "1980-01-01T01:00:00+01:00"),
                ("MY_X_EXPIRES_AT", "1980-01-01T00:10:00Z"),
                ("MY_X_TTL_SECONDS", "soon"),
            ],
        );
        let issued = issue(&broker, &request("x"), Timestamp::EPOCH_1980).unwrap();
        assert_eq!(
            (issued.source.as_str(), issued.access_type.as_str()),
            ("aws_sts", "jit")
        );
        assert_eq!(
            (
                issued.issuer.as_str(),
                issued.subject.as_str(),
                issued.owner.as_str()
            ),
            ("sts", "subject", "alice")
        );
        assert_eq!(issued.scope, ["b", "a"]);
        assert_eq!(issued.ttl_seconds, 600);
        assert_eq!(issued.run_binding, "run-1");
    }

    #[test]
    fn the_secret_never_leaves() {
        const SECRET: &str = "s3cr3t-value";
        let broker = broker("", &[("GAIT_BROKER_TOKEN_TOOL_WRITE", SECRET)]);
        let request = request("");
        let issued = issue(&broker, &request, Timestamp::EPOCH_1980).unwrap();
        assert_eq!(
            issued.credential_ref,
            "env:GAIT_BROKER_TOKEN_TOOL_WRITE:1f3fa74b1208842a"
        );
        let header = EvidenceHeader {
            created_at: Timestamp::EPOCH_1980,
            producer_version: "1",
            trace_id: "t",
        };
        let record = evidence(&request, &issued, &header);
        let written = gait_canon::json::pretty(&record).unwrap();
        for text in [written, format!("{issued:?}"), format!("{record:?}")] {
            assert!(!text.contains(SECRET), "{text}");
        }
    }
}
