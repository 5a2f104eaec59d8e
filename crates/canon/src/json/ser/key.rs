//! What may be the key of a member.

use serde::ser::{Impossible, Serialize, Serializer};

use super::super::Error;
use super::unrepresentable;

/// Gives the key of a member (text, or an integer as its decimal text) to a function.
pub(super) struct KeySerializer<F>(pub(super) F);

macro_rules! text_keys {
    ($($method:ident $type:ty,)*) => {$(
        fn $method(self, value: $type) -> Result<R, Error> {
            Ok(self.0(&value.to_string()))
        }
    )*};
}

macro_rules! no_keys {
    ($($method:ident ($($argument:ty),*) -> $output:ty,)*) => {$(
        fn $method(self, $(_: $argument),*) -> Result<$output, Error> {
            Err(not_a_key())
        }
    )*};
}

fn not_a_key() -> Error {
    unrepresentable("a key that is not text")
}

impl<R, F: FnOnce(&str) -> R> Serializer for KeySerializer<F> {
    type Ok = R;
    type Error = Error;
    type SerializeSeq = Impossible<R, Error>;
    type SerializeTuple = Impossible<R, Error>;
    type SerializeTupleStruct = Impossible<R, Error>;
    type SerializeTupleVariant = Impossible<R, Error>;
    type SerializeMap = Impossible<R, Error>;
    type SerializeStruct = Impossible<R, Error>;
    type SerializeStructVariant = Impossible<R, Error>;

    text_keys! {
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
        serialize_char char,
    }

    no_keys! {
        serialize_bool(bool) -> R,
        serialize_f32(f32) -> R,
        serialize_f64(f64) -> R,
        serialize_bytes(&[u8]) -> R,
        serialize_none() -> R,
        serialize_unit() -> R,
        serialize_unit_struct(&'static str) -> R,
        serialize_seq(Option<usize>) -> Self::SerializeSeq,
        serialize_tuple(usize) -> Self::SerializeTuple,
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct,
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant,
        serialize_map(Option<usize>) -> Self::SerializeMap,
        serialize_struct(&'static str, usize) -> Self::SerializeStruct,
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant,
    }

    fn serialize_str(self, text: &str) -> Result<R, Error> {
        Ok(self.0(text))
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<R, Error> {
        value.serialize(self)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<R, Error> {
        Ok(self.0(variant))
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, value: &T) -> Result<R, Error> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<R, Error> {
        Err(not_a_key())
    }
}
