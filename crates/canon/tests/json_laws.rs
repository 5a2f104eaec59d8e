//! Laws of reading and writing JSON, on generated values.

use gait_canon::json::{self, ErrorKind, Number, Object, Reader, Value};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

fn number() -> impl Strategy<Value = Number> {
    prop_oneof![
        any::<i64>().prop_map(Number::from),
        any::<u64>().prop_map(Number::from),
        any::<f64>().prop_filter_map("finite", |value| Number::try_from(value).ok()),
        (-1000_i64..1000).prop_map(Number::from),
    ]
}

fn text() -> impl Strategy<Value = String> {
    let characters = select(
        "ab\"\\/\u{0}\u{8}\u{1f}\u{7f}<>&é€\u{2028}\u{d7ff}\u{e000}\u{ffff}\u{10000}😀"
            .chars()
            .collect::<Vec<_>>(),
    );
    prop_oneof![vec(characters, 0..8).prop_map(String::from_iter), any::<String>()]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Number),
        text().prop_map(Value::String),
    ];
    leaf.prop_recursive(5, 60, 12, |inner| {
        prop_oneof![
            vec(inner.clone(), 0..12).prop_map(Value::Array),
            vec((text(), inner), 0..12).prop_map(|members| Value::Object(Object::from_iter(members))),
        ]
    })
}

fn reversed(value: &Value) -> Value {
    match value {
        Value::Array(items) => Value::Array(items.iter().map(reversed).collect()),
        Value::Object(object) => {
            let mut members: Vec<_> = object
                .iter()
                .map(|(key, value)| (key.to_owned(), reversed(value)))
                .collect();
            members.reverse();
            Value::Object(Object::from_iter(members))
        }
        other => other.clone(),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn writing_then_reading_gives_the_value(value in value()) {
        for written in [json::compact(&value), json::compact_in_order(&value), json::pretty(&value).unwrap()] {
            let again = json::parse(written.as_bytes()).unwrap();
            prop_assert_eq!(&again, &value);
        }
        let in_order = json::parse(json::compact_in_order(&value).as_bytes()).unwrap();
        prop_assert_eq!(json::compact_in_order(&in_order), json::compact_in_order(&value));
    }

    #[test]
    fn canonicalising_is_idempotent(value in value()) {
        let canonical = json::canonical_bytes(&value).unwrap();
        prop_assert_eq!(Reader::new().canonicalise(&canonical).unwrap(), canonical);
    }

    #[test]
    fn order_and_layout_do_not_matter_to_the_digest(value in value()) {
        let digest = json::canonical_digest_of_bytes(json::compact(&value).as_bytes()).unwrap();
        let other = json::pretty(&reversed(&value)).unwrap();
        prop_assert_eq!(json::canonical_digest_of_bytes(other.as_bytes()).unwrap(), digest);
    }

    #[test]
    fn values_are_their_own_typed_form(value in value()) {
        prop_assert_eq!(&json::to_value(&value).unwrap(), &value);
        prop_assert_eq!(&json::from_value::<Value>(&value).unwrap(), &value);
    }

    #[test]
    fn an_independent_reader_agrees_on_what_is_written(value in value()) {
        let theirs: serde_json::Value = serde_json::from_str(&json::pretty(&value).unwrap()).unwrap();
        let canonical = String::from_utf8(json::canonical_bytes(&value).unwrap()).unwrap();
        let from_canonical: serde_json::Value = serde_json::from_str(&canonical).unwrap();
        let ours = json::canonical_bytes(&json::to_value(&theirs).unwrap()).unwrap();
        prop_assert_eq!(String::from_utf8(ours).unwrap(), canonical.as_str());
        let ours = json::canonical_bytes(&json::to_value(&from_canonical).unwrap()).unwrap();
        prop_assert_eq!(String::from_utf8(ours).unwrap(), canonical);
    }

    #[test]
    fn an_independent_reader_agrees_on_what_is_json(
        value in value(),
        at in any::<Index>(),
        byte in select(b"{}[]\",:\\u0129aeE.-+tn \n\x00\xC3\xFF".to_vec()),
    ) {
        let mut text = json::compact_in_order(&value).into_bytes();
        let at = at.index(text.len());
        text[at] = byte;
        let theirs = serde_json::from_slice::<serde_json::Value>(&text);
        // Theirs keeps the last of duplicate keys and refuses numbers without a double on reading.
        match Reader::new().canonicalise(&text) {
            Ok(_) => prop_assert!(theirs.is_ok(), "only we accept {}", text.escape_ascii()),
            Err(error) if matches!(error.kind(), ErrorKind::DuplicateKey(_)) => {}
            Err(_) => prop_assert!(theirs.is_err(), "only we refuse {}", text.escape_ascii()),
        }
    }
}
