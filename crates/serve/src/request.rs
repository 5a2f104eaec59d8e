//! The body of a request for a decision.

use gait_canon::json::{self, ErrorKind, Object, Reader, Value};
use serde::Deserialize;

use crate::refusal::Refusal;

/// A request for a decision: the tool call, and what to do around it.
///
/// Members that are `null` count as absent; keys match whatever their case; unknown keys are refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EvaluateRequest {
    /// The tool call, in the shape that the adapter reads.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub(crate) call: Vec<u8>,
    /// The adapter that reads the call; the service's own by default.
    pub(crate) adapter: String,
    /// Names the run that the call belongs to.
    pub(crate) run_id: String,
    /// Names the session that the decision is journalled in, before the one that the call names.
    pub(crate) session_id: String,
    /// The session's journal. Only where clients may name files.
    pub(crate) session_journal: String,
    /// Where the trace goes. Only where clients may name files.
    pub(crate) trace_path: String,
    /// Where a runpack of the decision goes. Only where clients may name files.
    pub(crate) runpack_out: String,
    /// Where a pack of the decision goes. Only where clients may name files.
    pub(crate) pack_out: String,
    /// Makes a checkpoint of the session every so many events; none when it is not positive.
    pub(crate) checkpoint_interval: i64,
    /// Makes a runpack of the decision in the service's directory.
    pub(crate) emit_runpack: bool,
    /// Makes a pack of the decision in the service's directory.
    pub(crate) emit_pack: bool,
}

impl EvaluateRequest {
    /// Reads a whole body.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let value = Reader::new()
            .max_bytes(usize::MAX)
            .parse(body)
            .map_err(undecodable)?;
        let members = match value {
            Value::Object(members) => members,
            Value::Null => Object::new(),
            _ => return Err(Refusal::Unusable("decode request: expected an object".to_owned())),
        };
        let mut members = folded(members)?;
        let call = match members.remove("call") {
            Some(Value::Object(call)) if !call.is_empty() => json::compact(&Value::Object(call)),
            None | Some(Value::Null | Value::Object(_)) => String::new(),
            Some(_) => {
                return Err(Refusal::Unusable(
                    "decode request: call: expected an object".to_owned(),
                ));
            }
        };
        let mut request: Self = json::from_value(&Value::Object(members)).map_err(undecodable)?;
        if call.is_empty() {
            return Err(Refusal::Unusable("request.call is required".to_owned()));
        }
        request.call = call.into_bytes();
        Ok(request)
    }
}

/// Why the first bytes of a body that is longer than the service takes are refused: for their length, unless they are no
/// JSON whatever follows.
pub(crate) fn refuse_too_long(start: &[u8]) -> Refusal {
    /// What is cut off may be the rest of an escape or of a character.
    const TORN: usize = 12;
    match Reader::new().max_bytes(usize::MAX).parse(start) {
        Ok(_) => Refusal::TooLarge,
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEnd { .. }) => Refusal::TooLarge,
        Err(error)
            if error
                .position()
                .is_some_and(|place| place.offset + TORN >= start.len()) =>
        {
            Refusal::TooLarge
        }
        Err(error) => undecodable(error),
    }
}

/// The members with keys in lower case; a member given twice, in whatever case, is refused.
fn folded(members: Object) -> Result<Object, Refusal> {
    let mut folded = Object::with_capacity(members.len());
    for (key, value) in members {
        let key = key.to_ascii_lowercase();
        if folded.contains_key(&key) {
            return Err(Refusal::Unusable(format!("decode request: {key} is given twice")));
        }
        folded.insert(key, value);
    }
    Ok(folded)
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "`map_err` hands errors over by value"
)]
fn undecodable(error: json::Error) -> Refusal {
    Refusal::Unusable(match error.kind() {
        ErrorKind::TrailingBytes => "request body must contain a single JSON object".to_owned(),
        _ => format!("decode request: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_given_is_empty() {
        let body =
            br#" {"call":{"name":"t","n":1},"run_id":null,"Emit_Pack":true,"checkpoint_interval":-3} "#;
        let request = EvaluateRequest::read(body).unwrap();
        let want = EvaluateRequest {
            call: br#"{"n":1,"name":"t"}"#.to_vec(),
            emit_pack: true,
            checkpoint_interval: -3,
            ..EvaluateRequest::default()
        };
        assert_eq!(request, want);
    }

    #[test]
    fn bodies_that_mean_nothing_or_two_things_are_refused() {
        let deep = format!("{{\"call\":{}", "[".repeat(100_000));
        for body in [
            "",
            "  ",
            "null",
            "[]",
            "\"x\"",
            "{\"call\":",
            "{}",
            r#"{"call":null}"#,
            r#"{"call":{}}"#,
            r#"{"call":[]}"#,
            r#"{"call":"x"}"#,
            r#"{"call":{"name":"t"},"bogus":1}"#,
            r#"{"call":{"name":"t"}}{}"#,
            r#"{"call":{"name":"t"}} x"#,
            r#"{"call":{"name":"t"},"run_id":1}"#,
            r#"{"call":{"name":"t"},"checkpoint_interval":"1"}"#,
            r#"{"call":{"name":"t"},"checkpoint_interval":1.5}"#,
            r#"{"call":{"name":"t"},"emit_pack":"true"}"#,
            r#"{"call":{"name":"t"},"call":{"name":"u"}}"#,
            r#"{"call":{"name":"t"},"Call":{"name":"u"}}"#,
            r#"{"call":{"name":"t","name":"u"}}"#,
            &deep,
        ] {
            assert!(EvaluateRequest::read(body.as_bytes()).is_err(), "{body:.60}");
        }
        assert!(EvaluateRequest::read(b"{\"call\":{\"name\":\"\xFF\"}}").is_err());
    }

    #[test]
    fn a_body_is_too_long_unless_it_is_no_json_anyway() {
        for start in [r#"{"call":{"na"#, r#"{"call":{}}   "#, r#"{"a":"\u12"#, ""] {
            assert_eq!(refuse_too_long(start.as_bytes()), Refusal::TooLarge, "{start}");
        }
        let broken = format!("{{\"call\": nope, {}", " ".repeat(40));
        assert_ne!(refuse_too_long(broken.as_bytes()), Refusal::TooLarge);
    }
}
