//! What `gait incident triage` tells of whole, partial and broken evidence, and the pages that commands write.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const GAIT: &str = env!("CARGO_BIN_EXE_gait");
const RUNPACK: &str = "gait-out/runpack_run_demo.zip";
const TRACE: &str = "gait-out/trace_delete.json";
const THEN: &str = "default_verdict: allow\nrules:\n  - {name: no-delete, effect: block, match: {tool_names: [tool.delete]}}\n";
const NOW: &str = "default_verdict: allow\nrules: []\n";
const INTENT: &str = r#"{"schema_id":"gait.gate.intent_request","schema_version":"1.0.0",
    "created_at":"2026-02-05T00:00:00Z","producer_version":"1","tool_name":"tool.delete","args":{"path":"/x"},
    "targets":[],"context":{"identity":"alice","workspace":"/w","risk_class":"high"}}"#;

/// A directory in which the demonstration was recorded and a call was refused.
struct Site(TempDir);

impl Site {
    fn new() -> Self {
        let site = Self(tempfile::tempdir().unwrap());
        fs::create_dir(site.path("home")).unwrap();
        site.succeed(&["demo"]);
        site.write("policies/then.yaml", THEN);
        site.write("policies/now.yaml", NOW);
        site.write("intents/delete.json", INTENT);
        let arguments = "gate eval --policy policies/then.yaml --intent intents/delete.json --trace-out";
        let arguments: Vec<_> = arguments.split(' ').chain([TRACE]).collect();
        assert_eq!(site.run(&arguments).status.code(), Some(3));
        site
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path)
    }

    fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Output {
        Command::new(GAIT)
            .args(arguments)
            .current_dir(self.0.path())
            .env_clear()
            .env("HOME", self.path("home"))
            .output()
            .unwrap()
    }

    fn succeed(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
    }

    /// The document and the exit code.
    fn triage(&self, arguments: &[&str]) -> (Value, i32) {
        let output = self.run(&[&["incident", "triage", "--json", "--from"], arguments].concat());
        let document = serde_json::from_slice(&output.stdout).unwrap();
        (document, output.status.code().unwrap())
    }

    fn html(&self, path: &str) -> String {
        let file = self.path(path);
        let mode = fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{path}");
        let html = fs::read_to_string(file).unwrap();
        assert!(
            html.contains("default-src 'none'") || html.contains("default-src &#39;none&#39;"),
            "{path}"
        );
        assert!(!html.contains("<script") && html.ends_with("</html>"), "{path}");
        html
    }
}

/// Every file below a directory, with its content.
fn tree(directory: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut directories = vec![directory.to_owned()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                files.insert(path.clone(), fs::read(path).unwrap());
            }
        }
    }
    files
}

fn kinds(document: &Value) -> Vec<&str> {
    let gaps = document["gaps"].as_array().map(Vec::as_slice).unwrap_or_default();
    gaps.iter().map(|gap| gap["kind"].as_str().unwrap()).collect()
}

#[test]
fn whole_evidence_is_complete() {
    let site = Site::new();
    let (document, exit) = site.triage(&["run_demo", "--policy", "policies/then.yaml"]);
    assert_eq!(
        (exit, document["status"].as_str()),
        (0, Some("complete")),
        "{document}"
    );
    assert_eq!(document["ok"], true);
    let decision = &document["decisions"][0];
    assert_eq!(decision["comparison"], "same");
    assert_eq!(decision["then"]["verdict"], "block");
    assert_eq!(document["made"]["fixture_status"], "pass");
    let pack = document["made"]["pack"].as_str().unwrap();
    site.succeed(&["guard", "verify", pack]);
}

#[test]
fn a_second_triage_changes_nothing() {
    let site = Site::new();
    let arguments = [
        "run_demo",
        "--policy",
        "policies/then.yaml",
        "--html",
        "page.html",
    ];
    let first = site.triage(&arguments);
    let before = (tree(&site.path("gait-out/triage")), site.html("page.html"));
    assert_eq!(site.triage(&arguments), first);
    assert_eq!(
        (tree(&site.path("gait-out/triage")), site.html("page.html")),
        before
    );
    assert!(
        before
            .0
            .contains_key(&site.path("gait-out/triage/run_demo/triage.json"))
    );
}

#[test]
fn what_is_to_be_pasted_works() {
    let site = Site::new();
    let policy = "policies/then.yaml";
    let (document, _) = site.triage(&["run_demo", "--policy", policy, "--out-dir", "out dir/it's"]);
    let automation = &document["automation"];
    let checks = automation["policy_checks"].as_array().unwrap();
    assert_eq!(checks.len(), 1);
    let paste = |command: &Value| {
        // The program is called by its name, so a function of that name can stand in for it.
        let command = format!("gait() {{ '{GAIT}' \"$@\"; }}; {}", command.as_str().unwrap());
        let shell = Command::new("sh")
            .args(["-ec", &command])
            .current_dir(site.0.path())
            .output();
        shell.unwrap()
    };
    for command in automation["commands"].as_array().unwrap().iter().chain(checks) {
        let output = paste(command);
        let is_git = command.as_str().unwrap().starts_with("git ");
        assert!(output.status.success() || is_git, "{command}: {output:?}");
    }
    assert!(site.path("fixtures/run_demo/runpack.zip").exists());
    site.write(policy, NOW);
    assert!(!paste(&checks[0]).status.success(), "a laxer policy gets through");
}

#[test]
fn a_policy_that_decides_otherwise_is_told() {
    let site = Site::new();
    site.write(".gait/config.yaml", "gate: {policy: policies/now.yaml}\n");
    let (document, exit) = site.triage(&["run_demo", "--html", "page.html"]);
    assert_eq!(
        (exit, document["status"].as_str()),
        (5, Some("changed")),
        "{document}"
    );
    let decision = &document["decisions"][0];
    assert_eq!(
        (&decision["then"]["verdict"], &decision["now"]["verdict"]),
        (&"block".into(), &"allow".into())
    );
    assert_eq!(decision["comparison"], "laxer");
    assert_eq!(document["policy_changes"][0]["subject"], "rule no-delete");
    assert!(
        site.html("page.html")
            .contains("The policy in force lets more through.")
    );
}

#[test]
fn missing_evidence_is_told_with_a_way_to_come_by_it() {
    let site = Site::new();
    fs::remove_dir_all(site.path("policies")).unwrap();
    fs::remove_dir_all(site.path("intents")).unwrap();
    let (document, exit) = site.triage(&["run_demo"]);
    assert_eq!(
        (exit, kinds(&document)),
        (7, vec!["policy_now", "policy_then", "intent"])
    );
    fs::remove_file(site.path(TRACE)).unwrap();
    let (document, exit) = site.triage(&["run_demo"]);
    assert_eq!((exit, kinds(&document)), (7, vec!["decision", "policy_now"]));
    for gap in document["gaps"].as_array().unwrap() {
        assert!(!gap["fix"].as_str().unwrap().is_empty(), "{gap}");
    }
}

#[test]
fn a_trace_is_enough_for_a_page() {
    let site = Site::new();
    let (document, exit) = site.triage(&[TRACE, "--policy", "policies/now.yaml"]);
    assert_eq!(
        (exit, document["decisions"][0]["comparison"].as_str()),
        (5, Some("laxer"))
    );
    assert_eq!(kinds(&document), ["run", "fixture", "pack"]);
    let (document, _) = site.triage(&[TRACE, "--policy", "policies/now.yaml", "--run", "run_demo"]);
    assert_eq!(kinds(&document), [""; 0]);
    assert_eq!(document["triage_id"], "run_demo");
}

#[test]
fn evidence_that_was_changed_is_a_page_too() {
    let site = Site::new();
    let sound = fs::read(site.path(RUNPACK)).unwrap();
    let mut changed = sound.clone();
    let middle = changed.len() / 3;
    changed[middle] ^= 1;
    for (path, content) in [
        (RUNPACK, &changed[..]),
        (RUNPACK, &sound[..100]),
        ("odd.zip", b"PK"),
        ("odd.txt", b"\0"),
    ] {
        site.write(path, content);
        let (document, exit) = site.triage(&[path, "--html", "page.html"]);
        assert_eq!(
            (exit, document["status"].as_str()),
            (2, Some("contradicted")),
            "{path} {document}"
        );
        assert_eq!(document["ok"], false);
        assert!(kinds(&document).contains(&"fixture"), "{path}");
        assert!(site.html("page.html").contains("artifacts do not hold"), "{path}");
    }
    site.write(RUNPACK, &sound);
    let trace = fs::read_to_string(site.path(TRACE)).unwrap();
    site.write(TRACE, trace.replace("\"block\"", "\"allow\""));
    let (document, exit) = site.triage(&["run_demo", "--policy", "policies/then.yaml"]);
    assert_eq!((exit, document["status"].as_str()), (2, Some("contradicted")));
    assert_eq!(
        document["made"]["fixture"],
        "gait-out/triage/run_demo/fixtures/run_demo"
    );
}

#[test]
fn what_is_not_there_is_no_incident() {
    let site = Site::new();
    for reference in ["run_other", "gone/runpack.zip"] {
        let output = site.run(&["incident", "triage", "--from", reference, "--html", "page.html"]);
        assert_eq!(output.status.code(), Some(6), "{reference}");
    }
    assert!(!site.path("page.html").exists() && !site.path("gait-out/triage").exists());
}

fn session(site: &Site) {
    let journal = ["--journal", "s/journal.jsonl"];
    let go = |arguments: &[&str]| site.succeed(&[&["run", "session"], arguments, &journal].concat());
    go(&["start", "--session-id", "s1", "--run-id", "r1"]);
    go(&[
        "append",
        "--tool",
        "<script>alert(1)</script>",
        "--verdict",
        "allow",
    ]);
    go(&[
        "append",
        "--tool",
        "tool.delete",
        "--verdict",
        "block",
        "--reason-codes",
        "no_delete",
    ]);
    go(&["checkpoint", "--out", "s/cp1.zip", "--chain-out", "s/chain.json"]);
    go(&["append", "--tool", "tool.late", "--verdict", "allow"]);
}

#[test]
fn sessions_are_incidents_as_well() {
    let site = Site::new();
    session(&site);
    let (journal, exit) = site.triage(&["s/journal.jsonl", "--html", "page.html"]);
    assert_eq!((exit, &journal["calls_total"]), (7, &3.into()), "{journal}");
    assert_eq!(
        (&journal["subject"]["session_id"], &journal["triage_id"]),
        (&"s1".into(), &"s1".into())
    );
    assert!(!journal["made"]["fixture"].as_str().unwrap().is_empty());
    assert!(site.html("page.html").contains("alert(1)"));
    let (chain, exit) = site.triage(&["s/chain.json"]);
    assert_eq!((exit, &chain["calls_total"]), (7, &2.into()), "{chain}");
    let text = fs::read_to_string(site.path("s/chain.json")).unwrap();
    site.write(
        "s/chain.json",
        text.replace("\"sequence_end\": 2", "\"sequence_end\": 3"),
    );
    let (chain, exit) = site.triage(&["s/chain.json"]);
    assert_eq!((exit, chain["status"].as_str()), (2, Some("contradicted")));
}

#[test]
fn results_become_pages() {
    let site = Site::new();
    session(&site);
    site.succeed(&["run", "inspect", "run_demo", "--html", "pages/run.html"]);
    assert!(site.html("pages/run.html").contains("tool.search"));
    site.succeed(&["run", "inspect", "s/chain.json", "--html", "pages/chain.html"]);
    assert!(site.html("pages/chain.html").contains("cp1.zip"));
    let status = [
        "run",
        "session",
        "status",
        "--journal",
        "s/journal.jsonl",
        "--html",
        "pages/session.html",
    ];
    site.succeed(&status);
    let page = site.html("pages/session.html");
    assert!(
        page.contains("&#60;script&#62;alert(1)") && page.contains("no_delete"),
        "{page}"
    );
    site.succeed(&["regress", "init", "--from", "run_demo"]);
    site.succeed(&["regress", "run", "--html", "pages/regress.html"]);
    assert!(site.html("pages/regress.html").contains("schema_validation"));
    let refused = site.run(&["run", "inspect", "run_demo", "--html", "pages"]);
    assert!(!refused.status.success());
}
