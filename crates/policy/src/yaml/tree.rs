//! A YAML value as the JSON it stands for.

use gait_canon::json;

use super::document::Value;
use super::scalar::{Resolved, Scalar};

impl Value<'_> {
    /// The same value in JSON. Integers keep their digits; infinities and NaN, which JSON lacks, become text.
    #[must_use]
    pub fn to_json(self) -> json::Value {
        if let Some(entries) = self.entries() {
            let members = entries.map(|(key, _, value)| (key, value.to_json()));
            return json::Value::Object(members.collect());
        }
        if let Some(items) = self.items() {
            return json::Value::Array(items.map(Value::to_json).collect());
        }
        self.as_scalar().map_or(json::Value::Null, of_scalar)
    }
}

fn of_scalar(scalar: Scalar<'_>) -> json::Value {
    match scalar.resolve() {
        Resolved::Null => json::Value::Null,
        Resolved::Bool(value) => value.into(),
        Resolved::Integer(value) => value.into(),
        Resolved::Unsigned(value) => value.into(),
        Resolved::Float(value) => {
            json::Number::try_from(value).map_or_else(|_| scalar.text.into(), json::Value::from)
        }
        Resolved::Text => scalar.text.into(),
    }
}

#[cfg(test)]
mod tests {
    use crate::yaml::{Documents, parse};
    use gait_canon::json;

    #[test]
    fn every_kind_of_value_has_its_json() {
        let text = "a: [1, -2, 1.5, true, ~, x, '1', .inf]\nb: {c: 18446744073709551615, d: \"\"}\ne: []\n";
        let document = parse(text, Documents::Single).unwrap();
        let value = document.root().unwrap().to_json();
        let expected =
            r#"{"a":[1,-2,1.5,true,null,"x","1",".inf"],"b":{"c":18446744073709551615,"d":""},"e":[]}"#;
        assert_eq!(json::compact(&value), expected);
    }
}
