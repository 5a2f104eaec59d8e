//! How much work a schema is, found out before anything is held against it.
//!
//! Thirty definitions of which each refers twice to the next one make a billion checks of one value, and a definition that
//! refers to itself twice doubles them with each level of the arguments. What cannot be checked in bounded time is not begun.

use std::collections::{HashMap, HashSet};

use gait_canon::json::{Object, Value};

/// Checks of one value in the arguments and of those around it.
const MAX_CHECKS: u64 = 10_000;
/// References and subschemas, one within the other, that are looked through to find that out.
const MAX_CHAIN: usize = 512;
/// Subschemas that are looked at, each as often as there are levels at which it may count.
const MAX_LOOKS: usize = 100_000;
/// The levels that arguments can have.
const LEVELS: [usize; 7] = [2, 4, 8, 16, 32, 64, 128];

/// Subschemas for the value itself, one, several in a list, or several by name.
const SAME_ONE: [&str; 4] = ["not", "if", "then", "else"];
const SAME_LISTED: [&str; 3] = ["allOf", "anyOf", "oneOf"];
const SAME_NAMED: [&str; 2] = ["dependentSchemas", "dependencies"];
/// Subschemas for what is in the value, of which each may count for one and the same thing.
const WITHIN_ONE: [&str; 8] = [
    "additionalProperties",
    "unevaluatedProperties",
    "propertyNames",
    "items",
    "additionalItems",
    "unevaluatedItems",
    "contains",
    "contentSchema",
];
/// References to other subschemas.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];

/// Down to which level of arguments a schema can be held against them; none when it is of no use at all.
pub(super) fn deepest(schema: &Value) -> Option<usize> {
    let mut walk = Walk::of(schema)?;
    let mut deepest = None;
    for levels in LEVELS {
        walk.known.clear();
        match walk.checks(schema, levels, 0) {
            Some(checks) if checks <= MAX_CHECKS => deepest = Some(levels),
            _ => break,
        }
    }
    deepest
}

/// How many patterns a schema has.
pub(crate) fn patterns(schema: &Value) -> usize {
    match schema {
        Value::Object(object) => {
            let named = object
                .get("patternProperties")
                .and_then(Value::as_object)
                .map_or(0, Object::len);
            let own = usize::from(
                object
                    .get("pattern")
                    .is_some_and(|pattern| pattern.as_str().is_some()),
            );
            named + own + object.values().map(patterns).sum::<usize>()
        }
        Value::Array(items) => items.iter().map(patterns).sum(),
        _ => 0,
    }
}

/// The levels of a value.
pub(super) fn levels(value: &Value) -> usize {
    match value {
        Value::Object(object) => 1 + object.values().map(levels).max().unwrap_or(0),
        Value::Array(items) => 1 + items.iter().map(levels).max().unwrap_or(0),
        _ => 0,
    }
}

/// A subschema, by where it is in memory.
type Place = usize;

fn place(schema: &Value) -> Place {
    std::ptr::from_ref(schema) as Place
}

struct Walk<'s> {
    root: &'s Value,
    anchors: HashMap<&'s str, Vec<&'s Value>>,
    /// How many checks a subschema makes with so many levels below.
    known: HashMap<(Place, usize), u64>,
    /// What is being looked at.
    open: HashSet<(Place, usize)>,
}

impl<'s> Walk<'s> {
    /// A walk through `root`; none when it is made of several documents, which nobody here follows.
    fn of(root: &'s Value) -> Option<Self> {
        let mut anchors = HashMap::<&str, Vec<&Value>>::new();
        let names = root.get("$schema").and_then(Value::as_str);
        let id = if names.is_some_and(|name| name.contains("draft-04")) {
            "id"
        } else {
            "$id"
        };
        let mut left = vec![root];
        while let Some(schema) = left.pop() {
            match schema {
                Value::Object(object) => {
                    let text = |key: &str| object.get(key).and_then(Value::as_str);
                    if text(id).is_some() && place(schema) != place(root) {
                        return None;
                    }
                    for name in ["$anchor", "$dynamicAnchor"].into_iter().filter_map(text) {
                        anchors.entry(name).or_default().push(schema);
                    }
                    left.extend(object.values());
                }
                Value::Array(items) => left.extend(items),
                _ => {}
            }
        }
        Some(Self {
            root,
            anchors,
            known: HashMap::new(),
            open: HashSet::new(),
        })
    }

    /// How often something is checked where `schema` counts and `levels` are below; none where that is too much to find out.
    fn checks(&mut self, schema: &'s Value, levels: usize, chain: usize) -> Option<u64> {
        let Value::Object(object) = schema else {
            return Some(1);
        };
        let key = (place(schema), levels);
        if let Some(known) = self.known.get(&key) {
            return Some(*known);
        }
        if chain > MAX_CHAIN || self.known.len() > MAX_LOOKS {
            return None;
        }
        if !self.open.insert(key) {
            // It leads to itself, which is noticed when it is checked.
            return Some(1);
        }
        let checks = self.of_object(object, levels, chain + 1);
        self.open.remove(&key);
        let checks = checks?;
        self.known.insert(key, checks);
        Some(checks)
    }

    fn of_object(&mut self, object: &'s Object, levels: usize, chain: usize) -> Option<u64> {
        let mut sum = 1_u64;
        for (keyword, value) in object.iter() {
            let more = match (keyword, value) {
                (keyword, value) if SAME_ONE.contains(&keyword) => self.checks(value, levels, chain)?,
                (keyword, Value::Array(items)) if SAME_LISTED.contains(&keyword) => {
                    self.all(items.iter(), levels, chain)?
                }
                (keyword, Value::Object(named)) if SAME_NAMED.contains(&keyword) => {
                    self.all(named.values(), levels, chain)?
                }
                (keyword, Value::String(to)) if REFERENCES.contains(&keyword) => {
                    let referred = self.referred(to)?;
                    self.all(referred.into_iter(), levels, chain)?
                }
                _ if levels == 0 => 0,
                // A name is that of one property, and a place that of one item.
                ("properties", Value::Object(named)) => self.greatest(named.values(), levels - 1, chain)?,
                ("prefixItems" | "items", Value::Array(items)) => {
                    self.greatest(items.iter(), levels - 1, chain)?
                }
                ("patternProperties", Value::Object(named)) => self.all(named.values(), levels - 1, chain)?,
                (keyword, value) if WITHIN_ONE.contains(&keyword) => self.checks(value, levels - 1, chain)?,
                _ => 0,
            };
            sum = sum.saturating_add(more);
        }
        Some(sum)
    }

    fn all(
        &mut self,
        mut schemas: impl Iterator<Item = &'s Value>,
        levels: usize,
        chain: usize,
    ) -> Option<u64> {
        schemas.try_fold(0_u64, |sum, schema| {
            Some(sum.saturating_add(self.checks(schema, levels, chain)?))
        })
    }

    fn greatest(
        &mut self,
        mut schemas: impl Iterator<Item = &'s Value>,
        levels: usize,
        chain: usize,
    ) -> Option<u64> {
        schemas.try_fold(0_u64, |most, schema| {
            Some(most.max(self.checks(schema, levels, chain)?))
        })
    }

    /// What a reference leads to; none when that is not in the schema.
    fn referred(&self, to: &str) -> Option<Vec<&'s Value>> {
        let fragment = to.strip_prefix('#').filter(|fragment| !fragment.contains('%'))?;
        if fragment.is_empty() {
            return Some(vec![self.root]);
        }
        let Some(pointer) = fragment.strip_prefix('/') else {
            return self.anchors.get(fragment).cloned();
        };
        let mut found = self.root;
        for step in pointer.split('/') {
            let step = step.replace("~1", "/").replace("~0", "~");
            found = match found {
                Value::Array(items) => items.get(step.parse::<usize>().ok()?)?,
                found => found.get(&step)?,
            };
        }
        Some(vec![found])
    }
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    fn deepest_of(text: &str) -> Option<usize> {
        deepest(&json::parse(text.as_bytes()).unwrap())
    }

    /// Definitions of which each refers `times` to the next.
    fn chain(length: usize, times: usize) -> String {
        let defs: Vec<String> = (0..length)
            .map(|number| {
                let next = vec![format!(r##"{{"$ref":"#/$defs/d{}"}}"##, number + 1); times].join(",");
                format!(r#""d{number}":{{"allOf":[{next}]}}"#)
            })
            .collect();
        let defs = defs.join(",");
        format!(r##"{{"$defs":{{{defs},"d{length}":{{"type":"string"}}}},"$ref":"#/$defs/d0"}}"##)
    }

    #[test]
    fn schemas_as_they_are_found_can_be_checked_at_every_depth() {
        let many: Vec<String> = (0..500)
            .map(|number| format!(r#""p{number}":{{"anyOf":[{{"type":"string"}},{{"type":"null"}}]}}"#))
            .collect();
        for text in [
            r#"{"type":"object"}"#.to_owned(),
            format!(r#"{{"properties":{{{}}}}}"#, many.join(",")),
            r##"{"$defs":{"n":{"properties":{"left":{"$ref":"#/$defs/n"},"right":{"$ref":"#/$defs/n"}}}},"$ref":"#/$defs/n"}"##.to_owned(),
            r##"{"properties":{"children":{"items":{"$ref":"#"}}}}"##.to_owned(),
            chain(20, 1),
        ] {
            assert_eq!(deepest_of(&text), Some(128), "{text}");
        }
    }

    #[test]
    fn what_would_not_come_to_an_end_is_of_no_use() {
        for text in [
            chain(20, 2),
            chain(2000, 1),
            r#"{"$ref":"https://example.com/other"}"#.to_owned(),
            r#"{"$defs":{"a":{"$id":"x"}},"$ref":"x"}"#.to_owned(),
        ] {
            assert_eq!(deepest_of(&text), None, "{}", &text[..60.min(text.len())]);
        }
        // Each level of the arguments doubles the work.
        let doubling = r##"{"allOf":[{"properties":{"a":{"$ref":"#"}}},{"properties":{"a":{"$ref":"#"}}}]}"##;
        assert_eq!(deepest_of(doubling), Some(8));
    }

    #[test]
    fn levels_and_patterns_are_counted() {
        for (text, expected) in [("1", 0), ("{}", 1), (r#"{"a":[1,{"b":[]}]}"#, 4)] {
            assert_eq!(levels(&json::parse(text.as_bytes()).unwrap()), expected, "{text}");
        }
        let text = r#"{"properties":{"a":{"pattern":"x"},"pattern":{"pattern":"y"}},"patternProperties":{"a":{},"b":{}}}"#;
        assert_eq!(patterns(&json::parse(text.as_bytes()).unwrap()), 4);
    }
}
