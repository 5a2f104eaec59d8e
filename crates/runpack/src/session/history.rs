//! A session as it went, for those who only look.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use gait_artifact::Timestamp;
use gait_artifact::session::{JournalHeader, SessionCheckpoint, SessionEvent, SessionState};

use super::error::SessionError;
use super::journal::{self, Record};
use super::tail;

/// Something that happened in a session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    /// A decision was made. The event is without its relationship, which repeats what it says.
    Event(Box<SessionEvent>),
    /// A checkpoint was made of what went before.
    Checkpoint(Box<SessionCheckpoint>),
}

/// What a whole journal says of its session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct History {
    /// Who it is about.
    pub header: JournalHeader,
    /// How it stood when it was read.
    pub state: SessionState,
}

/// Reads the journal at `path` from its beginning; `each` gets what happened, in order. Every line is held to the rules of
/// journals.
///
/// Nothing is locked, mended or written. What a writer is about to write, or left half-written when it crashed, is not read.
pub fn read_history(path: &Path, mut each: impl FnMut(Moment)) -> Result<History, SessionError> {
    let open = |source| SessionError::Open {
        path: path.to_path_buf(),
        source,
    };
    // Asked before opening, for the opening of a pipe would wait.
    if !path.metadata().map_err(open)?.is_file() {
        return Err(open(std::io::Error::other("not a regular file")));
    }
    let file = File::open(path).map_err(open)?;
    let length = file.metadata().map_err(open)?.len();
    let length = tail::whole_length(&file, length).map_err(SessionError::io("read", path))?;
    let whole = journal::read(BufReader::new((&file).take(length)), |_, record| {
        match record {
            Record::Event(event) => each(Moment::Event(Box::new(event.clone()))),
            Record::Checkpoint(checkpoint) => each(Moment::Checkpoint(checkpoint)),
            Record::Header(_) => {}
        }
        Ok(())
    })?;
    Ok(History {
        state: whole.state(length, Timestamp::ZERO),
        header: whole.header,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    const HEADER: &str = r#"{"record_type":"header","header":{"session_id":"s","run_id":"r"}}"#;

    fn event(sequence: i64) -> String {
        format!(
            r#"{{"record_type":"event","event":{{"session_id":"s","run_id":"r","sequence":{sequence},"tool_name":"t"}}}}"#
        )
    }

    #[test]
    fn a_session_is_read_as_far_as_it_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("journal.jsonl");
        for (end, count) in [("", 2), ("\n", 2), ("\n{\"record", 2)] {
            let text = format!("{HEADER}\n{}\n{}{end}", event(1), event(2));
            fs::write(&path, &text).unwrap();
            let mut moments = Vec::new();
            let history = read_history(&path, |moment| moments.push(moment)).unwrap();
            assert_eq!((history.header.session_id.as_str(), moments.len()), ("s", count));
            assert_eq!(history.state.event_count, 2);
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert!(read_history(directory.path(), |_| ()).is_err());
        fs::write(&path, event(1)).unwrap();
        assert!(read_history(&path, |_| ()).is_err());
    }
}
