//! JSON text in the making: tokens in, laid out text out.

use std::fmt::Display;

use super::layout::{Escapes, Layout, Numbers};
use super::number;
use super::scan::{html_prefix, plain_prefix};

/// A text that grows token by token. Whoever writes sees to it that the tokens make a value.
#[derive(Debug)]
pub(super) struct Text {
    out: String,
    layout: Layout,
    depth: usize,
    values: usize,
}

impl Text {
    pub(super) fn new(layout: Layout, capacity: usize) -> Self {
        Self {
            out: String::with_capacity(capacity),
            layout,
            depth: 0,
            values: 0,
        }
    }

    pub(super) fn into_string(self) -> String {
        self.out
    }

    /// Bytes written.
    pub(super) fn len(&self) -> usize {
        self.out.len()
    }

    /// Values written, every key counted as one.
    pub(super) fn values(&self) -> usize {
        self.values
    }

    pub(super) fn null(&mut self) {
        self.values += 1;
        self.out.push_str("null");
    }

    pub(super) fn bool(&mut self, value: bool) {
        self.values += 1;
        self.out.push_str(if value { "true" } else { "false" });
    }

    /// Writes a number that is given as a text of the grammar; `false` if the layout has no form for it, which only
    /// [`Layout::CANONICAL`] hasn't beyond the range of doubles.
    #[must_use]
    pub(super) fn number(&mut self, text: &str) -> bool {
        self.values += 1;
        match self.layout.numbers {
            Numbers::Canonical => number::write_canonical(&mut self.out, text),
            Numbers::Plain => {
                number::write_plain(&mut self.out, text);
                true
            }
        }
    }

    /// Writes an integer of any width Rust has.
    pub(super) fn integer(&mut self, value: impl Display) {
        self.values += 1;
        number::write_integer(&mut self.out, value, self.layout.numbers);
    }

    /// Writes a double, which must be finite.
    pub(super) fn double(&mut self, value: f64) {
        self.values += 1;
        let mut buffer = ryu_js::Buffer::new();
        self.out.push_str(match self.layout.numbers {
            Numbers::Canonical => buffer.format_finite(value),
            Numbers::Plain => number::shortest(value, &mut buffer),
        });
    }

    /// Opens an array or an object.
    pub(super) fn open(&mut self, bracket: char) {
        self.values += 1;
        self.out.push(bracket);
        self.depth += 1;
    }

    /// Goes where an item or a member is to stand.
    pub(super) fn separate(&mut self, is_first: bool) {
        if !is_first {
            self.out.push(',');
        }
        self.line();
    }

    /// Closes what was opened last.
    pub(super) fn close(&mut self, bracket: char, is_empty: bool) {
        self.depth -= 1;
        if !is_empty {
            self.line();
        }
        self.out.push(bracket);
    }

    fn line(&mut self) {
        if self.layout.indented {
            self.out.push('\n');
            for _ in 0..self.depth {
                self.out.push_str("  ");
            }
        }
    }

    /// Writes the key of a member.
    pub(super) fn key(&mut self, key: &str) {
        self.string(key);
        self.out.push_str(if self.layout.indented { ": " } else { ":" });
    }

    pub(super) fn string(&mut self, text: &str) {
        self.values += 1;
        self.out.push('"');
        let bytes = text.as_bytes();
        let mut written = 0;
        let mut at = 0;
        loop {
            at += self.layout.escapes.plain_prefix(&bytes[at..]);
            if at == bytes.len() {
                break;
            }
            if bytes[at] == LINE_SEPARATOR_LEAD {
                let escape = match bytes.get(at + 1..at + 3) {
                    Some([0x80, 0xA8]) => "\\u2028",
                    Some([0x80, 0xA9]) => "\\u2029",
                    _ => {
                        at += 1;
                        continue;
                    }
                };
                self.out.push_str(&text[written..at]);
                self.out.push_str(escape);
                at += 3;
            } else {
                self.out.push_str(&text[written..at]);
                push_escape(&mut self.out, bytes[at]);
                at += 1;
            }
            written = at;
        }
        self.out.push_str(&text[written..]);
        self.out.push('"');
    }
}

/// The first byte of U+2028 and U+2029, which end a line in old scripts.
const LINE_SEPARATOR_LEAD: u8 = 0xE2;

impl Escapes {
    /// How many bytes come before the first that may need an escape.
    fn plain_prefix(self, bytes: &[u8]) -> usize {
        match self {
            Self::Minimal => plain_prefix(bytes),
            Self::Html => html_prefix(bytes),
        }
    }
}

fn push_escape(out: &mut String, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    match byte {
        b'"' => out.push_str("\\\""),
        b'\\' => out.push_str("\\\\"),
        0x08 => out.push_str("\\b"),
        0x0C => out.push_str("\\f"),
        b'\n' => out.push_str("\\n"),
        b'\r' => out.push_str("\\r"),
        b'\t' => out.push_str("\\t"),
        _ => {
            out.push_str("\\u00");
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 0xF)]));
        }
    }
}
