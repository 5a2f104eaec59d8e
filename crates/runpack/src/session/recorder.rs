//! What becomes of an event: an intent, a result and a moment of the timeline, as canonical text.

use gait_artifact::{
    Timestamp, Verdict,
    relationship::{Edge, NodeRef, Relationship},
    runpack::{
        INTENT_SCHEMA_ID, IntentRecord, RESULT_SCHEMA_ID, ResultRecord, Run, SCHEMA_VERSION, TimelineEvent,
    },
    session::SessionEvent,
    text::trim,
};
use gait_canon::{Digest, json};
use serde::Serialize;

use super::{
    event::edge,
    form::{Form, MARK},
};

/// The text of a record with what stands behind it, and how many JSON values it holds.
pub(super) type Piece = (Vec<u8>, usize);

/// Makes the records of a run of the events of a session.
///
/// What stays the same from event to event is encoded once. Where an event is unlike others, its records are encoded one
/// by one; the text is the same.
pub(super) struct Recorder {
    session_id: String,
    run_id: String,
    /// Records as the last event left them.
    intent: IntentRecord,
    result: ResultRecord,
    forms: Option<Forms>,
}

/// The records with gaps, in this order: the time; then what they have of the event.
struct Forms {
    intent: Form<4>,
    result: Form<4>,
    moment: Form<8>,
}

/// What stands in for the digest of an intent that is not known.
#[derive(Serialize)]
struct EventIdentity<'a> {
    sequence: i64,
    session_id: &'a str,
    trace_id: &'a str,
    trace_path: &'a str,
}

fn filled(list: &[String]) -> Option<&[String]> {
    (!list.is_empty()).then_some(list)
}

/// What counts as the result of an event; lists without items are `null`.
#[derive(Serialize)]
struct EventResult<'a> {
    verdict: &'a str,
    reason_codes: Option<&'a [String]>,
    violations: Option<&'a [String]>,
    trace_id: &'a str,
    trace_path: &'a str,
}

/// A record as a line.
fn line<T: Serialize>(record: &T) -> Result<Piece, json::Error> {
    let (mut text, values) = json::canonical_counted(record)?;
    text.push(b'\n');
    Ok((text, values))
}

impl Recorder {
    /// For the events of a session, as part of `run`.
    pub(super) fn new(session_id: &str, run: &Run) -> Self {
        let mut recorder = Self {
            session_id: session_id.to_owned(),
            run_id: run.run_id.clone(),
            intent: IntentRecord {
                schema_id: INTENT_SCHEMA_ID.to_owned(),
                schema_version: SCHEMA_VERSION.to_owned(),
                producer_version: run.producer_version.clone(),
                run_id: run.run_id.clone(),
                ..IntentRecord::default()
            },
            result: ResultRecord {
                schema_id: RESULT_SCHEMA_ID.to_owned(),
                schema_version: SCHEMA_VERSION.to_owned(),
                producer_version: run.producer_version.clone(),
                run_id: run.run_id.clone(),
                ..ResultRecord::default()
            },
            forms: None,
        };
        recorder.forms = recorder.forms();
        recorder
    }

    fn forms(&self) -> Option<Forms> {
        // The time is a gap, too: that of these records is one which nothing else in them has.
        let time = Timestamp::from_unix(-1, 987_654_321);
        let time_text = time.to_string();
        let constants = [&self.session_id, &self.run_id, &self.intent.producer_version];
        if constants
            .iter()
            .any(|text| text.contains(MARK) || text.contains(&time_text))
        {
            return None;
        }
        let marks = Form::<4>::marks();
        let gaps = [&*time_text, &*marks[1], &*marks[2], &*marks[3]];
        let intent = IntentRecord {
            created_at: time,
            intent_id: gaps[1].to_owned(),
            tool_name: gaps[2].to_owned(),
            args_digest: gaps[3].to_owned(),
            ..self.intent.clone()
        };
        let result = ResultRecord {
            created_at: time,
            intent_id: gaps[1].to_owned(),
            status: gaps[2].to_owned(),
            result_digest: gaps[3].to_owned(),
            ..self.result.clone()
        };
        let moment_marks = Form::<8>::marks();
        let [_, trace, tool, policy, ids @ ..] = moment_marks.each_ref().map(String::as_str);
        let mut moment = self.moment_of(&SessionEvent {
            created_at: time,
            trace_id: trace.to_owned(),
            tool_name: tool.to_owned(),
            policy_digest: policy.to_owned(),
            ..SessionEvent::default()
        });
        // The ids stand there sorted, so their places are gaps of their own.
        let relationship = moment.relationship.as_mut()?;
        if relationship.related_entity_ids.len() != ids.len() {
            return None;
        }
        relationship.related_entity_ids = ids.map(str::to_owned).to_vec();
        Some(Forms {
            intent: Form::of(&intent, gaps)?,
            result: Form::of(&result, gaps)?,
            moment: Form::of(
                &moment,
                [&time_text, trace, tool, policy, ids[0], ids[1], ids[2], ids[3]],
            )?,
        })
    }

    /// The intent of an event as a line.
    pub(super) fn intent(&mut self, event: &SessionEvent, intent_id: &str) -> Result<Piece, json::Error> {
        let args_digest = if event.intent_digest.is_empty() {
            &Digest::of_canonical(&EventIdentity {
                sequence: event.sequence,
                session_id: &event.session_id,
                trace_id: &event.trace_id,
                trace_path: &event.trace_path,
            })?
            .to_string()
        } else {
            &event.intent_digest
        };
        let created_at = event.created_at.to_utc();
        let gaps = [&created_at.to_string(), intent_id, &event.tool_name, args_digest];
        if let Some(piece) = self
            .forms
            .as_ref()
            .and_then(|forms| forms.intent.filled(gaps, b'\n'))
        {
            return Ok(piece);
        }
        let record = &mut self.intent;
        record.created_at = created_at;
        intent_id.clone_into(&mut record.intent_id);
        record.tool_name.clone_from(&event.tool_name);
        args_digest.clone_into(&mut record.args_digest);
        line(record)
    }

    /// The result of an event as a line.
    pub(super) fn result(&mut self, event: &SessionEvent, intent_id: &str) -> Result<Piece, json::Error> {
        let result_digest = Digest::of_canonical(&EventResult {
            verdict: &event.verdict,
            reason_codes: filled(&event.reason_codes),
            violations: filled(&event.violations),
            trace_id: &event.trace_id,
            trace_path: &event.trace_path,
        })?;
        let result_digest = result_digest.to_string();
        let refused = [Verdict::Block, Verdict::RequireApproval].map(Verdict::as_str);
        let status = if refused.contains(&event.verdict.as_str()) {
            "error"
        } else {
            "ok"
        };
        let created_at = event.created_at.to_utc();
        let gaps = [&*created_at.to_string(), intent_id, status, &*result_digest];
        if let Some(piece) = self
            .forms
            .as_ref()
            .and_then(|forms| forms.result.filled(gaps, b'\n'))
        {
            return Ok(piece);
        }
        let record = &mut self.result;
        record.created_at = created_at;
        intent_id.clone_into(&mut record.intent_id);
        status.clone_into(&mut record.status);
        record.result_digest = result_digest;
        line(record)
    }

    /// The moment of an event, and the comma in front of the next.
    pub(super) fn moment(&self, event: &SessionEvent) -> Result<Piece, json::Error> {
        if let Some(piece) = self.usual_moment(event) {
            return Ok(piece);
        }
        let (mut text, values) = json::canonical_counted(&self.moment_of(event))?;
        text.push(b',');
        Ok((text, values))
    }

    /// The moment of an event that names trace, tool and policy as normal texts, all different.
    fn usual_moment(&self, event: &SessionEvent) -> Option<Piece> {
        let named = [&*event.trace_id, &*event.tool_name, &*event.policy_digest];
        if !named.iter().all(|id| !id.is_empty() && trim(id) == *id) {
            return None;
        }
        let [trace, tool, policy] = named;
        let mut ids = [trace, tool, policy, trim(&self.session_id)];
        ids.sort_unstable();
        if ids.windows(2).any(|pair| pair[0] == pair[1]) {
            return None;
        }
        let time = event.created_at.to_utc().to_string();
        let gaps = [&*time, trace, tool, policy, ids[0], ids[1], ids[2], ids[3]];
        self.forms.as_ref()?.moment.filled(gaps, b',')
    }

    fn moment_of(&self, event: &SessionEvent) -> TimelineEvent {
        let trace = NodeRef::new("trace", &*event.trace_id);
        let tool = NodeRef::new("tool", &*event.tool_name);
        let policy = NodeRef::new("policy", &*event.policy_digest);
        TimelineEvent {
            event: "session_event".to_owned(),
            ts: event.created_at.to_utc(),
            reference: event.trace_id.clone(),
            relationship: self.relationship(
                vec![
                    trace.clone(),
                    tool.clone(),
                    policy.clone(),
                    NodeRef::new("evidence", &*self.session_id),
                ],
                vec![
                    edge("derived_from", trace, self.node()),
                    edge("governed_by", tool, policy),
                ],
            ),
        }
    }

    /// The moment of the checkpoint `index`.
    pub(super) fn checkpoint_moment(&self, index: i64, now: Timestamp) -> TimelineEvent {
        let id = format!("checkpoint:{index}");
        let evidence = NodeRef::new("evidence", &*id);
        TimelineEvent {
            event: "session_checkpoint_emitted".to_owned(),
            ts: now,
            reference: id,
            relationship: self.relationship(
                vec![evidence.clone()],
                vec![edge("emits_evidence", self.node(), evidence)],
            ),
        }
    }

    fn node(&self) -> NodeRef {
        NodeRef::new("run", &*self.run_id)
    }

    fn relationship(&self, entity_refs: Vec<NodeRef>, edges: Vec<Edge>) -> Option<Box<Relationship>> {
        Relationship {
            parent_ref: Some(self.node()),
            parent_record_id: self.run_id.clone(),
            entity_refs,
            edges,
            ..Relationship::default()
        }
        .normalized()
        .map(Box::new)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn recorder() -> Recorder {
        let run = Run {
            run_id: "r_checkpoint_1".into(),
            producer_version: "1.0.0".into(),
            ..Run::default()
        };
        Recorder::new("session", &run)
    }

    #[test]
    fn usual_events_need_no_encoding() {
        let forms = recorder().forms.unwrap();
        assert!(forms.intent.filled(["t", "i", "n", "d"], b'\n').is_some());
    }

    proptest! {
        #[test]
        fn forms_give_what_encoding_gives(
            (trace, tool, policy, id) in ("[ab]{0,2}|[a-z]{3}", "[ab]{0,2}|\\PC*", "[ab]{0,2}|session", any::<String>()),
            verdict in prop_oneof!["allow", "block", any::<String>()],
            seconds in 0..4_000_000_000_i64,
            nanos in prop_oneof![Just(0), 0..1_000_000_000_u32],
        ) {
            let event = SessionEvent {
                created_at: Timestamp::from_unix(seconds, nanos),
                trace_id: trace,
                tool_name: tool,
                policy_digest: policy,
                verdict,
                sequence: 1,
                ..SessionEvent::default()
            };
            let mut quick = recorder();
            let mut slow = Recorder { forms: None, ..recorder() };
            prop_assert_eq!(quick.intent(&event, &id), slow.intent(&event, &id));
            prop_assert_eq!(quick.result(&event, &id), slow.result(&event, &id));
            prop_assert_eq!(quick.moment(&event), slow.moment(&event));
        }
    }
}
