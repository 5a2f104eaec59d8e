//! The terms of a contract, read out of a tree that need not keep to its schema.

use gait_artifact::text;
use gait_canon::json::{Object, Value};

/// An object whose members are texts, numbers and lists. What is missing or of another type is empty.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a>(Option<&'a Object>);

impl<'a> Terms<'a> {
    pub(crate) fn of(object: &'a Object) -> Self {
        Self(Some(object))
    }

    fn get(self, name: &str) -> Option<&'a Value> {
        self.0?.get(name)
    }

    /// A text without white space around it.
    pub(crate) fn text(self, name: &str) -> &'a str {
        text::trim(self.get(name).and_then(Value::as_str).unwrap_or_default())
    }

    pub(crate) fn integer(self, name: &str) -> i64 {
        self.get(name).and_then(Value::as_i64).unwrap_or_default()
    }

    pub(crate) fn boolean(self, name: &str) -> bool {
        self.get(name).and_then(Value::as_bool).unwrap_or_default()
    }

    /// Texts without white space around them, in order.
    pub(crate) fn texts(self, name: &str) -> impl Iterator<Item = &'a str> {
        self.items(name)
            .iter()
            .map(|item| text::trim(item.as_str().unwrap_or_default()))
    }

    /// A list of objects, in order.
    pub(crate) fn objects(self, name: &str) -> impl Iterator<Item = Terms<'a>> {
        self.items(name).iter().map(|item| Terms(item.as_object()))
    }

    /// A member that is an object.
    pub(crate) fn object(self, name: &str) -> Option<Terms<'a>> {
        self.get(name).and_then(Value::as_object).map(Self::of)
    }

    fn items(self, name: &str) -> &'a [Value] {
        self.get(name).and_then(Value::as_array).unwrap_or_default()
    }

    /// Texts written one after another with `|` between them.
    pub(crate) fn joined(self, names: &[&str]) -> String {
        let texts: Vec<&str> = names.iter().map(|name| self.text(name)).collect();
        texts.join("|")
    }
}
