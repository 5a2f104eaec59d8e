//! The text of a [`Tape`].

use super::layout::{Layout, Order};
use super::tape::{Tape, Token};
use super::text::Text;

/// A number beyond the range of doubles, by its index on the tape.
#[derive(Debug)]
pub(super) struct OutOfRange(pub(super) usize);

/// The text of the whole tape. Only [`Layout::CANONICAL`] can fail.
pub(super) fn write(tape: &Tape<'_>, layout: Layout, capacity: usize) -> Result<String, OutOfRange> {
    let mut writer = Writer {
        tape,
        order: layout.order,
        text: Text::new(layout, capacity),
        members: Vec::new(),
    };
    writer.value(0)?;
    Ok(writer.text.into_string())
}

struct Writer<'t> {
    tape: &'t Tape<'t>,
    order: Order,
    text: Text,
    /// Keys and value indices of all objects being written, innermost last: one buffer instead of one for each object.
    members: Vec<(&'t str, usize)>,
}

impl Writer<'_> {
    // Recursion is bounded by the depth of the tape, which the parser bounds.
    fn value(&mut self, index: usize) -> Result<(), OutOfRange> {
        match *self.tape.token(index) {
            Token::Null => self.text.null(),
            Token::Bool(value) => self.text.bool(value),
            Token::Number(text) => {
                if !self.text.number(text) {
                    return Err(OutOfRange(index));
                }
            }
            Token::String(ref text) => self.text.string(text),
            Token::Array { end, .. } => self.array(index, end)?,
            Token::Object { end, .. } => self.object(index, end)?,
        }
        Ok(())
    }

    fn array(&mut self, index: usize, end: usize) -> Result<(), OutOfRange> {
        self.text.open('[');
        let first = index + 1;
        let mut item = first;
        while item < end {
            self.text.separate(item == first);
            self.value(item)?;
            item = self.tape.after(item);
        }
        self.text.close(']', first == end);
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
        if self.order != Order::AsGiven {
            // Keys of one object differ, so an unstable sort has one outcome.
            self.members[first..].sort_unstable_by(|(a, _), (b, _)| self.order.compare(a, b));
        }
        self.text.open('{');
        for member in first..self.members.len() {
            let (key, value) = self.members[member];
            self.text.separate(member == first);
            self.text.key(key);
            self.value(value)?;
        }
        self.text.close('}', first == self.members.len());
        self.members.truncate(first);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{canonical_bytes, compact, compact_in_order, parse, pretty};

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
