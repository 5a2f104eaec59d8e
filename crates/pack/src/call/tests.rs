use gait_artifact::finding::Finding;
use gait_artifact::voice::{CallEvent, CallRows, GateDecisionRow, REQUIRED_EVENT_TYPES, SpeakReceipt};

use super::speech::{Place, SpeechError, hear, require_event_types};

type Change = fn(&mut CallRows);

fn emitted(call_seq: i64, turn_index: i64, class: &str, token: &str) -> CallEvent {
    CallEvent {
        call_seq,
        turn_index,
        event_type: "tts.emitted".to_owned(),
        commitment_class: class.to_owned(),
        say_token_id: token.to_owned(),
        ..CallEvent::default()
    }
}

fn decided(call_seq: i64, turn_index: i64, class: &str, verdict: &str) -> GateDecisionRow {
    GateDecisionRow {
        call_seq,
        turn_index,
        commitment_class: class.to_owned(),
        verdict: verdict.to_owned(),
        ..GateDecisionRow::default()
    }
}

fn receipt(call_seq: i64, turn_index: i64, class: &str, token: &str) -> SpeakReceipt {
    SpeakReceipt {
        call_seq,
        turn_index,
        commitment_class: class.to_owned(),
        say_token_id: token.to_owned(),
        ..SpeakReceipt::default()
    }
}

/// A quote that was allowed at 3 and spoken at 5, both in turn 2.
fn quote() -> CallRows {
    CallRows {
        events: vec![emitted(5, 2, "quote", "t")],
        decisions: vec![decided(3, 2, "quote", "allow")],
        receipts: vec![receipt(5, 2, "quote", "t")],
        ..CallRows::default()
    }
}

fn changed(change: Change) -> CallRows {
    let mut rows = quote();
    change(&mut rows);
    rows
}

#[test]
fn speech_needs_token_receipt_and_decision() {
    let at = Place {
        turn_index: 2,
        commitment_class: "quote".to_owned(),
        call_seq: 5,
    };
    let refused = |verdict: &str| SpeechError::NotAllowed {
        place: at.clone(),
        verdict: verdict.to_owned(),
    };
    let cases: [(Change, SpeechError); 13] = [
        (
            |rows| rows.events[0].say_token_id.clear(),
            SpeechError::NoToken(at.clone()),
        ),
        (|rows| rows.receipts.clear(), SpeechError::NoReceipt(at.clone())),
        (
            |rows| rows.receipts[0].call_seq = 6,
            SpeechError::NoReceipt(at.clone()),
        ),
        (
            |rows| rows.receipts[0].turn_index = 1,
            SpeechError::NoReceipt(at.clone()),
        ),
        (
            |rows| rows.receipts[0].commitment_class = "refund".to_owned(),
            SpeechError::NoReceipt(at.clone()),
        ),
        (
            |rows| rows.receipts[0].say_token_id = "u".to_owned(),
            SpeechError::TokenMismatch(at.clone()),
        ),
        (
            |rows| rows.receipts.push(receipt(5, 2, "quote", "u")),
            SpeechError::TokenMismatch(at.clone()),
        ),
        (|rows| rows.decisions.clear(), SpeechError::NoDecision(at.clone())),
        (
            |rows| rows.decisions[0].call_seq = 6,
            SpeechError::NoDecision(at.clone()),
        ),
        (
            |rows| rows.decisions[0].turn_index = 1,
            SpeechError::NoDecision(at.clone()),
        ),
        (
            |rows| rows.decisions[0].commitment_class = "cancel".to_owned(),
            SpeechError::NoDecision(at.clone()),
        ),
        (
            |rows| rows.decisions[0].verdict = "dry_run".to_owned(),
            refused("dry_run"),
        ),
        (
            |rows| rows.decisions.push(decided(5, 2, "quote", "block")),
            refused("block"),
        ),
    ];
    for (change, expected) in cases {
        assert_eq!(hear(&changed(change)).unwrap_err(), expected);
    }
}

#[test]
fn decisions_that_do_not_stand_in_the_way() {
    let cases: [Change; 5] = [
        |_| {},
        |rows| rows.decisions.push(decided(6, 2, "quote", "block")),
        |rows| rows.decisions.push(decided(4, 1, "quote", "block")),
        |rows| rows.decisions.push(decided(4, 2, "refund", "block")),
        |rows| rows.decisions.insert(0, decided(2, 2, "quote", "block")),
    ];
    for change in cases {
        let heard = hear(&changed(change)).unwrap();
        assert_eq!(heard.contradictions, []);
        assert_eq!(heard.oddities, []);
        assert_eq!(heard.contradicted, None);
    }
}

#[test]
fn what_is_odd_is_found() {
    let digest = |letter: &str| letter.repeat(64);
    let contradicting = |rows: &CallRows| {
        let messages = |findings: Vec<Finding>| -> Vec<_> {
            findings.into_iter().map(|finding| finding.message).collect()
        };
        let heard = hear(rows).unwrap();
        (messages(heard.contradictions), messages(heard.oddities))
    };
    let cases: [(Change, &str); 4] = [
        (
            |rows| rows.events.push(emitted(6, 2, "", "")),
            "tts.emitted without commitment_class",
        ),
        (
            |rows| rows.decisions.push(decided(3, 2, "quote", "block")),
            "contradict each other",
        ),
        (
            |rows| rows.receipts.insert(0, receipt(5, 2, "quote", "u")),
            "several receipts with different tokens",
        ),
        (
            |rows| {
                rows.events.push(emitted(6, 2, "quote", "t"));
                rows.receipts.push(receipt(6, 2, "quote", "t"));
            },
            "was spoken before",
        ),
    ];
    for (change, expected) in cases {
        let (contradictions, oddities) = contradicting(&changed(change));
        assert!(
            contradictions.len() == 1 && contradictions[0].contains(expected),
            "{contradictions:?} instead of {expected}"
        );
        assert!(oddities.is_empty());
    }

    let (contradictions, oddities) =
        contradicting(&changed(|rows| rows.receipts.push(receipt(9, 2, "quote", "v"))));
    assert!(contradictions.is_empty());
    assert!(
        oddities[0].contains("receipt without tts.emitted event"),
        "{oddities:?}"
    );

    let mut rows = quote();
    rows.decisions[0].intent_digest = digest("a");
    rows.events.push(CallEvent {
        intent_digest: digest("b"),
        event_type: "gate.decision".to_owned(),
        ..emitted(3, 2, "quote", "")
    });
    let (contradictions, _) = contradicting(&rows);
    assert!(
        contradictions[0].contains("different digests"),
        "{contradictions:?}"
    );
    assert!(
        hear(&changed(|rows| rows
            .decisions
            .push(decided(3, 2, "quote", "block"))))
        .unwrap()
        .contradicted
        .is_some()
    );
}

#[test]
fn small_talk_needs_no_token() {
    let rows = changed(|rows| rows.events.push(emitted(9, 3, "", "")));
    assert_eq!(hear(&rows).unwrap().contradictions, []);
}

#[test]
fn every_required_type_is_missed() {
    let all: Vec<CallEvent> = REQUIRED_EVENT_TYPES
        .iter()
        .map(|event_type| CallEvent {
            event_type: (*event_type).to_owned(),
            ..CallEvent::default()
        })
        .collect();
    assert_eq!(require_event_types(&all), Ok(()));
    for (index, event_type) in REQUIRED_EVENT_TYPES.into_iter().enumerate() {
        let mut without = all.clone();
        without.remove(index);
        assert_eq!(
            require_event_types(&without),
            Err(SpeechError::MissingType(event_type))
        );
    }
}
