//! Pins: the tool definitions that somebody looked at and approved.
//!
//! A server can change what a tool says of itself between two listings (the "rug pull"), rename a tool to get rid of its
//! pin, or offer a tool under the name of another server's. The lock file holds every approved definition with its digest,
//! so that a change is noticed and can be reviewed as one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use gait_artifact::Timestamp;
use gait_canon::{
    Digest,
    json::{self, Reader, Value},
};
use gait_disk::{
    FileLock, LockError, LockPolicy, atomic,
    read::{ReadError, read_bounded},
};
use serde::{Deserialize, Serialize};

/// The schema id of the lock file.
pub const SCHEMA_ID: &str = "gait.mcp.tool_pins";
/// Its schema version.
pub const SCHEMA_VERSION: &str = "1.0.0";
/// Bytes of a lock file.
const MAX_BYTES: usize = 64 << 20;
/// Others may read what is pinned.
const MODE: u32 = 0o644;

/// Every approved definition (`gait.mcp.tool_pins`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pins {
    /// `gait.mcp.tool_pins`.
    pub schema_id: String,
    /// `1.0.0`.
    pub schema_version: String,
    /// The pins of each server by its name.
    pub servers: BTreeMap<String, ServerPins>,
}

/// The approved definitions of one server, by tool.
pub type ServerPins = BTreeMap<String, Pin>;

/// One approved definition.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pin {
    /// SHA-256 over the canonical form (RFC 8785) of the definition.
    pub digest: Digest,
    /// When it was approved.
    pub approved_at: Timestamp,
    /// The definition itself, for the review of later changes.
    pub definition: Value,
}

/// Why there are no pins to go by.
#[derive(Debug, thiserror::Error)]
pub enum PinsError {
    /// The file cannot be read.
    #[error("read tool pins: {0}")]
    Read(#[from] ReadError),
    /// The file holds no pins.
    #[error("parse tool pins: {0}")]
    Parse(#[from] json::Error),
    /// The file is of another kind or version.
    #[error("tool pins must be {SCHEMA_ID} {SCHEMA_VERSION}")]
    Schema,
    /// A definition does not have the digest beside it.
    #[error("pin of {server}/{tool}: the definition does not have the digest beside it")]
    Digest {
        /// The server.
        server: String,
        /// Its tool.
        tool: String,
    },
    /// There are more than the file may hold.
    #[error("tool pins take {0} bytes, more than {MAX_BYTES}")]
    TooLong(usize),
    /// Somebody else writes the file, and does not stop.
    #[error("lock tool pins: {0}")]
    Busy(#[from] LockError),
    /// The file cannot be written.
    #[error("write tool pins: {0}")]
    Write(#[from] gait_disk::Error),
}

/// How the tools of a server differ from what was approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PinChange {
    /// The server.
    pub server: String,
    /// Its tool.
    pub tool: String,
    /// What happened to it.
    pub change: ChangeKind,
    /// The digest that was approved; empty for a new tool.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub approved: String,
    /// The digest that was seen; empty for a tool that is gone.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub seen: String,
}

/// What happened to a tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is new.
    Added,
    /// It says something else of itself.
    Changed,
    /// It is gone.
    Removed,
}

impl ChangeKind {
    /// The word for it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

impl Default for Pins {
    fn default() -> Self {
        Self {
            schema_id: SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            servers: BTreeMap::new(),
        }
    }
}

impl Pin {
    /// Approves `definition` at `now`.
    pub fn approve(definition: Value, now: Timestamp) -> Result<Self, json::Error> {
        Ok(Self {
            digest: Digest::of_canonical(&definition)?,
            approved_at: now,
            definition,
        })
    }
}

impl Pins {
    /// The pins in the file at `path`; none when there is no such file.
    pub fn load(path: &Path) -> Result<Option<Self>, PinsError> {
        match read_bounded(path, MAX_BYTES) {
            Ok(bytes) => Self::read(&bytes).map(Some),
            Err(ReadError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn read(bytes: &[u8]) -> Result<Self, PinsError> {
        let pins: Self = Reader::new().max_bytes(MAX_BYTES).read(bytes)?;
        if pins.schema_id != SCHEMA_ID || pins.schema_version != SCHEMA_VERSION {
            return Err(PinsError::Schema);
        }
        for (server, tools) in &pins.servers {
            for (tool, pin) in tools {
                if Digest::of_canonical(&pin.definition)? != pin.digest {
                    return Err(PinsError::Digest {
                        server: server.clone(),
                        tool: tool.clone(),
                    });
                }
            }
        }
        Ok(pins)
    }

    /// Keeps others from writing the file at `path`: whoever changes it holds this from before it is read.
    pub fn lock(path: &Path) -> Result<FileLock, PinsError> {
        atomic::create_parents(path)?;
        let mut beside = path.to_path_buf().into_os_string();
        beside.push(".lock");
        Ok(FileLock::acquire(Path::new(&beside), &LockPolicy::APPEND, b"")?)
    }

    /// Writes the pins to the file at `path`, all or nothing.
    pub fn save(&self, path: &Path) -> Result<(), PinsError> {
        let mut text = json::pretty(self)?;
        text.push('\n');
        if text.len() > MAX_BYTES {
            // Nobody could read it again, and the pins of every other server would be lost with it.
            return Err(PinsError::TooLong(text.len()));
        }
        atomic::create_parents(path)?;
        Ok(atomic::replace(path, text.as_bytes(), MODE)?)
    }

    /// How the servers in `seen` differ from what is approved here.
    #[must_use]
    pub fn changes(&self, seen: &Self) -> Vec<PinChange> {
        let nothing = ServerPins::new();
        let mut changes = Vec::new();
        for (server, tools) in &seen.servers {
            let approved = self.of(server).unwrap_or(&nothing);
            let names: BTreeSet<&String> = tools.keys().chain(approved.keys()).collect();
            for name in names {
                let (old, new) = (approved.get(name), tools.get(name));
                let change = match (old, new) {
                    (None, _) => ChangeKind::Added,
                    (_, None) => ChangeKind::Removed,
                    (Some(old), Some(new)) if old.digest != new.digest => ChangeKind::Changed,
                    _ => continue,
                };
                let digest = |pin: Option<&Pin>| pin.map(|pin| pin.digest.to_string()).unwrap_or_default();
                changes.push(PinChange {
                    server: server.clone(),
                    tool: name.clone(),
                    change,
                    approved: digest(old),
                    seen: digest(new),
                });
            }
        }
        changes
    }

    /// Approves at `now` what `change` says of `seen`.
    pub fn approve(&mut self, change: &PinChange, seen: &Self, now: Timestamp) {
        let tools = self.servers.entry(change.server.clone()).or_default();
        match seen.of(&change.server).and_then(|tools| tools.get(&change.tool)) {
            Some(pin) => {
                let pin = Pin {
                    approved_at: now,
                    ..pin.clone()
                };
                tools.insert(change.tool.clone(), pin);
            }
            None => {
                tools.remove(&change.tool);
            }
        }
    }

    /// The pins of one server; none when it never was looked at.
    #[must_use]
    pub fn of(&self, server: &str) -> Option<&ServerPins> {
        self.servers.get(server)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pins() -> Pins {
        let definition = json::parse(br#"{"name":"read","inputSchema":{"type":"object"}}"#).unwrap();
        let pin = Pin::approve(definition, Timestamp::EPOCH_1980).unwrap();
        let tools = ServerPins::from([("read".to_owned(), pin)]);
        Pins {
            servers: BTreeMap::from([("files".to_owned(), tools)]),
            ..Pins::default()
        }
    }

    #[test]
    fn pins_come_back_as_they_were_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("below/mcp.lock.json");
        assert!(Pins::load(&path).unwrap().is_none());
        pins().save(&path).unwrap();
        assert_eq!(Pins::load(&path).unwrap(), Some(pins()));
    }

    #[test]
    fn what_could_not_be_read_again_is_not_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("mcp.lock.json");
        let mut pins = pins();
        pins.save(&path).unwrap();
        let long = Pin::approve("x".repeat(MAX_BYTES).into(), Timestamp::EPOCH_1980).unwrap();
        pins.servers
            .get_mut("files")
            .unwrap()
            .insert("long".to_owned(), long);
        assert!(matches!(pins.save(&path), Err(PinsError::TooLong(_))));
        assert_eq!(Pins::load(&path).unwrap().unwrap().of("files").unwrap().len(), 1);
    }

    #[test]
    fn changes_are_told_and_approved_one_by_one() {
        let server = |listed: &[(&str, &str)]| {
            let pin = |text: &str| {
                Pin::approve(json::parse(text.as_bytes()).unwrap(), Timestamp::EPOCH_1980).unwrap()
            };
            let tools = listed.iter().map(|(name, text)| ((*name).to_owned(), pin(text)));
            Pins {
                servers: BTreeMap::from([("s".to_owned(), tools.collect())]),
                ..Pins::default()
            }
        };
        let mut approved = server(&[("same", "1"), ("changed", "1"), ("gone", "1")]);
        let seen = server(&[("same", "1"), ("changed", "2"), ("new", "1")]);
        let changes = approved.changes(&seen);
        let told: Vec<_> = changes
            .iter()
            .map(|change| (&*change.tool, change.change.as_str()))
            .collect();
        assert_eq!(
            told,
            [("changed", "changed"), ("gone", "removed"), ("new", "added")]
        );
        for change in &changes {
            approved.approve(change, &seen, Timestamp::EPOCH_1980);
        }
        assert_eq!(approved, seen);
    }

    #[test]
    fn a_definition_cannot_be_slipped_under_its_digest() {
        let text = json::pretty(&pins()).unwrap();
        let changed = text.replace("\"object\"", "\"array\"");
        let refusal = Pins::read(changed.as_bytes()).unwrap_err();
        assert_eq!(
            refusal.to_string(),
            "pin of files/read: the definition does not have the digest beside it"
        );
        let other = text.replace(SCHEMA_VERSION, "2.0.0");
        assert!(matches!(Pins::read(other.as_bytes()), Err(PinsError::Schema)));
        assert!(matches!(Pins::read(b"{}"), Err(PinsError::Parse(_))));
    }
}
