//! What an approver is shown of a call, so that people see what they approve.

use gait_artifact::{
    Timestamp,
    intent::{Intent, Script, Target},
    printable::printable,
};
use gait_canon::json::{self, Object, Value};
use serde::Serialize;

use crate::{
    queue::Entry,
    request::{Request, RequestId},
    status::Status,
};

/// The most bytes of arguments that are shown unless all are asked for.
pub const SHOWN_BYTES: usize = 4096;
/// The most targets that are shown unless all are asked for.
const SHOWN_TARGETS: usize = 32;

/// A request in words. Every text is printable: what a reader would not see is escaped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Details {
    /// The request.
    pub request_id: RequestId,
    /// Where it stands; see [`Status::name`].
    pub status: &'static str,
    /// The reason code of that.
    pub status_code: &'static str,
    /// The tool, `script` for a script.
    pub tool_name: String,
    /// The server; empty where there is none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub server: String,
    /// Who calls, as established.
    pub principal: String,
    /// Who calls, as the call says.
    pub identity: String,
    /// Where.
    pub workspace: String,
    /// How risky the call is.
    pub risk_class: String,
    /// What the call acts on, one line each.
    pub targets: Vec<String>,
    /// How many targets are not shown.
    #[serde(skip_serializing_if = "json::is_default")]
    pub targets_hidden: usize,
    /// The arguments as JSON, or the steps of a script; only their beginning when they are long.
    pub arguments: String,
    /// How many bytes the JSON has.
    pub arguments_bytes: usize,
    /// How many of those are not shown.
    #[serde(skip_serializing_if = "json::is_default")]
    pub arguments_hidden_bytes: usize,
    /// Why an approval is wanted.
    pub reason_codes: Vec<String>,
    /// The trace of the decision.
    pub trace_id: String,
    /// Digest of the call.
    pub intent_digest: String,
    /// Digest of the policy.
    pub policy_digest: String,
    /// Digest of the delegation that the call claims; empty when it claims none.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub delegation_digest: String,
    /// What an approval covers.
    pub scope: Vec<String>,
    /// How many approvals it takes.
    pub required_approvals: usize,
    /// Whether they must come from different approvers.
    pub distinct_approvers: bool,
    /// Names the key that they must be signed by.
    pub approval_key_id: String,
    /// Who approved so far, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub approvers: Vec<String>,
    /// Who denied it or took it back.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub closed_by: String,
    /// Why.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub closed_because: String,
    /// When it was asked.
    pub created_at: Timestamp,
    /// When the time to decide is over.
    pub expires_at: Timestamp,
}

impl Details {
    /// The details of `entry`, all of them or so much as fits a screen.
    #[must_use]
    pub fn of(entry: &Entry, all: bool) -> Self {
        let Entry {
            request,
            status,
            approvals,
        } = entry;
        let intent = request.intent();
        let context = intent.context();
        let arguments = arguments(intent);
        let arguments_bytes = arguments.len();
        let shown = if all {
            arguments.as_str()
        } else {
            beginning(&arguments, SHOWN_BYTES)
        };
        let most = if all { usize::MAX } else { SHOWN_TARGETS };
        let targets: Vec<_> = intent.targets().iter().take(most).map(target_line).collect();
        let terms = request.terms();
        let mut approvers: Vec<_> = approvals
            .iter()
            .map(|token| text(&token.approver_identity))
            .collect();
        approvers.sort_unstable();
        let (closed_by, closed_because) = match status {
            Status::Denied(closing) | Status::Withdrawn(closing) => {
                (text(&closing.by), text(&closing.reason_code))
            }
            _ => (String::new(), String::new()),
        };
        Self {
            request_id: request.id().clone(),
            status: status.name(),
            status_code: status.reason_code(),
            tool_name: text(intent.tool_name()),
            server: text(request.server()),
            principal: text(request.principal()),
            identity: text(&context.identity),
            workspace: text(&context.workspace),
            risk_class: text(&context.risk_class),
            targets_hidden: intent.targets().len() - targets.len(),
            targets,
            arguments_hidden_bytes: arguments_bytes - shown.len(),
            arguments: text(shown),
            arguments_bytes,
            reason_codes: request.reason_codes().iter().map(|code| text(code)).collect(),
            trace_id: text(request.trace_id()),
            intent_digest: intent.digest().to_string(),
            policy_digest: request.policy_digest().to_string(),
            delegation_digest: terms
                .delegation_digest
                .map(|digest| digest.to_string())
                .unwrap_or_default(),
            scope: terms.required_scopes.iter().map(|scope| text(scope)).collect(),
            required_approvals: request.required_approvals(),
            distinct_approvers: request.distinct_approvers(),
            approval_key_id: request.approval_key().key_id().to_string(),
            approvers,
            closed_by,
            closed_because,
            created_at: request.created_at(),
            expires_at: request.expires_at(),
        }
    }

    /// One line that says what would run.
    #[must_use]
    pub fn headline(&self) -> String {
        let server = if self.server.is_empty() {
            String::new()
        } else {
            format!(" on {}", self.server)
        };
        let first = self.targets.first().map(|target| format!(" {target}"));
        let more = self.targets.len().saturating_sub(1) + self.targets_hidden;
        let more = if more == 0 {
            String::new()
        } else {
            format!(" and {more} more")
        };
        format!(
            "{}{server} for {}:{}{more}",
            self.tool_name,
            self.principal,
            first.unwrap_or_else(|| format!(" {}", beginning(&self.arguments, 120)))
        )
    }
}

impl Request {
    /// The arguments, or the steps of a script, as one line of canonical JSON. Not printable yet.
    #[must_use]
    pub fn arguments_json(&self) -> String {
        arguments(self.intent())
    }
}

fn arguments(intent: &Intent) -> String {
    json::compact(&match intent.script() {
        None => Value::from(intent.args().clone()),
        Some(script) => steps(script, intent.args()),
    })
}

fn steps(script: &Script, args: &Object) -> Value {
    let steps = script.steps.iter().map(|step| {
        let mut object = Object::new();
        object.insert("tool_name", step.tool_name.as_str());
        object.insert("args", step.args.clone());
        Value::from(object)
    });
    let mut object = Object::new();
    if !args.is_empty() {
        object.insert("args", args.clone());
    }
    object.insert("steps", Value::Array(steps.collect()));
    object.into()
}

fn target_line(target: &Target) -> String {
    let mut line = format!("{} {}", target.kind, target.value);
    for part in [&target.operation, &target.endpoint_class, &target.sensitivity] {
        if !part.is_empty() {
            line += " ";
            line += part;
        }
    }
    if target.destructive {
        line += " (destructive)";
    }
    text(&line)
}

fn text(raw: &str) -> String {
    printable(raw).into_owned()
}

/// As much of the beginning of `text` as fits `most` bytes.
fn beginning(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use gait_artifact::intent::IntentRequest;
    use gait_canon::{Digest, PrivateKey};

    use super::*;
    use crate::{PendingCall, Queue, QueueSettings};

    fn entry(call: &str) -> Entry {
        let root = tempfile::tempdir().unwrap();
        let queue = Queue::new(root.path(), QueueSettings::default());
        let now = Timestamp::from_unix(1_800_000_000, 0);
        let call = PendingCall {
            intent: IntentRequest::read(call.as_bytes()).unwrap().normalize().unwrap(),
            policy_digest: Digest::of(b"policy"),
            principal: "agent".to_owned(),
            server: String::new(),
            required_approvals: 1,
            distinct_approvers: false,
            reason_codes: vec!["why".to_owned()],
            trace_id: "t".to_owned(),
            approval_key: PrivateKey::from_seed(&[1; 32]).public(),
        };
        let id = queue.ask(&call, now).unwrap().id;
        queue.look(&id, now).unwrap()
    }

    fn call(args: &str, rest: &str) -> String {
        format!(
            r#"{{"tool_name": "fs.write", "args": {args}, {rest}
            "context": {{"identity": "agent", "workspace": "/w", "risk_class": "high"}}}}"#
        )
    }

    #[test]
    fn what_would_deceive_is_made_visible() {
        let args = r#"{"path": "a\u202etxt.sh", "note": "x\u001b[2J\u200b"}"#;
        let targets = r#""targets": [{"kind": "path", "value": "a\u202etxt.sh", "operation": "write"}],"#;
        let details = Details::of(&entry(&call(args, targets)), false);
        assert_eq!(
            details.arguments,
            r#"{"note":"x\u001b[2J\u{200b}","path":"a\u{202e}txt.sh"}"#
        );
        assert!(details.targets[0].starts_with(r"path a\u{202e}txt.sh write"));
        assert!(details.headline().starts_with("fs.write for agent: path a"));
    }

    #[test]
    fn long_arguments_are_cut_and_said_to_be() {
        let args = format!(r#"{{"text": "{}"}}"#, "é".repeat(4000));
        let entry = entry(&call(&args, ""));
        let short = Details::of(&entry, false);
        assert_eq!(short.arguments.len() + short.arguments_hidden_bytes, 8011);
        assert!(short.arguments.len() <= SHOWN_BYTES);
        let long = Details::of(&entry, true);
        assert_eq!((long.arguments.len(), long.arguments_hidden_bytes), (8011, 0));
    }

    #[test]
    fn scripts_show_their_steps() {
        let script =
            r#""script": {"steps": [{"tool_name": "a", "args": {"x": 1}}, {"tool_name": "b", "args": {}}]},"#;
        let details = Details::of(&entry(&call("{}", script)), false);
        assert_eq!(
            details.arguments,
            r#"{"steps":[{"args":{"x":1},"tool_name":"a"},{"args":{},"tool_name":"b"}]}"#
        );
    }
}
