//! What a line of a log says: a JSON object whose members are looked up under the names that gateways give them.

use gait_artifact::text;
use gait_canon::json::{self, Number, Object, Value};

use super::{GatewaySource, LineProblem, MAX_LINE_BYTES};

/// The member of Docker's objects that holds what the container printed.
const DOCKER_LOG: &str = "log";
/// The most JSON values in a line, every key counted as one. An event of a gateway has some hundred; each costs memory.
const MAX_VALUES: usize = 1 << 18;

/// The object that a line is, or holds.
pub(super) struct Event(Object);

impl Event {
    /// Reads a line that has no white space around it.
    ///
    /// Bytes and escapes that are no text become U+FFFD: what a client put into a header must not keep its request out of the
    /// record. An object that names a member twice says two things and is refused.
    pub(super) fn read(line: &[u8], source: GatewaySource) -> Result<Self, LineProblem> {
        if source == GatewaySource::Docker {
            return docker(line).map(Self);
        }
        match reader()
            .parse(line)
            .map_err(|error| LineProblem::of_json(&error))?
        {
            Value::Object(members) => Ok(Self(members)),
            Value::Null => Ok(Self(Object::new())),
            _ => Err(LineProblem::NotAnObject),
        }
    }

    /// What stands under each of `keys` that is there, in order. `a.b` is the member `b` of the object `a`.
    pub(super) fn values<'a>(&'a self, keys: &[&str]) -> impl Iterator<Item = &'a Value> {
        keys.iter().filter_map(|key| self.value(key))
    }

    /// The first of `keys` under which there is text that is not blank, trimmed.
    pub(super) fn text(&self, keys: &[&str]) -> Option<&str> {
        self.values(keys).find_map(filled)
    }

    /// The first of `keys` under which there is a number, its fraction cut off, or the decimal text of an integer.
    pub(super) fn integer(&self, keys: &[&str]) -> Option<i64> {
        self.values(keys).find_map(integer)
    }

    fn value(&self, key: &str) -> Option<&Value> {
        let mut names = key.split('.');
        let member = self.0.get(names.next()?)?;
        names.try_fold(member, |object, name| object.get(name))
    }
}

/// The text that `value` is, trimmed, unless it is blank.
pub(super) fn filled(value: &Value) -> Option<&str> {
    value.as_str().map(text::trim).filter(|text| !text.is_empty())
}

fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => truncated(number),
        Value::String(text) => text::trim(text).parse().ok(),
        _ => None,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    reason = "the fraction is to be cut, and the range was just checked"
)]
fn truncated(number: &Number) -> Option<i64> {
    const RANGE: f64 = 9_223_372_036_854_775_808.0;
    let double = number.as_f64()?;
    (-RANGE..RANGE).contains(&double).then_some(double as i64)
}

fn reader() -> json::Reader {
    json::Reader::new()
        .max_bytes(MAX_LINE_BYTES)
        .max_values(MAX_VALUES)
        .replace_invalid_text()
}

/// Docker's object around a line, or the object that the line itself is, with the members of the one around it where it
/// has none of that name. Lines that are no objects say nothing.
fn docker(line: &[u8]) -> Result<Object, LineProblem> {
    let Some(mut around) = object(line)? else {
        return Ok(Object::new());
    };
    let printed = around.get(DOCKER_LOG).and_then(Value::as_str);
    let Some(mut event) = printed.map_or(Ok(None), |printed| object(text::trim(printed).as_bytes()))? else {
        return Ok(around);
    };
    around.remove(DOCKER_LOG);
    for (name, value) in around {
        if !event.contains_key(&name) {
            event.insert(name, value);
        }
    }
    Ok(event)
}

/// The object that `printed` is, if it is one and not just any text.
///
/// An object that is ambiguous or too large is refused: to take it for text would hide what it says.
fn object(printed: &[u8]) -> Result<Option<Object>, LineProblem> {
    use json::ErrorKind::{
        ControlCharacter, InvalidEscape, InvalidUtf8, TrailingBytes, UnexpectedCharacter, UnexpectedEnd,
    };
    if !printed.starts_with(b"{") {
        return Ok(None);
    }
    match reader().parse(printed) {
        Ok(Value::Object(members)) => Ok(Some(members)),
        Ok(_) => Ok(None),
        Err(error) => match error.kind() {
            ControlCharacter(_)
            | InvalidEscape
            | InvalidUtf8
            | TrailingBytes
            | UnexpectedCharacter { .. }
            | UnexpectedEnd { .. } => Ok(None),
            _ => Err(LineProblem::of_json(&error)),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use GatewaySource::{Docker, Kong, Mintmcp};

    fn read(line: &str, source: GatewaySource) -> Event {
        Event::read(line.as_bytes(), source).unwrap()
    }

    #[test]
    fn every_source_reads_objects_and_null() {
        for source in GatewaySource::ALL {
            let event = read(r#"{"a":{"b":" text "},"n":1}"#, source);
            assert_eq!(event.text(&["a", "n", "a.c", "a.b"]), Some("text"));
            assert_eq!(read("null", source).text(&["a"]), None);
        }
    }

    #[test]
    fn only_docker_prints_other_things() {
        for line in [
            "oops",
            "[]",
            "[1, 2]",
            "\"x\"",
            "1",
            "{",
            "{} {}",
            "{\"a\":}",
            "{\"\\x\":1}",
        ] {
            for source in [Kong, Mintmcp] {
                assert!(Event::read(line.as_bytes(), source).is_err(), "{line}");
            }
            assert_eq!(read(line, Docker).0, Object::new(), "{line}");
        }
    }

    #[test]
    fn docker_looks_into_what_was_printed() {
        let tool = ["tool"];
        for (line, expected) in [
            (r#"{"log":" {\"tool\":\"in\"}\n","tool":"out"}"#, Some("in")),
            (r#"{"log":"{\"x\":1}","tool":"out"}"#, Some("out")),
            (r#"{"log":"{\"tool\":null}","tool":"out"}"#, None),
            (r#"{"log":"null","tool":"out"}"#, Some("out")),
            (r#"{"log":"null"}"#, None),
            (r#"{"log":"[1]","tool":"out"}"#, Some("out")),
            (r#"{"log":"{oops","tool":"out"}"#, Some("out")),
            (r#"{"log":{"tool":"in"},"tool":"out"}"#, Some("out")),
            (r#"{"log":"{\"log\":\"{\\\"tool\\\":\\\"deep\\\"}\"}"}"#, None),
        ] {
            assert_eq!(read(line, Docker).text(&tool), expected, "{line}");
            assert_ne!(read(line, Kong).text(&tool), Some("in"), "{line}");
        }
    }

    #[test]
    fn what_may_mean_two_things_or_is_too_large_is_refused() {
        let deep = format!("{{\"a\":{}1{}}}", "[".repeat(200), "]".repeat(200));
        let large = format!("{{\"a\":[{}0]}}", "0,".repeat(MAX_VALUES));
        let twice = r#"{"verdict":"allow","verdict":"block"}"#;
        for line in [deep.as_str(), &large, twice] {
            for source in GatewaySource::ALL {
                let problem = Event::read(line.as_bytes(), source).err();
                assert!(matches!(problem, Some(LineProblem::Json { .. })), "{source}");
            }
            let around = Object::from_iter([("log", Value::from(line))]);
            let around = json::compact(&around.into());
            assert!(Event::read(around.as_bytes(), Docker).is_err());
            assert!(Event::read(around.as_bytes(), Kong).is_ok());
        }
    }

    #[test]
    fn bytes_that_are_no_text_do_not_hide_an_event() {
        for source in GatewaySource::ALL {
            let event = Event::read(b"{\"agent\":\"\xFF\\ud800\",\"tool\":\"t\"}", source).unwrap();
            assert_eq!(event.text(&["agent"]), Some("\u{fffd}\u{fffd}"));
            assert_eq!(event.text(&["tool"]), Some("t"));
        }
    }

    #[test]
    fn members_are_found_through_objects_alone() {
        let event = read(
            r#"{"a.b":"literal","c":"text","d":null,"e":{"f":{"g":"x"}}}"#,
            Kong,
        );
        for (key, expected) in [("a.b", None), ("c.d", None), ("d.e", None), ("e.f.g", Some("x"))] {
            assert_eq!(event.text(&[key]), expected, "{key}");
        }
    }

    #[test]
    fn integers_are_numbers_or_decimal_texts() {
        for (json, expected) in [
            ("403", Some(403)),
            ("200.9", Some(200)),
            ("-1.5", Some(-1)),
            ("2e2", Some(200)),
            ("\" 201 \"", Some(201)),
            ("\"+7\"", Some(7)),
            ("\"-7\"", Some(-7)),
            ("\"4x3\"", None),
            ("\"200.0\"", None),
            ("\"\"", None),
            ("\"9223372036854775808\"", None),
            ("9223372036854775808", None),
            ("-9223372036854775808", Some(i64::MIN)),
            ("1e400", None),
            ("true", None),
            ("null", None),
            ("[200]", None),
        ] {
            let event = read(&format!("{{\"status\":{json}}}"), Kong);
            assert_eq!(event.integer(&["status"]), expected, "{json}");
        }
    }
}
