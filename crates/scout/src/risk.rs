//! How much harm an action can do, judged by names alone: of tools, of the systems they looked at, of what became of a
//! call.
//!
//! The judgement is by words inside the names. It is meant for ranking, where a mistake costs a line in a report; it
//! decides nothing about a call.

use std::{collections::BTreeSet, fmt};

use gait_artifact::{runpack::Receipt, text};
use serde::{Serialize, Serializer};

use crate::item::identifier;

/// What a tool does to the world, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ToolClass {
    /// It looks.
    Read,
    /// It does something that its name does not tell.
    Execute,
    /// It changes or sends.
    Write,
    /// It takes away.
    Destructive,
}

impl ToolClass {
    /// The class of the tool called `name`, letter case aside.
    #[must_use]
    pub fn of(name: &str) -> Self {
        const WORDS: [(ToolClass, &[&str]); 3] = [
            (
                ToolClass::Destructive,
                &["delete", "drop", "destroy", "remove", "purge"],
            ),
            (
                ToolClass::Write,
                &["write", "update", "save", "send", "export", "create"],
            ),
            (ToolClass::Read, &["read", "list", "get", "search", "fetch"]),
        ];
        let name = text::lower(name);
        WORDS
            .iter()
            .find(|(_, words)| mentions(&name, words))
            .map_or(Self::Execute, |(class, _)| *class)
    }

    /// How much it weighs, from 1 to 4.
    #[must_use]
    pub const fn weight(self) -> u32 {
        match self {
            Self::Read => 1,
            Self::Execute => 2,
            Self::Write => 3,
            Self::Destructive => 4,
        }
    }

    /// Its name in reports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Execute => "execute",
            Self::Write => "write",
            Self::Destructive => "destructive",
        }
    }
}

impl fmt::Display for ToolClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for ToolClass {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

/// Whether one of `words` stands somewhere in `text`.
pub(crate) fn mentions(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// A word of a record as part of a reason code or a target: trimmed, lower case, plain. None when it is blank.
pub(crate) fn plain(word: &str) -> Option<String> {
    let word = text::trim_lower(word);
    (!word.is_empty()).then(|| identifier(&word))
}

/// The systems that references were taken from, sorted: `source type:source locator`.
pub(crate) fn target_systems(receipts: &[Receipt]) -> BTreeSet<String> {
    /// Locators are told apart by so many characters.
    const LOCATOR: usize = 48;
    receipts
        .iter()
        .map(|receipt| {
            let kind = plain(&receipt.source_type).unwrap_or_default();
            let mut locator = plain(&receipt.source_locator).unwrap_or_default();
            locator.truncate(LOCATOR);
            format!("{kind}:{locator}")
        })
        .collect()
}

/// How far a mistake would reach in those systems, from 1 to 3.
pub(crate) fn sensitivity(targets: &BTreeSet<String>) -> u32 {
    const HIGH: [&str; 6] = ["prod", "payment", "finance", "customer", "pii", "db"];
    const MIDDLE: [&str; 3] = ["internal", "staging", "queue"];
    let any = |words: &[&str]| targets.iter().any(|target| mentions(target, words));
    if any(&HIGH) {
        3
    } else if any(&MIDDLE) {
        2
    } else {
        1
    }
}

/// What the status of a result says against the action; nothing when it went well or is not known.
pub(crate) fn status_reason(status: &str) -> Option<String> {
    let status = plain(status).filter(|status| !matches!(status.as_str(), "ok" | "success"))?;
    Some(format!("result_status_{status}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receipt(kind: &str, locator: &str) -> Receipt {
        Receipt {
            source_type: kind.to_owned(),
            source_locator: locator.to_owned(),
            ..Receipt::default()
        }
    }

    #[test]
    fn tools_are_classed_by_their_names() {
        for (name, want) in [
            ("DB.Delete_Rows", ToolClass::Destructive),
            ("delete_and_write", ToolClass::Destructive),
            ("email.send", ToolClass::Write),
            ("http.fetch", ToolClass::Read),
            ("sql.query", ToolClass::Execute),
            ("", ToolClass::Execute),
        ] {
            assert_eq!(ToolClass::of(name), want, "{name}");
        }
    }

    #[test]
    fn sensitive_systems_are_known_by_their_names() {
        for (receipts, want) in [
            (vec![], 1),
            (vec![receipt("file", "notes")], 1),
            (vec![receipt("queue", "x")], 2),
            (vec![receipt("queue", "x"), receipt("http", "Prod/users")], 3),
        ] {
            assert_eq!(sensitivity(&target_systems(&receipts)), want, "{receipts:?}");
        }
        let long = target_systems(&[receipt(" Web ", &"A".repeat(60))]);
        assert_eq!(
            long.into_iter().collect::<Vec<_>>(),
            [format!("web:{}", "a".repeat(48))]
        );
    }

    #[test]
    fn an_empty_status_says_nothing() {
        for (status, want) in [
            ("", None),
            (" OK ", None),
            ("success", None),
            ("dry-run", Some("result_status_dry_run")),
            ("Blocked", Some("result_status_blocked")),
        ] {
            assert_eq!(status_reason(status).as_deref(), want, "{status}");
        }
    }
}
