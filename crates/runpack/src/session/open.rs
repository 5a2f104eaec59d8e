//! A journal that is open and locked, its end mended and its state known.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Seek, SeekFrom, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use gait_artifact::{
    Timestamp,
    session::{JournalHeader, SessionEvent, SessionState},
};

use super::{
    Hold, SessionError,
    chain::{self, Left, Links},
    files::Files,
    journal::{self, Record, Summary, WholeJournal},
    state, tail,
};

/// Bytes read at a time.
const READ_BUFFER: usize = 256 << 10;

/// An open journal whose last line is complete.
#[derive(Debug)]
pub(super) struct JournalFile {
    path: PathBuf,
    file: File,
    identity: (u64, u64),
    length: u64,
}

/// An open journal and its state. Whoever uses one must hold the session's lock.
#[derive(Debug)]
pub(super) struct OpenJournal {
    file: JournalFile,
    pub(super) state: SessionState,
    /// Whether the state file is that of a shorter journal.
    unsaved: bool,
    /// Where the next checkpoint begins, if this process made the last one and it covers every event before.
    mark: Option<Mark>,
}

/// A journal as its last checkpoint left it: how long it was, in what state, and its chain.
#[derive(Debug)]
struct Mark {
    length: u64,
    state: SessionState,
    chain: Left,
}

/// Where a reading of a journal begins, and what is known of the lines before.
#[derive(Debug)]
pub(super) struct Start {
    offset: u64,
    summary: Summary,
    /// The chain of the checkpoints before.
    chain: Links,
}

impl Start {
    /// The first line, before which nothing is known.
    pub(super) fn of_journal(files: &Files) -> Self {
        Self {
            offset: 0,
            summary: Summary::default(),
            chain: Links::new(&files.chain),
        }
    }
}

impl JournalFile {
    /// Opens a journal that exists.
    pub(super) fn open(path: &Path) -> Result<Self, SessionError> {
        let refused = |source| SessionError::Open {
            path: path.to_path_buf(),
            source,
        };
        let file = OpenOptions::new()
            .read(true)
            .append(true)
            // A pipe may stand there; the check below refuses it.
            .custom_flags(rustix::fs::OFlags::NONBLOCK.bits().cast_signed())
            .open(path)
            .map_err(refused)?;
        let metadata = file.metadata().map_err(refused)?;
        if !metadata.is_file() {
            return Err(refused(io::Error::other("not a regular file")));
        }
        let length = tail::mend(&file, metadata.len()).map_err(SessionError::io("mend", path))?;
        Ok(Self {
            path: path.to_path_buf(),
            file,
            identity: (metadata.dev(), metadata.ino()),
            length,
        })
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }

    /// Reads all of it; see [`journal::read`].
    pub(super) fn read(
        &self,
        each: impl FnMut(&[u8], Record<'_>) -> Result<(), SessionError>,
    ) -> Result<WholeJournal, SessionError> {
        self.read_on(Summary::default(), 0, each)
    }

    /// Reads what follows the first `offset` bytes, which `summary` is about; see [`journal::read_on`].
    fn read_on(
        &self,
        summary: Summary,
        offset: u64,
        each: impl FnMut(&[u8], Record<'_>) -> Result<(), SessionError>,
    ) -> Result<WholeJournal, SessionError> {
        (&self.file)
            .seek(SeekFrom::Start(offset))
            .map_err(SessionError::io("read", &self.path))?;
        let reader = BufReader::with_capacity(READ_BUFFER, &self.file);
        journal::read_on(summary, reader, each)
    }

    /// Adds complete lines; on return they are on the disk. After an error the journal is as long as before.
    pub(super) fn append(&mut self, hold: &Hold<'_>, lines: &[u8]) -> Result<(), SessionError> {
        hold.check()?;
        let mut file = &self.file;
        file.write_all(lines)
            .and_then(|()| file.sync_data())
            .inspect_err(|_| {
                // Failing that, the next one to open the journal mends its end.
                let _ = file.set_len(self.length);
            })
            .map_err(SessionError::io("append to", &self.path))?;
        self.length += lines.len() as u64;
        Ok(())
    }

    /// Whether this journal can have been in the state `state` when it had `size` bytes.
    fn had(&self, state: &SessionState, size: u64) -> bool {
        size <= self.length
            && tail::ends_line(&self.file, size).is_ok_and(|ends| ends)
            && tail::last_line(&self.file, size)
                .is_ok_and(|last| last.is_some_and(|last| state::agrees(state, &last)))
    }

    /// The state of this journal, which was `state` when it had `size` bytes, and whether it differs. `None` when the lines
    /// since then cannot follow.
    fn caught_up(&self, state: SessionState, size: u64, now: Timestamp) -> Option<(SessionState, bool)> {
        if size == self.length {
            return Some((state, false));
        }
        let rest = self.read_on(Summary::of(&state), size, |_, _| Ok(())).ok()?;
        Some((rest.state(self.length, now), true))
    }

    /// Whether the path still leads to this file and nobody else has written to it.
    fn is_current(&self) -> bool {
        fs::metadata(&self.path).is_ok_and(|metadata| {
            (metadata.dev(), metadata.ino()) == self.identity && metadata.len() == self.length
        })
    }
}

impl OpenJournal {
    /// Opens a journal that exists. Its state comes from the state file, and from the lines behind those that it is about;
    /// from the whole journal if the state file does not agree with it. What a crash has kept from being written beside the journal is written now.
    pub(super) fn open(files: &Files, now: Timestamp) -> Result<Self, SessionError> {
        Self::with_state(JournalFile::open(&files.journal)?, files, now)
    }

    pub(super) fn with_state(file: JournalFile, files: &Files, now: Timestamp) -> Result<Self, SessionError> {
        let known = state::load(&files.state)
            .filter(|(state, size)| file.had(state, *size))
            .and_then(|(state, size)| file.caught_up(state, size, now));
        let (state, unsaved) = match known {
            Some(known) => known,
            None => (file.read(|_, _| Ok(()))?.state(file.length, now), true),
        };
        let mut journal = Self {
            file,
            state,
            unsaved,
            mark: None,
        };
        journal.save(files);
        if !chain::is_current(&files.chain, &journal.state) {
            // The journal is what counts: a chain that cannot be written now stops nobody but who asks for one.
            let _ = journal.write_chain(&files.chain);
        }
        Ok(journal)
    }

    pub(super) const fn file(&self) -> &JournalFile {
        &self.file
    }

    /// Whether this is what one would find by opening the journal again, and there is nothing to be made good.
    pub(super) fn is_current(&self, files: &Files) -> bool {
        self.file.is_current() && (self.state.checkpoint_count == 0 || files.chain.exists())
    }

    /// Adds complete lines, which lead to the state `advanced`; on return the lines are on the disk.
    pub(super) fn append(
        &mut self,
        hold: &Hold<'_>,
        lines: &[u8],
        advanced: SessionState,
    ) -> Result<(), SessionError> {
        self.file.append(hold, lines)?;
        self.state = advanced;
        self.state.journal_size_bytes = i64::try_from(self.file.length).unwrap_or(i64::MAX);
        self.unsaved = true;
        Ok(())
    }

    /// Writes the state if it has changed.
    pub(super) fn save(&mut self, files: &Files) {
        if std::mem::take(&mut self.unsaved) {
            state::store(&files.state, &self.state);
        }
    }

    /// Remembers that a checkpoint was made of every event so far, and the chain that it left.
    pub(super) fn mark(&mut self, chain: Left) {
        self.mark = Some(Mark {
            length: self.file.length,
            state: self.state.clone(),
            chain,
        });
    }

    /// Where the last checkpoint was marked, once, and if its chain is still as it was left.
    pub(super) fn marked(&mut self, files: &Files) -> Option<Start> {
        let mark = self.mark.take()?;
        Some(Start {
            offset: mark.length,
            summary: Summary::of(&mark.state),
            chain: Links::continued(&files.chain, mark.chain)?,
        })
    }

    /// Reads the journal from `start`; its state is then what the lines say. Gives its header and its chain.
    pub(super) fn read_from(
        &mut self,
        start: Start,
        now: Timestamp,
        mut each: impl FnMut(&SessionEvent) -> Result<(), SessionError>,
    ) -> Result<(JournalHeader, Links), SessionError> {
        let mut chain = start.chain;
        let whole = self
            .file
            .read_on(start.summary, start.offset, |_, record| match record {
                Record::Event(event) => each(event),
                Record::Checkpoint(checkpoint) => chain.push(&checkpoint),
                Record::Header(_) => Ok(()),
            })?;
        self.state = whole.state(self.file.length, now);
        Ok((whole.header, chain))
    }

    /// Writes the chain of the journal's checkpoints.
    fn write_chain(&self, path: &Path) -> Result<(), SessionError> {
        let mut links = Links::new(path);
        let journal = self.file.read(|_, record| match record {
            Record::Checkpoint(checkpoint) => links.push(&checkpoint),
            Record::Header(_) | Record::Event(_) => Ok(()),
        })?;
        links.write(&journal.header).map(|_| ())
    }
}
