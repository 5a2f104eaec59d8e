//! Typed reading: a serde deserialiser over a [`Tape`].

use std::fmt::{self, Write};

use serde::de::value::StrDeserializer;
use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    VariantAccess, Visitor,
};
use serde::forward_to_deserialize_any;

use super::number;
use super::tape::{Tape, Token};
use super::value::EXACT;

/// Why a value on the tape is not of the wanted type.
#[derive(Debug)]
pub(super) struct Mismatch {
    pub(super) message: String,
    /// Index of the innermost value the message is about.
    pub(super) node: Option<usize>,
    /// Steps to it, innermost first.
    steps: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Key(String),
    Index(usize),
}

impl Mismatch {
    fn at(mut self, node: usize) -> Self {
        self.node.get_or_insert(node);
        self
    }

    fn within(mut self, step: Step) -> Self {
        self.steps.push(step);
        self
    }

    /// The steps as text, such as `targets[0].kind`; empty at the top level.
    pub(super) fn path(&self) -> String {
        let mut path = String::new();
        for step in self.steps.iter().rev() {
            match step {
                Step::Key(key) if path.is_empty() => path.push_str(key),
                Step::Key(key) => {
                    path.push('.');
                    path.push_str(key);
                }
                // Writing to a String cannot fail.
                Step::Index(index) => _ = write!(path, "[{index}]"),
            }
        }
        path
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Mismatch {}

impl serde::de::Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self {
            message: message.to_string(),
            node: None,
            steps: Vec::new(),
        }
    }

    fn invalid_type(unexpected: Unexpected<'_>, expected: &dyn serde::de::Expected) -> Self {
        Self::custom(format_args!(
            "invalid type: {}, expected {expected}",
            JsonName(unexpected)
        ))
    }
}

/// JSON's own word for what was found, where serde has Rust's.
struct JsonName<'a>(Unexpected<'a>);

impl fmt::Display for JsonName<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Unexpected::Unit | Unexpected::Option => f.write_str("null"),
            Unexpected::Seq => f.write_str("array"),
            Unexpected::Map | Unexpected::StructVariant => f.write_str("object"),
            Unexpected::Float(value) => write!(f, "number `{value}`"),
            ref other => other.fmt(f),
        }
    }
}

/// The value at an index of a tape.
#[derive(Clone, Copy)]
pub(super) struct Cursor<'t> {
    tape: &'t Tape<'t>,
    index: usize,
    /// Numbers are handed over as written, as bytes.
    exact: bool,
}

impl<'t> Cursor<'t> {
    pub(super) fn at_root(tape: &'t Tape<'t>) -> Self {
        Self {
            tape,
            index: 0,
            exact: false,
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
            Token::Object { len, end } => visitor.visit_map(Members {
                fields,
                ..Members::new(self, len, end)
            }),
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

    /// Fields that are `null` count as absent; unknown members are the visitor's business, `null` or not.
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
            Token::Object { len: 1, .. } => visitor.visit_enum(Variant {
                key: self.index + 1,
                object: self,
            }),
            _ => Err(self.mismatch(&visitor)),
        };
        result.map_err(|error| error.at(self.index))
    }

    forward_to_deserialize_any! {
        bool char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

struct Items<'t> {
    array: Cursor<'t>,
    next: usize,
    end: usize,
    index: usize,
    len: usize,
}

impl<'t> Items<'t> {
    fn new(array: Cursor<'t>, len: usize, end: usize) -> Self {
        Self {
            array,
            next: array.index + 1,
            end,
            index: 0,
            len,
        }
    }
}

impl<'de> SeqAccess<'de> for Items<'_> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        if self.next >= self.end {
            return Ok(None);
        }
        let item = Cursor {
            index: self.next,
            ..self.array
        };
        let index = self.index;
        self.next = self.array.tape.after(self.next);
        self.index += 1;
        seed.deserialize(item)
            .map(Some)
            .map_err(|error| error.at(item.index).within(Step::Index(index)))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len - self.index)
    }
}

struct Members<'t> {
    object: Cursor<'t>,
    /// Index of the key last given.
    key: usize,
    next: usize,
    end: usize,
    len: usize,
    /// Members of these names are skipped when they are `null`.
    fields: &'static [&'static str],
}

impl<'t> Members<'t> {
    fn new(object: Cursor<'t>, len: usize, end: usize) -> Self {
        Self {
            object,
            key: object.index,
            next: object.index + 1,
            end,
            len,
            fields: &[],
        }
    }
}

impl<'de> MapAccess<'de> for Members<'_> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let tape = self.object.tape;
        while self.next < self.end {
            self.key = self.next;
            self.next = tape.after(self.key + 1);
            let name = tape.key(self.key);
            if matches!(tape.token(self.key + 1), Token::Null) && self.fields.contains(&name) {
                continue;
            }
            let key = Key(name);
            return seed
                .deserialize(key)
                .map(Some)
                .map_err(|error| error.at(self.key));
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Mismatch> {
        let value = Cursor {
            index: self.key + 1,
            ..self.object
        };
        let key = self.object.tape.key(self.key);
        seed.deserialize(value)
            .map_err(|error| error.at(value.index).within(Step::Key(key.to_owned())))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.len)
    }
}

/// An object's key, as text, a newtype around text, or the name of an enum variant.
struct Key<'t>(&'t str);

impl<'de> Deserializer<'de> for Key<'_> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_str(self.0)
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_enum(StrDeserializer::new(self.0))
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

/// An enum variant with content: an object with the variant's name as its only key.
struct Variant<'t> {
    key: usize,
    object: Cursor<'t>,
}

impl<'t> Variant<'t> {
    fn content(&self) -> Cursor<'t> {
        Cursor {
            index: self.key + 1,
            ..self.object
        }
    }

    fn locate(&self, error: Mismatch) -> Mismatch {
        let key = self.object.tape.key(self.key);
        error.at(self.key + 1).within(Step::Key(key.to_owned()))
    }
}

impl<'de> EnumAccess<'de> for Variant<'_> {
    type Error = Mismatch;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(self, seed: V) -> Result<(V::Value, Self), Mismatch> {
        let name = Key(self.object.tape.key(self.key));
        let value = seed.deserialize(name).map_err(|error| error.at(self.key))?;
        Ok((value, self))
    }
}

impl<'de> VariantAccess<'de> for Variant<'_> {
    type Error = Mismatch;

    fn unit_variant(self) -> Result<(), Mismatch> {
        serde::Deserialize::deserialize(self.content()).map_err(|error| self.locate(error))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, Mismatch> {
        seed.deserialize(self.content())
            .map_err(|error| self.locate(error))
    }

    fn tuple_variant<V: Visitor<'de>>(self, len: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.content()
            .deserialize_tuple(len, visitor)
            .map_err(|error| self.locate(error))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.content()
            .visit_fields(fields, visitor)
            .map_err(|error| self.locate(error))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Deserialize;

    use super::super::{Number, Value, from_value, read, to_value};

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
