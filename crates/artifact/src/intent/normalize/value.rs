//! Normal form of free JSON values: the arguments of a call and the claims of the authentication layer.

use std::mem;

use gait_canon::json::{Object, Value};

use super::credential::refuse_raw_credentials;
use crate::{
    intent::{IntentError, Problem, field::Field},
    text,
};

/// The deepest nesting of objects and lists.
const MAX_DEPTH: usize = 128;

/// Trims every name and every text of `object` and refuses blank and repeated names, then raw credentials.
pub(super) fn normalize_object(object: &mut Object, field: Field<'_>) -> Result<(), IntentError> {
    normalize_members(object, field, MAX_DEPTH)?;
    refuse_raw_credentials(object, field)
}

fn normalize_members(object: &mut Object, field: Field<'_>, depth: usize) -> Result<(), IntentError> {
    if object
        .keys()
        .any(|name| name.is_empty() || text::trim(name).len() < name.len())
    {
        trim_names(object, field)?;
    }
    for (name, value) in object.iter_mut() {
        normalize_value(value, field.member(name), depth)?;
    }
    Ok(())
}

fn trim_names(object: &mut Object, field: Field<'_>) -> Result<(), IntentError> {
    for (mut name, value) in mem::take(object) {
        text::trim_in_place(&mut name);
        if name.is_empty() {
            return Err(IntentError::at(field, Problem::BlankName));
        }
        if object.get(&name).is_some() {
            return Err(IntentError::at(field, Problem::RepeatedName(name)));
        }
        object.insert(name, value);
    }
    Ok(())
}

fn normalize_value(value: &mut Value, field: Field<'_>, depth: usize) -> Result<(), IntentError> {
    let Some(inner) = depth.checked_sub(1) else {
        return Err(IntentError::at(field, Problem::TooDeep));
    };
    match value {
        Value::String(text) => text::trim_in_place(text),
        Value::Number(number) if number.as_f64().is_none() => {
            return Err(IntentError::at(field, Problem::NumberRange));
        }
        Value::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                normalize_value(item, field.item(index), inner)?;
            }
        }
        Value::Object(object) => normalize_members(object, field, inner)?,
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
    Ok(())
}
