//! The part of a session between two checkpoints, as the records of a run.

use std::{collections::HashMap, path::Path};

use gait_artifact::{
    Timestamp, Verdict,
    relationship::{Edge, NodeRef, Relationship},
    runpack::{
        INTENT_SCHEMA_ID, IntentRecord, Manifest, REFS_SCHEMA_ID, RESULT_SCHEMA_ID, RUN_SCHEMA_ID, Refs,
        ResultRecord, Run, RunEnv, SCHEMA_VERSION, TimelineEvent,
    },
    session::{SessionCheckpoint, SessionEvent},
};
use gait_canon::{Digest, PrivateKey, json};
use serde::Serialize;

use super::event::edge;
use crate::{CaptureMode, Content, WriteError, write};

/// A growing run: an intent, a result and a moment of the timeline for every event.
pub(super) struct Segment {
    session_id: String,
    producer_version: String,
    now: Timestamp,
    index: i64,
    run: Run,
    timeline: Vec<TimelineEvent>,
    intents: Vec<IntentRecord>,
    results: Vec<ResultRecord>,
    /// The ids given out, each with the number last put behind it.
    intent_ids: HashMap<String, u64>,
    sequences: Vec<i64>,
    /// The events that told new safety invariants: how many events came before, version and digest.
    invariants: Vec<(usize, String, String)>,
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

impl Segment {
    /// An empty segment for a checkpoint in the making.
    pub(super) fn new(checkpoint: &SessionCheckpoint, host: RunEnv) -> Self {
        Self {
            session_id: checkpoint.session_id.clone(),
            producer_version: checkpoint.producer_version.clone(),
            now: checkpoint.created_at,
            index: checkpoint.checkpoint_index,
            run: Run {
                schema_id: RUN_SCHEMA_ID.to_owned(),
                schema_version: SCHEMA_VERSION.to_owned(),
                created_at: checkpoint.created_at,
                producer_version: checkpoint.producer_version.clone(),
                run_id: checkpoint.runpack_run_id(),
                env: host,
                timeline: None,
            },
            timeline: Vec::new(),
            intents: Vec::new(),
            results: Vec::new(),
            intent_ids: HashMap::new(),
            sequences: Vec::new(),
            invariants: Vec::new(),
        }
    }

    pub(super) fn push(&mut self, event: SessionEvent) -> Result<(), json::Error> {
        let intent_id = self.intent_id(&event);
        let intent = self.intent(&event, &intent_id)?;
        let result = self.result(&event, intent_id)?;
        let moment = self.moment(&event);
        self.intents.push(intent);
        self.results.push(result);
        self.timeline.push(moment);
        if !event.safety_invariant_version.is_empty() && !event.safety_invariant_hash.is_empty() {
            self.invariants.push((
                self.sequences.len(),
                event.safety_invariant_version,
                event.safety_invariant_hash,
            ));
            self.invariants
                .dedup_by(|new, old| (&new.1, &new.2) == (&old.1, &old.2));
        }
        self.sequences.push(event.sequence);
        Ok(())
    }

    /// Writes the segment as a runpack. When it holds more than a runpack can, its later half is dropped until it fits.
    pub(super) fn write(&mut self, path: &Path, signer: Option<&PrivateKey>) -> Result<Manifest, WriteError> {
        loop {
            let content = self.take_content();
            let written = write(path, &content, signer);
            self.put_back(content);
            match written {
                Err(WriteError::TooLarge { .. }) if self.sequences.len() > 1 => {
                    self.truncate(self.sequences.len() / 2);
                }
                written => return written,
            }
        }
    }

    pub(super) fn first_sequence(&self) -> i64 {
        self.sequences.first().copied().unwrap_or_default()
    }

    pub(super) fn last_sequence(&self) -> i64 {
        self.sequences.last().copied().unwrap_or_default()
    }

    /// Version and digest of the safety invariants that the last event to name any has named.
    pub(super) fn safety_invariants(&self) -> (String, String) {
        let last = self.invariants.last();
        last.map(|(_, version, digest)| (version.clone(), digest.clone()))
            .unwrap_or_default()
    }

    fn truncate(&mut self, length: usize) {
        self.timeline.truncate(length);
        self.intents.truncate(length);
        self.results.truncate(length);
        self.sequences.truncate(length);
        self.invariants.retain(|(before, ..)| *before < length);
    }

    /// The records as a run that ends with the checkpoint.
    fn take_content(&mut self) -> Content {
        let mut timeline = std::mem::take(&mut self.timeline);
        timeline.push(self.checkpoint_moment());
        Content {
            run: Run {
                timeline: Some(timeline),
                ..self.run.clone()
            },
            intents: std::mem::take(&mut self.intents),
            results: std::mem::take(&mut self.results),
            refs: Refs {
                schema_id: REFS_SCHEMA_ID.to_owned(),
                schema_version: SCHEMA_VERSION.to_owned(),
                created_at: self.now,
                producer_version: self.producer_version.clone(),
                run_id: self.run.run_id.clone(),
                ..Refs::default()
            },
            capture_mode: CaptureMode::Reference,
        }
    }

    fn put_back(&mut self, content: Content) {
        self.timeline = content.run.timeline.unwrap_or_default();
        self.timeline.pop();
        self.intents = content.intents;
        self.results = content.results;
    }

    /// The event's intent id, or one made from its place. Readers of a runpack need ids that differ: one that is taken
    /// gets `_2`, `_3` and so on behind it.
    fn intent_id(&mut self, event: &SessionEvent) -> String {
        let wanted = if event.intent_id.is_empty() {
            format!("intent_{}", self.sequences.len() + 1)
        } else {
            event.intent_id.clone()
        };
        // Counting goes on where it ended: the same id for every event must not take quadratic time.
        let Some(&(mut number)) = self.intent_ids.get(&wanted) else {
            self.intent_ids.insert(wanted.clone(), 1);
            return wanted;
        };
        let id = loop {
            number += 1;
            let id = format!("{wanted}_{number}");
            if !self.intent_ids.contains_key(&id) {
                break id;
            }
        };
        self.intent_ids.insert(wanted, number);
        self.intent_ids.insert(id.clone(), 1);
        id
    }

    fn intent(&self, event: &SessionEvent, intent_id: &str) -> Result<IntentRecord, json::Error> {
        let args_digest = if event.intent_digest.is_empty() {
            Digest::of_canonical(&EventIdentity {
                sequence: event.sequence,
                session_id: &event.session_id,
                trace_id: &event.trace_id,
                trace_path: &event.trace_path,
            })?
            .to_string()
        } else {
            event.intent_digest.clone()
        };
        Ok(IntentRecord {
            schema_id: INTENT_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: event.created_at.to_utc(),
            producer_version: self.producer_version.clone(),
            run_id: self.run.run_id.clone(),
            intent_id: intent_id.to_owned(),
            tool_name: event.tool_name.clone(),
            args_digest,
            args: None,
        })
    }

    fn result(&self, event: &SessionEvent, intent_id: String) -> Result<ResultRecord, json::Error> {
        let result_digest = Digest::of_canonical(&EventResult {
            verdict: &event.verdict,
            reason_codes: filled(&event.reason_codes),
            violations: filled(&event.violations),
            trace_id: &event.trace_id,
            trace_path: &event.trace_path,
        })?;
        let refused = [Verdict::Block, Verdict::RequireApproval].map(Verdict::as_str);
        let status = if refused.contains(&event.verdict.as_str()) {
            "error"
        } else {
            "ok"
        };
        Ok(ResultRecord {
            schema_id: RESULT_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: event.created_at.to_utc(),
            producer_version: self.producer_version.clone(),
            run_id: self.run.run_id.clone(),
            intent_id,
            status: status.to_owned(),
            result_digest: result_digest.to_string(),
            result: None,
        })
    }

    fn moment(&self, event: &SessionEvent) -> TimelineEvent {
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

    fn checkpoint_moment(&self) -> TimelineEvent {
        let id = format!("checkpoint:{}", self.index);
        let evidence = NodeRef::new("evidence", &*id);
        TimelineEvent {
            event: "session_checkpoint_emitted".to_owned(),
            ts: self.now,
            reference: id,
            relationship: self.relationship(
                vec![evidence.clone()],
                vec![edge("emits_evidence", self.node(), evidence)],
            ),
        }
    }

    fn node(&self) -> NodeRef {
        NodeRef::new("run", &*self.run.run_id)
    }

    fn relationship(&self, entity_refs: Vec<NodeRef>, edges: Vec<Edge>) -> Option<Box<Relationship>> {
        Relationship {
            parent_ref: Some(self.node()),
            parent_record_id: self.run.run_id.clone(),
            entity_refs,
            edges,
            ..Relationship::default()
        }
        .normalized()
        .map(Box::new)
    }
}
