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

fn context(call: CallContext, profile: Profile) -> Result<Context, CallError> {
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
    let auth_context = auth_context(&call)?;
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
fn auth_context(call: &CallContext) -> Result<Object, CallError> {
    let mut claims = call.auth_context.clone();
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
