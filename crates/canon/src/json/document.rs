//! A parsed text that still knows its bytes: for those who look at a few members and pass the rest on as it came.

use std::collections::BTreeSet;
use std::ops::Range;

use serde::de::DeserializeOwned;

use super::error::Error;
use super::tape::{Tape, Token};
use super::{Value, de};

/// A JSON text, read by the rules of a [`Reader`](super::Reader), and the place of every value in it.
#[derive(Debug)]
pub struct Document<'a> {
    text: &'a str,
    tape: Tape<'a>,
}

/// What kind of value a [`Part`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// One value of a document.
#[derive(Debug, Clone, Copy)]
pub struct Part<'d> {
    document: &'d Document<'d>,
    index: usize,
}

impl<'a> Document<'a> {
    pub(super) const fn new(text: &'a str, tape: Tape<'a>) -> Self {
        Self { text, tape }
    }

    /// The text as it was read.
    #[must_use]
    pub const fn text(&self) -> &'a str {
        self.text
    }

    /// The whole value.
    #[must_use]
    pub const fn root(&self) -> Part<'_> {
        Part {
            document: self,
            index: 0,
        }
    }
}

impl<'d> Part<'d> {
    const fn at(self, index: usize) -> Self {
        Self {
            document: self.document,
            index,
        }
    }

    fn token(self) -> &'d Token<'d> {
        self.document.tape.token(self.index)
    }

    /// What kind of value it is.
    #[must_use]
    pub fn kind(self) -> Kind {
        match self.token() {
            Token::Null => Kind::Null,
            Token::Bool(_) => Kind::Bool,
            Token::Number(_) => Kind::Number,
            Token::String(_) => Kind::String,
            Token::Array { .. } => Kind::Array,
            Token::Object { .. } => Kind::Object,
        }
    }

    /// The text of a string, escapes resolved.
    #[must_use]
    pub fn as_str(self) -> Option<&'d str> {
        match self.token() {
            Token::String(text) => Some(text),
            _ => None,
        }
    }

    /// The truth of a boolean.
    #[must_use]
    pub fn as_bool(self) -> Option<bool> {
        match self.token() {
            Token::Bool(value) => Some(*value),
            _ => None,
        }
    }

    /// The member of an object with this key.
    #[must_use]
    pub fn get(self, key: &str) -> Option<Self> {
        self.members()
            .find(|(name, _)| *name == key)
            .map(|(_, value)| value)
    }

    /// The members of an object in the order of the text; none of anything else.
    pub fn members(self) -> impl Iterator<Item = (&'d str, Self)> {
        let tape = &self.document.tape;
        self.places()
            .map(move |(key, value)| (tape.key(key), self.at(value)))
    }

    /// The nodes of the keys and values of an object in the order of the text; none of anything else.
    fn places(self) -> impl Iterator<Item = (usize, usize)> {
        let tape = &self.document.tape;
        let (mut left, mut next) = match self.token() {
            Token::Object { len, .. } => (*len, self.index + 1),
            _ => (0, 0),
        };
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let member = (next, next + 1);
            next = tape.after(next + 1);
            Some(member)
        })
    }

    /// The items of an array in order; none of anything else.
    pub fn items(self) -> impl Iterator<Item = Self> {
        let tape = &self.document.tape;
        let (mut left, mut next) = match self.token() {
            Token::Array { len, .. } => (*len, self.index + 1),
            _ => (0, 0),
        };
        std::iter::from_fn(move || {
            left = left.checked_sub(1)?;
            let item = self.at(next);
            next = tape.after(next);
            Some(item)
        })
    }

    /// Where the value stands in the text, in bytes.
    #[must_use]
    pub fn span(self) -> Range<usize> {
        let nodes = &self.document.tape.nodes;
        let end = self.document.tape.after(self.index);
        // The last node of a value is a leaf; behind it only the brackets follow that close there.
        let leaf = end - 1;
        let closing = nodes[self.index..leaf]
            .iter()
            .filter(|node| matches!(node.token, Token::Array { end: at, .. } | Token::Object { end: at, .. } if at == end))
            .count();
        let mut at = self.at(leaf).leaf_end();
        for _ in 0..closing {
            at = self.after_bracket(at);
        }
        nodes[self.index].offset..at
    }

    /// The value as it is written.
    #[must_use]
    pub fn raw(self) -> &'d str {
        &self.document.text[self.span()]
    }

    /// The end of a value without items.
    fn leaf_end(self) -> usize {
        let start = self.document.tape.nodes[self.index].offset;
        match self.token() {
            Token::Null | Token::Bool(true) => start + 4,
            Token::Bool(false) => start + 5,
            Token::Number(text) => start + text.len(),
            Token::String(_) => start + written_string(&self.document.text.as_bytes()[start..]),
            Token::Array { .. } | Token::Object { .. } => self.after_bracket(start + 1),
        }
    }

    /// The place behind the closing bracket that follows blanks at `at`.
    fn after_bracket(self, at: usize) -> usize {
        let rest = &self.document.text.as_bytes()[at..];
        at + rest.iter().take_while(|byte| byte.is_ascii_whitespace()).count() + 1
    }

    /// Reads the value as a type, by the rules of [`Reader::read`](super::Reader::read); the error has a path but no place.
    pub fn read<T: DeserializeOwned>(self) -> Result<T, Error> {
        T::deserialize(de::Cursor::at(&self.document.tape, self.index)).map_err(Error::from)
    }

    /// The value as a tree.
    pub fn to_value(self) -> Result<Value, Error> {
        self.read()
    }
}

/// The bytes that a string takes with its quotes; the parser saw that it ends.
fn written_string(bytes: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Changes to a document that leave every other byte as it is.
#[derive(Debug)]
pub struct Edits<'d> {
    document: &'d Document<'d>,
    /// What stands in the place of which bytes; an empty range is an insertion.
    changes: Vec<(Range<usize>, String)>,
    /// Objects that were given a member that they did not have.
    grown: BTreeSet<usize>,
}

impl<'d> Edits<'d> {
    /// No change yet.
    #[must_use]
    pub const fn new(document: &'d Document<'d>) -> Self {
        Self {
            document,
            changes: Vec::new(),
            grown: BTreeSet::new(),
        }
    }

    /// Writes `json` in the place of a part. Parts within a replaced part must be left alone.
    pub fn replace(&mut self, part: Part<'_>, json: impl Into<String>) {
        self.changes.push((part.span(), json.into()));
    }

    /// Gives an object the member `key` with the value `json`, in the place of the one it has. Anything but an object stays as
    /// it is.
    pub fn set(&mut self, object: Part<'_>, key: &str, json: &str) {
        let Token::Object { len, .. } = object.token() else {
            return;
        };
        if let Some(present) = object.get(key) {
            self.replace(present, json);
            return;
        }
        let is_first = self.grown.insert(object.index) && *len == 0;
        let comma = if is_first { "" } else { "," };
        let end = object.span().end - 1;
        let key = super::compact(&Value::String(key.to_owned()));
        self.changes.push((end..end, format!("{comma}{key}:{json}")));
    }

    /// Takes the members with these keys out of an object; those that it does not have are no trouble. To be done at most once
    /// for an object, and not to one that loses all of its members and is given others.
    pub fn remove(&mut self, object: Part<'_>, keys: &[&str]) {
        let members: Vec<(usize, usize, bool)> = object
            .places()
            .map(|(key, value)| {
                let is_wanted = !keys.contains(&object.document.tape.key(key));
                let start = object.document.tape.nodes[key].offset;
                (start, object.at(value).span().end, is_wanted)
            })
            .collect();
        let mut next = 0;
        while let Some(skipped) = members[next..].iter().position(|member| !member.2) {
            let first = next + skipped;
            let run = members[first..].iter().take_while(|member| !member.2).count();
            next = first + run;
            let range = match (first.checked_sub(1), members.get(next)) {
                // The comma before the run goes with it, or the one behind it where there is nothing before.
                (Some(before), _) => members[before].1..members[next - 1].1,
                (None, Some(behind)) => members[first].0..behind.0,
                (None, None) => members[first].0..members[next - 1].1,
            };
            self.changes.push((range, String::new()));
        }
    }

    /// The text with the changes.
    #[must_use]
    pub fn finish(mut self) -> String {
        let text = self.document.text;
        self.changes.sort_by_key(|(range, _)| (range.start, range.end));
        let added: usize = self.changes.iter().map(|(_, json)| json.len()).sum();
        let mut edited = String::with_capacity(text.len() + added);
        let mut at = 0;
        for (range, json) in &self.changes {
            if range.start < at {
                continue;
            }
            edited.push_str(&text[at..range.start]);
            edited.push_str(json);
            at = range.end;
        }
        edited.push_str(&text[at..]);
        edited
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::{self, Reader};

    fn document(text: &str) -> Document<'_> {
        Reader::new().document(text.as_bytes()).unwrap()
    }

    const FRAME: &str = " {\"id\" : 7.0, \"params\":{\"name\":\"a\\\"}b\",\"arguments\":{\"deep\":[[],[1,{ }]]}} ,\n\"x\":[ ] } ";

    fn parts(part: Part<'_>) -> Vec<Part<'_>> {
        let below = part.members().map(|(_, value)| value).chain(part.items());
        std::iter::once(part).chain(below.flat_map(parts)).collect()
    }

    #[test]
    fn every_value_knows_its_bytes() {
        let document = document(FRAME);
        let root = document.root();
        assert_eq!(root.raw(), FRAME.trim());
        for (path, raw) in [
            (&["id"][..], "7.0"),
            (&["params", "name"], r#""a\"}b""#),
            (&["params", "arguments"], r#"{"deep":[[],[1,{ }]]}"#),
            (&["params", "arguments", "deep"], "[[],[1,{ }]]"),
            (&["x"], "[ ]"),
        ] {
            let part = path.iter().fold(root, |part, key| part.get(key).unwrap());
            assert_eq!(part.raw(), raw);
        }
        assert_eq!(
            root.get("params").unwrap().get("name").unwrap().as_str(),
            Some("a\"}b")
        );
        assert!(root.get("absent").is_none() && root.get("id").unwrap().get("x").is_none());
    }

    #[test]
    fn what_is_cut_out_means_the_same() {
        for text in [
            FRAME,
            "1",
            "\"\\\\\"",
            "[[[]]]",
            "{}",
            "[null,true,false,\"\"]",
            " [ { } ] ",
        ] {
            let document = document(text);
            for part in parts(document.root()) {
                assert_eq!(
                    json::parse(part.raw().as_bytes()).unwrap(),
                    part.to_value().unwrap()
                );
            }
        }
    }

    #[test]
    fn changes_leave_the_rest_as_it_is() {
        let document = document(FRAME);
        let root = document.root();
        let mut edits = Edits::new(&document);
        edits.set(root, "id", "\"g1\"");
        edits.set(root, "y", "1");
        edits.set(root, "z\"", "2");
        let hollow = root
            .get("params")
            .unwrap()
            .get("arguments")
            .unwrap()
            .get("deep")
            .unwrap();
        let hollow = hollow.items().nth(1).unwrap().items().nth(1).unwrap();
        edits.set(hollow, "a", "1");
        edits.set(hollow, "b", "2");
        edits.replace(root.get("x").unwrap(), "[3]");
        assert_eq!(
            edits.finish(),
            FRAME
                .replace("7.0", "\"g1\"")
                .replace("{ }", "{ \"a\":1,\"b\":2}")
                .replace("[ ] }", "[3] ,\"y\":1,\"z\\\"\":2}")
        );
    }

    #[test]
    fn members_are_taken_out_with_their_commas() {
        let text = r#"{ "a":1 , "b" : [ 2 ],"c":{"x":3} , "d":4.0 }"#;
        let document = document(text);
        for (keys, expected) in [
            (&[][..], text),
            (&["x", "2"], text),
            (&["a"], r#"{ "b" : [ 2 ],"c":{"x":3} , "d":4.0 }"#),
            (&["b"], r#"{ "a":1,"c":{"x":3} , "d":4.0 }"#),
            (&["a", "b"], r#"{ "c":{"x":3} , "d":4.0 }"#),
            (&["b", "d"], r#"{ "a":1,"c":{"x":3} }"#),
            (&["a", "d"], r#"{ "b" : [ 2 ],"c":{"x":3} }"#),
            (&["a", "b", "c", "d"], "{  }"),
        ] {
            let mut edits = Edits::new(&document);
            edits.remove(document.root(), keys);
            assert_eq!(edits.finish(), expected, "{keys:?}");
        }
        let mut edits = Edits::new(&document);
        edits.remove(document.root(), &["d"]);
        edits.set(document.root(), "c", "0");
        edits.set(document.root(), "e", "5");
        assert_eq!(edits.finish(), r#"{ "a":1 , "b" : [ 2 ],"c":0 ,"e":5}"#);
    }

    #[test]
    fn a_text_that_could_mean_two_things_is_refused() {
        for text in [
            "{\"method\":1,\"method\":2}",
            "{} {}",
            "\u{feff}{}",
            "{\"a\":\"\\ud800\"}",
        ] {
            assert!(Reader::new().document(text.as_bytes()).is_err(), "{text}");
        }
    }
}
