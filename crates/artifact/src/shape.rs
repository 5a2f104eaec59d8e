//! Shapes: closed JSON objects described as data.
//!
//! Most artifacts are Rust types and nothing else. A shape is for documents whose text is evidence itself and therefore
//! stays the tree that was read: it tells whether the tree keeps to the schema, and it is what the schema is published
//! from.

use gait_canon::json::{Object, Value};

/// An object with these members and no others.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// The members, in the order documents have them.
    pub members: &'static [Member],
}

/// A member of a [`Shape`].
#[derive(Debug, Clone, Copy)]
pub struct Member {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it holds.
    pub kind: Kind,
}

impl Member {
    /// A member that must be there.
    #[must_use]
    pub const fn required(name: &'static str, kind: Kind) -> Self {
        let required = true;
        Self { name, required, kind }
    }

    /// A member that may be left out.
    #[must_use]
    pub const fn optional(name: &'static str, kind: Kind) -> Self {
        let required = false;
        Self { name, required, kind }
    }
}

/// What a member holds.
#[derive(Debug, Clone, Copy)]
pub enum Kind {
    /// Any text.
    Text,
    /// A text with at least one character.
    FilledText,
    /// An RFC 3339 time; its form is the reader's to check.
    Time,
    /// One fixed text.
    Fixed(&'static str),
    /// A text from a closed set.
    Words(&'static [&'static str]),
    /// A prefix and lower-case hex digits.
    Hex {
        /// What stands in front.
        prefix: &'static str,
        /// The fewest digits.
        least: usize,
        /// The most digits.
        most: usize,
    },
    /// A whole number.
    Integer {
        /// The smallest one.
        least: i64,
    },
    /// True or false.
    Boolean,
    /// One fixed truth value.
    Truth(bool),
    /// A list of texts.
    Texts {
        /// The fewest items.
        least: usize,
        /// Whether every item has at least one character.
        filled: bool,
    },
    /// An object.
    One(&'static Shape),
    /// A list of objects.
    Many(&'static Shape),
    /// An object with any members.
    Object,
}

impl Kind {
    /// `sha256:` and a digest.
    pub const TAGGED_DIGEST: Self = Self::Hex {
        prefix: "sha256:",
        least: 64,
        most: 64,
    };
    /// A list of any texts.
    pub const TEXTS: Self = Self::Texts {
        least: 0,
        filled: false,
    };
}

/// Where a document leaves its shape, and how.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{path} {problem}")]
pub struct ShapeError {
    /// The member, as `contract.preconditions[0].kind`.
    pub path: String,
    /// What is wrong with it.
    pub problem: &'static str,
}

impl ShapeError {
    fn new(problem: &'static str) -> Self {
        let path = String::new();
        Self { path, problem }
    }

    fn below(mut self, parent: &str) -> Self {
        let joint = if self.path.is_empty() || self.path.starts_with('[') {
            ""
        } else {
            "."
        };
        self.path = format!("{parent}{joint}{}", self.path);
        self
    }
}

impl Shape {
    /// Whether `object` has this shape; otherwise the first place where it has not.
    pub fn check(&self, object: &Object) -> Result<(), ShapeError> {
        if let Some(unknown) = object.keys().find(|key| self.member(key).is_none()) {
            return Err(ShapeError::new("is not a known member").below(unknown));
        }
        for member in self.members {
            match object.get(member.name) {
                Some(value) => member.kind.check(value),
                None if member.required => Err(ShapeError::new("is required")),
                None => Ok(()),
            }
            .map_err(|error| error.below(member.name))?;
        }
        Ok(())
    }

    /// The member called `name`.
    #[must_use]
    pub fn member(&self, name: &str) -> Option<&Member> {
        self.members.iter().find(|member| member.name == name)
    }
}

impl Kind {
    /// Whether `value` is of this kind.
    pub fn check(&self, value: &Value) -> Result<(), ShapeError> {
        let text = value.as_str();
        let (holds, problem) = match *self {
            Self::Text | Self::Time => (text.is_some(), "must be a text"),
            Self::FilledText => (text.is_some_and(|text| !text.is_empty()), "must not be empty"),
            Self::Fixed(expected) => (text == Some(expected), "does not have its one value"),
            Self::Words(words) => (
                text.is_some_and(|text| words.contains(&text)),
                "is not one of the known words",
            ),
            Self::Hex { prefix, least, most } => (
                text.is_some_and(|text| is_hex(text, prefix, least, most)),
                "is not a prefix with hex digits",
            ),
            Self::Integer { least } => (
                value.as_i64().is_some_and(|number| number >= least),
                "is not a whole number in range",
            ),
            Self::Boolean => (value.as_bool().is_some(), "must be true or false"),
            Self::Truth(expected) => (value.as_bool() == Some(expected), "does not have its one value"),
            Self::Texts { least, filled } => return check_texts(value, least, filled),
            Self::One(shape) => {
                let object = value.as_object().ok_or(ShapeError::new("must be an object"))?;
                return shape.check(object);
            }
            Self::Many(shape) => return check_objects(value, shape),
            Self::Object => (value.as_object().is_some(), "must be an object"),
        };
        if holds {
            Ok(())
        } else {
            Err(ShapeError::new(problem))
        }
    }
}

fn is_hex(text: &str, prefix: &str, least: usize, most: usize) -> bool {
    text.strip_prefix(prefix).is_some_and(|digits| {
        (least..=most).contains(&digits.len())
            && digits
                .bytes()
                .all(|digit| digit.is_ascii_digit() || matches!(digit, b'a'..=b'f'))
    })
}

fn check_texts(value: &Value, least: usize, filled: bool) -> Result<(), ShapeError> {
    let items = value.as_array().ok_or(ShapeError::new("must be a list"))?;
    if items.len() < least {
        return Err(ShapeError::new("has too few items"));
    }
    let sound = |item: &Value| item.as_str().is_some_and(|text| !filled || !text.is_empty());
    match items.iter().position(|item| !sound(item)) {
        Some(index) => Err(ShapeError::new("must be a text").below(&format!("[{index}]"))),
        None => Ok(()),
    }
}

fn check_objects(value: &Value, shape: &Shape) -> Result<(), ShapeError> {
    let items = value.as_array().ok_or(ShapeError::new("must be a list"))?;
    for (index, item) in items.iter().enumerate() {
        item.as_object()
            .ok_or(ShapeError::new("must be an object"))
            .and_then(|object| shape.check(object))
            .map_err(|error| error.below(&format!("[{index}]")))?;
    }
    Ok(())
}

#[cfg(feature = "schema")]
mod published {
    use serde_json::{Map, Value, json};

    use super::{Kind, Shape};

    impl Shape {
        /// The JSON Schema (draft 2020-12) of the shape, nested shapes written out in place.
        pub(crate) fn schema(&self) -> Value {
            let properties: Map<String, Value> = self
                .members
                .iter()
                .map(|member| (member.name.to_owned(), member.kind.schema()))
                .collect();
            let required: Vec<&str> = self
                .members
                .iter()
                .filter(|member| member.required)
                .map(|member| member.name)
                .collect();
            json!({
                "type": "object",
                "additionalProperties": false,
                "required": required,
                "properties": properties,
            })
        }
    }

    impl Kind {
        fn schema(self) -> Value {
            match self {
                Self::Text => json!({"type": "string"}),
                Self::FilledText => json!({"type": "string", "minLength": 1}),
                Self::Time => json!({"type": "string", "format": "date-time"}),
                Self::Fixed(text) => json!({"const": text}),
                Self::Words(words) => json!({"type": "string", "enum": words}),
                Self::Hex { prefix, least, most } => {
                    let pattern = format!("^{prefix}[a-f0-9]{{{least},{most}}}$");
                    json!({"type": "string", "pattern": pattern})
                }
                Self::Integer { least } => json!({"type": "integer", "minimum": least}),
                Self::Boolean => json!({"type": "boolean"}),
                Self::Truth(value) => json!({"const": value}),
                Self::Texts { least, filled } => {
                    let item = if filled { Self::FilledText } else { Self::Text };
                    json!({"type": "array", "minItems": least, "items": item.schema()})
                }
                Self::One(shape) => shape.schema(),
                Self::Many(shape) => json!({"type": "array", "items": shape.schema()}),
                Self::Object => json!({"type": "object"}),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    const INNER: Shape = Shape {
        members: &[
            Member::required("kind", Kind::Words(&["a", "b"])),
            Member::optional("depth", Kind::Integer { least: 0 }),
        ],
    };
    const OUTER: Shape = Shape {
        members: &[
            Member::required("digest", Kind::TAGGED_DIGEST),
            Member::optional("items", Kind::Many(&INNER)),
            Member::optional(
                "names",
                Kind::Texts {
                    least: 1,
                    filled: true,
                },
            ),
            Member::optional("yes", Kind::Truth(true)),
        ],
    };

    fn outcome(text: &str) -> String {
        let value = json::parse(text.as_bytes()).unwrap();
        match OUTER.check(value.as_object().unwrap()) {
            Ok(()) => String::new(),
            Err(error) => error.path,
        }
    }

    #[test]
    fn the_first_place_that_is_wrong_is_named() {
        let digest = format!(r#""digest":"sha256:{}""#, "a".repeat(64));
        for (rest, path) in [
            ("", ""),
            (r#","items":[{"kind":"a"},{"kind":"b","depth":3}]"#, ""),
            (r#","items":[{"kind":"a"},{"kind":"c"}]"#, "items[1].kind"),
            (r#","items":[{"kind":"a","depth":-1}]"#, "items[0].depth"),
            (r#","items":[{"kind":"a","more":1}]"#, "items[0].more"),
            (r#","items":[{}]"#, "items[0].kind"),
            (r#","items":{}"#, "items"),
            (r#","items":[1]"#, "items[0]"),
            (r#","names":[]"#, "names"),
            (r#","names":["x",""]"#, "names[1]"),
            (r#","yes":false"#, "yes"),
            (r#","no":false"#, "no"),
            (r#","yes":null"#, "yes"),
        ] {
            assert_eq!(outcome(&format!("{{{digest}{rest}}}")), path, "{rest}");
        }
        assert_eq!(outcome("{}"), "digest");
        assert_eq!(
            outcome(&format!(r#"{{"digest":"sha256:{}"}}"#, "A".repeat(64))),
            "digest"
        );
    }
}
