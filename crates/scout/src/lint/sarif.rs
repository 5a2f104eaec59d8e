//! SARIF 2.1.0 (OASIS), the form in which code hosts and editors show findings.

use serde::Serialize;

use super::{Finding, Level, Report, Rule, all_rules};

const SCHEMA: &str =
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";
const VERSION: &str = "2.1.0";

/// A SARIF log with one run.
#[derive(Debug, Serialize)]
pub struct Log<'r> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run<'r>; 1],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Run<'r> {
    tool: Tool<'r>,
    column_kind: &'static str,
    results: Vec<Outcome<'r>>,
}

#[derive(Debug, Serialize)]
struct Tool<'r> {
    driver: Driver<'r>,
}

#[derive(Debug, Serialize)]
struct Driver<'r> {
    name: &'static str,
    version: &'r str,
    rules: Vec<Descriptor>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Descriptor {
    id: &'static str,
    short_description: Message<'static>,
    full_description: Message<'static>,
    help: Message<'static>,
    default_configuration: Configuration,
}

#[derive(Debug, Serialize)]
struct Configuration {
    level: Level,
}

#[derive(Debug, Serialize)]
struct Message<'r> {
    text: &'r str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'r> {
    rule_id: &'static str,
    rule_index: usize,
    level: Level,
    message: OwnedMessage,
    locations: [Location<'r>; 1],
    #[serde(skip_serializing_if = "Vec::is_empty")]
    suppressions: Vec<Suppression<'r>>,
}

#[derive(Debug, Serialize)]
struct OwnedMessage {
    text: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Location<'r> {
    physical_location: PhysicalLocation<'r>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation<'r> {
    artifact_location: ArtifactLocation,
    region: Region<'r>,
}

#[derive(Debug, Serialize)]
struct ArtifactLocation {
    uri: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Region<'r> {
    start_line: usize,
    start_column: usize,
    end_column: usize,
    snippet: Message<'r>,
}

#[derive(Debug, Serialize)]
struct Suppression<'r> {
    kind: &'static str,
    justification: &'r str,
}

impl<'r> Log<'r> {
    /// What `report` says, told by version `version` of the program. What comments allow is among it, as suppressed.
    #[must_use]
    pub fn new(report: &'r Report, version: &'r str) -> Self {
        let mut found: Vec<_> = report.findings.iter().chain(&report.allowed).collect();
        found.sort_by_key(|finding| (finding.path.as_str(), finding.line, finding.column));
        let rules = all_rules().map(Descriptor::of).collect();
        let driver = Driver {
            name: "gait lint",
            version,
            rules,
        };
        let run = Run {
            tool: Tool { driver },
            column_kind: "unicodeCodePoints",
            results: found.into_iter().map(Outcome::of).collect(),
        };
        Self {
            schema: SCHEMA,
            version: VERSION,
            runs: [run],
        }
    }
}

impl Descriptor {
    const fn of(rule: &Rule) -> Self {
        Self {
            id: rule.code,
            short_description: Message { text: rule.what },
            full_description: Message { text: rule.why },
            help: Message { text: rule.fix },
            default_configuration: Configuration { level: rule.level },
        }
    }
}

impl<'r> Outcome<'r> {
    fn of(finding: &'r Finding) -> Self {
        let rule = finding.rule.0;
        let physical_location = PhysicalLocation {
            artifact_location: ArtifactLocation {
                uri: uri(&finding.path),
            },
            region: Region {
                start_line: finding.line,
                start_column: finding.column,
                end_column: finding.column + finding.text.chars().count(),
                snippet: Message { text: &finding.text },
            },
        };
        let suppression = finding.reason.as_deref().map(|justification| Suppression {
            kind: "inSource",
            justification,
        });
        Self {
            rule_id: rule.code,
            rule_index: all_rules()
                .position(|known| known.code == rule.code)
                .expect("every finding is one of a known rule"),
            level: rule.level,
            message: OwnedMessage {
                text: format!("{}: {} {}", rule.what, rule.why, rule.fix),
            },
            locations: [Location { physical_location }],
            suppressions: suppression.into_iter().collect(),
        }
    }
}

/// A path as a URI reference (RFC 3986): relative as it is, absolute as a `file` URI.
fn uri(path: &str) -> String {
    let mut uri = if path.starts_with('/') { "file://" } else { "" }.to_owned();
    for byte in path.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => uri.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            _ => {
                let digits = [byte >> 4, byte & 0xF].map(|digit| char::from_digit(digit.into(), 16));
                uri.push('%');
                uri.extend(
                    digits
                        .into_iter()
                        .flatten()
                        .map(|digit| digit.to_ascii_uppercase()),
                );
            }
        }
    }
    uri
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_uri_references() {
        for (path, expected) in [
            (".github/workflows/ci.yml", ".github/workflows/ci.yml"),
            ("/a b/ü.md", "file:///a%20b/%C3%BC.md"),
            ("a:b#c?d%", "a%3Ab%23c%3Fd%25"),
        ] {
            assert_eq!(uri(path), expected);
        }
    }
}
