//! Arguments whose judged form says less than what is sent.
//!
//! An intent has texts and names without blanks at both ends, and its digest has numbers as doubles (RFC 8785), in which
//! `9007199254740993` is `9007199254740992`. The server gets what the client sent. So that an approval, which is one of a
//! digest, is good for no other call, such intents carry the digest of the arguments as they were sent.

use gait_artifact::text::trim;
use gait_canon::Digest;
use gait_canon::json::{self, Object, Value};

/// The member of the intent's `auth_context` with that digest.
pub(super) const ARGUMENTS_DIGEST: &str = "arguments_digest";
/// Digits of an integer that every double keeps.
const KEPT_DIGITS: usize = 15;

/// SHA-256 over `arguments` with sorted members, where their judged form says less.
pub(super) fn digest(arguments: &Object) -> Option<Digest> {
    let loses = members(arguments);
    loses.then(|| Digest::of(json::compact(&Value::from(arguments.clone())).as_bytes()))
}

fn members(object: &Object) -> bool {
    object
        .iter()
        .any(|(name, value)| is_blank_at_an_end(name) || is_lost(value))
}

/// Whether the judged form of a value says less.
fn is_lost(value: &Value) -> bool {
    match value {
        Value::String(text) => is_blank_at_an_end(text),
        Value::Number(number) => {
            let text = number.as_str();
            let is_integer = !text.contains(['.', 'e', 'E']);
            is_integer
                && text.len() > KEPT_DIGITS
                && number
                    .as_f64()
                    .is_none_or(|double| format!("{double:.0}") != text)
        }
        Value::Array(items) => items.iter().any(is_lost),
        Value::Object(object) => members(object),
        Value::Null | Value::Bool(_) => false,
    }
}

fn is_blank_at_an_end(text: &str) -> bool {
    trim(text).len() < text.len()
}

#[cfg(test)]
mod tests {
    use gait_artifact::mcp::McpServer;
    use gait_gate::profile::Profile;

    use crate::call::{Caller, Wanted};
    use crate::frame;

    /// The digest that approvals of a call with these arguments are bound to.
    fn digest(arguments: &str) -> String {
        let params = format!("{{\"name\":\"t\",\"arguments\":{arguments}}}");
        let document = frame::read(params.as_bytes()).unwrap();
        let wanted = Wanted::read(Some(document.root())).unwrap();
        let call = wanted.to_call(&McpServer::default(), None, &Caller::default(), Vec::new());
        let request = call.into_request(Profile::Standard).unwrap();
        request.normalize().unwrap().digest().to_string()
    }

    #[test]
    fn calls_that_differ_have_digests_that_differ() {
        for (one, other) in [
            (r#"{"to":9007199254740992}"#, r#"{"to":9007199254740993}"#),
            (r#"{"to":[123456789012345678]}"#, r#"{"to":[123456789012345679]}"#),
            (r#"{"a":{"b":"x"}}"#, r#"{"a":{"b":"x "}}"#),
            (r#"{"a":"\n"}"#, r#"{"a":""}"#),
            (r#"{"a":1}"#, r#"{" a":1}"#),
        ] {
            assert_ne!(digest(one), digest(other), "{one} {other}");
        }
    }

    #[test]
    fn calls_that_say_the_same_have_one_digest() {
        for (one, other) in [
            (r#"{"a":1.0,"b":2}"#, r#"{ "b":2, "a":1 }"#),
            (
                r#"{"a":"x ","b":[18014398509481985]}"#,
                r#"{"b":[18014398509481985],"a":"x\u0020"}"#,
            ),
            (r#"{"a":9007199254740992}"#, r#"{"a":9.007199254740992e15}"#),
        ] {
            assert_eq!(digest(one), digest(other), "{one} {other}");
        }
    }
}
