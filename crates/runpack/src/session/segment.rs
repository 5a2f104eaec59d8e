//! The part of a session between two checkpoints, as the records of a run.

use std::{collections::HashMap, path::Path};

use gait_artifact::{
    runpack::{
        INTENTS_PATH, Manifest, REFS_PATH, REFS_SCHEMA_ID, RESULTS_PATH, RUN_PATH, RUN_SCHEMA_ID, Refs, Run,
        RunEnv, SCHEMA_VERSION,
    },
    session::{SessionCheckpoint, SessionEvent},
};
use gait_canon::{
    PrivateKey, json,
    zip::{Limits, ZipError},
};

use super::recorder::{Piece, Recorder};
use crate::{
    CaptureMode, WriteError,
    spool::Spool,
    write::{Heading, encode, write_spooled},
};

/// A growing run: an intent, a result and a moment of the timeline for every event.
///
/// What becomes of an event is put down as text at once, so that memory follows the ids of the intents alone.
pub(super) struct Segment {
    recorder: Recorder,
    /// Without its timeline.
    run: Run,
    intents: Spool,
    results: Spool,
    /// The run as a document, up to the last moment of its timeline.
    timeline: Spool,
    /// What follows the last moment, and how many JSON values that holds.
    ending: (Vec<u8>, usize),
    /// The ids given out, each with the number last put behind it.
    intent_ids: HashMap<String, u64>,
    events: usize,
    first_sequence: i64,
    last_sequence: i64,
    /// Version and digest of the safety invariants that the last event to name any has named.
    safety_invariants: (String, String),
    /// Whether an event did not fit any more.
    full: bool,
}

/// A segment that was written.
pub(super) struct Written {
    pub(super) manifest: Manifest,
    pub(super) first_sequence: i64,
    pub(super) last_sequence: i64,
    /// Version and digest of the safety invariants that the last event to name any has named.
    pub(super) safety_invariants: (String, String),
}

/// What a run in canonical form ends with.
const TIMELINE_END: &[u8] = b"]}";

/// Whether readers accept `file` with `piece` and then so many bytes and values more.
fn fits(file: &Spool, piece: &Piece, (bytes, values): (usize, usize)) -> Result<(), WriteError> {
    let name = file.name();
    if let Some(size) = file.excess(piece.0.len() + bytes) {
        let limit = Limits::default().entry_bytes;
        return Err(WriteError::TooLarge { name, size, limit });
    }
    if !file.takes_values(piece.1 + values) {
        return Err(WriteError::TooManyValues { name });
    }
    Ok(())
}

fn put(file: &mut Spool, (text, values): Piece) -> Result<(), WriteError> {
    file.push(&text, values).map_err(ZipError::Io)?;
    Ok(())
}

impl Segment {
    /// An empty segment for a checkpoint in the making.
    pub(super) fn new(checkpoint: &SessionCheckpoint, host: RunEnv) -> Result<Self, WriteError> {
        let run = Run {
            schema_id: RUN_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: checkpoint.created_at,
            producer_version: checkpoint.producer_version.clone(),
            run_id: checkpoint.runpack_run_id(),
            env: host,
            timeline: Some(Vec::new()),
        };
        let mut segment = Self {
            recorder: Recorder::new(&checkpoint.session_id, &run),
            run,
            intents: Spool::new(INTENTS_PATH),
            results: Spool::new(RESULTS_PATH),
            timeline: Spool::new(RUN_PATH),
            ending: (Vec::new(), 0),
            intent_ids: HashMap::new(),
            events: 0,
            first_sequence: 0,
            last_sequence: 0,
            safety_invariants: Default::default(),
            full: false,
        };
        let (text, values) = json::canonical_counted(&segment.run).map_err(encode(RUN_PATH))?;
        let head = text
            .strip_suffix(TIMELINE_END)
            .expect("the timeline is the last member of a run in canonical order, and empty");
        put(&mut segment.timeline, (head.to_vec(), values))?;
        let last = segment
            .recorder
            .checkpoint_moment(checkpoint.checkpoint_index, checkpoint.created_at);
        let (mut ending, values) = json::canonical_counted(&last).map_err(encode(RUN_PATH))?;
        ending.extend_from_slice(TIMELINE_END);
        segment.ending = (ending, values);
        Ok(segment)
    }

    /// Adds what becomes of an event. When the runpack would be too large for its readers, the event and all that follow are
    /// left out; a runpack that is too large with one event is an error.
    pub(super) fn push(&mut self, event: &SessionEvent) -> Result<(), WriteError> {
        if self.full {
            return Ok(());
        }
        let intent_id = self.intent_id(event);
        let recorder = &mut self.recorder;
        let intent = recorder.intent(event, &intent_id).map_err(encode(INTENTS_PATH))?;
        let result = recorder.result(event, &intent_id).map_err(encode(RESULTS_PATH))?;
        let moment = recorder.moment(event).map_err(encode(RUN_PATH))?;
        let ending = (self.ending.0.len(), self.ending.1);
        let fits = fits(&self.intents, &intent, (0, 0))
            .and_then(|()| fits(&self.results, &result, (0, 0)))
            .and_then(|()| fits(&self.timeline, &moment, ending));
        if let Err(error) = fits {
            self.full = true;
            return if self.events == 0 { Err(error) } else { Ok(()) };
        }
        put(&mut self.intents, intent)?;
        put(&mut self.results, result)?;
        put(&mut self.timeline, moment)?;
        if !event.safety_invariant_version.is_empty() && !event.safety_invariant_hash.is_empty() {
            let (version, digest) = &mut self.safety_invariants;
            version.clone_from(&event.safety_invariant_version);
            digest.clone_from(&event.safety_invariant_hash);
        }
        if self.events == 0 {
            self.first_sequence = event.sequence;
        }
        self.last_sequence = event.sequence;
        self.events += 1;
        Ok(())
    }

    /// Writes the segment as a runpack, which ends with the checkpoint.
    pub(super) fn write(mut self, path: &Path, signer: Option<&PrivateKey>) -> Result<Written, WriteError> {
        put(&mut self.timeline, self.ending)?;
        let references = Refs {
            schema_id: REFS_SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: self.run.created_at,
            producer_version: self.run.producer_version.clone(),
            run_id: self.run.run_id.clone(),
            ..Refs::default()
        };
        let mut refs = Spool::new(REFS_PATH);
        put(
            &mut refs,
            json::canonical_counted(&references).map_err(encode(REFS_PATH))?,
        )?;
        let heading = Heading {
            run: &self.run,
            capture_mode: CaptureMode::Reference,
        };
        let files = [self.intents, refs, self.results, self.timeline];
        Ok(Written {
            manifest: write_spooled(path, &heading, files, signer)?,
            first_sequence: self.first_sequence,
            last_sequence: self.last_sequence,
            safety_invariants: self.safety_invariants,
        })
    }

    /// The event's intent id, or one made from its place. Readers of a runpack need ids that differ: one that is taken
    /// gets `_2`, `_3` and so on behind it.
    fn intent_id(&mut self, event: &SessionEvent) -> String {
        let wanted = if event.intent_id.is_empty() {
            format!("intent_{}", self.events + 1)
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
}
