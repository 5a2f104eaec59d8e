use gait_artifact::Timestamp;
use gait_artifact::relationship::{NodeRef, Relationship};
use gait_artifact::session::JournalLine;
use proptest::prelude::*;

use super::*;
use crate::session::journal::{encode, parse};

fn event(sequence: i64, tool: &str, reasons: &[String]) -> SessionEvent {
    SessionEvent {
        created_at: Timestamp::from_unix(1_770_249_600 + sequence, 0),
        session_id: "s".into(),
        run_id: "r".into(),
        sequence,
        tool_name: tool.into(),
        verdict: "allow".into(),
        reason_codes: reasons.to_vec(),
        violations: vec!["v".into()],
        relationship: Some(Relationship {
            parent_ref: Some(NodeRef::new("session", "s")),
            entity_refs: vec![NodeRef::new("tool", tool)],
            ..Relationship::default()
        }),
        ..SessionEvent::default()
    }
}

fn line(event: &SessionEvent) -> Vec<u8> {
    let mut line = encode(&JournalLine::from(event.clone())).unwrap();
    line.pop();
    line
}

/// What the strict reader makes of a line, without what shapes leave out.
fn read(line: &[u8]) -> Option<SessionEvent> {
    let parsed = parse(line).ok().filter(|line| line.record_type == "event")?;
    Some(SessionEvent {
        relationship: None,
        ..parsed.event?
    })
}

fn remembering(events: &[SessionEvent]) -> Shapes {
    let mut shapes = Shapes::default();
    for event in events {
        shapes.remember(&line(event), event.clone());
    }
    shapes
}

#[test]
fn events_of_one_shape_are_taken_without_parsing() {
    let reasons = ["a".to_owned(), "b".to_owned()];
    let first = event(1, "tool.write", &reasons);
    let mut shapes = remembering(&[first]);
    let other = SessionEvent {
        violations: vec!["another".into()],
        ..event(27, "x", &[String::new(), "é\u{7f}".to_owned()])
    };
    let text = line(&other);
    assert_eq!(shapes.event(&text).cloned(), read(&text));
    assert!(shapes.event(&text).is_some());
}

#[test]
fn several_shapes_are_remembered_and_the_oldest_forgotten() {
    let with_reasons = |count: usize| event(1, "t", &vec!["x".to_owned(); count]);
    let all: Vec<_> = (0..=SHAPES).map(with_reasons).collect();
    let mut shapes = remembering(&all);
    for (count, event) in all.iter().enumerate().rev() {
        assert_eq!(shapes.event(&line(event)).is_some(), count > 0, "{count}");
    }
}

#[test]
fn what_is_unusual_is_left_to_the_strict_reader() {
    let first = event(1, "t", &[]);
    let text = String::from_utf8(line(&first)).unwrap();
    for (from, to) in [
        ("\"t\"", "\"\\u0074\""),
        ("\"t\"", "\"\t\""),
        ("\"t\"", "7"),
        ("\"t\"", "null"),
        ("\"sequence\":1", "\"sequence\":01"),
        ("\"sequence\":1", "\"sequence\":-1"),
        ("\"sequence\":1", "\"sequence\":1.0"),
        ("\"sequence\":1", "\"sequence\":"),
        ("\"sequence\":1", "\"sequence\":99999999999999999999"),
        ("2026-", "2026"),
        ("\"session_id\":\"s\"", "\"session_id\":\"x\""),
        ("\"run_id\":\"r\"", "\"run_id\":\"\""),
        ("\"event\",", "\"event\", "),
        ("}}", "}} "),
        ("}}", "}"),
        ("\"record_type\":\"event\"", "\"record_type\":\"header\""),
    ] {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        let mut shapes = remembering(std::slice::from_ref(&first));
        assert_eq!(shapes.event(changed.as_bytes()), None, "{from} {to}");
    }
    let mut odd = remembering(&[]);
    let spaced = text.replacen(':', ": ", 1);
    odd.remember(spaced.as_bytes(), first);
    assert_eq!(odd.event(spaced.as_bytes()), None);
}

fn events() -> impl Strategy<Value = SessionEvent> {
    let text = prop_oneof!["[a-c]{0,3}", any::<String>()];
    (1..200_i64, text.clone(), prop::collection::vec(text, 0..3))
        .prop_map(|(sequence, tool, reasons)| event(sequence, &tool, &reasons))
}

proptest! {
    #[test]
    fn the_strict_reader_would_have_said_the_same(
        known in prop::collection::vec(events(), 1..4),
        next in events(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<prop::sample::Index>()), 0..3),
    ) {
        let mut text = line(&next);
        for (at, from) in edits {
            let byte = *from.get(b"\"\\,:{}[]019.-e tz\n\xff");
            *at.get_mut(&mut text) = byte;
        }
        let mut shapes = remembering(&known);
        if let Some(event) = shapes.event(&text).cloned() {
            prop_assert_eq!(Some(event), read(&text));
        }
    }
}
