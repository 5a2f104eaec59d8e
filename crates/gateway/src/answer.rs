//! What the gateway answers itself.
//!
//! A refused call is answered as a tool's error, which a model can read and act on; errors of JSON-RPC are for messages that
//! break the protocol.

use gait_canon::json::{self, Object, Value};

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
}

impl Ruling {
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
    message.insert(
        "id",
        match id {
            None => Value::Null,
            Some(RequestId::Integer(number)) => Value::from(*number),
            Some(RequestId::Text(text)) => Value::from(text.as_str()),
        },
    );
    message.insert(member, body);
    json::compact_in_order(&message.into())
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
            advice: String::new(),
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
    fn errors_name_the_request_when_they_can() {
        assert_eq!(
            error(None, PARSE_ERROR, "a \"b\""),
            r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"a \"b\""}}"#
        );
    }
}
