//! Configuration files: which MCP servers they name.

use std::collections::BTreeSet;

use gait_artifact::text;
use gait_canon::json::{self, Reader};
use gait_policy::yaml::{self, Documents, Keys};
use memchr::{memchr, memchr2_iter};

use crate::item::Item;

/// What is put up with in the JSON of others: it is only looked at.
const READER: Reader = Reader::new().replace_invalid_text().keep_last_duplicates();
/// The same for YAML.
const OPTIONS: yaml::Options = yaml::Options {
    documents: Documents::First,
    keys: Keys::Scalar,
};

/// How a configuration is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Yaml,
}

/// Why a configuration can't be read.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// It is no JSON.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// It is no YAML.
    #[error(transparent)]
    Yaml(#[from] yaml::Error),
    /// It is no text.
    #[error("not UTF-8")]
    Utf8,
}

/// The servers that `content` names, in the order of their names.
pub(crate) fn servers(content: &[u8], format: Format, locator: &str) -> Result<Vec<Item>, ConfigError> {
    let mut names = BTreeSet::new();
    match format {
        Format::Json => of_json(&READER.parse(content)?, &mut names),
        Format::Yaml => {
            let content = std::str::from_utf8(content).map_err(|_| ConfigError::Utf8)?;
            if let Some(root) = yaml::parse(content, OPTIONS)?.root() {
                of_yaml(root, &mut names);
            }
        }
    }
    Ok(names.iter().map(|name| Item::mcp_server(name, locator)).collect())
}

/// Whether `content`, in either format, can name servers at all: a cheap test that most files fail.
///
/// Only a key with `servers` in it leads to servers. It stands there as it is, in some letter case, unless it is written with
/// escapes.
pub(crate) fn may_name_servers(content: &[u8]) -> bool {
    const WORD: &[u8] = b"servers";
    /// Where the rarest letter of the word stands.
    const V: usize = 3;
    memchr(b'\\', content).is_some()
        || memchr2_iter(b'v', b'V', content).any(|at| {
            at.checked_sub(V)
                .and_then(|start| content.get(start..start + WORD.len()))
                .is_some_and(|word| word.eq_ignore_ascii_case(WORD))
        })
}

/// Whether the entries of the object under `key` are servers.
fn holds_servers(key: &str) -> bool {
    matches!(text::trim_lower(key).as_str(), "mcpservers" | "servers")
}

fn add<'a>(keys: impl Iterator<Item = &'a str>, names: &mut BTreeSet<String>) {
    names.extend(
        keys.map(text::trim)
            .filter(|key| !key.is_empty())
            .map(str::to_owned),
    );
}

/// The reader bounds the depth of the tree.
fn of_json(value: &json::Value, names: &mut BTreeSet<String>) {
    for item in value.as_array().unwrap_or_default() {
        of_json(item, names);
    }
    for (key, inner) in value.as_object().into_iter().flat_map(json::Object::iter) {
        if let Some(servers) = inner.as_object().filter(|_| holds_servers(key)) {
            add(servers.keys(), names);
        }
        of_json(inner, names);
    }
}

/// The reader bounds the depth of the tree, and how much aliases enlarge it.
fn of_yaml(value: yaml::Value<'_>, names: &mut BTreeSet<String>) {
    for item in value.items().into_iter().flatten() {
        of_yaml(item, names);
    }
    for (key, _, inner) in value.entries().into_iter().flatten() {
        if let Some(servers) = inner.entries().filter(|_| holds_servers(key)) {
            add(servers.map(|(key, _, _)| key), names);
        }
        of_yaml(inner, names);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn ids(content: &str, format: Format) -> Vec<String> {
        let items = servers(content.as_bytes(), format, "mcp").unwrap();
        items.into_iter().map(|item| item.id).collect()
    }

    #[test]
    fn servers_are_found_at_any_depth() {
        let json = r#"{"mcpServers":{"GitHub Main":{"command":"x"},"payments-db":{}," ":{}},
            "nested":[{" Servers ":{"inner":{"servers":{"deep":{}}}}}],"servers":["not","a","map"]}"#;
        let expected =
            ["deep", "github_main", "inner", "payments_db"].map(|name| format!("mcp_server:{name}"));
        let mut found = ids(json, Format::Json);
        found.sort();
        assert_eq!(found, expected);
        let yaml = "MCPSERVERS:\n  alpha-write: {}\nitems:\n  - servers: &s\n      beta: {}\n  - servers:\n      <<: *s\n";
        assert_eq!(
            ids(yaml, Format::Yaml),
            ["mcp_server:alpha_write", "mcp_server:beta"]
        );
        assert!(ids("", Format::Yaml).is_empty());
    }

    #[test]
    fn keys_need_not_be_text() {
        let yaml =
            "servers:\n  42: {}\n  1.50: {}\n  0x1F: {}\n  ~: {}\n  .inf: {}\ntrue: {servers: {x: 1}}\n";
        assert_eq!(
            ids(yaml, Format::Yaml),
            ["inf", "1_5", "31", "42", "null", "x"].map(|name| format!("mcp_server:{name}"))
        );
        let json = r#"{"servers":{"a":1,"a":2},"servers":{"b":1}}"#;
        assert_eq!(ids(json, Format::Json), ["mcp_server:b"]);
    }

    #[test]
    fn what_is_no_configuration_is_an_error() {
        assert!(servers(b"{", Format::Json, "x").is_err());
        assert!(servers(b"a: [", Format::Yaml, "x").is_err());
        assert!(servers(b"\xff", Format::Yaml, "x").is_err());
        let deep = "[".repeat(100_000);
        assert!(servers(deep.as_bytes(), Format::Json, "x").is_err());
        assert!(servers(deep.as_bytes(), Format::Yaml, "x").is_err());
    }

    #[test]
    fn files_without_the_word_are_told_early() {
        for (content, may) in [
            ("", false),
            ("server: {vers: 1}", false),
            ("ver", false),
            ("a vers servers", true),
            ("MCPSERVERS:", true),
            (r#"{"\u0073ervers":{}}"#, true),
        ] {
            assert_eq!(may_name_servers(content.as_bytes()), may, "{content}");
        }
    }

    proptest! {
        #[test]
        fn files_that_name_servers_are_not_passed_over(
            parts in prop::collection::vec(prop::sample::select(&["servers", "mcpServers", "\"", ":", "{", "}", "a", " ", "\n", ",", "\\u0073ervers", "SERVERS", "\\x73"]), 0..16),
        ) {
            let content = parts.concat();
            for format in [Format::Json, Format::Yaml] {
                let named = servers(content.as_bytes(), format, "x").is_ok_and(|found| !found.is_empty());
                prop_assert!(!named || may_name_servers(content.as_bytes()), "{content}");
            }
        }
    }
}
