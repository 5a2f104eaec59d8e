//! Configuration files: which MCP servers they name.

use std::collections::BTreeSet;

use gait_artifact::text;
use gait_canon::json::{self, Reader};
use gait_policy::yaml::{self, Documents};

use crate::item::Item;

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
        Format::Json => of_json(&Reader::new().replace_invalid_text().parse(content)?, &mut names),
        Format::Yaml => {
            let content = std::str::from_utf8(content).map_err(|_| ConfigError::Utf8)?;
            if let Some(root) = yaml::parse(content, Documents::First)?.root() {
                of_yaml(root, &mut names);
            }
        }
    }
    Ok(names.iter().map(|name| Item::mcp_server(name, locator)).collect())
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
    fn what_is_no_configuration_is_an_error() {
        assert!(servers(b"{", Format::Json, "x").is_err());
        assert!(servers(b"a: [", Format::Yaml, "x").is_err());
        assert!(servers(b"\xff", Format::Yaml, "x").is_err());
        let deep = "[".repeat(100_000);
        assert!(servers(deep.as_bytes(), Format::Json, "x").is_err());
        assert!(servers(deep.as_bytes(), Format::Yaml, "x").is_err());
    }
}
