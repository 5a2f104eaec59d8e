//! The state beside a journal: a cache that spares reading the journal, believed only when the journal's end agrees.

use std::path::Path;

use gait_artifact::{
    session::{JournalLine, SCHEMA_VERSION, STATE_SCHEMA_ID, SessionState},
    text,
};
use gait_canon::json;
use gait_disk::{cache::replace_cache, read::read_bounded};

/// Far more than a state takes.
const MAX_BYTES: usize = 1 << 20;
const FILE_MODE: u32 = 0o600;

/// The state at `path` and the size of the journal that it was written for.
pub(super) fn load(path: &Path) -> Option<(SessionState, u64)> {
    let state: SessionState = json::read(&read_bounded(path, MAX_BYTES).ok()?).ok()?;
    let counters = [
        state.event_count,
        state.last_sequence,
        state.checkpoint_count,
        state.last_checkpoint_index,
        state.last_checkpoint_sequence,
    ];
    let sound = state.schema_id == STATE_SCHEMA_ID
        && state.schema_version == SCHEMA_VERSION
        && !text::is_blank(&state.session_id)
        && !text::is_blank(&state.run_id)
        && counters.into_iter().all(|counter| counter >= 0);
    let size = u64::try_from(state.journal_size_bytes).ok()?;
    sound.then_some((state, size))
}

/// Whether a journal that ends with the line `last` can have this state.
pub(super) fn agrees(state: &SessionState, last: &JournalLine) -> bool {
    if let Some(event) = &last.event {
        state.last_sequence == event.sequence
            && state.session_id == event.session_id
            && state.run_id == event.run_id
    } else if let Some(checkpoint) = &last.checkpoint {
        // The end of the checkpoint, even when no event is left: otherwise its sequences would be given out again.
        state.last_sequence == checkpoint.sequence_end
            && state.last_checkpoint_sequence == checkpoint.sequence_end
            && state.last_checkpoint_index == checkpoint.checkpoint_index
            && state.last_checkpoint_digest == checkpoint.checkpoint_digest
            && state.session_id == checkpoint.session_id
            && state.run_id == checkpoint.run_id
    } else if let Some(header) = &last.header {
        state.last_sequence == 0
            && state.checkpoint_count == 0
            && state.session_id == header.session_id
            && state.run_id == header.run_id
    } else {
        false
    }
}

/// Writes the state. A failure is no loss: without a state, or with one of another size, the journal is read instead.
pub(super) fn store(path: &Path, state: &SessionState) {
    if let Ok(text) = json::pretty(state) {
        let _ = replace_cache(path, (text + "\n").as_bytes(), FILE_MODE);
    }
}
