//! The parts of arrays, objects and enum variants, handed to serde one by one.

use serde::de::value::StrDeserializer;
use serde::de::{DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, VariantAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::super::tape::Token;
use super::Cursor;
use super::mismatch::{Mismatch, Step};

pub(super) struct Items<'t> {
    array: Cursor<'t>,
    next: usize,
    end: usize,
    index: usize,
    len: usize,
}

impl<'t> Items<'t> {
    pub(super) fn new(array: Cursor<'t>, len: usize, end: usize) -> Self {
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

pub(super) struct Members<'t> {
    object: Cursor<'t>,
    /// Index of the key last given.
    key: usize,
    next: usize,
    end: usize,
    len: usize,
    /// The members of a struct: they are skipped when they are `null`, and others may be skipped on demand.
    fields: Option<&'static [&'static str]>,
}

impl<'t> Members<'t> {
    pub(super) fn new(object: Cursor<'t>, len: usize, end: usize) -> Self {
        Self {
            object,
            key: object.index,
            next: object.index + 1,
            end,
            len,
            fields: None,
        }
    }

    pub(super) fn of_struct(self, fields: &'static [&'static str]) -> Self {
        Self {
            fields: Some(fields),
            ..self
        }
    }

    /// What the member last stepped to, which is called `name` in the text, is called for the type; `None` when it counts
    /// as absent.
    fn counted<'n>(&self, name: &'n str) -> Option<&'n str> {
        let Some(fields) = self.fields else {
            return Some(name);
        };
        match self.field(fields, name) {
            Some(_) if matches!(self.object.tape.token(self.key + 1), Token::Null) => None,
            None if self.object.known_members_only => None,
            field => Some(field.unwrap_or(name)),
        }
    }

    /// The field that a member called `name` is, if any.
    fn field(&self, fields: &'static [&'static str], name: &str) -> Option<&'static str> {
        let is_it = |field: &&&str| {
            **field == name || self.object.member_case_ignored && field.eq_ignore_ascii_case(name)
        };
        fields.iter().find(is_it).copied()
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
            let Some(name) = self.counted(name) else {
                continue;
            };
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
pub(super) struct Variant<'t> {
    key: usize,
    object: Cursor<'t>,
}

impl<'t> Variant<'t> {
    /// The variant that is the only member of `object`.
    pub(super) fn of(object: Cursor<'t>) -> Self {
        Self {
            key: object.index + 1,
            object,
        }
    }

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
