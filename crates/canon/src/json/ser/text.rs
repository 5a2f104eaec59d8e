//! Any serialisable Rust value as text, without a tree in between.

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::super::layout::Layout;
use super::super::text::Text;
use super::super::typed::EXACT;
use super::super::{Error, ErrorKind};
use super::key::KeySerializer;
use super::members::Members;
use super::unrepresentable;

/// The bytes that the text of `value` is expected to take: about twice what the value itself takes, as is usual for a struct
/// with fields of text.
fn usual_text_bytes<T: ?Sized>(value: &T) -> usize {
    size_of_val(value).saturating_mul(2).clamp(256, 4096)
}

/// Writes whatever is serialised, members as they come, and puts them in order afterwards.
///
/// Recursion is bounded by the depth of the value: types have theirs, and trees that of the reader they come from.
pub(in super::super) struct TextSerializer {
    text: Text,
    members: Members,
}

impl TextSerializer {
    /// The text of `value`, still to be put in order.
    pub(in super::super) fn write<T: Serialize + ?Sized>(value: &T, layout: Layout) -> Result<Self, Error> {
        let mut writer = Self {
            text: Text::new(layout, usual_text_bytes(value)),
            members: Members::new(layout.order),
        };
        value.serialize(&mut writer)?;
        Ok(writer)
    }

    /// How many values were written, every key counted as one.
    pub(in super::super) fn values(&self) -> usize {
        self.text.values()
    }

    /// The text in order.
    pub(in super::super) fn into_string(self) -> String {
        let text = self.text.into_string();
        if self.members.are_in_order() {
            return text;
        }
        // Many a text becomes a line.
        let mut ordered = String::with_capacity(text.len() + "\n".len());
        self.members.pieces(&text, |piece| ordered.push_str(piece));
        ordered
    }

    /// The pieces of the text in order.
    pub(in super::super) fn into_pieces(self, out: impl FnMut(&str)) {
        self.members.pieces(&self.text.into_string(), out);
    }

    fn items(&mut self, in_variant: bool) -> Items<'_> {
        self.text.open('[');
        Items {
            writer: self,
            is_empty: true,
            in_variant,
        }
    }

    fn fields(&mut self, len: usize, named_by: NamedBy, in_variant: bool) -> Fields<'_> {
        self.text.open('{');
        let is_noted = named_by == NamedBy::Value || !self.members.keeps_order();
        Fields {
            first: self.members.open(if is_noted { len } else { 0 }),
            writer: self,
            is_empty: true,
            is_noted,
            in_variant,
        }
    }

    /// Opens the object that holds the content of a variant by its name.
    fn open_variant(&mut self, variant: &str) {
        self.text.open('{');
        self.text.separate(true);
        self.text.key(variant);
    }

    fn close_variant(&mut self) {
        self.text.close('}', false);
    }
}

macro_rules! integers {
    ($($method:ident $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<(), Error> {
            self.text.integer(value);
            Ok(())
        }
    )*};
}

impl<'w> Serializer for &'w mut TextSerializer {
    type Ok = ();
    type Error = Error;
    type SerializeSeq = Items<'w>;
    type SerializeTuple = Items<'w>;
    type SerializeTupleStruct = Items<'w>;
    type SerializeTupleVariant = Items<'w>;
    type SerializeMap = Fields<'w>;
    type SerializeStruct = Fields<'w>;
    type SerializeStructVariant = Fields<'w>;

    fn serialize_bool(self, value: bool) -> Result<(), Error> {
        self.text.bool(value);
        Ok(())
    }

    integers! {
        serialize_i8 i8,
        serialize_i16 i16,
        serialize_i32 i32,
        serialize_i64 i64,
        serialize_i128 i128,
        serialize_u8 u8,
        serialize_u16 u16,
        serialize_u32 u32,
        serialize_u64 u64,
        serialize_u128 u128,
    }

    fn serialize_f32(self, value: f32) -> Result<(), Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Error> {
        if !value.is_finite() {
            return Err(Error::new(ErrorKind::NumberOutOfRange));
        }
        self.text.double(value);
        Ok(())
    }

    fn serialize_char(self, value: char) -> Result<(), Error> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, text: &str) -> Result<(), Error> {
        self.text.string(text);
        Ok(())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<(), Error> {
        Err(unrepresentable("bytes (encode them as text)"))
    }

    fn serialize_none(self) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Error> {
        self.text.null();
        Ok(())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Error> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Error> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        if name != EXACT {
            return value.serialize(self);
        }
        let has_form = value.serialize(KeySerializer(|number: &str| self.text.number(number)))?;
        if has_form {
            Ok(())
        } else {
            Err(Error::new(ErrorKind::NumberOutOfRange))
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Error> {
        self.open_variant(variant);
        value.serialize(&mut *self)?;
        self.close_variant();
        Ok(())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Items<'w>, Error> {
        Ok(self.items(false))
    }

    fn serialize_tuple(self, _: usize) -> Result<Items<'w>, Error> {
        Ok(self.items(false))
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Items<'w>, Error> {
        Ok(self.items(false))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Items<'w>, Error> {
        self.open_variant(variant);
        Ok(self.items(true))
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Fields<'w>, Error> {
        Ok(self.fields(len.unwrap_or(0), NamedBy::Value, false))
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Fields<'w>, Error> {
        Ok(self.fields(len, NamedBy::Type, false))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<Fields<'w>, Error> {
        self.open_variant(variant);
        Ok(self.fields(len, NamedBy::Type, true))
    }
}

/// An array in the making.
pub(in super::super) struct Items<'w> {
    writer: &'w mut TextSerializer,
    is_empty: bool,
    in_variant: bool,
}

impl Items<'_> {
    fn item<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.writer.text.separate(self.is_empty);
        self.is_empty = false;
        value.serialize(&mut *self.writer)
    }

    fn close(self) {
        self.writer.text.close(']', self.is_empty);
        if self.in_variant {
            self.writer.close_variant();
        }
    }
}

macro_rules! items {
    ($($trait:ident $method:ident,)*) => {$(
        impl $trait for Items<'_> {
            type Ok = ();
            type Error = Error;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
                self.item(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close();
                Ok(())
            }
        }
    )*};
}

items! {
    SerializeSeq serialize_element,
    SerializeTuple serialize_element,
    SerializeTupleStruct serialize_field,
    SerializeTupleVariant serialize_field,
}

/// Where the names of members come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NamedBy {
    /// From a type, which has no field twice.
    Type,
    /// From a value, such as a map.
    Value,
}

/// An object in the making.
pub(in super::super) struct Fields<'w> {
    writer: &'w mut TextSerializer,
    /// The index of its first member among those of all objects being written.
    first: usize,
    is_empty: bool,
    /// Whether the members are noted: there is something to find out about their order, or whether one is there twice.
    is_noted: bool,
    in_variant: bool,
}

impl Fields<'_> {
    fn key(&mut self, key: &str) {
        self.writer.text.separate(self.is_empty);
        self.is_empty = false;
        if self.is_noted {
            self.writer.members.begin(key, self.writer.text.len());
        }
        self.writer.text.key(key);
    }

    fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        value.serialize(&mut *self.writer)?;
        if self.is_noted {
            self.writer.members.end(self.writer.text.len());
        }
        Ok(())
    }

    fn close(self) -> Result<(), Error> {
        self.writer.text.close('}', self.is_empty);
        if self.in_variant {
            self.writer.close_variant();
        }
        if self.is_noted {
            self.writer.members.close(self.first)?;
        }
        Ok(())
    }
}

impl SerializeMap for Fields<'_> {
    type Ok = ();
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        key.serialize(KeySerializer(|key: &str| self.key(key)))
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.value(value)
    }

    fn end(self) -> Result<(), Error> {
        self.close()
    }
}

macro_rules! fields {
    ($($trait:ident,)*) => {$(
        impl $trait for Fields<'_> {
            type Ok = ();
            type Error = Error;

            fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
                self.key(key);
                self.value(value)
            }

            fn end(self) -> Result<(), Error> {
                self.close()
            }
        }
    )*};
}

fields! {
    SerializeStruct,
    SerializeStructVariant,
}
