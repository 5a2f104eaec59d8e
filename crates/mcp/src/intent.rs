//! From a tool call to the intent its author would have written by hand.

use gait_artifact::{
    Timestamp,
    intent::{ArgProvenance, Context, Delegation, IntentRequest, SCHEMA_ID, SCHEMA_VERSION, Script, Target},
    text::{is_blank, trim, trim_in_place},
};
use gait_canon::json::{self, Object, Value};
use gait_gate::profile::Profile;

use crate::call::{CallContext, ToolCall};

/// The identity of a caller that names none.
const FALLBACK_IDENTITY: &str = "mcp-proxy";
/// The workspace of a caller that names none.
const FALLBACK_WORKSPACE: &str = ".";
/// The risk class of a call that names none.
pub const FALLBACK_RISK_CLASS: &str = "high";
/// The tool an intent with several steps names.
const SCRIPT_TOOL: &str = "script";
/// The version in the intents of calls, the same from every program, because digests cover the whole intent.
const PRODUCER_VERSION: &str = "0.0.0-dev";

/// Why a call makes no intent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// It names no tool and has no steps.
    #[error("tool call name is required")]
    NameRequired,
    /// A step names no tool.
    #[error("script.steps[{0}].name is required")]
    StepNameRequired(usize),
    /// The profile demands what the call doesn't say.
    #[error("context.{0} is required in strict profile")]
    ContextRequired(&'static str),
    /// The OAuth evidence has no JSON form.
    #[error("context.oauth_evidence: {0}")]
    Evidence(#[source] json::Error),
}

impl ToolCall {
    /// The intent of this call: texts trimmed, and what the call doesn't say of its caller filled in.
    ///
    /// Nothing is judged yet: normalising the request checks its members.
    pub fn into_request(mut self, profile: Profile) -> Result<IntentRequest, CallError> {
        let (tool_name, args, script) = self.take_action()?;
        Ok(IntentRequest {
            schema_id: SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: self
                .created_at
                .unwrap_or(Timestamp::ZERO)
                .or(Timestamp::EPOCH_1980)
                .to_utc(),
            producer_version: PRODUCER_VERSION.to_owned(),
            tool_name,
            args,
            script,
            targets: trimmed(self.targets, trim_target),
            arg_provenance: trimmed(self.arg_provenance, trim_provenance),
            delegation: self.delegation.map(trim_delegation),
            context: context(self.context, profile)?,
            ..IntentRequest::default()
        })
    }

    /// The tool, its arguments and its steps; a script has no arguments of its own.
    fn take_action(&mut self) -> Result<(String, Object, Option<Script>), CallError> {
        let Some(mut script) = self.script.take() else {
            let name = std::mem::take(&mut self.name);
            return if is_blank(&name) {
                Err(CallError::NameRequired)
            } else {
                Ok((own_trimmed(name), std::mem::take(&mut self.args), None))
            };
        };
        for (index, step) in script.steps.iter_mut().enumerate() {
            trim_in_place(&mut step.tool_name);
            if step.tool_name.is_empty() {
                return Err(CallError::StepNameRequired(index));
            }
            step.targets.iter_mut().for_each(trim_target);
            step.arg_provenance.iter_mut().for_each(trim_provenance);
        }
        Ok((SCRIPT_TOOL.to_owned(), Object::new(), Some(script)))
    }
}

fn context(mut call: CallContext, profile: Profile) -> Result<Context, CallError> {
    if profile == Profile::OssProd {
        let demanded = [
            ("identity", &call.identity),
            ("workspace", &call.workspace),
            ("session_id", &call.session_id),
        ];
        if let Some((member, _)) = demanded.into_iter().find(|(_, text)| is_blank(text)) {
            return Err(CallError::ContextRequired(member));
        }
    }
    let auth_context = take_auth_context(&mut call)?;
    Ok(Context {
        identity: or_fallback(call.identity, FALLBACK_IDENTITY),
        workspace: or_fallback(call.workspace, FALLBACK_WORKSPACE),
        risk_class: or_fallback(call.risk_class, FALLBACK_RISK_CLASS),
        phase: own_trimmed(call.phase),
        job_id: own_trimmed(call.job_id),
        session_id: own_trimmed(call.session_id),
        request_id: own_trimmed(call.request_id),
        workflow_id: own_trimmed(call.workflow_id),
        agent_id: own_trimmed(call.agent_id),
        agent_identity: call.agent_identity,
        repo: own_trimmed(call.repo),
        environment: own_trimmed(call.environment),
        auth_context,
        credential_scopes: call.credential_scopes,
        approval_ref: own_trimmed(call.approval_ref),
        sandbox: call.sandbox,
        environment_fingerprint: own_trimmed(call.environment_fingerprint),
        ..Context::default()
    })
}

/// The claims of the authentication layer, with what the call says of it beside them.
fn take_auth_context(call: &mut CallContext) -> Result<Object, CallError> {
    let mut claims = std::mem::take(&mut call.auth_context);
    let mode = trim(&call.auth_mode);
    if !mode.is_empty() {
        claims.insert("auth_mode", mode);
    }
    if let Some(evidence) = &call.oauth_evidence {
        let evidence: Value = json::to_value(evidence).map_err(CallError::Evidence)?;
        claims.insert("oauth_evidence", evidence);
    }
    Ok(claims)
}

fn or_fallback(text: String, fallback: &str) -> String {
    if is_blank(&text) {
        fallback.to_owned()
    } else {
        own_trimmed(text)
    }
}

fn own_trimmed(mut text: String) -> String {
    trim_in_place(&mut text);
    text
}

fn trimmed<T>(mut items: Vec<T>, trim: impl FnMut(&mut T)) -> Vec<T> {
    items.iter_mut().for_each(trim);
    items
}

fn trim_target(target: &mut Target) {
    for text in [
        &mut target.kind,
        &mut target.value,
        &mut target.operation,
        &mut target.sensitivity,
        &mut target.discovery_method,
    ] {
        trim_in_place(text);
    }
}

fn trim_provenance(provenance: &mut ArgProvenance) {
    for text in [
        &mut provenance.arg_path,
        &mut provenance.source,
        &mut provenance.source_ref,
        &mut provenance.integrity_digest,
    ] {
        trim_in_place(text);
    }
}

fn trim_delegation(mut delegation: Delegation) -> Delegation {
    trim_in_place(&mut delegation.requester_identity);
    trim_in_place(&mut delegation.scope_class);
    for link in &mut delegation.chain {
        for text in [
            &mut link.delegator_identity,
            &mut link.delegate_identity,
            &mut link.scope_class,
            &mut link.token_ref,
        ] {
            trim_in_place(text);
        }
    }
    delegation
}

#[cfg(test)]
mod tests {
    use gait_artifact::intent::{DelegationLink, ScriptStep};

    use super::*;
    use crate::{adapter::Adapter, call::OAuthEvidence};

    fn request(payload: &str) -> Result<IntentRequest, CallError> {
        let call = Adapter::Mcp.decode(payload.as_bytes()).unwrap();
        call.into_request(Profile::Standard)
    }

    #[test]
    fn a_call_is_the_intent_its_author_would_write() {
        let call = request(
            r#"{"name": " fs.write ", "args": {"path": "/srv/x"}, "targets": [{"kind": " path ", "value": " /srv/x ",
                "operation": " write ", "sensitivity": " pii "}], "arg_provenance": [{"arg_path": " $.path ",
                "source": " user ", "source_ref": " m "}], "delegation": {"requester_identity": " a ", "token_refs": [" t "],
                "chain": [{"delegator_identity": " l ", "delegate_identity": " a "}]}, "created_at": "2026-03-01T02:00:00+02:00",
                "context": {"identity": " a ", "workspace": " /srv ", "risk_class": " low ", "session_id": " s ", "run_id": "r",
                "auth_mode": " oauth ", "oauth_evidence": {"issuer": "i", "subject": ""}, "auth_context": {"k": 1}}}"#,
        );
        let by_hand = IntentRequest::read(
            br#"{"schema_id": "gait.gate.intent_request", "schema_version": "1.0.0", "created_at": "2026-03-01T00:00:00Z",
                "producer_version": "0.0.0-dev", "tool_name": "fs.write", "args": {"path": "/srv/x"},
                "targets": [{"kind": "path", "value": "/srv/x", "operation": "write", "sensitivity": "pii"}],
                "arg_provenance": [{"arg_path": "$.path", "source": "user", "source_ref": "m"}],
                "delegation": {"requester_identity": "a", "token_refs": [" t "],
                "chain": [{"delegator_identity": "l", "delegate_identity": "a"}]},
                "context": {"identity": "a", "workspace": "/srv", "risk_class": "low", "session_id": "s",
                "auth_context": {"k": 1, "auth_mode": "oauth", "oauth_evidence": {"issuer": "i"}}}}"#,
        );
        assert_eq!(call.unwrap(), by_hand.unwrap());
    }

    #[test]
    fn what_a_call_does_not_say_is_filled_in() {
        for payload in [
            r#"{"name": "t"}"#,
            r#"{"name": "t", "created_at": "0001-01-01T00:00:00Z", "context": {"identity": " "}}"#,
        ] {
            let request = request(payload).unwrap();
            assert_eq!(request.created_at, Timestamp::EPOCH_1980);
            let context = &request.context;
            assert_eq!(
                (
                    context.identity.as_str(),
                    context.workspace.as_str(),
                    context.risk_class.as_str()
                ),
                ("mcp-proxy", ".", "high")
            );
        }
    }

    #[test]
    fn a_script_has_its_steps_and_no_arguments() {
        let script = request(
            r#"{"name": "t", "args": {"a": 1}, "target": "h", "script": {"steps": [{"name": " a "}, {"name": "b", "args": {"x": 1}}]}}"#,
        )
        .unwrap();
        assert_eq!((script.tool_name.as_str(), script.args.len()), ("script", 0));
        assert_eq!(script.targets.len(), 1);
        let names: Vec<_> = script
            .script
            .iter()
            .flat_map(|script| &script.steps)
            .map(|step| step.tool_name.as_str())
            .collect();
        assert_eq!(names, ["a", "b"]);
        for (payload, error) in [
            (
                r#"{"script": {"steps": [{"name": "a"}, {"name": " "}]}}"#,
                CallError::StepNameRequired(1),
            ),
            (r#"{"script": {"steps": []}}"#, CallError::NameRequired),
            (r#"{"name": "  "}"#, CallError::NameRequired),
            ("null", CallError::NameRequired),
        ] {
            assert_eq!(request(payload), Err(error), "{payload}");
        }
    }

    #[test]
    fn production_demands_to_know_the_caller() {
        for (context, answer) in [
            (r#"{"workspace": "/w", "session_id": "s"}"#, Some("identity")),
            (
                r#"{"identity": "a", "workspace": " ", "session_id": "s"}"#,
                Some("workspace"),
            ),
            (r#"{"identity": "a", "workspace": "/w"}"#, Some("session_id")),
            (r#"{"identity": "a", "workspace": "/w", "session_id": "s"}"#, None),
        ] {
            let payload = format!(r#"{{"name": "t", "context": {context}}}"#);
            let call = Adapter::Mcp.decode(payload.as_bytes()).unwrap();
            assert_eq!(call.context.uses_fallback(), answer.is_some());
            let error = call.into_request(Profile::OssProd).err();
            assert_eq!(error, answer.map(CallError::ContextRequired), "{context}");
        }
    }

    #[test]
    fn every_text_is_trimmed() {
        let blank = || " x ".to_owned();
        let call = ToolCall {
            script: Some(Script {
                steps: vec![ScriptStep {
                    tool_name: blank(),
                    targets: vec![Target {
                        kind: blank(),
                        ..Target::default()
                    }],
                    ..ScriptStep::default()
                }],
            }),
            delegation: Some(Delegation {
                scope_class: blank(),
                chain: vec![DelegationLink {
                    token_ref: blank(),
                    ..DelegationLink::default()
                }],
                ..Delegation::default()
            }),
            context: CallContext {
                oauth_evidence: Some(OAuthEvidence::default()),
                ..CallContext::default()
            },
            ..ToolCall::default()
        };
        let request = call.into_request(Profile::Standard).unwrap();
        let text = json::line(&request).unwrap();
        assert!(!text.contains(" x"), "{text}");
        assert!(text.contains(r#""oauth_evidence":{}"#), "{text}");
    }
}
