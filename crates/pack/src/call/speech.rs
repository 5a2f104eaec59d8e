//! Whether what was spoken had been allowed: events, receipts and decisions held against each other.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

use gait_artifact::finding::{Finding, FindingCode};
use gait_artifact::voice::{
    CallEvent, CallRows, GateDecisionRow, REQUIRED_EVENT_TYPES, SpeakReceipt, TTS_EMITTED,
};

use super::{DECISIONS_PATH, EVENTS_PATH, RECEIPTS_PATH};

/// The type of the event that the gate decided.
const GATE_DECISION: &str = "gate.decision";

/// Where in a call something was said or decided, and of which commitment.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The turn of the conversation.
    pub turn_index: i64,
    /// The class of the commitment.
    pub commitment_class: String,
    /// The position in the call.
    pub call_seq: i64,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            turn_index,
            commitment_class,
            call_seq,
        } = self;
        write!(
            f,
            "call_seq={call_seq} turn_index={turn_index} class={commitment_class}"
        )
    }
}

/// Why a call does not show that its speech was allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SpeechError {
    /// An event that every call has is not told.
    #[error("call events missing required type: {0}")]
    MissingType(&'static str),
    /// A commitment was spoken without token.
    #[error("gated tts.emitted event has no say_token_id at {0}")]
    NoToken(Place),
    /// A commitment was spoken without receipt.
    #[error("gated tts.emitted event has no speak receipt at {0}")]
    NoReceipt(Place),
    /// The receipt is for another token.
    #[error("gated tts.emitted event and its speak receipt have different say_token_id at {0}")]
    TokenMismatch(Place),
    /// Nobody decided before it was spoken.
    #[error("speak receipt has no gate decision before it at {0}")]
    NoDecision(Place),
    /// The last decision before it did not allow it.
    #[error("the gate's last verdict before a speak receipt is {verdict}, not allow, at {place}")]
    NotAllowed {
        /// Where it was spoken.
        place: Place,
        /// What the gate had said.
        verdict: String,
    },
    /// The last decisions before it allowed it and did not.
    #[error("gate decisions of the same call_seq contradict each other before the speak receipt at {0}")]
    Contradiction(Place),
}

/// What is known of a call whose speech was allowed.
#[derive(Debug, Default)]
pub(crate) struct Heard {
    /// Rows that tell different things about the same speech.
    pub(crate) contradictions: Vec<Finding>,
    /// Rows that lack their other half.
    pub(crate) oddities: Vec<Finding>,
    /// The first speech that one decision allowed and another of the same position did not.
    pub(crate) contradicted: Option<Place>,
}

/// Demands an event of each type that every call has.
pub(crate) fn require_event_types(events: &[CallEvent]) -> Result<(), SpeechError> {
    let types: BTreeSet<&str> = events.iter().map(|event| event.event_type.as_str()).collect();
    match REQUIRED_EVENT_TYPES
        .into_iter()
        .find(|required| !types.contains(required))
    {
        Some(missing) => Err(SpeechError::MissingType(missing)),
        None => Ok(()),
    }
}

/// Demands a token and a receipt of every spoken commitment, and an `allow` as the last decision before every receipt.
pub(crate) fn hear(rows: &CallRows) -> Result<Heard, SpeechError> {
    let mut heard = Heard::default();
    let receipts = receipts_by_place(&rows.receipts, &mut heard);
    check_emitted(&rows.events, &receipts)?;
    check_decided(rows, &mut heard)?;
    find_ungated(rows, &mut heard);
    find_unspoken(rows, &mut heard);
    find_reused_tokens(&rows.receipts, &mut heard);
    find_misreported_decisions(rows, &mut heard);
    Ok(heard)
}

type Key<'a> = (i64, &'a str, i64);

fn place_of((turn_index, class, call_seq): Key<'_>) -> Place {
    Place {
        turn_index,
        commitment_class: class.to_owned(),
        call_seq,
    }
}

fn event_key(event: &CallEvent) -> Key<'_> {
    (event.turn_index, &event.commitment_class, event.call_seq)
}

fn receipt_key(receipt: &SpeakReceipt) -> Key<'_> {
    (receipt.turn_index, &receipt.commitment_class, receipt.call_seq)
}

fn decision_key(decision: &GateDecisionRow) -> Key<'_> {
    (decision.turn_index, &decision.commitment_class, decision.call_seq)
}

/// Speech that is about a commitment.
fn gated(events: &[CallEvent]) -> impl Iterator<Item = &CallEvent> {
    let emitted = events.iter().filter(|event| event.event_type == TTS_EMITTED);
    emitted.filter(|event| !event.commitment_class.is_empty())
}

/// The receipts by what they are for; of several for the same the last one.
fn receipts_by_place<'a>(
    receipts: &'a [SpeakReceipt],
    heard: &mut Heard,
) -> HashMap<Key<'a>, &'a SpeakReceipt> {
    let mut by_place = HashMap::with_capacity(receipts.len());
    for receipt in receipts {
        let key = receipt_key(receipt);
        let earlier: Option<&SpeakReceipt> = by_place.insert(key, receipt);
        if earlier.is_some_and(|earlier| earlier.say_token_id != receipt.say_token_id) {
            heard.inconsistent(
                RECEIPTS_PATH,
                format!("several receipts with different tokens at {}", place_of(key)),
            );
        }
    }
    by_place
}

fn check_emitted(
    events: &[CallEvent],
    receipts: &HashMap<Key<'_>, &SpeakReceipt>,
) -> Result<(), SpeechError> {
    for event in gated(events) {
        let key = event_key(event);
        if event.say_token_id.is_empty() {
            return Err(SpeechError::NoToken(place_of(key)));
        }
        match receipts.get(&key) {
            None => return Err(SpeechError::NoReceipt(place_of(key))),
            Some(receipt) if receipt.say_token_id != event.say_token_id => {
                return Err(SpeechError::TokenMismatch(place_of(key)));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

fn check_decided(rows: &CallRows, heard: &mut Heard) -> Result<(), SpeechError> {
    let mut decisions: BTreeMap<Key<'_>, Vec<&GateDecisionRow>> = BTreeMap::new();
    for decision in &rows.decisions {
        decisions
            .entry(decision_key(decision))
            .or_default()
            .push(decision);
    }
    for receipt in &rows.receipts {
        let key = receipt_key(receipt);
        let last = decisions
            .range(..=key)
            .next_back()
            .filter(|((turn, class, _), _)| (*turn, *class) == (key.0, key.1))
            .map(|(_, decisions)| decisions.as_slice());
        let Some([first, others @ ..]) = last else {
            return Err(SpeechError::NoDecision(place_of(key)));
        };
        if !first.is_allow() {
            return Err(SpeechError::NotAllowed {
                place: place_of(key),
                verdict: first.verdict.clone(),
            });
        }
        if others.iter().any(|decision| !decision.is_allow()) {
            let place = place_of(key);
            heard.inconsistent(
                DECISIONS_PATH,
                SpeechError::Contradiction(place.clone()).to_string(),
            );
            heard.contradicted.get_or_insert(place);
        }
    }
    Ok(())
}

/// Speech without a class in a turn that is about a commitment may be the commitment itself, past the gate. Small talk in
/// other turns needs no token.
fn find_ungated(rows: &CallRows, heard: &mut Heard) {
    let declared = rows
        .commitments
        .iter()
        .map(|commitment| commitment.intent().turn_index);
    let about = rows
        .events
        .iter()
        .filter(|event| !event.commitment_class.is_empty())
        .map(|event| event.turn_index);
    let turns: BTreeSet<i64> = declared.chain(about).collect();
    for event in &rows.events {
        let is_ungated = event.event_type == TTS_EMITTED && event.commitment_class.is_empty();
        if is_ungated && turns.contains(&event.turn_index) {
            heard.inconsistent(
                EVENTS_PATH,
                format!(
                    "tts.emitted without commitment_class at call_seq={} in turn_index={}, which is about a commitment",
                    event.call_seq, event.turn_index
                ),
            );
        }
    }
}

/// A receipt of something that no event tells of.
fn find_unspoken(rows: &CallRows, heard: &mut Heard) {
    let spoken: BTreeSet<Key<'_>> = gated(&rows.events).map(event_key).collect();
    for receipt in &rows.receipts {
        let key = receipt_key(receipt);
        if !spoken.contains(&key) {
            let message = format!("receipt without tts.emitted event at {}", place_of(key));
            push(&mut heard.oddities, RECEIPTS_PATH, message);
        }
    }
}

/// A token is for one place; speaking twice by it is a replay.
fn find_reused_tokens(receipts: &[SpeakReceipt], heard: &mut Heard) {
    let mut spoken: HashMap<&str, Key<'_>> = HashMap::with_capacity(receipts.len());
    for receipt in receipts {
        let key = receipt_key(receipt);
        let first = *spoken.entry(&receipt.say_token_id).or_insert(key);
        if first != key {
            heard.inconsistent(
                RECEIPTS_PATH,
                format!("the token spoken at {} was spoken before", place_of(key)),
            );
        }
    }
}

/// An event and the decision it reports should name the same intent and the same policy.
fn find_misreported_decisions(rows: &CallRows, heard: &mut Heard) {
    let decisions: HashMap<Key<'_>, &GateDecisionRow> = rows
        .decisions
        .iter()
        .map(|decision| (decision_key(decision), decision))
        .collect();
    let differ = |left: &str, right: &str| !left.is_empty() && !right.is_empty() && left != right;
    for event in rows
        .events
        .iter()
        .filter(|event| event.event_type == GATE_DECISION)
    {
        let key = event_key(event);
        let misreported = decisions.get(&key).is_some_and(|decision| {
            differ(&decision.intent_digest, &event.intent_digest)
                || differ(&decision.policy_digest, &event.policy_digest)
        });
        if misreported {
            heard.inconsistent(
                EVENTS_PATH,
                format!(
                    "event and gate decision have different digests at {}",
                    place_of(key)
                ),
            );
        }
    }
}

impl Heard {
    fn inconsistent(&mut self, path: &str, message: String) {
        push(&mut self.contradictions, path, message);
    }
}

/// A call with more faults than that is not told row by row.
const MOST_FINDINGS: usize = 64;

fn push(findings: &mut Vec<Finding>, path: &str, message: String) {
    if findings.len() < MOST_FINDINGS {
        findings.push(Finding::new(FindingCode::Inconsistent, path, message));
    }
}
