//! The one writer: a [`Tape`] as canonical, compact or indented text.

use std::cmp::Ordering;

use super::number;
use super::scan::plain_prefix;
use super::tape::{Tape, Token};

/// How a tape is laid out as text.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    order: Order,
    numbers: Numbers,
    escapes: Escapes,
    indented: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    AsGiven,
    Utf16,
    Bytes,
}

impl Order {
    /// Sorts members by their keys. Those of one object differ, so an unstable sort has one outcome.
    fn sort(self, members: &mut [(&str, usize)]) {
        match self {
            Self::AsGiven => {}
            Self::Bytes => members.sort_unstable_by_key(|&(key, _)| key),
            Self::Utf16 => members.sort_unstable_by(|(a, _), (b, _)| compare_utf16(a, b)),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Numbers {
    Canonical,
    Plain,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// Those of RFC 8785 section 3.2.2.2.
    Minimal,
    Html,
}

impl Escapes {
    /// How many bytes come before the first that may need an escape.
    fn plain_prefix(self, bytes: &[u8]) -> usize {
        match self {
            Self::Minimal => plain_prefix(bytes),
            Self::Html => bytes
                .iter()
                .position(|&byte| HTML_ESCAPES[usize::from(byte)])
                .unwrap_or(bytes.len()),
        }
    }
}

impl Layout {
    /// RFC 8785.
    pub(super) const CANONICAL: Self = Self {
        order: Order::Utf16,
        numbers: Numbers::Canonical,
        escapes: Escapes::Minimal,
        indented: false,
    };
    /// One line, keys sorted by bytes, safe to embed in HTML.
    pub(super) const COMPACT: Self = Self {
        order: Order::Bytes,
        numbers: Numbers::Plain,
        escapes: Escapes::Html,
        indented: false,
    };
    /// One line, keys in the given order, safe to embed in HTML.
    pub(super) const IN_ORDER: Self = Self {
        order: Order::AsGiven,
        ..Self::COMPACT
    };
    /// Two blanks a level, keys in the given order, safe to embed in HTML.
    pub(super) const PRETTY: Self = Self {
        indented: true,
        ..Self::IN_ORDER
    };
}

/// Bytes escaped so that the text can stand in HTML, beyond those JSON itself wants escaped, and the first byte of U+2028
/// and U+2029, which end a line in old scripts.
const HTML_ESCAPES: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        table[byte] = true;
        byte += 1;
    }
    table[b'"' as usize] = true;
    table[b'\\' as usize] = true;
    table[b'<' as usize] = true;
    table[b'>' as usize] = true;
    table[b'&' as usize] = true;
    table[LINE_SEPARATOR_LEAD as usize] = true;
    table
};

const LINE_SEPARATOR_LEAD: u8 = 0xE2;

/// A number beyond the range of doubles, by its index on the tape.
#[derive(Debug)]
pub(super) struct OutOfRange(pub(super) usize);

/// The text of the whole tape. Only [`Layout::CANONICAL`] can fail.
pub(super) fn write(tape: &Tape<'_>, layout: Layout, capacity: usize) -> Result<String, OutOfRange> {
    let mut writer = Writer {
        tape,
        layout,
        out: String::with_capacity(capacity),
        members: Vec::new(),
        depth: 0,
    };
    writer.value(0)?;
    Ok(writer.out)
}

struct Writer<'t> {
    tape: &'t Tape<'t>,
    layout: Layout,
    out: String,
    /// Keys and value indices of all objects being written, innermost last: one buffer instead of one for each object.
    members: Vec<(&'t str, usize)>,
    depth: usize,
}

impl Writer<'_> {
    // Recursion is bounded by the depth of the tape, which the parser bounds.
    fn value(&mut self, index: usize) -> Result<(), OutOfRange> {
        match *self.tape.token(index) {
            Token::Null => self.out.push_str("null"),
            Token::Bool(true) => self.out.push_str("true"),
            Token::Bool(false) => self.out.push_str("false"),
            Token::Number(text) => match self.layout.numbers {
                Numbers::Plain => number::write_plain(&mut self.out, text),
                Numbers::Canonical if number::write_canonical(&mut self.out, text) => {}
                Numbers::Canonical => return Err(OutOfRange(index)),
            },
            Token::String(ref text) => self.string(text),
            Token::Array { len: 0, .. } => self.out.push_str("[]"),
            Token::Object { len: 0, .. } => self.out.push_str("{}"),
            Token::Array { end, .. } => self.array(index, end)?,
            Token::Object { end, .. } => self.object(index, end)?,
        }
        Ok(())
    }

    fn array(&mut self, index: usize, end: usize) -> Result<(), OutOfRange> {
        self.open('[');
        let mut item = index + 1;
        while item < end {
            self.separate(item == index + 1);
            self.value(item)?;
            item = self.tape.after(item);
        }
        self.close(']');
        Ok(())
    }

    fn object(&mut self, index: usize, end: usize) -> Result<(), OutOfRange> {
        let tape = self.tape;
        let first = self.members.len();
        let mut key = index + 1;
        while key < end {
            self.members.push((tape.key(key), key + 1));
            key = tape.after(key + 1);
        }
        self.layout.order.sort(&mut self.members[first..]);
        self.open('{');
        for member in first..self.members.len() {
            let (key, value) = self.members[member];
            self.separate(member == first);
            self.string(key);
            self.out.push_str(if self.layout.indented { ": " } else { ":" });
            self.value(value)?;
        }
        self.close('}');
        self.members.truncate(first);
        Ok(())
    }

    fn open(&mut self, bracket: char) {
        self.out.push(bracket);
        self.depth += 1;
    }

    fn separate(&mut self, is_first: bool) {
        if !is_first {
            self.out.push(',');
        }
        self.line();
    }

    fn close(&mut self, bracket: char) {
        self.depth -= 1;
        self.line();
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

    fn string(&mut self, text: &str) {
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

/// Orders by UTF-16 code units (RFC 8785 section 3.2.3) without converting.
///
/// That is the order of the UTF-8 bytes, except that characters beyond U+FFFF (lead bytes F0 to F4) are made of surrogates
/// and so come before U+E000 to U+FFFF (lead bytes EE and EF).
fn compare_utf16(a: &str, b: &str) -> Ordering {
    let rank = |byte: u8| match byte {
        0xEE | 0xEF => byte + 0x10,
        _ => byte,
    };
    match a.bytes().zip(b.bytes()).find(|(a, b)| a != b) {
        Some((a, b)) => rank(a).cmp(&rank(b)),
        None => a.len().cmp(&b.len()),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{canonical_bytes, compact, compact_in_order, parse, pretty};
    use super::*;

    fn canonical(text: &str) -> String {
        String::from_utf8(canonical_bytes(&parse(text.as_bytes()).unwrap()).unwrap()).unwrap()
    }

    /// RFC 8785 section 3.2.2.
    #[test]
    fn primitive_values_are_canonicalised() {
        let text = r#"{
            "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
            "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/",
            "literals": [null, true, false]
        }"#;
        let expected = concat!(
            r#"{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"#,
            r#""string":"€$\u000f\nA'B\"\\\\\"/"}"#
        );
        assert_eq!(canonical(text), expected);
    }

    /// RFC 8785 section 3.2.3.
    #[test]
    fn keys_are_sorted_by_utf16_code_units() {
        let text = r#"{"\u20ac":1,"\r":2,"\ufb33":3,"1":4,"\ud83d\ude00":5,"\u0080":6,"\u00f6":7}"#;
        assert_eq!(
            canonical(text),
            "{\"\\r\":2,\"1\":4,\"\u{80}\":6,\"ö\":7,\"€\":1,\"😀\":5,\"\u{fb33}\":3}"
        );
    }

    #[test]
    fn utf16_order_is_that_of_the_code_units() {
        let keys = [
            "",
            "a",
            "aa",
            "b",
            "\u{7f}",
            "\u{80}",
            "é",
            "\u{7ff}",
            "\u{800}",
            "\u{d7ff}",
            "\u{e000}",
            "\u{efff}",
            "\u{f000}",
            "\u{ffff}",
            "\u{10000}",
            "\u{10ffff}",
            "a\u{ffff}",
            "a\u{10000}",
        ];
        for a in keys {
            for b in keys {
                assert_eq!(
                    compare_utf16(a, b),
                    a.encode_utf16().cmp(b.encode_utf16()),
                    "{a:?} {b:?}"
                );
            }
        }
    }

    #[test]
    fn canonical_strings_escape_only_what_they_must() {
        assert_eq!(
            canonical(r#""\u0000\b\f\n\r\t\u001f\/<>&\u007f\u2028""#),
            "\"\\u0000\\b\\f\\n\\r\\t\\u001f/<>&\u{7f}\u{2028}\""
        );
    }

    #[test]
    fn plain_layouts() {
        let value = parse("{\"b\":[1.50,\"<&>\u{2028}\u{2029}\u{20ac}\"],\"a\":{},\"\u{10000}\":[],\"\u{ffff}\":{\"z\":null,\"y\":1e-07}}".as_bytes()).unwrap();
        let inner = r#""b":[1.5,"\u003c\u0026\u003e\u2028\u2029€"]"#;
        assert_eq!(
            compact(&value),
            format!("{{\"a\":{{}},{inner},\"\u{ffff}\":{{\"y\":1e-7,\"z\":null}},\"\u{10000}\":[]}}")
        );
        assert_eq!(
            compact_in_order(&value),
            format!("{{{inner},\"a\":{{}},\"\u{10000}\":[],\"\u{ffff}\":{{\"z\":null,\"y\":1e-7}}}}")
        );
    }

    #[test]
    fn pretty_layout() {
        let value = parse(br#"{"b":[1,[],{"c":{}}],"a":{"x":true}}"#).unwrap();
        let expected = r#"{
  "b": [
    1,
    [],
    {
      "c": {}
    }
  ],
  "a": {
    "x": true
  }
}"#;
        assert_eq!(pretty(&value).unwrap(), expected);
    }
}
