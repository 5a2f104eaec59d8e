//! Stand-ins for the results of tools whose kind their name tells.

use gait_artifact::runpack::IntentRecord;
use gait_artifact::text;
use gait_canon::Digest;
use serde::Serialize;

/// What kind of tool a stub stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StubKind {
    /// The network.
    Http,
    /// The file system.
    File,
    /// A database.
    Db,
    /// A message queue.
    Queue,
}

/// Parts of tool names and what they tell; the first that is found counts.
const NAME_PARTS: &[(StubKind, &[&str])] = &[
    (StubKind::Http, &["http", "fetch", "url"]),
    (StubKind::File, &["file", "path", "fs", "write"]),
    (StubKind::Db, &["db", "sql", "query", "table"]),
    (StubKind::Queue, &["queue", "topic", "publish", "kafka"]),
];

impl StubKind {
    /// The kind of the tool called `name`; `None` when the name does not tell.
    #[must_use]
    pub fn of(name: &str) -> Option<Self> {
        let name = text::lower(name);
        NAME_PARTS
            .iter()
            .find(|(_, parts)| parts.iter().any(|part| name.contains(part)))
            .map(|(kind, _)| *kind)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::File => "file",
            Self::Db => "db",
            Self::Queue => "queue",
        }
    }

    /// The digest that stands for the result of `intent`: the same for the same call of the same run.
    pub(super) fn digest(self, run_id: &str, intent: &IntentRecord) -> Digest {
        let identity = [
            run_id,
            &intent.intent_id,
            &text::trim_lower(&intent.tool_name),
            &text::trim_lower(&intent.args_digest),
            self.as_str(),
        ];
        Digest::of(identity.join(":").as_bytes())
    }
}
