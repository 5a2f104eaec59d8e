//! What the gateway answers itself.
//!
//! A refused call is answered as a tool's error, which a model can read and act on; errors of JSON-RPC are for messages that
//! break the protocol.

use gait_canon::json::{self, Object, Value};

use crate::approvals::{INPUT_KEY, Invitation, Question};
use crate::frame::{FrameError, RequestId};

/// A message that is no JSON (JSON-RPC 2.0 §5.1).
pub const PARSE_ERROR: i32 = -32700;
/// A message that is no valid request.
pub const INVALID_REQUEST: i32 = -32600;
/// A method that nobody here serves.
pub const METHOD_NOT_FOUND: i32 = -32601;
/// Params that are not what the method takes.
pub const INVALID_PARAMS: i32 = -32602;
/// The gateway or the server failed.
pub const INTERNAL_ERROR: i32 = -32603;

/// The request that a client shows a form.
const ELICIT: &str = "elicitation/create";
/// The member of `_meta` that tells programs what was decided.
pub const DECISION_KEY: &str = "gait/decision";

/// What was decided of a call that does not run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ruling {
    /// `allow`, `dry_run`, `require_approval` or `block`.
    pub verdict: String,
    /// Why, sorted.
    pub reason_codes: Vec<String>,
    /// The signed trace.
    pub trace_id: String,
    /// What the caller can do about it; empty where there is nothing.
    pub advice: String,
    /// The request for an approval that it is about; empty where there is none.
    pub approval_request_id: String,
}

impl Ruling {
    /// A call may run, and its tool is not what it was when that was decided.
    pub(crate) fn changed(code: &str) -> Self {
        Self {
            verdict: "block".to_owned(),
            reason_codes: vec![code.to_owned()],
            advice: "The tool changed before the call could run.".to_owned(),
            ..Self::default()
        }
    }

    /// Adds a reason.
    pub(crate) fn object(&mut self, code: &str) {
        if let Err(place) = self
            .reason_codes
            .binary_search_by(|known| known.as_str().cmp(code))
        {
            self.reason_codes.insert(place, code.to_owned());
        }
    }

    /// What a model is told.
    fn text(&self) -> String {
        let outcome = match self.verdict.as_str() {
            "dry_run" => "was only simulated (dry run): nothing was executed",
            "require_approval" => "needs an approval and was not executed",
            _ => "was blocked and not executed",
        };
        let mut sentences = vec![format!("This call {outcome}.")];
        if !self.reason_codes.is_empty() {
            sentences.push(format!("Reasons: {}.", self.reason_codes.join(", ")));
        }
        if !self.trace_id.is_empty() {
            sentences.push(format!("Trace: {}.", self.trace_id));
        }
        if !self.advice.is_empty() {
            sentences.push(self.advice.clone());
        }
        sentences.join(" ")
    }

    fn decision(&self) -> Object {
        let reasons = self.reason_codes.iter().map(|code| Value::from(code.as_str()));
        let mut decision = Object::new();
        decision.insert("verdict", self.verdict.as_str());
        decision.insert("executed", false);
        decision.insert("reason_codes", Value::Array(reasons.collect()));
        decision.insert("trace_id", self.trace_id.as_str());
        if !self.approval_request_id.is_empty() {
            decision.insert("approval_request_id", self.approval_request_id.as_str());
        }
        decision
    }
}

/// The answer to a call that does not run. `names_result_type` is for clients of the stateless era.
#[must_use]
pub fn refused(id: &RequestId, ruling: &Ruling, names_result_type: bool) -> String {
    let mut content = Object::new();
    content.insert("type", "text");
    content.insert("text", ruling.text());
    let mut meta = Object::new();
    meta.insert(DECISION_KEY, ruling.decision());
    let mut result = Object::new();
    if names_result_type {
        result.insert("resultType", "complete");
    }
    result.insert("content", Value::Array(vec![content.into()]));
    // What was simulated by order of the policy did not go wrong.
    result.insert("isError", ruling.verdict != "dry_run");
    result.insert("_meta", meta);
    message(Some(id), "result", result)
}

/// The answer to a call whose client shall show a form and come back (multi-round-trip results, MCP 2026-07-28).
#[must_use]
pub(crate) fn come_back(id: &RequestId, invitation: &Invitation) -> String {
    let mut params = Object::new();
    params.insert("mode", "form");
    for (name, value) in form(&invitation.question) {
        params.insert(name, value);
    }
    let mut request = Object::new();
    request.insert("method", ELICIT);
    request.insert("params", params);
    let mut requests = Object::new();
    requests.insert(INPUT_KEY, request);
    let mut meta = Object::new();
    meta.insert(DECISION_KEY, invitation.ruling.decision());
    let mut result = Object::new();
    result.insert("resultType", "input_required");
    result.insert("inputRequests", requests);
    result.insert("requestState", invitation.state.as_str());
    result.insert("_meta", meta);
    message(Some(id), "result", result)
}

/// The gateway's own request that a client of the era of sessions shows a form.
#[must_use]
pub(crate) fn elicitation(id: &RequestId, question: &Question) -> String {
    let mut params = Object::new();
    for (name, value) in form(question) {
        params.insert(name, value);
    }
    let mut request = Object::new();
    request.insert("jsonrpc", "2.0");
    request.insert("id", value(id));
    request.insert("method", ELICIT);
    request.insert("params", params);
    json::compact_in_order(&request.into())
}

/// Takes a request to the client back.
#[must_use]
pub(crate) fn cancelled(id: &RequestId) -> String {
    let mut params = Object::new();
    params.insert("requestId", value(id));
    params.insert("reason", "the call does not wait any more");
    notification("notifications/cancelled", params)
}

/// Tells that a call waits for an approval. `token` is the progress token as the client wrote it.
#[must_use]
pub(crate) fn still_waits(token: &str, times: u32) -> String {
    // The server may report progress of its own under the same token later, and progress only increases.
    let progress = f64::from(times) / 1_000_000.0;
    format!(
        "{{\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\",\"params\":{{\"progressToken\":{token},\
         \"progress\":{progress},\"message\":\"waiting for an approval\"}}}}"
    )
}

/// The message and the fields of a form.
fn form(question: &Question) -> [(&'static str, Value); 2] {
    let mut properties = Object::new();
    let mut schema = Object::new();
    schema.insert("type", "object");
    if question.takes_consent {
        let mut consent = Object::new();
        consent.insert("type", "boolean");
        consent.insert("title", "Approve this call");
        consent.insert("default", false);
        properties.insert("approve", consent);
        schema.insert("required", Value::Array(vec!["approve".into()]));
    }
    schema.insert("properties", properties);
    [
        ("message", question.message.as_str().into()),
        ("requestedSchema", schema.into()),
    ]
}

/// A JSON-RPC error; without an id for a message whose id could not be read.
#[must_use]
pub fn error(id: Option<&RequestId>, code: i32, text: &str) -> String {
    let mut error = Object::new();
    error.insert("code", i64::from(code));
    error.insert("message", text);
    message(id, "error", error)
}

/// The JSON-RPC code for a text that is no message.
#[must_use]
pub const fn code_of(error: &FrameError) -> i32 {
    match error {
        FrameError::Json(_) => PARSE_ERROR,
        FrameError::Params => INVALID_PARAMS,
        _ => INVALID_REQUEST,
    }
}

fn message(id: Option<&RequestId>, member: &str, body: Object) -> String {
    let mut message = Object::new();
    message.insert("jsonrpc", "2.0");
    message.insert("id", id.map_or(Value::Null, value));
    message.insert(member, body);
    json::compact_in_order(&message.into())
}

fn notification(method: &str, params: Object) -> String {
    let mut message = Object::new();
    message.insert("jsonrpc", "2.0");
    message.insert("method", method);
    message.insert("params", params);
    json::compact_in_order(&message.into())
}

fn value(id: &RequestId) -> Value {
    match id {
        RequestId::Integer(number) => Value::from(*number),
        RequestId::Text(text) => Value::from(text.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_a_tool_error_that_programs_can_read_too() {
        let ruling = Ruling {
            verdict: "block".to_owned(),
            reason_codes: vec!["a".to_owned(), "b".to_owned()],
            trace_id: "t1".to_owned(),
            ..Ruling::default()
        };
        assert_eq!(
            refused(&RequestId::Integer(7), &ruling, true),
            r#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"complete","content":[{"type":"text","text":"This call was blocked and not executed. Reasons: a, b. Trace: t1."}],"isError":true,"_meta":{"gait/decision":{"verdict":"block","executed":false,"reason_codes":["a","b"],"trace_id":"t1"}}}}"#
        );
        let simulated = Ruling {
            verdict: "dry_run".to_owned(),
            ..Ruling::default()
        };
        assert!(refused(&RequestId::Text("x".to_owned()), &simulated, false).contains(r#""isError":false"#));
    }

    #[test]
    fn clients_are_asked_in_the_manner_of_their_era() {
        let mut question = Question {
            nonce: "n".to_owned(),
            message: "m".to_owned(),
            takes_consent: false,
        };
        let id = RequestId::Integer(7);
        let invitation = Invitation {
            question: question.clone(),
            state: "s".to_owned(),
            ruling: Ruling {
                verdict: "require_approval".to_owned(),
                approval_request_id: "r".to_owned(),
                ..Ruling::default()
            },
        };
        assert_eq!(
            come_back(&id, &invitation),
            r#"{"jsonrpc":"2.0","id":7,"result":{"resultType":"input_required","inputRequests":{"gait-approval":{"method":"elicitation/create","params":{"mode":"form","message":"m","requestedSchema":{"type":"object","properties":{}}}}},"requestState":"s","_meta":{"gait/decision":{"verdict":"require_approval","executed":false,"reason_codes":[],"trace_id":"","approval_request_id":"r"}}}}"#
        );
        question.takes_consent = true;
        assert_eq!(
            elicitation(&id, &question),
            r#"{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{"message":"m","requestedSchema":{"type":"object","required":["approve"],"properties":{"approve":{"type":"boolean","title":"Approve this call","default":false}}}}}"#
        );
        assert_eq!(
            still_waits("\"t\"", 2),
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":"t","progress":0.000002,"message":"waiting for an approval"}}"#
        );
    }

    #[test]
    fn reasons_are_sorted_and_stand_once() {
        let mut ruling = Ruling::default();
        for code in ["b", "a", "c", "b"] {
            ruling.object(code);
        }
        assert_eq!(ruling.reason_codes, ["a", "b", "c"]);
    }

    #[test]
    fn errors_name_the_request_when_they_can() {
        assert_eq!(
            error(None, PARSE_ERROR, "a \"b\""),
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"a \"b\""}}"#
        );
    }
}
