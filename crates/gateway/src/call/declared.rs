//! Arguments that a tool does not declare and that could be taken for what it does.
//!
//! JSON Schema allows members that nobody declared, and servers pass over them. Policies see every argument, so one that the
//! tool never looks at could make a call look like another one: beside the path that is written to, another that is
//! permitted. And who reads members without regard to case would find in `Path` what was judged in `path`.

use gait_canon::json::{Object, Value};

use super::names_target;
use crate::fold::folded;
use crate::schema::InvalidArguments;

/// Members of a schema that say what other members than the declared ones may be there.
const OPENING: [&str; 3] = [
    "additionalProperties",
    "unevaluatedProperties",
    "patternProperties",
];
/// Members by which a schema is made of others, so that it declares what they declare.
const COMPOSING: [&str; 10] = [
    "$ref",
    "$dynamicRef",
    "$recursiveRef",
    "allOf",
    "anyOf",
    "oneOf",
    "if",
    "then",
    "else",
    "dependentSchemas",
];

/// The first argument that the tool described by `definition` does not declare and that must not stand beside those that it
/// does. Where it declares none, nothing is known of any.
pub(crate) fn check(definition: &Value, arguments: &Object) -> Result<(), InvalidArguments> {
    let Some(schema) = definition.get("inputSchema").and_then(Value::as_object) else {
        return Ok(());
    };
    let Some(declared) = declared(schema) else {
        return Ok(());
    };
    let is_open = OPENING.iter().any(|keyword| schema.contains_key(keyword));
    let says_where = declared.iter().any(|name| names_target(name));
    let misleads = |name: &str| {
        let is_variant = || declared.iter().any(|known| folded(known) == folded(name));
        let is_decoy = || (!is_open || says_where) && names_target(name);
        !declared.contains(&name) && (is_decoy() || is_variant())
    };
    match arguments.keys().find(|name| misleads(name)) {
        None => Ok(()),
        Some(name) => Err(InvalidArguments {
            message: "the tool declares no such argument".to_owned(),
            place: format!("/{}", name.replace('~', "~0").replace('/', "~1")),
        }),
    }
}

/// The names that a schema declares; none where it declares nothing.
fn declared(schema: &Object) -> Option<Vec<&str>> {
    let mut names = Vec::new();
    if COMPOSING.iter().any(|keyword| schema.contains_key(keyword)) {
        schema
            .iter()
            .for_each(|(keyword, value)| collect(keyword, value, &mut names));
        return (!names.is_empty()).then_some(names);
    }
    let properties = schema.get("properties").and_then(Value::as_object)?;
    Some(properties.keys().collect())
}

/// Every name declared anywhere in what `keyword` says: which of them count may depend on the arguments.
fn collect<'s>(keyword: &str, value: &'s Value, names: &mut Vec<&'s str>) {
    match value {
        Value::Object(object) => {
            if keyword == "properties" {
                names.extend(object.keys());
            }
            object
                .iter()
                .for_each(|(keyword, value)| collect(keyword, value, names));
        }
        Value::Array(items) => items.iter().for_each(|item| collect("", item, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    fn place(schema: &str, arguments: &str) -> Option<String> {
        let definition = json::parse(format!("{{\"inputSchema\":{schema}}}").as_bytes()).unwrap();
        let arguments = json::parse(arguments.as_bytes()).unwrap();
        let refused = check(&definition, arguments.as_object().unwrap()).err();
        refused.map(|refused| refused.place)
    }

    #[test]
    fn what_could_be_taken_for_something_declared_is_refused() {
        const CLOSED: &str = r#"{"properties":{"path":{},"amount":{}}}"#;
        const OPEN: &str = r#"{"properties":{"path":{}},"additionalProperties":true}"#;
        const FREE: &str = r#"{"properties":{"amount":{}},"additionalProperties":{}}"#;
        const MADE: &str = r##"{"allOf":[{"$ref":"#/$defs/a"}],"$defs":{"a":{"properties":{"url":{}}}}}"##;
        for (schema, arguments, expected) in [
            (CLOSED, r#"{"path":"a","amount":1}"#, None),
            (CLOSED, r#"{"path":"a","other":1}"#, None),
            (CLOSED, r#"{"path":"a","href":"b"}"#, Some("/href")),
            (CLOSED, r#"{"path":"a","Path":"b"}"#, Some("/Path")),
            (CLOSED, r#"{"amount":1,"AMOUNT":2}"#, Some("/AMOUNT")),
            (OPEN, r#"{"path":"a","any":"b"}"#, None),
            (OPEN, r#"{"path":"a","uri":"b"}"#, Some("/uri")),
            (FREE, r#"{"amount":1,"path":"b"}"#, None),
            (FREE, r#"{"Amount":1}"#, Some("/Amount")),
            (MADE, r#"{"url":"a"}"#, None),
            (MADE, r#"{"url":"a","path":"b"}"#, Some("/path")),
            // Nothing is declared, so nothing is known.
            ("{}", r#"{"path":"a","href":"b"}"#, None),
            (r#"{"$ref":"x"}"#, r#"{"path":"a"}"#, None),
            // Some who disregard case take these for `s` and `k`.
            (
                r#"{"properties":{"names":{},"key":{}}}"#,
                "{\"name\u{17F}\":1}",
                Some("/name\u{17F}"),
            ),
            (
                r#"{"properties":{"names":{},"key":{}}}"#,
                "{\"\u{212A}ey\":1}",
                Some("/\u{212A}ey"),
            ),
        ] {
            assert_eq!(
                place(schema, arguments).as_deref(),
                expected,
                "{schema} {arguments}"
            );
        }
    }
}
