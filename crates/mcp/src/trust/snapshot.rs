//! The snapshot, checked and indexed.

use std::collections::HashMap;

use gait_artifact::mcp::{
    TRUST_SNAPSHOT_SCHEMA_ID, TRUST_SNAPSHOT_SCHEMA_VERSION, TrustEntry, TrustSnapshot,
};
use gait_artifact::text::{is_blank, trim, trim_in_place, trim_lower, trim_lower_in_place};
use gait_canon::json::{self, Reader};

/// The largest snapshot that is read, in bytes.
pub(super) const MAX_SNAPSHOT_BYTES: usize = 16 << 20;
/// How many JSON values, keys included, a snapshot may hold.
const MAX_SNAPSHOT_VALUES: usize = 1 << 20;

/// Why a snapshot says nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SnapshotError {
    /// It is not the JSON of a snapshot.
    #[error("parse trust snapshot: {0}")]
    Json(#[from] json::Error),
    /// It is another document, or of another version.
    #[error("{member} must be {expected:?}")]
    Schema {
        /// `schema_id` or `schema_version`.
        member: &'static str,
        /// What it must be, or blank.
        expected: &'static str,
    },
    /// An entry names no server.
    #[error("entries[{0}] requires server_id or server_name")]
    Nameless(usize),
    /// Two entries could speak of one server.
    #[error("entries[{index}] repeats the identity {key:?}")]
    Repeated {
        /// The later of them.
        index: usize,
        /// What both are called.
        key: String,
    },
}

/// A snapshot that is fit to be asked.
///
/// Ids and names are told apart: a call that merely takes a trusted name for its id finds nothing. No entry may be
/// called what another one is called all the same, because people read them as one.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TrustIndex {
    entries: HashMap<Identity, TrustEntry>,
}

/// What tells servers apart: the id, or the name of those without one; in lower case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    /// The id.
    Id(String),
    /// The name, where there is no id.
    Name(String),
}

impl Identity {
    pub(super) fn of(server_id: &str, server_name: &str) -> Option<Self> {
        if !is_blank(server_id) {
            Some(Self::Id(trim_lower(server_id)))
        } else if !is_blank(server_name) {
            Some(Self::Name(trim_lower(server_name)))
        } else {
            None
        }
    }

    fn key(&self) -> &str {
        match self {
            Self::Id(key) | Self::Name(key) => key,
        }
    }

    /// The other kind of identity with the same text.
    fn counterpart(&self) -> Self {
        match self {
            Self::Id(key) => Self::Name(key.clone()),
            Self::Name(key) => Self::Id(key.clone()),
        }
    }
}

impl TrustIndex {
    /// Reads a snapshot: at most 16 MiB, without repeated members; members that a snapshot doesn't have are passed over.
    pub fn read(bytes: &[u8]) -> Result<Self, SnapshotError> {
        let reader = Reader::new()
            .max_bytes(MAX_SNAPSHOT_BYTES)
            .max_values(MAX_SNAPSHOT_VALUES)
            .ignore_unknown_members()
            .ignore_member_case();
        let snapshot: Option<TrustSnapshot> = reader.read(bytes)?;
        Self::of(snapshot.unwrap_or_default())
    }

    /// Checks and indexes a snapshot.
    pub fn of(snapshot: TrustSnapshot) -> Result<Self, SnapshotError> {
        for (member, text, expected) in [
            ("schema_id", &snapshot.schema_id, TRUST_SNAPSHOT_SCHEMA_ID),
            (
                "schema_version",
                &snapshot.schema_version,
                TRUST_SNAPSHOT_SCHEMA_VERSION,
            ),
        ] {
            if !is_blank(text) && trim(text) != expected {
                return Err(SnapshotError::Schema { member, expected });
            }
        }
        let mut entries = HashMap::with_capacity(snapshot.entries.len());
        for (index, entry) in snapshot.entries.into_iter().enumerate() {
            let entry = normal(entry);
            let identity =
                Identity::of(&entry.server_id, &entry.server_name).ok_or(SnapshotError::Nameless(index))?;
            if entries.contains_key(&identity) || entries.contains_key(&identity.counterpart()) {
                let key = identity.key().to_owned();
                return Err(SnapshotError::Repeated { index, key });
            }
            entries.insert(identity, entry);
        }
        Ok(Self { entries })
    }

    /// What is known of the server that `identity` names.
    pub(super) fn get(&self, identity: &Identity) -> Option<&TrustEntry> {
        self.entries.get(identity)
    }
}

fn normal(mut entry: TrustEntry) -> TrustEntry {
    for text in [
        &mut entry.server_id,
        &mut entry.server_name,
        &mut entry.endpoint,
        &mut entry.evidence_path,
    ] {
        trim_in_place(text);
    }
    for text in [&mut entry.publisher, &mut entry.source, &mut entry.status] {
        trim_lower_in_place(text);
    }
    entry
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<TrustIndex, SnapshotError> {
        TrustIndex::read(text.as_bytes())
    }

    #[test]
    fn a_snapshot_that_says_nothing_is_one_without_entries() {
        for text in [
            "{}",
            "null",
            r#"{"schema_id": " ", "schema_version": "", "entries": null}"#,
            r#"{"schema_id": " gait.mcp.trust_snapshot ", "schema_version": "1.0.0", "more": [1]}"#,
        ] {
            assert_eq!(read(text), Ok(TrustIndex::default()), "{text}");
        }
    }

    #[test]
    fn entries_are_found_by_id_or_else_by_name() {
        let index = read(
            r#"{"entries": [{"server_id": " GitHub ", "server_name": "Hub", "publisher": " Acme "},
                {"server_name": " Files Server ", "Status": " Trusted ", "unknown": 1}]}"#,
        )
        .unwrap();
        let find = |id, name| index.get(&Identity::of(id, name)?);
        assert_eq!(find(" GITHUB ", "anything").unwrap().publisher, "acme");
        assert_eq!(find(" ", "files server").unwrap().status, "trusted");
        for (id, name) in [
            ("", "github"),
            ("files server", ""),
            ("", "hub"),
            ("other", "Files Server"),
            (" ", ""),
        ] {
            assert_eq!(find(id, name), None, "{id:?} {name:?}");
        }
    }

    #[test]
    fn what_can_not_be_relied_on_is_refused() {
        let entries = |entries: &str| read(&format!(r#"{{"entries": [{entries}]}}"#));
        for (index, key, text) in [
            (1, "a", r#"{"server_id": "a"}, {"server_id": " A "}"#),
            (1, "a", r#"{"server_id": "a"}, {"server_name": "A"}"#),
            (
                2,
                "b",
                r#"{"server_name": "b"}, {"server_id": "c"}, {"server_id": "b"}"#,
            ),
        ] {
            let key = key.to_owned();
            assert_eq!(
                entries(text),
                Err(SnapshotError::Repeated { index, key }),
                "{text}"
            );
        }
        assert_eq!(
            entries(r#"{"server_id": "a"}, {"server_id": " ", "status": "trusted"}"#),
            Err(SnapshotError::Nameless(1))
        );
        for (member, text) in [
            ("schema_id", r#"{"schema_id": "other"}"#),
            ("schema_version", r#"{"schema_version": "2.0.0"}"#),
        ] {
            assert!(
                matches!(read(text), Err(SnapshotError::Schema { member: found, .. }) if found == member),
                "{text}"
            );
        }
        for text in [
            "{",
            "[]",
            "{} x",
            r#"{"entries": [{"server_id": "a", "score": "high"}]}"#,
            r#"{"entries": [{"server_id": "a", "updated_at": "March"}]}"#,
            r#"{"entries": [], "Entries": []}"#,
            r#"{"entries": [{"server_id": "a", "status": "revoked", "status": "trusted"}]}"#,
        ] {
            assert!(matches!(read(text), Err(SnapshotError::Json(_))), "{text}");
        }
    }
}
