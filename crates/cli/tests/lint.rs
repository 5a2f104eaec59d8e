//! What `gait lint` finds reaches people, programs and code hosts.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const WORKFLOW: &str = "\
jobs:
  replay:
    env:
      GAIT_ALLOW_REAL_REPLAY: \"1\"
    steps:
      # gait-lint: allow development_key -- the tutorial has nothing to protect
      - run: gait gate eval --key-mode dev
      - run: gait run replay --unsafe-real-tools run_1
";

fn repository() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let workflows = directory.path().join(".github/workflows");
    fs::create_dir_all(&workflows).unwrap();
    fs::write(workflows.join("a b.yml"), WORKFLOW).unwrap();
    fs::write(
        directory.path().join("README.md"),
        "Never pass `--unsafe-real-tools`.\n",
    )
    .unwrap();
    directory
}

fn lint(directory: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_gait"))
        .arg("lint")
        .args(arguments)
        .current_dir(directory)
        .output()
        .unwrap()
}

#[test]
fn people_see_where_and_what_to_do() {
    let repository = repository();
    let output = lint(repository.path(), &["."]);
    assert_eq!(output.status.code(), Some(2));
    let text = String::from_utf8(output.stdout).unwrap();
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0], "lint failed: files=2 findings=2 allowed=1");
    assert_eq!(
        lines[1],
        ".github/workflows/a b.yml:4:7: error[real_replay_switch]: GAIT_ALLOW_REAL_REPLAY: \
         the interlock of real replays is open"
    );
    assert!(
        lines[3].starts_with(".github/workflows/a b.yml:8:30: error[real_tools]: "),
        "{text}"
    );
}

#[test]
fn clean_files_are_ok() {
    let repository = repository();
    let output = lint(repository.path(), &["README.md", "--json"]);
    assert!(output.status.success());
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["ok"], true);
    assert_eq!(answer["files"], 1);
    assert_eq!(answer["findings"], serde_json::json!([]));
}

#[test]
fn what_cannot_be_read_is_no_success() {
    let repository = repository();
    for arguments in [&[][..], &["nowhere"], &["README.md", "nowhere"]] {
        let output = lint(repository.path(), arguments);
        assert_eq!(output.status.code(), Some(6), "{arguments:?}");
    }
}

/// What SARIF 2.1.0 requires of the members that are used: sections 3.13, 3.14, 3.18, 3.19, 3.27, 3.28, 3.30, 3.35, 3.49.
fn assert_is_sarif(log: &Value) {
    let text = |value: &Value| value["text"].as_str().is_some_and(|text| !text.is_empty());
    assert_eq!(log["version"], "2.1.0");
    assert!(
        log["$schema"]
            .as_str()
            .unwrap()
            .ends_with("sarif-schema-2.1.0.json")
    );
    let runs = log["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 1);
    let run = &runs[0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    let driver = &run["tool"]["driver"];
    assert!(driver["name"].is_string() && driver["version"].is_string());
    let rules = driver["rules"].as_array().unwrap();
    for rule in rules {
        assert!(rule["id"].is_string());
        assert!(text(&rule["shortDescription"]) && text(&rule["fullDescription"]) && text(&rule["help"]));
        assert!(["error", "warning"].contains(&rule["defaultConfiguration"]["level"].as_str().unwrap()));
    }
    for result in run["results"].as_array().unwrap() {
        let index = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert_eq!(rules[index]["defaultConfiguration"]["level"], result["level"]);
        assert!(text(&result["message"]));
        let locations = result["locations"].as_array().unwrap();
        assert_eq!(locations.len(), 1);
        let place = &locations[0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(uri.is_ascii() && !uri.contains([' ', '\\', '"']), "{uri}");
        let region = &place["region"];
        let number = |name: &str| region[name].as_u64().unwrap();
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        assert!(number("endColumn") > number("startColumn"));
        for suppression in result["suppressions"].as_array().into_iter().flatten() {
            assert_eq!(suppression["kind"], "inSource");
            assert!(suppression["justification"].is_string());
        }
    }
}

#[test]
fn code_hosts_get_sarif() {
    let repository = repository();
    let output = lint(
        repository.path(),
        &["--sarif", "reports/lint.sarif", "--json", "."],
    );
    assert_eq!(output.status.code(), Some(2));
    let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(answer["sarif"], "reports/lint.sarif");
    assert_eq!(answer["findings"].as_array().unwrap().len(), 2);
    assert_eq!(
        answer["allowed"][0]["reason"],
        "the tutorial has nothing to protect"
    );
    assert!(answer.get("error").is_none());

    let path = repository.path().join("reports/lint.sarif");
    let log: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert_is_sarif(&log);
    let results = log["runs"][0]["results"].as_array().unwrap();
    let found: Vec<_> = results
        .iter()
        .map(|result| result["ruleId"].as_str().unwrap())
        .collect();
    assert_eq!(found, ["real_replay_switch", "development_key", "real_tools"]);
    assert_eq!(
        results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"],
        ".github/workflows/a%20b.yml"
    );
    assert!(results[0].get("suppressions").is_none());
    assert!(results[1]["suppressions"].is_array());

    fs::remove_dir_all(repository.path().join(".github")).unwrap();
    let output = lint(repository.path(), &["--sarif", "reports/lint.sarif", "."]);
    assert!(output.status.success());
    assert_is_sarif(&serde_json::from_slice(&fs::read(&path).unwrap()).unwrap());
}

/// The templates and policies that the project ships are no example of unsafe settings.
#[test]
fn what_is_shipped_is_clean() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = lint(
        &root,
        &["integrations", "policies", "README.md", "docs", "scripts"],
    );
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stdout)
    );
}
