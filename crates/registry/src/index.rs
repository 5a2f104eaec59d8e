//! The index of an ecosystem: read, and held against the rules that types cannot tell.

use gait_artifact::registry::{EcosystemEntry, EcosystemIndex, INDEX_SCHEMA_ID, SCHEMA_VERSION};
use gait_canon::json::{self, Value};

/// The most maintainers an entry names.
const MAX_MAINTAINERS: usize = 5;
/// Where every repository is.
const REPOSITORY_HOST: &str = "https://github.com/";

/// Why something is no index.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum IndexError {
    /// It is not JSON, or not of the right shape.
    #[error("parse ecosystem index: {0}")]
    Json(#[from] json::Error),
    /// It is a document of another kind or version.
    #[error("not a {INDEX_SCHEMA_ID} {SCHEMA_VERSION}")]
    Schema,
    /// The time of the last change is not in UTC.
    #[error("updated_at must end in Z")]
    NotUtc,
    /// There is nothing in it.
    #[error("an index needs entries")]
    Empty,
    /// Two entries have the same id, or are not in order.
    #[error("entry {0:?} must come after the one before it")]
    Unsorted(String),
    /// A member of an entry is not as it must be.
    #[error("entry {id:?}: {member} is not valid")]
    Entry {
        /// The entry.
        id: String,
        /// Its member.
        member: &'static str,
    },
}

/// Reads an index and checks every entry.
pub fn parse(bytes: &[u8]) -> Result<EcosystemIndex, IndexError> {
    let document = json::parse(bytes)?;
    let index: EcosystemIndex = json::from_value(&document)?;
    if index.schema_id != INDEX_SCHEMA_ID || index.schema_version != SCHEMA_VERSION {
        return Err(IndexError::Schema);
    }
    let updated_at = document.get("updated_at").and_then(Value::as_str);
    if !updated_at.is_some_and(|text| text.ends_with('Z')) {
        return Err(IndexError::NotUtc);
    }
    if index.entries.is_empty() {
        return Err(IndexError::Empty);
    }
    for entry in &index.entries {
        check(entry).map_err(|member| IndexError::Entry {
            id: entry.id.clone(),
            member,
        })?;
    }
    if let Some(pair) = index.entries.windows(2).find(|pair| pair[0].id >= pair[1].id) {
        return Err(IndexError::Unsorted(pair[1].id.clone()));
    }
    Ok(index)
}

/// The first member that is not valid.
fn check(entry: &EcosystemEntry) -> Result<(), &'static str> {
    let length = |text: &str| text.chars().count();
    let rules = [
        ("id", is_id(&entry.id)),
        ("name", (3..=80).contains(&length(&entry.name))),
        ("summary", (10..=280).contains(&length(&entry.summary))),
        ("repo", is_repository(&entry.repo)),
        ("integration", entry.integration.as_deref() != Some("")),
        (
            "maintainers",
            entry.maintainers.len() <= MAX_MAINTAINERS
                && entry.maintainers.iter().all(|name| length(name) >= 3),
        ),
    ];
    match rules.into_iter().find(|(_, holds)| !holds) {
        Some((member, _)) => Err(member),
        None => Ok(()),
    }
}

fn is_id(text: &str) -> bool {
    (2..=64).contains(&text.len())
        && !text.starts_with('-')
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}

fn is_repository(text: &str) -> bool {
    let is_name = |text: &str| {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
        !text.is_empty() && text.bytes().all(allowed)
    };
    text.strip_prefix(REPOSITORY_HOST)
        .and_then(|path| path.split_once('/'))
        .is_some_and(|(owner, name)| is_name(owner) && is_name(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{"id":"a-skill","kind":"skill","name":"A skill","summary":"Does one thing well.",
        "repo":"https://github.com/acme/a-skill","source":"community","status":"stable"}"#;

    fn index(entries: &[&str]) -> String {
        format!(
            r#"{{"schema_id":"gait.registry.ecosystem_index","schema_version":"1.0.0","updated_at":"2026-02-01T10:00:00Z","entries":[{}]}}"#,
            entries.join(",")
        )
    }

    fn refusal(text: &str) -> String {
        parse(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_good_index_is_read() {
        let other = ENTRY.replace("a-skill", "b-skill").replace(
            r#""status":"stable""#,
            r#""status":"deprecated","integration":"x","maintainers":["abc"]"#,
        );
        assert_eq!(
            parse(index(&[ENTRY, &other]).as_bytes()).unwrap().entries.len(),
            2
        );
    }

    #[test]
    fn every_rule_is_held() {
        let text = index(&[ENTRY]);
        for (from, to, expected) in [
            (r#""id":"a-skill""#, r#""id":"-a""#, "id"),
            (r#""id":"a-skill""#, r#""id":"A""#, "id"),
            (r#""name":"A skill""#, r#""name":"A""#, "name"),
            ("Does one thing well.", "Short", "summary"),
            (
                "https://github.com/acme/a-skill",
                "https://github.com/acme",
                "repo",
            ),
            (
                "https://github.com/acme/a-skill",
                "https://github.com/acme/a/b",
                "repo",
            ),
            ("https://github.com", "https://github.example", "repo"),
            (r#""stable""#, r#""stable","integration":"""#, "integration"),
            (r#""stable""#, r#""stable","maintainers":["ab"]"#, "maintainers"),
            (r#""stable""#, r#""stable","more":1"#, "more"),
            (r#""stable""#, r#""finished""#, "status"),
            ("10:00:00Z", "10:00:00+00:00", "must end in Z"),
            ("1.0.0", "2.0.0", "1.0.0"),
        ] {
            let changed = text.replace(from, to);
            assert_ne!(changed, text, "{from}");
            let refused = refusal(&changed);
            assert!(refused.contains(expected), "{to}: {refused}");
        }
        assert_eq!(refusal(&index(&[])), "an index needs entries");
        assert!(refusal(&index(&[ENTRY, ENTRY])).contains("must come after"));
    }
}
