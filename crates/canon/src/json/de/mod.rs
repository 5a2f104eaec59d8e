//! Typed reading: a serde deserialiser over a [`Tape`].

mod access;
mod mismatch;

use serde::de::{Deserializer, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

pub(super) use self::mismatch::Mismatch;

use self::access::{Items, Members, Variant};
use super::number;
use super::tape::{Tape, Token};
use super::typed::EXACT;

/// The value at an index of a tape.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t> {
    tape: &'t Tape<'t>,
    index: usize,
    /// Numbers are handed over as written, as bytes.
    exact: bool,
    /// Members that a struct does not have are passed over.
    known_members_only: bool,
    /// Members of structs are found whatever the case of their ASCII letters.
    member_case_ignored: bool,
}

impl<'t> Cursor<'t> {
    pub(super) fn at_root(tape: &'t Tape<'t>) -> Self {
        Self::at(tape, 0)
    }

    pub(super) fn at(tape: &'t Tape<'t>, index: usize) -> Self {
        Self {
            tape,
            index,
            exact: false,
            known_members_only: false,
            member_case_ignored: false,
        }
    }

    pub(super) fn known_members_only(self, known_members_only: bool) -> Self {
        Self {
            known_members_only,
            ..self
        }
    }

    pub(super) fn member_case_ignored(self, member_case_ignored: bool) -> Self {
        Self {
            member_case_ignored,
            ..self
        }
    }

    fn token(&self) -> &'t Token<'t> {
        self.tape.token(self.index)
    }

    fn mismatch(&self, expected: &dyn serde::de::Expected) -> Mismatch {
        let unexpected = match self.token() {
            Token::Null => Unexpected::Unit,
            Token::Bool(value) => Unexpected::Bool(*value),
            Token::Number(text) => {
                let message = format_args!("invalid type: number `{text}`, expected {expected}");
                return <Mismatch as serde::de::Error>::custom(message).at(self.index);
            }
            Token::String(text) => Unexpected::Str(text),
            Token::Array { .. } => Unexpected::Seq,
            Token::Object { .. } => Unexpected::Map,
        };
        <Mismatch as serde::de::Error>::invalid_type(unexpected, expected).at(self.index)
    }

    fn visit<'de, V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match *self.token() {
            Token::Null => visitor.visit_unit(),
            Token::Bool(value) => visitor.visit_bool(value),
            Token::Number(text) if self.exact => visitor.visit_bytes(text.as_bytes()),
            Token::Number(text) => visit_number(text, visitor),
            Token::String(ref text) => visitor.visit_str(text),
            Token::Array { len, end } => visitor.visit_seq(Items::new(self, len, end)),
            Token::Object { len, end } => visitor.visit_map(Members::new(self, len, end)),
        }
    }

    fn visit_fields<'de, V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        match *self.token() {
            Token::Object { len, end } => visitor.visit_map(Members::new(self, len, end).of_struct(fields)),
            _ => Err(self.mismatch(&visitor)),
        }
    }
}

fn visit_number<'de, V: Visitor<'de>>(text: &str, visitor: V) -> Result<V::Value, Mismatch> {
    if let Ok(value) = text.parse::<u64>() {
        return visitor.visit_u64(value);
    }
    if let Ok(value) = text.parse::<i64>() {
        return visitor.visit_i64(value);
    }
    match number::to_double(text) {
        Some(value) => visitor.visit_f64(value),
        None => Err(serde::de::Error::custom(format_args!(
            "number `{text}` is out of range"
        ))),
    }
}

/// An integer written as one, within range: `1.0` and `1e2` are numbers but not integers.
macro_rules! integers {
    ($($method:ident $visit:ident $type:ty,)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            match self.token() {
                Token::Number(text) => match text.parse::<$type>() {
                    Ok(value) => visitor.$visit(value).map_err(|error: Mismatch| error.at(self.index)),
                    Err(_) => Err(self.mismatch(&stringify!($type))),
                },
                _ => Err(self.mismatch(&visitor)),
            }
        }
    )*};
}

impl<'de> Deserializer<'de> for Cursor<'_> {
    type Error = Mismatch;

    integers! {
        deserialize_i8 visit_i8 i8,
        deserialize_i16 visit_i16 i16,
        deserialize_i32 visit_i32 i32,
        deserialize_i64 visit_i64 i64,
        deserialize_i128 visit_i128 i128,
        deserialize_u8 visit_u8 u8,
        deserialize_u16 visit_u16 u16,
        deserialize_u32 visit_u32 u32,
        deserialize_u64 visit_u64 u64,
        deserialize_u128 visit_u128 u128,
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.visit(visitor).map_err(|error| error.at(self.index))
    }

    fn deserialize_f64<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.token() {
            Token::Number(text) => match number::to_double(text) {
                Some(value) => visitor
                    .visit_f64(value)
                    .map_err(|error: Mismatch| error.at(self.index)),
                None => Err(self.mismatch(&"a number within the range of doubles")),
            },
            _ => Err(self.mismatch(&visitor)),
        }
    }

    fn deserialize_f32<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_f64(visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.token() {
            Token::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let exact = self.exact || name == EXACT;
        visitor
            .visit_newtype_struct(Self { exact, ..self })
            .map_err(|error| error.at(self.index))
    }

    /// Fields that are `null` count as absent; unknown members are the visitor's business, `null` or not, unless they are
    /// to be passed over.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.visit_fields(fields, visitor)
            .map_err(|error| error.at(self.index))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        let result = match *self.token() {
            Token::String(ref text) => {
                visitor.visit_enum(IntoDeserializer::<Mismatch>::into_deserializer(text.as_ref()))
            }
            Token::Object { len: 1, .. } => visitor.visit_enum(Variant::of(self)),
            _ => Err(self.mismatch(&visitor)),
        };
        result.map_err(|error| error.at(self.index))
    }

    forward_to_deserialize_any! {
        bool char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::super::{Number, Reader, Value, from_value, read, to_value};

    #[derive(Debug, Default, Deserialize, PartialEq)]
    struct Document {
        #[serde(default)]
        name: String,
        #[serde(default)]
        count: i32,
        #[serde(default)]
        ratio: f64,
        #[serde(default)]
        targets: Vec<Target>,
        #[serde(default)]
        labels: BTreeMap<String, Option<String>>,
        #[serde(default)]
        free: Value,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Target {
        kind: Kind,
        #[serde(default)]
        port: Option<u16>,
    }

    #[derive(Debug, Default, Deserialize, PartialEq)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        #[default]
        Host,
        Path(String),
        Pair(u8, u8),
        Range {
            #[serde(default)]
            low: u8,
        },
    }

    #[test]
    fn a_document_is_read() {
        let document: Document = read(
            br#"{"name":"n","count":-3,"ratio":1e1,"more":[{}],
                 "targets":[{"kind":"host","port":80},{"kind":{"path":"p"}},{"kind":{"pair":[1,2]}},
                            {"kind":{"range":{"low":null}}}],
                 "labels":{"a":"b","c":null},"free":{"n":null,"big":12345678901234567890.10}}"#,
        )
        .unwrap();
        assert_eq!(
            (document.name.as_str(), document.count, document.ratio),
            ("n", -3, 10.0)
        );
        let kinds: Vec<_> = document.targets.iter().map(|target| &target.kind).collect();
        let expected = [
            Kind::Host,
            Kind::Path("p".into()),
            Kind::Pair(1, 2),
            Kind::Range { low: 0 },
        ];
        assert_eq!(kinds, expected.iter().collect::<Vec<_>>());
        assert_eq!(document.labels["c"], None);
        let free = document.free.as_object().unwrap();
        assert_eq!(free.get("n"), Some(&Value::Null));
        assert_eq!(
            free.get("big").and_then(Value::as_number).map(Number::as_str),
            Some("12345678901234567890.10")
        );
    }

    #[test]
    fn null_fields_count_as_absent() {
        let text = br#"{"name":null,"count":null,"ratio":null,"targets":null,"labels":null,"free":null}"#;
        assert_eq!(read::<Document>(text).unwrap(), Document::default());
    }

    #[test]
    fn unknown_members_are_refused_even_when_null() {
        let error = read::<Target>(br#"{"kind":"host","prot":null}"#).unwrap_err();
        assert_eq!(
            error.to_string(),
            "unknown field `prot`, expected `kind` or `port` at line 1, column 16"
        );
    }

    #[test]
    fn unknown_members_are_passed_over_on_demand() {
        let lenient = Reader::new().ignore_unknown_members();
        let text = br#"{"targets":[{"prot":1,"kind":{"range":{"low":1,"high":2}},"port":9}],"x":{},"labels":{"a":"b"}}"#;
        assert!(read::<Document>(text).is_err());
        let document: Document = lenient.read(text).unwrap();
        assert_eq!(document.targets[0].port, Some(9));
        assert_eq!(document.targets[0].kind, Kind::Range { low: 1 });
        assert_eq!(
            document.labels["a"].as_deref(),
            Some("b"),
            "a map has no known members"
        );
        assert!(lenient.read::<Target>(br#"{"kind":"host","port":"9"}"#).is_err());
    }

    #[test]
    fn mismatches_name_path_and_place() {
        let cases = [
            ("[]", "", "invalid type: array, expected struct Document", 1, 1),
            ("null", "", "invalid type: null, expected struct Document", 1, 1),
            (
                "{\"name\":1}",
                "name",
                "invalid type: integer `1`, expected a string",
                1,
                9,
            ),
            (
                "{\"count\":1.0}",
                "count",
                "invalid type: number `1.0`, expected i32",
                1,
                10,
            ),
            (
                "{\"count\":1e2}",
                "count",
                "invalid type: number `1e2`, expected i32",
                1,
                10,
            ),
            (
                "{\"count\":2147483648}",
                "count",
                "invalid type: number `2147483648`, expected i32",
                1,
                10,
            ),
            (
                "{\"count\":\"1\"}",
                "count",
                "invalid type: string \"1\", expected i32",
                1,
                10,
            ),
            (
                "{\"ratio\":1e999}",
                "ratio",
                "invalid type: number `1e999`, expected a number within the range of doubles",
                1,
                10,
            ),
            (
                "{\"targets\":[{\"kind\":\"host\"},\n{\"kind\":7}]}",
                "targets[1].kind",
                "invalid type: number `7`, expected enum Kind",
                2,
                9,
            ),
            ("{\"targets\":[{}]}", "targets[0]", "missing field `kind`", 1, 13),
            (
                "{\"targets\":[{\"kind\":\"host\",\"port\":-1}]}",
                "targets[0].port",
                "invalid type: number `-1`, expected u16",
                1,
                35,
            ),
            (
                "{\"targets\":[{\"kind\":{\"pair\":[1,256]}}]}",
                "targets[0].kind.pair[1]",
                "invalid type: number `256`, expected u8",
                1,
                32,
            ),
            (
                "{\"labels\":{\"x y\":[]}}",
                "labels.x y",
                "invalid type: array, expected a string",
                1,
                18,
            ),
        ];
        for (text, path, message, line, column) in cases {
            let error = read::<Document>(text.as_bytes()).unwrap_err();
            let position = error.position().unwrap();
            assert_eq!(
                (
                    error.path().unwrap_or(""),
                    error.kind().to_string().as_str(),
                    position.line,
                    position.column
                ),
                (path, message, line, column),
                "{text}"
            );
        }
    }

    #[test]
    fn errors_of_trees_have_a_path_and_no_place() {
        let value = super::super::parse(br#"{"targets":[{"kind":[]}]}"#).unwrap();
        let error = from_value::<Document>(&value).unwrap_err();
        assert_eq!(
            error.to_string(),
            "targets[0].kind: invalid type: array, expected enum Kind"
        );
    }

    #[test]
    fn numbers_survive_typed_detours() {
        for text in [
            "1",
            "-0",
            "1.0",
            "1E5",
            "0.10",
            "18446744073709551616",
            "1e999",
            "-0.0",
        ] {
            let value: Value = read(text.as_bytes()).unwrap();
            assert_eq!(value.as_number().unwrap().as_str(), text);
            assert_eq!(to_value(&value).unwrap(), value);
            assert_eq!(from_value::<Value>(&value).unwrap(), value);
        }
    }

    #[test]
    fn other_formats_see_ordinary_numbers() {
        let value: Value = serde_json::from_str(r#"{"a":[1,-2,0.5,null,"x",true]}"#).unwrap();
        assert_eq!(
            serde_json::to_string(&value).unwrap(),
            r#"{"a":[1,-2,0.5,null,"x",true]}"#
        );
    }
}
