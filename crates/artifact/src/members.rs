//! What a published schema demands of an object beyond the Rust types of its members.

use schemars::Schema;
use serde_json::{Map, Value, json};

/// A SHA-256 digest in hex. Writers use lower case; readers take both.
const DIGEST_PATTERN: &str = "^[a-fA-F0-9]{64}$";

/// Tightens the schema of one struct, member by member. Declared beside the struct, as its schema's transform.
///
/// Every name given must be one of the struct's members: a wrong one stops the generation.
pub(crate) struct Members<'a> {
    object: &'a mut Schema,
}

impl<'a> Members<'a> {
    pub(crate) fn of(object: &'a mut Schema) -> Self {
        Self { object }
    }

    /// The two members every artifact starts with.
    pub(crate) fn artifact(self, schema_id: &str, schema_version: &str) -> Self {
        self.with("schema_id", "const", schema_id)
            .with("schema_version", "const", schema_version)
    }

    /// Texts that are not empty, or lists of such texts.
    pub(crate) fn filled(self, names: &[&str]) -> Self {
        self.text(names, "minLength", &json!(1))
    }

    /// Texts that are digests, or lists of such texts.
    pub(crate) fn digests(self, names: &[&str]) -> Self {
        self.text(names, "pattern", &json!(DIGEST_PATTERN))
    }

    /// A text, or a list of texts, from a closed set.
    pub(crate) fn words(self, name: &str, words: &[&str]) -> Self {
        self.text(&[name], "enum", &json!(words))
    }

    /// Numbers that are `minimum` or more.
    pub(crate) fn at_least(self, minimum: i64, names: &[&str]) -> Self {
        names
            .iter()
            .fold(self, |members, name| members.with(name, "minimum", minimum))
    }

    /// Lists with at least one item.
    pub(crate) fn not_empty(self, names: &[&str]) -> Self {
        names
            .iter()
            .fold(self, |members, name| members.with(name, "minItems", 1))
    }

    /// Lists in which nothing is repeated.
    pub(crate) fn unique(self, names: &[&str]) -> Self {
        names
            .iter()
            .fold(self, |members, name| members.with(name, "uniqueItems", true))
    }

    /// The member `signature` of a document that is signed by its digest.
    pub(crate) fn signed(self) -> Self {
        self.with_inner("signature", "signed_digest", "pattern", DIGEST_PATTERN)
    }

    /// Members that readers do without although writers always write them.
    pub(crate) fn optional(self, names: &[&str]) -> Self {
        if let Some(Value::Array(required)) = self.object.get_mut("required") {
            required.retain(|member| !names.iter().any(|name| member == name));
            if required.is_empty() {
                self.object.remove("required");
            }
        }
        self
    }

    /// Every member may be left out.
    pub(crate) fn all_optional(self) -> Self {
        self.object.remove("required");
        self
    }

    /// A member that documents have and the type has not.
    pub(crate) fn and(self, name: &str, schema: Value) -> Self {
        if let Some(properties) = self.object.get_mut("properties").and_then(Value::as_object_mut) {
            properties.insert(name.to_owned(), schema);
        }
        self
    }

    /// No other members: writers write none, although readers of this artifact ignore them.
    pub(crate) fn closed(self) -> Self {
        self.object
            .insert("additionalProperties".to_owned(), false.into());
        self
    }

    /// Sets a keyword of one member.
    pub(crate) fn with(mut self, name: &str, keyword: &str, value: impl Into<Value>) -> Self {
        self.member(name).insert(keyword.to_owned(), value.into());
        self
    }

    /// Sets a keyword of one member of the objects in one member (or in its list).
    pub(crate) fn with_inner(
        mut self,
        name: &str,
        inner: &str,
        keyword: &str,
        value: impl Into<Value>,
    ) -> Self {
        let object = text_of(self.member(name));
        let properties = object.entry("properties").or_insert_with(|| json!({}));
        if let Some(properties) = properties.as_object_mut() {
            properties.insert(inner.to_owned(), json!({ keyword: value.into() }));
        }
        self
    }

    fn text(mut self, names: &[&str], keyword: &str, value: &Value) -> Self {
        for name in names {
            text_of(self.member(name)).insert(keyword.to_owned(), value.clone());
        }
        self
    }

    fn member(&mut self, name: &str) -> &mut Map<String, Value> {
        let properties = self.object.get_mut("properties").and_then(Value::as_object_mut);
        let member = properties
            .and_then(|properties| properties.get_mut(name))
            .and_then(Value::as_object_mut);
        assert!(
            member.is_some(),
            "a published schema speaks of {name}, which is no member of its type"
        );
        member.expect("the member was just seen")
    }
}

/// The schema of a text itself, or of the items of a list.
fn text_of(member: &mut Map<String, Value>) -> &mut Map<String, Value> {
    if member.get("items").is_some_and(Value::is_object) {
        return member
            .get_mut("items")
            .and_then(Value::as_object_mut)
            .expect("the items were just seen to be an object");
    }
    member
}
