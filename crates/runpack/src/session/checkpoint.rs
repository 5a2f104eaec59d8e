//! Checkpoints: the events since the last one become a runpack, and the journal vouches for it.
//!
//! What is written, in this order: the runpack, the record in the journal, the state, the chain. The record is what
//! counts. A crash before it leaves a runpack that nobody refers to and the next attempt replaces; a crash after it leaves
//! a state and a chain that no longer agree with the journal, which the next operation notices and makes good.
//!
//! The first checkpoint that a process makes of a session reads the whole journal, for a state file may be wrong in what
//! the journal's end can't tell. Those that follow read only what came since, as long as nobody else has written to the
//! journal or the chain. What still grows with the session is the chain, which is one document with every checkpoint.

use std::path::Path;

use gait_artifact::{
    Timestamp,
    relationship::{NodeRef, Relationship},
    runpack::RunEnv,
    session::{
        CHECKPOINT_SCHEMA_ID, JournalHeader, JournalLine, SCHEMA_VERSION, SessionCheckpoint, SessionState,
    },
    text,
};
use gait_canon::PrivateKey;
use gait_disk::atomic::create_parents;

use super::{
    Hold, SessionError,
    chain::{self, Links},
    event::edge,
    files::Files,
    journal,
    open::{OpenJournal, Start},
    segment::{Segment, Written},
};

/// What a checkpoint is asked to be.
#[derive(Debug, Clone)]
pub struct CheckpointRequest<'a> {
    /// Where the runpack goes. Missing directories are made.
    pub out: &'a str,
    /// Where the chain goes besides its place beside the journal; blank for nowhere. The directory must exist.
    pub chain_out: &'a str,
    /// The key that signs the runpack; without one it stays unsigned.
    pub signer: Option<&'a PrivateKey>,
    /// Where the session runs.
    pub host: RunEnv,
    /// When.
    pub now: Timestamp,
}

/// A checkpoint that was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckpointMade {
    /// The record in the journal.
    pub checkpoint: SessionCheckpoint,
    /// The chain: the one that was asked for, else the one beside the journal.
    pub chain_path: String,
}

/// The outputs of a checkpoint, accepted by the path rules.
pub(super) struct Outputs {
    runpack: String,
    chain: Option<String>,
}

impl Outputs {
    pub(super) fn of(request: &CheckpointRequest<'_>, files: &Files) -> Result<Self, SessionError> {
        Ok(Self {
            runpack: files.output(request.out)?,
            chain: match text::trim(request.chain_out) {
                "" => None,
                path => Some(files.chain_output(path)?),
            },
        })
    }
}

/// What a journal holds that matters for its next checkpoint.
struct Gathered {
    header: JournalHeader,
    chain: Links,
    /// The next checkpoint, without what only its runpack can tell.
    checkpoint: SessionCheckpoint,
    segment: Segment,
}

/// Makes a checkpoint of the events that are in none yet. When they are too many for one runpack, it covers as many of
/// them as fit, and the others wait for the next.
pub(super) fn make(
    journal: &mut OpenJournal,
    hold: &Hold<'_>,
    request: &CheckpointRequest<'_>,
    outputs: Outputs,
) -> Result<CheckpointMade, SessionError> {
    let files = hold.files;
    let template = SessionCheckpoint {
        schema_id: CHECKPOINT_SCHEMA_ID.to_owned(),
        schema_version: SCHEMA_VERSION.to_owned(),
        created_at: request.now.to_utc(),
        producer_version: hold.producer_version.to_owned(),
        runpack_path: outputs.runpack,
        ..SessionCheckpoint::default()
    };
    let Gathered {
        header,
        mut chain,
        mut checkpoint,
        segment,
    } = gather(journal, files, &template, request)?;
    create_parents(Path::new(&checkpoint.runpack_path))?;
    let written = segment.write(Path::new(&checkpoint.runpack_path), request.signer)?;
    finish(&mut checkpoint, written);

    chain.push(&checkpoint)?;
    let line = journal::encode(&JournalLine::from(checkpoint.clone()))?;
    let advanced = SessionState {
        updated_at: request.now.to_utc(),
        checkpoint_count: journal.state.checkpoint_count + 1,
        last_checkpoint_index: checkpoint.checkpoint_index,
        last_checkpoint_sequence: checkpoint.sequence_end,
        last_checkpoint_digest: checkpoint.checkpoint_digest.clone(),
        ..journal.state.clone()
    };
    journal.append(hold, &line, advanced)?;
    journal.save(files);

    let left = chain.write(&header)?;
    if checkpoint.sequence_end == journal.state.last_sequence {
        journal.mark(left);
    }
    let chain_path = match outputs.chain {
        Some(path) => {
            chain::copy(&files.chain, Path::new(&path))
                .map_err(|source| SessionError::ChainOutput { source })?;
            path
        }
        None => files.chain.to_string_lossy().into_owned(),
    };
    Ok(CheckpointMade {
        checkpoint,
        chain_path,
    })
}

/// `template` as the next checkpoint of a session in the state `state`.
fn next(template: &SessionCheckpoint, state: &SessionState) -> Result<SessionCheckpoint, SessionError> {
    let after = |number: i64| number.checked_add(1).ok_or(SessionError::Exhausted);
    if state.last_sequence <= state.last_checkpoint_sequence {
        return Err(SessionError::NothingNew);
    }
    Ok(SessionCheckpoint {
        session_id: state.session_id.clone(),
        run_id: state.run_id.clone(),
        checkpoint_index: after(state.last_checkpoint_index)?,
        sequence_start: after(state.last_checkpoint_sequence)?,
        prev_checkpoint_digest: state.last_checkpoint_digest.clone(),
        ..template.clone()
    })
}

/// Reads the journal for its next checkpoint, from the last one if that was marked. A state file may be wrong in what the
/// journal's end cannot tell; if it was, or what follows the mark breaks a rule, the whole journal is read with the state
/// put right.
fn gather(
    journal: &mut OpenJournal,
    files: &Files,
    template: &SessionCheckpoint,
    request: &CheckpointRequest<'_>,
) -> Result<Gathered, SessionError> {
    loop {
        let checkpoint = next(template, &journal.state)?;
        let mut segment = Segment::new(&checkpoint, request.host.clone())?;
        let marked = journal.marked(files);
        let is_marked = marked.is_some();
        let start = marked.unwrap_or_else(|| Start::of_journal(files));
        let read = journal.read_from(start, request.now, |event| {
            if event.sequence >= checkpoint.sequence_start {
                segment.push(event)?;
            }
            Ok(())
        });
        let (header, chain) = match read {
            Err(_) if is_marked => continue,
            read => read?,
        };
        if checkpoint == next(template, &journal.state)? {
            return Ok(Gathered {
                header,
                chain,
                checkpoint,
                segment,
            });
        }
    }
}

/// Adds what its runpack tells.
fn finish(checkpoint: &mut SessionCheckpoint, runpack: Written) {
    checkpoint.sequence_start = runpack.first_sequence;
    checkpoint.sequence_end = runpack.last_sequence;
    (
        checkpoint.safety_invariant_version,
        checkpoint.safety_invariant_hash,
    ) = runpack.safety_invariants;
    checkpoint.manifest_digest = runpack.manifest.manifest_digest;
    checkpoint.checkpoint_digest = checkpoint.computed_digest().to_string();
    checkpoint.relationship = relationship(checkpoint);
}

fn relationship(checkpoint: &SessionCheckpoint) -> Option<Relationship> {
    let runpack_run = NodeRef::new("run", checkpoint.runpack_run_id());
    let link = NodeRef::new("evidence", &*checkpoint.checkpoint_digest);
    Relationship {
        parent_ref: Some(NodeRef::new("session", &*checkpoint.session_id)),
        parent_record_id: checkpoint.session_id.clone(),
        entity_refs: vec![
            NodeRef::new("run", &*checkpoint.run_id),
            runpack_run.clone(),
            link.clone(),
            NodeRef::new("evidence", &*checkpoint.manifest_digest),
        ],
        edges: vec![edge("derived_from", link, runpack_run)],
        ..Relationship::default()
    }
    .normalized()
}
