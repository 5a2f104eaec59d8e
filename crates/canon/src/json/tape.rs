//! A parsed text as one flat list of nodes that borrow from it.
//!
//! Every reader and writer here works on this form: it costs one allocation however many values there are, drops without
//! recursion, and every node knows its place in the text.

use std::borrow::Cow;

use super::number::Number;
use super::object::Object;
use super::value::Value;

/// Nodes in document order: an array is followed by its items, an object by key, value, key, value.
#[derive(Debug)]
pub(super) struct Tape<'a> {
    pub(super) nodes: Vec<Node<'a>>,
}

#[derive(Debug)]
pub(super) struct Node<'a> {
    /// Where the node starts in the text, in bytes.
    pub(super) offset: usize,
    pub(super) token: Token<'a>,
}

#[derive(Debug)]
pub(super) enum Token<'a> {
    Null,
    Bool(bool),
    /// A number as written.
    Number(&'a str),
    /// A string or an object's key, escapes resolved.
    String(Cow<'a, str>),
    /// An array of `len` items; `end` is the index after its last node.
    Array {
        len: usize,
        end: usize,
    },
    /// An object of `len` members; `end` is the index after its last node.
    Object {
        len: usize,
        end: usize,
    },
}

impl<'a> Tape<'a> {
    /// The token at `index`.
    pub(super) fn token(&self, index: usize) -> &Token<'a> {
        &self.nodes[index].token
    }

    /// The index after the value that starts at `index`.
    pub(super) fn after(&self, index: usize) -> usize {
        match self.nodes[index].token {
            Token::Array { end, .. } | Token::Object { end, .. } => end,
            _ => index + 1,
        }
    }

    /// The text of the key at `index`.
    pub(super) fn key(&self, index: usize) -> &str {
        match &self.nodes[index].token {
            Token::String(text) => text,
            _ => "",
        }
    }

    /// The tape of an owned value, borrowing its texts; offsets mean nothing.
    pub(super) fn of_value(value: &'a Value) -> Self {
        let mut tape = Self { nodes: Vec::new() };
        tape.push_value(value);
        tape
    }

    fn push(&mut self, token: Token<'a>) -> usize {
        self.nodes.push(Node { offset: 0, token });
        self.nodes.len() - 1
    }

    fn push_value(&mut self, value: &'a Value) {
        match value {
            Value::Null => {
                self.push(Token::Null);
            }
            Value::Bool(value) => {
                self.push(Token::Bool(*value));
            }
            Value::Number(number) => {
                self.push(Token::Number(number.as_str()));
            }
            Value::String(text) => {
                self.push(Token::String(Cow::Borrowed(text)));
            }
            Value::Array(items) => {
                let start = self.push(Token::Null);
                for item in items {
                    self.push_value(item);
                }
                self.nodes[start].token = Token::Array {
                    len: items.len(),
                    end: self.nodes.len(),
                };
            }
            Value::Object(object) => {
                let start = self.push(Token::Null);
                for (key, value) in object {
                    self.push(Token::String(Cow::Borrowed(key)));
                    self.push_value(value);
                }
                self.nodes[start].token = Token::Object {
                    len: object.len(),
                    end: self.nodes.len(),
                };
            }
        }
    }

    /// The owned value.
    pub(super) fn into_value(self) -> Value {
        take_value(&mut self.nodes.into_iter())
    }
}

fn take_value(nodes: &mut std::vec::IntoIter<Node<'_>>) -> Value {
    match nodes.next().map(|node| node.token) {
        None | Some(Token::Null) => Value::Null,
        Some(Token::Bool(value)) => Value::Bool(value),
        Some(Token::Number(text)) => Value::Number(Number::from_checked(text)),
        Some(Token::String(text)) => Value::String(text.into_owned()),
        Some(Token::Array { len, .. }) => Value::Array((0..len).map(|_| take_value(nodes)).collect()),
        Some(Token::Object { len, .. }) => {
            let mut object = Object::with_capacity(len);
            for _ in 0..len {
                let Some(Node {
                    token: Token::String(key),
                    ..
                }) = nodes.next()
                else {
                    break;
                };
                object.insert(key.into_owned(), take_value(nodes));
            }
            Value::Object(object)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a text may cost its reader (see `Reader::max_bytes`) depends on it.
    #[test]
    fn nodes_are_small() {
        assert!(size_of::<Node<'_>>() <= 32);
    }
}
