//! Any serialisable Rust value as a JSON [`Value`].

use serde::ser::{
    Serialize, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::super::typed::EXACT;
use super::super::{Error, ErrorKind, Number, Object, Value};
use super::key::KeySerializer;
use super::unrepresentable;

/// Gives a [`Value`] for whatever is serialised.
pub(in super::super) struct ValueSerializer;

fn single(key: &str, value: Value) -> Value {
    Value::Object(Object::from_iter([(key, value)]))
}

impl Serializer for ValueSerializer {
    type Ok = Value;
    type Error = Error;
    type SerializeSeq = Items;
    type SerializeTuple = Items;
    type SerializeTupleStruct = Items;
    type SerializeTupleVariant = VariantItems;
    type SerializeMap = Members;
    type SerializeStruct = Members;
    type SerializeStructVariant = VariantMembers;

    fn serialize_bool(self, value: bool) -> Result<Value, Error> {
        Ok(Value::Bool(value))
    }

    fn serialize_i8(self, value: i8) -> Result<Value, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<Value, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<Value, Error> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_i128(self, value: i128) -> Result<Value, Error> {
        Ok(Value::Number(Number::from_checked(&value.to_string())))
    }

    fn serialize_u8(self, value: u8) -> Result<Value, Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<Value, Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<Value, Error> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<Value, Error> {
        Ok(value.into())
    }

    fn serialize_u128(self, value: u128) -> Result<Value, Error> {
        Ok(Value::Number(Number::from_checked(&value.to_string())))
    }

    fn serialize_f32(self, value: f32) -> Result<Value, Error> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<Value, Error> {
        Number::try_from(value).map(Value::Number)
    }

    fn serialize_char(self, value: char) -> Result<Value, Error> {
        Ok(Value::String(value.into()))
    }

    fn serialize_str(self, text: &str) -> Result<Value, Error> {
        Ok(text.into())
    }

    fn serialize_bytes(self, _: &[u8]) -> Result<Value, Error> {
        Err(unrepresentable("bytes (encode them as text)"))
    }

    fn serialize_none(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<Value, Error> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<Value, Error> {
        Ok(Value::Null)
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<Value, Error> {
        Ok(variant.into())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        match value.serialize(self)? {
            Value::String(text) if name == EXACT => Ok(Value::Number(Number::from_checked(&text))),
            value => Ok(value),
        }
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<Value, Error> {
        Ok(single(variant, value.serialize(self)?))
    }

    fn serialize_seq(self, len: Option<usize>) -> Result<Items, Error> {
        Ok(Items {
            items: Vec::with_capacity(len.unwrap_or(0)),
        })
    }

    fn serialize_tuple(self, len: usize) -> Result<Items, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_struct(self, _: &'static str, len: usize) -> Result<Items, Error> {
        self.serialize_seq(Some(len))
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<VariantItems, Error> {
        Ok(VariantItems {
            variant,
            items: self.serialize_seq(Some(len))?,
        })
    }

    fn serialize_map(self, len: Option<usize>) -> Result<Members, Error> {
        Ok(Members {
            object: Object::with_capacity(len.unwrap_or(0)),
            key: String::new(),
        })
    }

    fn serialize_struct(self, _: &'static str, len: usize) -> Result<Members, Error> {
        self.serialize_map(Some(len))
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        len: usize,
    ) -> Result<VariantMembers, Error> {
        Ok(VariantMembers {
            variant,
            members: self.serialize_map(Some(len))?,
        })
    }
}

/// An array in the making.
pub(in super::super) struct Items {
    items: Vec<Value>,
}

impl SerializeSeq for Items {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        self.items.push(value.serialize(ValueSerializer)?);
        Ok(())
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Array(self.items))
    }
}

impl SerializeTuple for Items {
    type Ok = Value;
    type Error = Error;

    fn serialize_element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Value, Error> {
        SerializeSeq::end(self)
    }
}

impl SerializeTupleStruct for Items {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(self, value)
    }

    fn end(self) -> Result<Value, Error> {
        SerializeSeq::end(self)
    }
}

/// The array of a tuple variant in the making.
pub(in super::super) struct VariantItems {
    variant: &'static str,
    items: Items,
}

impl SerializeTupleVariant for VariantItems {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        SerializeSeq::serialize_element(&mut self.items, value)
    }

    fn end(self) -> Result<Value, Error> {
        Ok(single(self.variant, SerializeSeq::end(self.items)?))
    }
}

/// An object in the making.
pub(in super::super) struct Members {
    object: Object,
    key: String,
}

impl Members {
    /// A member twice is an error: which of the two is digested must not depend on luck.
    fn insert(&mut self, key: String, value: Value) -> Result<(), Error> {
        if self.object.contains_key(&key) {
            return Err(Error::new(ErrorKind::DuplicateKey(key)));
        }
        self.object.insert(key, value);
        Ok(())
    }
}

impl SerializeMap for Members {
    type Ok = Value;
    type Error = Error;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Error> {
        self.key = key.serialize(KeySerializer(str::to_owned))?;
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Error> {
        let key = std::mem::take(&mut self.key);
        self.insert(key, value.serialize(ValueSerializer)?)
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Object(self.object))
    }
}

impl SerializeStruct for Members {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        self.insert(key.to_owned(), value.serialize(ValueSerializer)?)
    }

    fn end(self) -> Result<Value, Error> {
        Ok(Value::Object(self.object))
    }
}

/// The object of a struct variant in the making.
pub(in super::super) struct VariantMembers {
    variant: &'static str,
    members: Members,
}

impl SerializeStructVariant for VariantMembers {
    type Ok = Value;
    type Error = Error;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Result<(), Error> {
        SerializeStruct::serialize_field(&mut self.members, key, value)
    }

    fn end(self) -> Result<Value, Error> {
        Ok(single(self.variant, Value::Object(self.members.object)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::super::{compact_in_order, to_value};
    use super::*;

    #[derive(serde::Serialize)]
    enum Shape {
        Unit,
        Newtype(u8),
        Tuple(u8, i64),
        Struct { a: Option<u8>, b: f64 },
    }

    fn text(value: &impl Serialize) -> String {
        compact_in_order(&to_value(value).unwrap())
    }

    #[test]
    fn rust_values_have_their_usual_json_form() {
        assert_eq!(text(&Shape::Unit), r#""Unit""#);
        assert_eq!(text(&Shape::Newtype(1)), r#"{"Newtype":1}"#);
        assert_eq!(text(&Shape::Tuple(1, -2)), r#"{"Tuple":[1,-2]}"#);
        assert_eq!(
            text(&Shape::Struct { a: None, b: 2.0 }),
            r#"{"Struct":{"a":null,"b":2}}"#
        );
        assert_eq!(
            text(&BTreeMap::from([(2, 'x'), (10, 'y')])),
            r#"{"2":"x","10":"y"}"#
        );
        assert_eq!(
            text(&(u128::MAX, i128::MIN)),
            format!("[{},{}]", u128::MAX, i128::MIN)
        );
    }

    #[test]
    fn some_rust_values_have_no_json_form() {
        #[derive(serde::Serialize)]
        struct Twice {
            a: u8,
            #[serde(flatten)]
            rest: BTreeMap<String, u8>,
        }
        let twice = Twice {
            a: 1,
            rest: BTreeMap::from([("a".to_owned(), 2)]),
        };
        assert_eq!(
            *to_value(&twice).unwrap_err().kind(),
            ErrorKind::DuplicateKey("a".to_owned())
        );
        assert!(to_value(&f64::NAN).is_err());
        assert!(to_value(&BTreeMap::from([(true, 1)])).is_err());
        assert!(to_value(&BTreeMap::from([(vec![1], 1)])).is_err());
    }
}
