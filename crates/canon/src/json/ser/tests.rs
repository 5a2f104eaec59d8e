//! Text written at once is that of the tree.

use std::collections::BTreeMap;

use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use serde::{Serialize, Serializer};

use super::super::layout::Layout;
use super::super::tape::Tape;
use super::super::{
    Error, ErrorKind, Object, Reader, Value, canonical_bytes, canonical_counted, line, parse, to_value, write,
};
use super::TextSerializer;
use crate::Digest;

const LAYOUTS: [Layout; 4] = [
    Layout::CANONICAL,
    Layout::COMPACT,
    Layout::IN_ORDER,
    Layout::PRETTY,
];

fn at_once<T: Serialize + ?Sized>(value: &T, layout: Layout) -> Result<String, Error> {
    TextSerializer::write(value, layout).map(TextSerializer::into_string)
}

fn by_way_of_a_tree<T: Serialize + ?Sized>(value: &T, layout: Layout) -> Result<String, Error> {
    let tree = to_value(value)?;
    write::write(&Tape::of_value(&tree), layout, 0).map_err(|_| Error::new(ErrorKind::NumberOutOfRange))
}

/// Whatever a type can be to a serialiser.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
enum Shape {
    Unit,
    Bool(bool),
    Small(i8, u16, f32, char),
    Signed(i64),
    Unsigned(u64),
    LongSigned(i128),
    LongUnsigned(u128),
    Double(f64),
    Text(String),
    Tree(Value),
    Maybe(Option<Box<Shape>>),
    List(Vec<Shape>),
    ByText(BTreeMap<String, Shape>),
    ByNumber(BTreeMap<i64, Shape>),
    InOrder(#[serde(serialize_with = "as_map")] Vec<(String, Shape)>),
    Record(Box<Record>),
    Variant(Box<Variant>),
}

#[derive(Debug, Clone, Serialize)]
struct Record {
    zone: Shape,
    #[serde(rename = "\u{10000}\"\n<")]
    odd: Shape,
    #[serde(flatten)]
    rest: BTreeMap<String, Shape>,
    #[serde(skip_serializing_if = "Option::is_none")]
    area: Option<Shape>,
}

#[derive(Debug, Clone, Serialize)]
enum Variant {
    Unit,
    Newtype(Shape),
    Tuple(Shape, u8),
    Struct { b: Shape, a: (Shape, i32) },
}

fn as_map<S: Serializer>(members: &[(String, Shape)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(members.iter().map(|(key, value)| (key, value)))
}

fn text() -> impl Strategy<Value = String> {
    let characters = select(
        "abz\"\\/\u{0}\u{8}\n\u{1f}\u{7f}<>&é€\u{2028}\u{2029}\u{d7ff}\u{e000}\u{ffff}\u{10000}😀"
            .chars()
            .collect::<Vec<_>>(),
    );
    prop_oneof![
        vec(characters, 0..12).prop_map(String::from_iter),
        any::<String>(),
        select(vec!["zone", "area", "path_to_a", "path_to_b"]).prop_map(str::to_owned),
    ]
}

fn written_number() -> impl Strategy<Value = Value> {
    let number = prop_oneof![
        "-?(0|[1-9][0-9]{0,40})",
        "-?(0|[1-9][0-9]{0,20})\\.[0-9]{1,20}",
        "-?[1-9](\\.[0-9]{1,5})?[eE][+-]?[0-9]{1,3}",
    ];
    number.prop_map(|text| parse(text.as_bytes()).expect("the text is a number"))
}

fn shape() -> impl Strategy<Value = Shape> {
    let leaf = prop_oneof![
        Just(Shape::Unit),
        any::<bool>().prop_map(Shape::Bool),
        any::<(i8, u16, f32, char)>().prop_map(|(a, b, c, d)| Shape::Small(a, b, c, d)),
        any::<i64>().prop_map(Shape::Signed),
        any::<u64>().prop_map(Shape::Unsigned),
        any::<i128>().prop_map(Shape::LongSigned),
        any::<u128>().prop_map(Shape::LongUnsigned),
        any::<f64>().prop_map(Shape::Double),
        text().prop_map(Shape::Text),
        written_number().prop_map(Shape::Tree),
        Just(Shape::Maybe(None)),
    ];
    leaf.prop_recursive(5, 60, 10, |inner| {
        let one = inner.clone();
        prop_oneof![
            one.clone().prop_map(|shape| Shape::Maybe(Some(Box::new(shape)))),
            vec(one.clone(), 0..8).prop_map(Shape::List),
            btree_map(text(), one.clone(), 0..10).prop_map(Shape::ByText),
            btree_map(any::<i64>(), one.clone(), 0..4).prop_map(Shape::ByNumber),
            vec((text(), one.clone()), 0..10).prop_map(Shape::InOrder),
            vec((text(), one.clone()), 0..10).prop_filter_map("has a JSON form", |members| {
                let members = members.iter().map(|(key, value)| Ok((key, to_value(value)?)));
                let object = members.collect::<Result<Object, Error>>().ok()?;
                Some(Shape::Tree(object.into()))
            }),
            record(one.clone()).prop_map(|record| Shape::Record(Box::new(record))),
            variant(one).prop_map(|variant| Shape::Variant(Box::new(variant))),
        ]
    })
}

fn record(shape: impl Strategy<Value = Shape> + Clone) -> impl Strategy<Value = Record> {
    let rest = btree_map(text(), shape.clone(), 0..3);
    let fields = (shape.clone(), shape.clone(), rest, option::of(shape));
    fields.prop_map(|(zone, odd, rest, area)| Record {
        zone,
        odd,
        rest,
        area,
    })
}

fn variant(shape: impl Strategy<Value = Shape> + Clone) -> impl Strategy<Value = Variant> {
    prop_oneof![
        Just(Variant::Unit),
        shape.clone().prop_map(Variant::Newtype),
        (shape.clone(), any::<u8>()).prop_map(|(shape, number)| Variant::Tuple(shape, number)),
        (shape.clone(), shape, any::<i32>()).prop_map(|(b, a, number)| Variant::Struct { b, a: (a, number) }),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(512) })]

    #[test]
    fn text_at_once_is_that_of_the_tree(shape in shape()) {
        for layout in LAYOUTS {
            // Which of several reasons is found first may differ.
            prop_assert_eq!(at_once(&shape, layout).ok(), by_way_of_a_tree(&shape, layout).ok());
        }
        if let Ok((canonical, values)) = canonical_counted(&shape) {
            let (_, read) = Reader::new().read_counted::<Value>(&canonical).unwrap();
            prop_assert_eq!(values, read);
            prop_assert_eq!(Digest::of_canonical(&shape).unwrap(), Digest::of(&canonical));
        } else {
            prop_assert!(Digest::of_canonical(&shape).is_err());
        }
    }
}

#[test]
fn reasons_are_those_of_the_tree() {
    let twice = Shape::InOrder(vec![
        ("b".into(), Shape::Unit),
        ("a".into(), Shape::Unit),
        ("b".into(), Shape::Unit),
    ]);
    let nested = Shape::List(vec![
        Shape::Unit,
        Shape::InOrder(vec![("x".into(), twice.clone())]),
    ]);
    for layout in LAYOUTS {
        for shape in [&twice, &nested, &Shape::Double(f64::INFINITY)] {
            assert_eq!(at_once(shape, layout), by_way_of_a_tree(shape, layout));
        }
        let keyed = BTreeMap::from([((), 1)]);
        assert_eq!(at_once(&keyed, layout), by_way_of_a_tree(&keyed, layout));
    }
    let large = parse(b"[1e400]").unwrap();
    assert_eq!(
        *canonical_bytes(&large).unwrap_err().kind(),
        ErrorKind::NumberOutOfRange
    );
    assert_eq!(line(&large).unwrap(), "[1e400]");
}

/// As deep as the reader goes, and every level out of order.
#[test]
fn depth_costs_neither_stack_nor_time() {
    const DEPTH: usize = 1024;
    let filler = "x".repeat(1 << 20);
    let given = format!(
        "{}\"{filler}\"{}",
        "{\"b\":".repeat(DEPTH),
        ",\"a\":1}".repeat(DEPTH)
    );
    let expected = format!(
        "{}\"{filler}\"{}",
        "{\"a\":1,\"b\":".repeat(DEPTH),
        "}".repeat(DEPTH)
    );
    let tree = Reader::new().max_depth(DEPTH).parse(given.as_bytes()).unwrap();
    assert!(canonical_bytes(&tree).unwrap() == expected.as_bytes());
}
