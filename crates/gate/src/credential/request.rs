//! From a call to what a broker is asked for.

use gait_artifact::{credential::CredentialRequest, intent::Intent, text};
use gait_canon::Digest;

use super::{IssueError, answer::lower_unique};

/// What a deployment asks for instead of, or beside, what the rules say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BrokerOverrides {
    /// Takes the place of the rules' reference, unless blank.
    pub reference: String,
    /// Asked for beside the rules' scopes.
    pub scopes: Vec<String>,
}

/// What to ask a broker for on behalf of the call that `intent` describes.
///
/// `reference` and `scopes` are those of the matched rules. The answer will be bound to the targets of the call.
pub fn request_for(
    intent: &Intent,
    reference: &str,
    scopes: &[String],
    overrides: &BrokerOverrides,
) -> Result<CredentialRequest, IssueError> {
    let context = intent.context();
    let target_binding = Digest::of_canonical(intent.targets()).map_err(|_| IssueError::Request)?;
    let overriding = text::trim(&overrides.reference);
    let asked = scopes.iter().chain(&overrides.scopes).map(String::as_str);
    Ok(CredentialRequest {
        tool_name: intent.tool_name().to_owned(),
        identity: context.identity.clone(),
        workspace: context.workspace.clone(),
        session_id: context.session_id.clone(),
        request_id: context.request_id.clone(),
        run_id: context.run_id.clone(),
        job_id: context.job_id.clone(),
        reference: if overriding.is_empty() {
            reference
        } else {
            overriding
        }
        .to_owned(),
        scope: lower_unique(&text::list(asked)),
        target_binding: target_binding.to_string(),
    })
}

#[cfg(test)]
mod tests {
    use gait_artifact::intent::IntentRequest;

    use super::*;

    fn intent() -> Intent {
        let text = br#"{"schema_id":"gait.gate.intent_request","schema_version":"1.0.0",
            "created_at":"2026-02-18T00:00:00Z","producer_version":"1.0.0-test","tool_name":"tool.write",
            "args":{"path":"/srv/data/out.txt"},
            "targets":[{"kind":"path","value":"/srv/data/out.txt","operation":"write"}],
            "context":{"identity":"agent.alice","workspace":"/srv/data","risk_class":"low","session_id":"sess-1",
            "run_id":"run-1","job_id":"job-1","request_id":"req-1"}}"#;
        IntentRequest::read(text).unwrap().normalize().unwrap()
    }

    fn scopes(items: &[&str]) -> Vec<String> {
        items.iter().map(|&item| item.to_owned()).collect()
    }

    #[test]
    fn requests_have_a_stable_digest() {
        let none = BrokerOverrides::default();
        let request = request_for(&intent(), "vault-write", &scopes(&["export", "write"]), &none).unwrap();
        assert_eq!(
            request.target_binding,
            "57199e104f1d3cf78ce6ac25e14e7f084042732a6b4b12422a9679727bf4badb"
        );
        assert_eq!(
            request.digest().unwrap().to_string(),
            "ddda3fc9037661d8f92bfdb26560b67cc1f5ced27c72825cebadd701981c0790"
        );
    }

    #[test]
    fn overrides_replace_the_reference_and_add_scopes() {
        let overrides = BrokerOverrides {
            reference: " other ref ".to_owned(),
            scopes: scopes(&["zeta", " Alpha", "", "write"]),
        };
        let request = request_for(
            &intent(),
            "vault-write",
            &scopes(&["export", "write"]),
            &overrides,
        )
        .unwrap();
        assert_eq!(request.reference, "other ref");
        assert_eq!(request.scope, ["alpha", "export", "write", "zeta"]);
        let blank = BrokerOverrides {
            reference: " ".to_owned(),
            scopes: Vec::new(),
        };
        assert_eq!(
            request_for(&intent(), "rule", &[], &blank).unwrap().reference,
            "rule"
        );
    }
}
