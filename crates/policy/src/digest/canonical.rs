//! Writes canonical JSON (RFC 8785) directly, without a tree in between.
//!
//! The members of every object are given in canonical order, which for names in ASCII is that of their bytes. A policy
//! of a thousand rules has tens of thousands of members, and its digest is taken whenever it is loaded.

use std::fmt::Write as _;

use gait_canon::json::{self, Number, Value};

/// Integers beyond this are rounded to doubles in canonical JSON.
const LARGEST_EXACT: u64 = 1 << 53;

/// Bytes after which what has been written is handed on.
const PIECE: usize = 8 << 10;

/// The text of one JSON value under construction.
pub(super) struct Canonical<'s> {
    /// What has not been handed on yet.
    out: String,
    sink: &'s mut dyn FnMut(&[u8]),
}

impl<'s> Canonical<'s> {
    /// Writes an object; `sink` gets the text in pieces.
    pub(super) fn object(sink: &'s mut dyn FnMut(&[u8]), members: impl FnOnce(&mut Members<'_, 's>)) {
        let mut canonical = Self {
            out: String::with_capacity(2 * PIECE),
            sink,
        };
        canonical.members(members);
        canonical.hand_on();
    }

    fn hand_on(&mut self) {
        (self.sink)(self.out.as_bytes());
        self.out.clear();
    }

    fn members(&mut self, members: impl FnOnce(&mut Members<'_, 's>)) {
        self.out.push('{');
        members(&mut Members {
            canonical: self,
            last: None,
        });
        self.out.push('}');
    }

    fn text(&mut self, text: &str) {
        let is_literal = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
        if text.bytes().all(is_literal) {
            self.out.push('"');
            self.out.push_str(text);
            self.out.push('"');
        } else {
            self.value(&Value::from(text));
        }
    }

    fn count(&mut self, count: u64) {
        if count <= LARGEST_EXACT {
            write!(self.out, "{count}").expect("a String takes every text");
        } else {
            self.value(&Value::from(count));
        }
    }

    /// A scalar, by way of the general writer.
    fn value(&mut self, value: &Value) {
        let bytes = json::canonical_bytes(value).expect("a text or a finite number has a canonical form");
        self.out
            .push_str(std::str::from_utf8(&bytes).expect("JSON is UTF-8"));
    }

    fn list<T>(&mut self, items: &[T], mut write: impl FnMut(&mut Self, &T)) {
        self.out.push('[');
        for (index, item) in items.iter().enumerate() {
            if index > 0 {
                self.out.push(',');
            }
            write(self, item);
        }
        self.out.push(']');
    }
}

/// The members of an object under construction.
pub(super) struct Members<'c, 's> {
    canonical: &'c mut Canonical<'s>,
    last: Option<&'static str>,
}

impl<'s> Members<'_, 's> {
    fn name(&mut self, name: &'static str) -> &mut Canonical<'s> {
        // INVARIANT: names ascend. A test takes the digest of a policy that uses every one of them.
        debug_assert!(
            self.last.is_none_or(|last| last < name),
            "{name} after {:?}",
            self.last
        );
        let out = &mut self.canonical.out;
        if self.last.replace(name).is_some() {
            out.push(',');
        }
        out.push('"');
        out.push_str(name);
        out.push_str("\":");
        self.canonical
    }

    pub(super) fn text(&mut self, name: &'static str, text: &str) {
        self.name(name).text(text);
    }

    pub(super) fn text_unless_empty(&mut self, name: &'static str, text: &str) {
        if !text.is_empty() {
            self.text(name, text);
        }
    }

    pub(super) fn flag(&mut self, name: &'static str, flag: bool) {
        self.name(name).out.push_str(if flag { "true" } else { "false" });
    }

    pub(super) fn if_true(&mut self, name: &'static str, flag: bool) {
        if flag {
            self.flag(name, true);
        }
    }

    pub(super) fn if_given(&mut self, name: &'static str, flag: Option<bool>) {
        if let Some(flag) = flag {
            self.flag(name, flag);
        }
    }

    pub(super) fn count(&mut self, name: &'static str, count: u64) {
        self.name(name).count(count);
    }

    pub(super) fn if_positive(&mut self, name: &'static str, count: u64) {
        if count > 0 {
            self.count(name, count);
        }
    }

    pub(super) fn integer(&mut self, name: &'static str, integer: i64) {
        let canonical = self.name(name);
        match u64::try_from(integer) {
            Ok(count) => canonical.count(count),
            Err(_) => canonical.value(&Value::from(integer)),
        }
    }

    pub(super) fn float(&mut self, name: &'static str, value: f64) {
        let number = Number::try_from(value).expect("no float of a policy is infinite or not a number");
        self.name(name).value(&Value::from(number));
    }

    pub(super) fn null(&mut self, name: &'static str) {
        self.name(name).out.push_str("null");
    }

    pub(super) fn list<T: AsRef<str>>(&mut self, name: &'static str, items: &[T]) {
        self.name(name)
            .list(items, |canonical, item| canonical.text(item.as_ref()));
    }

    pub(super) fn list_unless_empty<T: AsRef<str>>(&mut self, name: &'static str, items: &[T]) {
        if !items.is_empty() {
            self.list(name, items);
        }
    }

    pub(super) fn object(&mut self, name: &'static str, members: impl FnOnce(&mut Members<'_, 's>)) {
        self.name(name).members(members);
    }

    pub(super) fn objects<T>(
        &mut self,
        name: &'static str,
        items: &[T],
        members: impl Fn(&mut Members<'_, 's>, &T),
    ) {
        self.name(name).list(items, |canonical, item| {
            canonical.members(|object| members(object, item));
            if canonical.out.len() >= PIECE {
                canonical.hand_on();
            }
        });
    }
}
