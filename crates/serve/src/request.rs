//! The body of a request for a decision.

use axum::body::Bytes;
use gait_canon::json::{self, ErrorKind, Kind, Object, Part, Reader, Value};
use serde::Deserialize;

use crate::refusal::Refusal;

/// A request for a decision: the tool call, and what to do around it.
///
/// Members that are `null` count as absent; keys match whatever their case; unknown keys are refused.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(crate) struct EvaluateRequest {
    /// The tool call as it was sent, in the shape that the adapter reads.
    #[serde(skip)]
    #[cfg_attr(feature = "schema", schemars(skip))]
    pub(crate) call: Bytes,
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
    /// Reads a whole body. The call in it is only looked at for being a JSON object.
    pub(crate) fn read(body: &Bytes) -> Result<Self, Refusal> {
        let document = Reader::new()
            .max_bytes(usize::MAX)
            .document(body)
            .map_err(undecodable)?;
        let root = document.root();
        if !matches!(root.kind(), Kind::Object | Kind::Null) {
            return Err(Refusal::Unusable("decode request: expected an object".to_owned()));
        }
        let (call, members) = sorted_out(root)?;
        let call = match call.map(|call| (call, call.kind())) {
            Some((call, Kind::Object)) if call.members().next().is_some() => body.slice(call.span()),
            None | Some((_, Kind::Null | Kind::Object)) => Bytes::new(),
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
        request.call = call;
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

/// The call and all other members, with keys in lower case; a member given twice, in whatever case, is refused.
fn sorted_out(root: Part<'_>) -> Result<(Option<Part<'_>>, Object), Refusal> {
    let (mut call, mut others) = (None, Object::new());
    for (key, value) in root.members() {
        let key = key.to_ascii_lowercase();
        let is_call = key == "call";
        if (is_call && call.is_some()) || others.contains_key(&key) {
            return Err(Refusal::Unusable(format!("decode request: {key} is given twice")));
        }
        if is_call {
            call = Some(value);
        } else {
            others.insert(key, value.to_value().map_err(undecodable)?);
        }
    }
    Ok((call, others))
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
        let body = Bytes::from_static(
            br#" {"call":{"name":"t", "n":1.50 },"run_id":null,"Emit_Pack":true,"checkpoint_interval":-3} "#,
        );
        let request = EvaluateRequest::read(&body).unwrap();
        let want = EvaluateRequest {
            call: Bytes::from_static(br#"{"name":"t", "n":1.50 }"#),
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
            let bytes = Bytes::copy_from_slice(body.as_bytes());
            assert!(EvaluateRequest::read(&bytes).is_err(), "{body:.60}");
        }
        assert!(EvaluateRequest::read(&Bytes::from_static(b"{\"call\":{\"name\":\"\xFF\"}}")).is_err());
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
