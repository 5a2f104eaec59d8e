//! Reading untrusted bytes: limits first, then text, then the tree or a type.

use std::borrow::Cow;
use std::str::Utf8Error;

use serde::de::DeserializeOwned;

use super::canonical_bytes;
use super::de::{Cursor, Mismatch};
use super::document::Document;
use super::error::{Error, ErrorKind, Fault, Position};
use super::layout::Layout;
use super::parse::{self, Rules};
use super::tape::Tape;
use super::value::Value;
use super::write;

/// A JSON reader and what it puts up with. The default puts up with nothing.
///
/// Refused unless an option says otherwise: duplicate keys, unpaired surrogate escapes, invalid UTF-8, a byte order mark,
/// nesting beyond 128 levels, more than 64 MiB, and anything but white space after the value.
#[derive(Debug, Clone, Copy)]
pub struct Reader {
    max_bytes: usize,
    replace_invalid_text: bool,
    ignore_unknown_members: bool,
    ignore_member_case: bool,
    rules: Rules,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

/// A tape of one-digit numbers takes 16 times the bytes of its text, twice that while it grows; this keeps the worst case near
/// two gibibytes.
const DEFAULT_MAX_BYTES: usize = 64 << 20;
const DEFAULT_MAX_DEPTH: usize = 128;
/// Deeper trees could exhaust the stack when they are turned into Rust values.
const DEEPEST: usize = 1024;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

impl Reader {
    /// The strict reader.
    #[must_use]
    pub const fn new() -> Self {
        let rules = Rules {
            max_depth: DEFAULT_MAX_DEPTH,
            max_values: usize::MAX,
            replace_lone_surrogates: false,
            allow_trailing: false,
            allow_duplicates: false,
        };
        Self {
            max_bytes: DEFAULT_MAX_BYTES,
            replace_invalid_text: false,
            ignore_unknown_members: false,
            ignore_member_case: false,
            rules,
        }
    }

    /// Takes texts of up to `limit` bytes. At worst (an array of digits) reading takes some
    /// 32 times their memory.
    #[must_use]
    pub const fn max_bytes(mut self, limit: usize) -> Self {
        self.max_bytes = limit;
        self
    }

    /// Takes texts of up to `limit` values, every key counted as one. Reading takes 32 bytes each beside what the result takes,
    /// so that this bounds the memory of texts that are long for good reasons; without it, [`max_bytes`](Self::max_bytes) does.
    #[must_use]
    pub const fn max_values(mut self, limit: usize) -> Self {
        self.rules.max_values = limit;
        self
    }

    /// Follows arrays and objects `limit` levels deep, at most 1,024.
    #[must_use]
    pub const fn max_depth(mut self, limit: usize) -> Self {
        self.rules.max_depth = if limit < DEEPEST { limit } else { DEEPEST };
        self
    }

    /// Reads every byte in a string that is not part of valid UTF-8, and every unpaired surrogate escape, as U+FFFD.
    #[must_use]
    pub const fn replace_invalid_text(mut self) -> Self {
        self.replace_invalid_text = true;
        self.rules.replace_lone_surrogates = true;
        self
    }

    /// Ignores whatever follows the first value (which still has to be UTF-8 unless that is replaced).
    #[must_use]
    pub const fn allow_trailing(mut self) -> Self {
        self.rules.allow_trailing = true;
        self
    }

    /// Passes over members that a struct does not have, at every level and also where the type itself refuses them.
    #[must_use]
    pub const fn ignore_unknown_members(mut self) -> Self {
        self.ignore_unknown_members = true;
        self
    }

    /// Takes the members of structs also where their ASCII letters are of the other case, at every level. One that is given
    /// in two cases is given twice, and refused.
    ///
    /// For documents whose other readers do so: a member passed over here would count there.
    #[must_use]
    pub const fn ignore_member_case(mut self) -> Self {
        self.ignore_member_case = true;
        self
    }

    /// Lets objects name a member more than once, and keeps the last.
    ///
    /// For documents that others have always read so: who accepts one must say that it could be understood otherwise. Reading
    /// goes by way of a tree, and errors about types have a path but no place.
    #[must_use]
    pub const fn keep_last_duplicates(mut self) -> Self {
        self.rules.allow_duplicates = true;
        self
    }

    /// Reads a tree.
    pub fn parse(&self, bytes: &[u8]) -> Result<Value, Error> {
        let text = self.decode(bytes)?;
        Ok(self.tape(&text, bytes)?.into_value())
    }

    /// Reads a typed value.
    ///
    /// Members of structs that are `null` count as absent; integers must be written without fraction and exponent. When
    /// the text is JSON but not of the type, the error names the member's path and its place.
    pub fn read<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<T, Error> {
        self.read_counted(bytes).map(|(value, _)| value)
    }

    /// Reads a typed value, and tells how many JSON values its text holds, every key counted as one: what is left of
    /// [`max_values`](Self::max_values) for the texts that follow.
    pub fn read_counted<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<(T, usize), Error> {
        let text = self.decode(bytes)?;
        let tape = self.tape(&text, bytes)?;
        let count = tape.nodes.len();
        if self.rules.allow_duplicates {
            let tree = tape.into_value();
            let value = self.deserialize(&Tape::of_value(&tree)).map_err(Error::from)?;
            return Ok((value, count));
        }
        Ok((self.typed(&tape, &text, bytes)?, count))
    }

    /// Reads a typed value and the tree of the same text, which also has what the type leaves out.
    pub fn read_with_tree<T: DeserializeOwned>(&self, bytes: &[u8]) -> Result<(T, Value), Error> {
        let text = self.decode(bytes)?;
        let tape = self.tape(&text, bytes)?;
        if self.rules.allow_duplicates {
            let tree = tape.into_value();
            let value = self.deserialize(&Tape::of_value(&tree)).map_err(Error::from)?;
            return Ok((value, tree));
        }
        Ok((self.typed(&tape, &text, bytes)?, tape.into_value()))
    }

    /// The value on the tape of `text`, which was decoded from `bytes`; the error names its place.
    fn typed<T: DeserializeOwned>(&self, tape: &Tape<'_>, text: &str, bytes: &[u8]) -> Result<T, Error> {
        self.deserialize(tape).map_err(|mismatch| {
            let position = mismatch
                .node
                .map(|node| place(bytes, text, tape.nodes[node].offset));
            let error = Error::from(mismatch);
            match position {
                Some(position) => error.at(position),
                None => error,
            }
        })
    }

    fn deserialize<T: DeserializeOwned>(&self, tape: &Tape<'_>) -> Result<T, Mismatch> {
        T::deserialize(
            Cursor::at_root(tape)
                .known_members_only(self.ignore_unknown_members)
                .member_case_ignored(self.ignore_member_case),
        )
    }

    /// Reads a text and writes it in the canonical form of RFC 8785, by way of a tree only if the last of equal keys is kept.
    pub fn canonicalise(&self, bytes: &[u8]) -> Result<Vec<u8>, Error> {
        if self.rules.allow_duplicates {
            return canonical_bytes(&self.parse(bytes)?);
        }
        let text = self.decode(bytes)?;
        let tape = self.tape(&text, bytes)?;
        match write::write(&tape, Layout::CANONICAL, text.len()) {
            Ok(canonical) => Ok(canonical.into_bytes()),
            Err(write::OutOfRange(node)) => {
                let position = place(bytes, &text, tape.nodes[node].offset);
                Err(Error::new(ErrorKind::NumberOutOfRange).at(position))
            }
        }
    }

    /// Reads a text whose values keep their place in it. The text must be UTF-8, whatever else the reader puts up with.
    pub fn document<'a>(&self, bytes: &'a [u8]) -> Result<Document<'a>, Error> {
        self.check_start(bytes)?;
        let text = std::str::from_utf8(bytes).map_err(|error| invalid_utf8(error, bytes))?;
        Ok(Document::new(text, self.tape(text, bytes)?))
    }

    /// Refuses what is too long, or begins as no JSON text does.
    fn check_start(&self, bytes: &[u8]) -> Result<(), Error> {
        if bytes.len() > self.max_bytes {
            return Err(Error::new(ErrorKind::TooLong {
                length: bytes.len(),
                limit: self.max_bytes,
            }));
        }
        if bytes.starts_with(BYTE_ORDER_MARK) {
            return Err(Fault::new(ErrorKind::ByteOrderMark, 0).locate(bytes));
        }
        Ok(())
    }

    fn decode<'a>(&self, bytes: &'a [u8]) -> Result<Cow<'a, str>, Error> {
        self.check_start(bytes)?;
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Cow::Borrowed(text)),
            Err(_) if self.replace_invalid_text => Ok(Cow::Owned(replace_invalid(bytes))),
            Err(error) => Err(invalid_utf8(error, bytes)),
        }
    }

    fn tape<'a>(&self, text: &'a str, bytes: &[u8]) -> Result<Tape<'a>, Error> {
        parse::parse(text, self.rules)
            .map_err(|fault| Error::new(fault.kind).at(place(bytes, text, fault.offset)))
    }
}

fn invalid_utf8(error: Utf8Error, bytes: &[u8]) -> Error {
    Fault::new(ErrorKind::InvalidUtf8, error.valid_up_to()).locate(bytes)
}

/// One U+FFFD for each byte that is not part of valid UTF-8. The parser refuses them outside strings.
fn replace_invalid(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// The place in `bytes` of what is `offset` bytes into the decoded `text`.
fn place(bytes: &[u8], text: &str, offset: usize) -> Position {
    if bytes.len() == text.len() {
        return Position::locate(bytes, offset);
    }
    let (mut original, mut decoded) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid().len();
        if decoded + valid >= offset {
            break;
        }
        decoded += valid;
        original += valid;
        for _ in chunk.invalid() {
            if decoded >= offset {
                break;
            }
            decoded += char::REPLACEMENT_CHARACTER.len_utf8();
            original += 1;
        }
    }
    Position::locate(bytes, original + offset.saturating_sub(decoded))
}

#[cfg(test)]
mod tests {
    use super::super::canonical_counted;
    use super::*;

    fn refusal(reader: Reader, text: &[u8]) -> (String, usize, usize, usize) {
        let error = reader.parse(text).unwrap_err();
        let position = error.position().unwrap();
        (
            error.kind().to_string(),
            position.offset,
            position.line,
            position.column,
        )
    }

    #[test]
    fn refusals_name_their_place() {
        let cases: &[(&[u8], &str, usize, usize, usize)] = &[
            (b"", "unexpected end, expected a value", 0, 1, 1),
            (b" \n ", "unexpected end, expected a value", 3, 2, 2),
            (b"\xEF\xBB\xBF{}", "starts with a byte order mark", 0, 1, 1),
            (b"{} x", "unexpected bytes after the value", 3, 1, 4),
            (b"{}{}", "unexpected bytes after the value", 2, 1, 3),
            (b"[1,]", "unexpected ']', expected a value", 3, 1, 4),
            (b"[1 2]", "unexpected '2', expected `,` or `]`", 3, 1, 4),
            (b"[1}", "unexpected '}', expected `,` or `]`", 2, 1, 3),
            (b"{\"a\":1,}", "unexpected '}', expected a string key", 7, 1, 8),
            (b"{a:1}", "unexpected 'a', expected a string key or `}`", 1, 1, 2),
            (b"{\"a\" 1}", "unexpected '1', expected `:`", 5, 1, 6),
            (b"{\"a\":1", "unexpected end, expected `,` or `}`", 6, 1, 7),
            (b"[", "unexpected end, expected a value", 1, 1, 2),
            (b"nul", "unexpected end, expected null", 3, 1, 4),
            (b"truE", "unexpected 'E', expected true", 3, 1, 4),
            (b"NaN", "unexpected 'N', expected a value", 0, 1, 1),
            (b"+1", "unexpected '+', expected a value", 0, 1, 1),
            (b"01", "unexpected bytes after the value", 1, 1, 2),
            (b"-", "unexpected end, expected a digit", 1, 1, 2),
            (b"1.", "unexpected end, expected a digit", 2, 1, 3),
            (b".5", "unexpected '.', expected a value", 0, 1, 1),
            (b"[1.e5]", "unexpected 'e', expected a digit", 3, 1, 4),
            (b"1e+", "unexpected end, expected a digit", 3, 1, 4),
            (b"\"a", "unexpected end, expected `\"`", 2, 1, 3),
            (
                b"\"a\nb\"",
                "control character U+000A in a string must be escaped",
                2,
                1,
                3,
            ),
            (b"\"\\x\"", "invalid escape in a string", 1, 1, 2),
            (b"\"\\u12\"", "invalid escape in a string", 1, 1, 2),
            (b"\"\\u12g4\"", "invalid escape in a string", 1, 1, 2),
            (b"\"\\", "invalid escape in a string", 1, 1, 2),
            (b"\"x\\ud800\"", "unpaired surrogate escape in a string", 2, 1, 3),
            (
                b"\"\\udc00\\ud800\"",
                "unpaired surrogate escape in a string",
                1,
                1,
                2,
            ),
            (
                b"\"\\ud800\\u0041\"",
                "unpaired surrogate escape in a string",
                1,
                1,
                2,
            ),
            (
                "[\"é\n\", \"é\", x]".as_bytes(),
                "control character U+000A in a string must be escaped",
                4,
                1,
                4,
            ),
            (
                "[\"é\",\n\"é\", x]".as_bytes(),
                "unexpected 'x', expected a value",
                13,
                2,
                6,
            ),
            (b"[\"ok\",\n \"\xFF\"]", "invalid UTF-8", 9, 2, 3),
            (b"\"\xED\xA0\x80\"", "invalid UTF-8", 1, 1, 2),
            (b"\"\xC0\xAF\"", "invalid UTF-8", 1, 1, 2),
            (b"{\"a\":1,\n \"a\":2}", "duplicate key \"a\"", 9, 2, 2),
            (b"{\"a\":1,\"\\u0061\":2}", "duplicate key \"a\"", 7, 1, 8),
        ];
        for &(text, kind, offset, line, column) in cases {
            assert_eq!(
                refusal(Reader::new(), text),
                (kind.to_owned(), offset, line, column),
                "{}",
                text.escape_ascii()
            );
        }
    }

    #[test]
    fn duplicates_are_found_in_large_objects() {
        let mut members: Vec<String> = (0..5000).map(|index| format!("\"k{index}\":0")).collect();
        let text = format!("{{{}}}", members.join(","));
        assert_eq!(
            Reader::new()
                .parse(text.as_bytes())
                .unwrap()
                .as_object()
                .unwrap()
                .len(),
            5000
        );
        members.insert(4000, "\"k17\":0".to_owned());
        members.push("\"k3\":0".to_owned());
        let text = format!("{{{}}}", members.join(","));
        let error = Reader::new().parse(text.as_bytes()).unwrap_err();
        assert_eq!(
            *error.kind(),
            ErrorKind::DuplicateKey("k17".to_owned()),
            "the first in the text"
        );
        assert_eq!(
            error.position().unwrap().offset,
            members[..4000].join(",").len() + 2
        );
    }

    #[derive(Debug, serde::Deserialize)]
    struct Document {
        last: String,
        numbers: Vec<u8>,
    }

    #[test]
    fn the_last_of_duplicates_is_kept_on_demand() {
        let lenient = Reader::new().keep_last_duplicates();
        let tree = lenient
            .parse(br#"{"a":1,"b":{"c":[1],"c":[2]},"\u0061":{"a":3}}"#)
            .unwrap();
        let plain = Reader::new().parse(br#"{"a":{"a":3},"b":{"c":[2]}}"#).unwrap();
        assert_eq!(tree, plain);

        let text = br#"{"last":"no","numbers":[1,2],"last":"yes","numbers":[3]}"#;
        assert_eq!(
            lenient.canonicalise(text).unwrap(),
            br#"{"last":"yes","numbers":[3]}"#
        );
        let document = lenient.read::<Document>(text).unwrap();
        assert_eq!(
            (document.last.as_str(), document.numbers.as_slice()),
            ("yes", [3].as_slice())
        );
        assert!(lenient.read::<Document>(br#"{"last":1,"last":2}"#).is_err());
        assert!(Reader::new().read::<Document>(text).is_err());
        assert!(lenient.parse(br#"{"a":1,"a":}"#).is_err());
    }

    #[test]
    fn the_case_of_members_is_ignored_on_demand() {
        let lenient = Reader::new().ignore_member_case().ignore_unknown_members();
        let text = br#"{"LAST":"yes","Numbers":[1],"\u017fast":0}"#;
        let document = lenient.read::<Document>(text).unwrap();
        assert_eq!(
            (document.last.as_str(), document.numbers.as_slice()),
            ("yes", [1].as_slice())
        );
        assert!(
            Reader::new()
                .ignore_unknown_members()
                .read::<Document>(text)
                .is_err()
        );
        for twice in [
            &br#"{"last":"a","Last":"b","numbers":[]}"#[..],
            br#"{"LAst":"a","Last":"b","numbers":[]}"#,
        ] {
            assert!(
                lenient.read::<Document>(twice).is_err(),
                "{}",
                twice.escape_ascii()
            );
        }
        let tree = lenient.read::<Value>(br#"{"a":1,"A":2}"#).unwrap();
        assert_eq!(
            tree.as_object().unwrap().len(),
            2,
            "keys of maps stay as they are"
        );
    }

    #[test]
    fn values_are_counted_on_demand() {
        for (text, count) in [("1", 1), ("[]", 1), ("[1,[2]]", 4), (r#"{"a":{"b":"c"}}"#, 5)] {
            let reader = Reader::new().max_values(count);
            let (tree, counted) = reader.read_counted::<Value>(text.as_bytes()).unwrap();
            let (_, written) = canonical_counted(&tree).unwrap();
            assert_eq!((written, counted), (count, count), "{text}");
            let error = Reader::new()
                .max_values(count - 1)
                .parse(text.as_bytes())
                .unwrap_err();
            assert_eq!(
                *error.kind(),
                ErrorKind::TooManyValues { limit: count - 1 },
                "{text}"
            );
        }
        let error = Reader::new().max_values(3).parse(br#"[1,{"a":1}]"#).unwrap_err();
        assert_eq!(error.position().unwrap().offset, 4);
    }

    #[test]
    fn equal_keys_of_different_objects_are_no_duplicates() {
        assert!(
            Reader::new()
                .parse(br#"{"a":{"a":[{"a":1},{"a":1}]},"b":{"a":1}}"#)
                .is_ok()
        );
    }

    #[test]
    fn depth_is_bounded() {
        let nested = |depth: usize| [vec![b'['; depth], vec![b']'; depth]].concat();
        assert!(Reader::new().parse(&nested(128)).is_ok());
        assert_eq!(
            refusal(Reader::new(), &nested(129)).0,
            "nested deeper than 128 levels"
        );
        assert!(Reader::new().max_depth(2).parse(b"[{}]").is_ok());
        assert_eq!(refusal(Reader::new().max_depth(2), b"[{\"a\":[]}]").1, 6);
        let deepest = Reader::new().max_depth(usize::MAX);
        assert!(deepest.parse(&nested(1024)).is_ok());
        assert!(deepest.parse(&nested(1_000_000)).is_err());
    }

    #[test]
    fn length_is_bounded() {
        assert!(Reader::new().max_bytes(4).parse(b"true").is_ok());
        let error = Reader::new().max_bytes(4).parse(b"false").unwrap_err();
        assert_eq!(*error.kind(), ErrorKind::TooLong { length: 5, limit: 4 });
    }

    #[test]
    fn trailing_bytes_are_ignored_on_demand() {
        let value = Reader::new().allow_trailing().parse(b" [1] and more").unwrap();
        assert_eq!(value, Value::Array(vec![1_i64.into()]));
    }

    #[test]
    fn invalid_text_is_replaced_byte_by_byte() {
        let cases: &[(&[u8], &str)] = &[
            (b"\"a\xFFb\"", "a\u{fffd}b"),
            (b"\"\xE2\x82\"", "\u{fffd}\u{fffd}"),
            (b"\"\xED\xA0\x80\"", "\u{fffd}\u{fffd}\u{fffd}"),
            (b"\"\xF0\x9F\x98x\"", "\u{fffd}\u{fffd}\u{fffd}x"),
            (b"\"\\ud800\"", "\u{fffd}"),
            (b"\"\\ud800\\ud800\\udc00\"", "\u{fffd}\u{10000}"),
            (b"\"\\udc00\\u0041\"", "\u{fffd}A"),
            (b"\"\\ud83d\\ude00\"", "\u{1f600}"),
        ];
        for &(text, expected) in cases {
            let value = Reader::new().replace_invalid_text().parse(text).unwrap();
            assert_eq!(value.as_str(), Some(expected), "{}", text.escape_ascii());
        }
    }

    #[test]
    fn places_are_those_of_the_original_bytes() {
        let reader = Reader::new().replace_invalid_text();
        assert_eq!(
            refusal(reader, b"[\"\xFF\xFF\", x]"),
            ("unexpected 'x', expected a value".into(), 7, 1, 8)
        );
        assert_eq!(
            refusal(reader, b"[\xFF]"),
            ("unexpected '\u{fffd}', expected a value".into(), 1, 1, 2)
        );
        assert_eq!(refusal(reader, b"[\"\xFF\n\"]").1, 3);
        let twice = b"{\"\xFF\":1,\"\xFE\":1}";
        assert_eq!(
            refusal(reader, twice),
            ("duplicate key \"\u{fffd}\"".into(), 7, 1, 8)
        );
    }

    #[test]
    fn canonicalising_names_the_number_that_has_no_double() {
        let error = Reader::new().canonicalise(b"{\"a\":\n[1, 1e400]}").unwrap_err();
        assert_eq!(error.to_string(), "number out of range at line 2, column 5");
        assert_eq!(
            Reader::new().canonicalise(b"{\"b\":1.0,\"a\":-0}").unwrap(),
            b"{\"a\":0,\"b\":1}"
        );
    }
}
