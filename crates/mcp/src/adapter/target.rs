//! Targets as calls describe them: hints in two spellings, and annotations that override both.

use gait_artifact::{
    intent::Target,
    text::{trim, trim_lower},
};
use gait_canon::json::{Object, Value};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(default)]
pub(super) struct WireTarget {
    kind: String,
    value: String,
    operation: String,
    sensitivity: String,
    discovery_method: String,
    #[serde(rename = "discoveryMethod")]
    discovery_method_camel: String,
    read_only_hint: bool,
    #[serde(rename = "readOnlyHint")]
    read_only_hint_camel: bool,
    destructive_hint: bool,
    #[serde(rename = "destructiveHint")]
    destructive_hint_camel: bool,
    idempotent_hint: bool,
    #[serde(rename = "idempotentHint")]
    idempotent_hint_camel: bool,
    open_world_hint: bool,
    #[serde(rename = "openWorldHint")]
    open_world_hint_camel: bool,
    annotations: Object,
}

impl From<WireTarget> for Target {
    fn from(wire: WireTarget) -> Self {
        let annotated = |snake, camel, claimed| annotated_hint(&wire.annotations, snake, camel, claimed);
        let claimed_method = match trim(&wire.discovery_method) {
            "" => trim(&wire.discovery_method_camel),
            method => method,
        };
        let discovery_method = first_usable(
            &wire.annotations,
            ["discovery_method", "discoveryMethod"],
            |value| value.as_str().map(trim).filter(|text| !text.is_empty()),
        )
        .unwrap_or(claimed_method)
        .to_owned();
        Self {
            discovery_method,
            read_only_hint: annotated(
                "read_only_hint",
                "readOnlyHint",
                wire.read_only_hint || wire.read_only_hint_camel,
            ),
            destructive_hint: annotated(
                "destructive_hint",
                "destructiveHint",
                wire.destructive_hint || wire.destructive_hint_camel,
            ),
            idempotent_hint: annotated(
                "idempotent_hint",
                "idempotentHint",
                wire.idempotent_hint || wire.idempotent_hint_camel,
            ),
            open_world_hint: annotated(
                "open_world_hint",
                "openWorldHint",
                wire.open_world_hint || wire.open_world_hint_camel,
            ),
            ..of_owned(wire.kind, wire.value, wire.operation, wire.sensitivity)
        }
    }
}

/// A target of which no more is known.
pub(super) fn of(kind: &str, value: &str, operation: &str) -> Target {
    of_owned(
        kind.to_owned(),
        value.to_owned(),
        operation.to_owned(),
        String::new(),
    )
}

fn of_owned(kind: String, value: String, operation: String, sensitivity: String) -> Target {
    Target {
        kind,
        value,
        operation,
        sensitivity,
        ..Target::default()
    }
}

/// The hint in the annotations, else the one `claimed` beside them.
fn annotated_hint(annotations: &Object, snake: &str, camel: &str, claimed: bool) -> bool {
    first_usable(annotations, [snake, camel], |value| match value {
        Value::Bool(hint) => Some(*hint),
        Value::String(text) => match trim_lower(text).as_str() {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        },
        _ => None,
    })
    .unwrap_or(claimed)
}

fn first_usable<'a, T>(
    annotations: &'a Object,
    names: [&str; 2],
    usable: impl Fn(&'a Value) -> Option<T>,
) -> Option<T> {
    names
        .into_iter()
        .find_map(|name| annotations.get(name).and_then(&usable))
}

#[cfg(test)]
mod tests {
    use gait_canon::json::Reader;

    use super::*;

    fn target(members: &str) -> Target {
        let wire: WireTarget = Reader::new().read(format!("{{{members}}}").as_bytes()).unwrap();
        wire.into()
    }

    #[test]
    fn annotations_override_hints() {
        for (members, read_only) in [
            ("", false),
            (r#""read_only_hint": true"#, true),
            (r#""readOnlyHint": true"#, true),
            (r#""read_only_hint": false, "readOnlyHint": true"#, true),
            (r#""annotations": {"readOnlyHint": true}"#, true),
            (r#""annotations": {"readOnlyHint": " TRUE "}"#, true),
            (
                r#""read_only_hint": true, "annotations": {"readOnlyHint": "false"}"#,
                false,
            ),
            (
                r#""read_only_hint": true, "annotations": {"readOnlyHint": "yes"}"#,
                true,
            ),
            (
                r#""annotations": {"read_only_hint": 1, "readOnlyHint": true}"#,
                true,
            ),
            (
                r#""annotations": {"read_only_hint": false, "readOnlyHint": true}"#,
                false,
            ),
        ] {
            assert_eq!(target(members).read_only_hint, read_only, "{members}");
        }
    }

    #[test]
    fn each_hint_has_its_own_name() {
        let target = target(
            r#""destructiveHint": true, "idempotent_hint": true, "annotations": {"openWorldHint": true}"#,
        );
        assert_eq!(
            (
                target.read_only_hint,
                target.destructive_hint,
                target.idempotent_hint,
                target.open_world_hint
            ),
            (false, true, true, true)
        );
    }

    #[test]
    fn the_discovery_method_is_the_first_that_is_given() {
        for (members, method) in [
            (r#""discovery_method": " mcp ", "discoveryMethod": "a2a""#, "mcp"),
            (r#""discovery_method": " ", "discoveryMethod": "a2a""#, "a2a"),
            (
                r#""discovery_method": "mcp", "annotations": {"discoveryMethod": " webmcp "}"#,
                "webmcp",
            ),
            (
                r#""discovery_method": "mcp", "annotations": {"discovery_method": " ", "discoveryMethod": 7}"#,
                "mcp",
            ),
        ] {
            assert_eq!(target(members).discovery_method, method, "{members}");
        }
    }
}
