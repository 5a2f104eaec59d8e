//! The files of a session, all named after its journal.

use std::path::{Path, PathBuf};

use super::SessionError;
use crate::output_path;

/// Where a session's files are. All paths are cleaned.
#[derive(Debug, Clone)]
pub(super) struct Files {
    pub(super) journal: PathBuf,
    pub(super) state: PathBuf,
    pub(super) lock: PathBuf,
    pub(super) chain: PathBuf,
}

impl Files {
    pub(super) fn of(journal: &str) -> Result<Self, SessionError> {
        let journal = output_path(journal)?;
        Ok(Self {
            state: PathBuf::from(format!("{journal}.state.json")),
            lock: PathBuf::from(format!("{journal}.lock")),
            chain: chain_path(&journal),
            journal: PathBuf::from(journal),
        })
    }

    /// The cleaned path of an output that must not be one of these files.
    pub(super) fn output(&self, path: &str) -> Result<String, SessionError> {
        let path = output_path(path)?;
        if [&self.journal, &self.state, &self.lock, &self.chain]
            .into_iter()
            .any(|own| own == Path::new(&path))
        {
            return Err(SessionError::OwnFile { path });
        }
        Ok(path)
    }

    /// The cleaned path of a further place for the chain.
    pub(super) fn chain_output(&self, path: &str) -> Result<String, SessionError> {
        let path = output_path(path)?;
        if Path::new(&path) == self.chain {
            return Ok(path);
        }
        self.output(&path)
    }
}

/// Beside the journal, `_chain.json` in place of its last extension.
fn chain_path(journal: &str) -> PathBuf {
    let base = journal.rfind('/').map_or(0, |slash| slash + 1);
    let (directory, name) = journal.split_at(base);
    let stem = name.rfind('.').map_or(name, |dot| &name[..dot]);
    let stem = if stem.is_empty() { "session" } else { stem };
    PathBuf::from(format!("{directory}{stem}_chain.json"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chain_is_named_after_the_journal() {
        for (journal, chain) in [
            ("s.journal.jsonl", "s.journal_chain.json"),
            ("a/b.d/./noext", "a/b.d/noext_chain.json"),
            ("a/.hidden", "a/session_chain.json"),
            ("/.hidden", "/session_chain.json"),
            ("s.", "s_chain.json"),
        ] {
            assert_eq!(Files::of(journal).unwrap().chain, Path::new(chain), "{journal}");
        }
    }

    #[test]
    fn outputs_keep_off_the_sessions_own_files() {
        let files = Files::of("s/j.jsonl").unwrap();
        for own in [
            "s/j.jsonl",
            "s/../s/j.jsonl.state.json",
            "s//j.jsonl.lock",
            "s/j_chain.json",
        ] {
            assert!(
                matches!(files.output(own), Err(SessionError::OwnFile { .. })),
                "{own}"
            );
        }
        assert_eq!(files.output(" s/./cp.zip").unwrap(), "s/cp.zip");
        assert!(matches!(files.output("../cp.zip"), Err(SessionError::Path(_))));
    }
}
