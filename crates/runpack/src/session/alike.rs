//! Lines that are like one that was read before, taken without parsing.
//!
//! The events of a session differ in a few texts and a number. Once the strict reader has accepted the line of an event,
//! what stands between those texts is known to be sound, and a line that has the same between them is as sound as that one:
//! the same members in the same order, each with a value of the same type. What is in any way unusual (an escape, white
//! space between tokens, an unknown type of line) is left to the strict reader.

use gait_artifact::session::SessionEvent;

/// How many shapes are remembered; sessions have few.
const SHAPES: usize = 8;

/// The shapes of the lines read so far, that of the last one in front.
#[derive(Debug, Default)]
pub(super) struct Shapes {
    known: Vec<Shape>,
    /// The last event whose line has no shape.
    odd: SessionEvent,
}

/// The line of an event: a text with holes, whose content differs from event to event.
#[derive(Debug)]
struct Shape {
    text: String,
    // INVARIANT: in order, and none touches another.
    holes: Vec<Hole>,
    /// The last event of this shape.
    event: SessionEvent,
}

/// Where a text or a number stands.
#[derive(Debug, Clone, Copy)]
struct Hole {
    start: usize,
    end: usize,
    member: Member,
}

/// The member of an event that a hole is the value of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    CreatedAt,
    Sequence,
    IntentId,
    ToolName,
    IntentDigest,
    PolicyDigest,
    PolicyId,
    PolicyVersion,
    MatchedRule(usize),
    TraceId,
    TracePath,
    Verdict,
    ReasonCode(usize),
    Violation(usize),
    SafetyInvariantVersion,
    SafetyInvariantHash,
    /// A text of the relationship, which only repeats what the event says.
    Relationship,
}

impl Shapes {
    /// The event in `line`, without its relationship, if an event in a line like this one was remembered.
    pub(super) fn event(&mut self, line: &[u8]) -> Option<&SessionEvent> {
        let text = plain(line)?;
        let place = self
            .known
            .iter_mut()
            .position(|shape| shape.take(text).is_some())?;
        self.known.swap(0, place);
        Some(&self.known[0].event)
    }

    /// Remembers the event that was read from `line`, and gives it back without its relationship.
    pub(super) fn remember(&mut self, line: &[u8], event: SessionEvent) -> &SessionEvent {
        let event = SessionEvent {
            relationship: None,
            ..event
        };
        let Some((text, holes)) = plain(line).and_then(|text| Some((text, holes(text)?))) else {
            self.odd = event;
            return &self.odd;
        };
        if self.known.len() == SHAPES {
            self.known.pop();
        }
        let text = text.to_owned();
        self.known.insert(0, Shape { text, holes, event });
        &self.known[0].event
    }
}

impl Shape {
    /// Takes the event from a line of this shape. When the line has another, nothing is known of the event behind this.
    fn take(&mut self, line: &str) -> Option<()> {
        let (mut rest, mut before) = (line, 0);
        for hole in &self.holes {
            rest = rest.strip_prefix(&self.text[before..hole.start])?;
            let length = match hole.member {
                Member::Sequence => rest.bytes().take_while(u8::is_ascii_digit).count(),
                _ => memchr::memchr(b'"', rest.as_bytes())?,
            };
            let (value, behind) = rest.split_at(length);
            hole.member.set(&mut self.event, value)?;
            (rest, before) = (behind, hole.end);
        }
        (rest == &self.text[before..]).then_some(())
    }
}

impl Member {
    /// The member of an event called `name`; `None` when its value is no text or must stay the same.
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "created_at" => Self::CreatedAt,
            "sequence" => Self::Sequence,
            "intent_id" => Self::IntentId,
            "tool_name" => Self::ToolName,
            "intent_digest" => Self::IntentDigest,
            "policy_digest" => Self::PolicyDigest,
            "policy_id" => Self::PolicyId,
            "policy_version" => Self::PolicyVersion,
            "matched_rule_ids" => Self::MatchedRule(0),
            "trace_id" => Self::TraceId,
            "trace_path" => Self::TracePath,
            "verdict" => Self::Verdict,
            "reason_codes" => Self::ReasonCode(0),
            "violations" => Self::Violation(0),
            "safety_invariant_version" => Self::SafetyInvariantVersion,
            "safety_invariant_hash" => Self::SafetyInvariantHash,
            "relationship" => Self::Relationship,
            _ => return None,
        })
    }

    /// The same member, of whose list `index` is the place of the value.
    const fn at(self, index: usize) -> Self {
        match self {
            Self::MatchedRule(_) => Self::MatchedRule(index),
            Self::ReasonCode(_) => Self::ReasonCode(index),
            Self::Violation(_) => Self::Violation(index),
            other => other,
        }
    }

    /// Sets it in `event`; `None` when it cannot have this value.
    fn set(self, event: &mut SessionEvent, value: &str) -> Option<()> {
        let member = match self {
            Self::CreatedAt => {
                event.created_at = value.parse().ok()?;
                return Some(());
            }
            Self::Sequence => {
                let is_canonical = value.len() == 1 || !value.starts_with('0');
                event.sequence = value.parse().ok().filter(|_| is_canonical)?;
                return Some(());
            }
            Self::Relationship => return Some(()),
            Self::IntentId => &mut event.intent_id,
            Self::ToolName => &mut event.tool_name,
            Self::IntentDigest => &mut event.intent_digest,
            Self::PolicyDigest => &mut event.policy_digest,
            Self::PolicyId => &mut event.policy_id,
            Self::PolicyVersion => &mut event.policy_version,
            Self::TraceId => &mut event.trace_id,
            Self::TracePath => &mut event.trace_path,
            Self::Verdict => &mut event.verdict,
            Self::SafetyInvariantVersion => &mut event.safety_invariant_version,
            Self::SafetyInvariantHash => &mut event.safety_invariant_hash,
            Self::MatchedRule(index) => event.matched_rule_ids.get_mut(index)?,
            Self::ReasonCode(index) => event.reason_codes.get_mut(index)?,
            Self::Violation(index) => event.violations.get_mut(index)?,
        };
        member.clear();
        member.push_str(value);
        Some(())
    }
}

/// `line` as text, if none of its strings needs unescaping or could be refused for what is in it.
fn plain(line: &[u8]) -> Option<&str> {
    let is_plain = line.iter().all(|&byte| byte >= b' ') && memchr::memchr(b'\\', line).is_none();
    if is_plain { str::from_utf8(line).ok() } else { None }
}

/// An object or list that is open.
#[derive(Debug, Clone, Copy, Default)]
struct Open<'a> {
    /// The key of the value that comes next; empty in lists.
    key: &'a str,
    /// How many values came before, in lists.
    index: usize,
}

/// The holes of a line that the strict reader has taken for that of an event; `None` when there is white space in it.
fn holes(text: &str) -> Option<Vec<Hole>> {
    let bytes = text.as_bytes();
    let mut holes = Vec::new();
    let mut open: Vec<Open<'_>> = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b' ' => return None,
            b'{' | b'[' => open.push(Open::default()),
            b'}' | b']' => {
                open.pop();
            }
            b',' => open.last_mut()?.index += 1,
            b'"' => {
                let start = at + 1;
                let end = start + memchr::memchr(b'"', &bytes[start..])?;
                if bytes.get(end + 1) == Some(&b':') {
                    open.last_mut()?.key = &text[start..end];
                } else {
                    let member = member(&open).filter(|&member| member != Member::Sequence);
                    holes.extend(member.map(|member| Hole { start, end, member }));
                }
                at = end;
            }
            b'0'..=b'9' => {
                let length = bytes[at..]
                    .iter()
                    .take_while(|byte| byte.is_ascii_digit())
                    .count();
                if member(&open) == Some(Member::Sequence) {
                    holes.push(Hole {
                        start: at,
                        end: at + length,
                        member: Member::Sequence,
                    });
                }
                at += length - 1;
            }
            _ => {}
        }
        at += 1;
    }
    Some(holes)
}

/// Of which member the next value is, or is part of.
fn member(open: &[Open<'_>]) -> Option<Member> {
    let [line, event, inner @ ..] = open else {
        return None;
    };
    if line.key != "event" {
        return None;
    }
    let member = Member::named(event.key)?;
    match (member, inner) {
        (Member::Relationship, [_, ..]) => Some(member),
        (Member::MatchedRule(_) | Member::ReasonCode(_) | Member::Violation(_), [list]) => {
            Some(member.at(list.index))
        }
        (Member::MatchedRule(_) | Member::ReasonCode(_) | Member::Violation(_) | Member::Relationship, _) => {
            None
        }
        (_, []) => Some(member),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
