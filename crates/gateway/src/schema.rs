//! Checks the arguments of a call against what the reviewed definition of its tool takes.
//!
//! Schemas come from servers: nothing they refer to is fetched, their patterns are matched in linear time, and what is more
//! work than that is not begun.

use gait_canon::json::{self, Value};
use jsonschema::{PatternOptions, Validator};

mod cost;

pub(crate) use cost::patterns;

/// Bytes that one compiled pattern of a schema may take.
const MAX_PATTERN_BYTES: usize = 1 << 20;

/// What a tool takes, ready to check arguments against.
#[derive(Debug)]
pub struct ArgumentSchema {
    validator: Validator,
    /// Levels of arguments beyond which that would be too much work.
    deepest: usize,
}

/// A schema that nothing can be checked against.
#[derive(Debug, thiserror::Error)]
#[error("unusable input schema: {0}")]
pub struct UnusableSchema(String);

/// Arguments that are not what the tool takes.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}{}", if place.is_empty() { String::new() } else { format!(" at {place}") })]
pub struct InvalidArguments {
    /// What is wrong.
    pub message: String,
    /// Where in the arguments, as a JSON Pointer (RFC 6901); empty for the whole.
    pub place: String,
}

impl ArgumentSchema {
    /// Makes the `inputSchema` of a tool ready, by the JSON Schema draft it names (2020-12 when it names none).
    pub fn compile(schema: &Value) -> Result<Self, UnusableSchema> {
        let deepest = cost::deepest(schema)
            .ok_or_else(|| UnusableSchema("it is too much work to hold arguments against it".to_owned()))?;
        let schema = foreign(schema).map_err(|error| UnusableSchema(error.to_string()))?;
        jsonschema::options()
            .offline()
            .with_pattern_options(PatternOptions::regex().size_limit(MAX_PATTERN_BYTES))
            .build(&schema)
            .map(|validator| Self { validator, deepest })
            .map_err(|error| UnusableSchema(error.to_string()))
    }

    /// The first thing that is wrong with `arguments`.
    pub fn check(&self, arguments: &Value) -> Result<(), InvalidArguments> {
        let invalid = |message: String, place: String| InvalidArguments { message, place };
        if cost::levels(arguments) > self.deepest {
            let message = format!("arguments of this tool have at most {} levels", self.deepest);
            return Err(invalid(message, String::new()));
        }
        let arguments = foreign(arguments).map_err(|error| invalid(error.to_string(), String::new()))?;
        self.validator.validate(&arguments).map_err(|error| {
            let place = error.instance_path().to_string();
            // The value itself may be a secret.
            invalid(error.masked().to_string(), place)
        })
    }
}

/// The value in the form that the validator reads.
fn foreign(value: &Value) -> Result<serde_json::Value, Foreign> {
    let text = json::line(value)?;
    Ok(serde_json::from_str(&text)?)
}

/// A value that the validator cannot read.
#[derive(Debug, thiserror::Error)]
enum Foreign {
    #[error(transparent)]
    Encode(#[from] json::Error),
    #[error("it cannot be checked: {0}")]
    Read(#[from] serde_json::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn schema(text: &str) -> Result<ArgumentSchema, UnusableSchema> {
        ArgumentSchema::compile(&json::parse(text.as_bytes()).unwrap())
    }

    #[test]
    fn arguments_are_held_against_the_schema() {
        let schema = schema(
            r#"{"type":"object","properties":{"path":{"type":"string","pattern":"^/srv/"},"n":{"type":"integer"}},
                "required":["path"],"additionalProperties":false}"#,
        )
        .unwrap();
        for (arguments, place) in [
            (r#"{"path":"/srv/a","n":3}"#, None),
            (r#"{"path":"/etc/secret"}"#, Some("/path")),
            (r#"{"path":"/srv/a","n":"3"}"#, Some("/n")),
            (r#"{"path":"/srv/a","hidden":1}"#, Some("")),
            ("{}", Some("")),
        ] {
            let found = schema.check(&json::parse(arguments.as_bytes()).unwrap());
            assert_eq!(
                found.as_ref().err().map(|error| error.place.as_str()),
                place,
                "{arguments}"
            );
        }
    }

    #[test]
    fn what_is_wrong_is_told_without_the_value() {
        let schema = schema(r#"{"properties":{"token":{"type":"integer"}}}"#).unwrap();
        let refusal = schema
            .check(&json::parse(br#"{"token":"hunter2"}"#).unwrap())
            .unwrap_err();
        assert!(!refusal.to_string().contains("hunter2"), "{refusal}");
    }

    #[test]
    fn what_cannot_be_checked_is_refused() {
        // To many keywords null is as good as any other value that is no object.
        let schema = schema(r#"{"properties":{"path":{"pattern":"^/srv/"}}}"#).unwrap();
        let arguments = json::parse(br#"{"path":"/etc/secret","n":1e400}"#).unwrap();
        assert!(schema.check(&arguments).is_err());
    }

    #[test]
    fn schemas_that_lead_into_themselves_come_to_an_end() {
        for text in [
            r##"{"$ref":"#"}"##,
            r##"{"allOf":[{"$ref":"#"}]}"##,
            r##"{"$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}},"$ref":"#/$defs/a"}"##,
            r##"{"not":{"not":{"$ref":"#"}}}"##,
            r##"{"$dynamicAnchor":"x","anyOf":[{"$dynamicRef":"#x"}]}"##,
        ] {
            if let Ok(schema) = schema(text) {
                _ = schema.check(&json::parse(br#"{"a":{"a":1}}"#).unwrap());
            }
        }
    }

    #[test]
    fn arguments_are_not_checked_deeper_than_there_is_time_for() {
        let doubling = r##"{"allOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}"##;
        let schema = schema(doubling).unwrap();
        for (levels, passes) in [(8, true), (9, false), (60, false)] {
            let arguments = format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
            let checked = schema.check(&json::parse(arguments.as_bytes()).unwrap());
            assert_eq!(checked.is_ok(), passes, "{levels}");
        }
    }

    #[test]
    fn what_is_followed_fits_on_the_stack() {
        let defs: Vec<String> = (0..250)
            .map(|number| {
                format!(
                    r##""d{number}":{{"allOf":[{{"$ref":"#/$defs/d{}"}}]}}"##,
                    number + 1
                )
            })
            .collect();
        let text = format!(
            r##"{{"$defs":{{{},"d250":{{"required":["a"]}}}},"$ref":"#/$defs/d0"}}"##,
            defs.join(",")
        );
        let schema = schema(&text).unwrap();
        assert!(schema.check(&json::parse(b"{}").unwrap()).is_err());
    }

    #[test]
    fn nothing_is_fetched_and_nothing_runs_away() {
        for text in [
            r#"{"$ref":"https://example.com/schema.json"}"#,
            r#"{"properties":{"a":{"pattern":"(a+)+$\\1"}}}"#,
            r#"{"properties":{"a":{"pattern":"((a{1000}){1000}){1000}"}}}"#,
            r#"{"type":"no such type"}"#,
        ] {
            assert!(schema(text).is_err(), "{text}");
        }
    }
}
