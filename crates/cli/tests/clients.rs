//! Settings of clients, there and back, and what doctor says of them.
#![allow(clippy::unwrap_used, reason = "a test that can't go on should stop")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

const GAIT: &str = env!("CARGO_BIN_EXE_gait");
const SERVERS: &str =
    "{\n  // ours\n  \"servers\": {\"a\": {\"command\": \"sh\", \"args\": [\"-c\", \"exit 0\"]}},\n}\n";
const POLICY: &str =
    "schema_id: gait.gate.policy\nschema_version: 1.0.0\ndefault_verdict: allow\nrules: []\n";

fn command(program: &str, directory: &Path) -> Command {
    let mut search = vec![Path::new(GAIT).parent().unwrap().to_owned()];
    search.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    let mut command = Command::new(program);
    command
        .current_dir(directory)
        .env("PATH", std::env::join_paths(search).unwrap())
        .env("HOME", directory.join("home"))
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("CODEX_HOME")
        .env_remove("CLAUDE_CONFIG_DIR");
    command
}

fn gait(directory: &Path, arguments: &[&str]) -> Output {
    command(GAIT, directory).args(arguments).output().unwrap()
}

/// A project with servers for Visual Studio Code and a policy.
fn project() -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::create_dir_all(directory.path().join("home")).unwrap();
    fs::create_dir(directory.path().join(".vscode")).unwrap();
    fs::write(directory.path().join(".vscode/mcp.json"), SERVERS).unwrap();
    fs::write(directory.path().join("policy.yaml"), POLICY).unwrap();
    directory
}

fn text(directory: &Path) -> String {
    fs::read_to_string(directory.join(".vscode/mcp.json")).unwrap()
}

#[test]
fn changes_made_since_are_kept() {
    let directory = project();
    let root = directory.path();
    let install = ["mcp", "install", "--client", "vscode", "--policy", "policy.yaml"];
    assert!(gait(root, &install).status.success());
    let edited = text(root).replace("// ours", "// ours and theirs");
    fs::write(root.join(".vscode/mcp.json"), &edited).unwrap();

    let refused = gait(root, &["mcp", "uninstall", "--client", "vscode"]);
    assert_eq!(refused.status.code(), Some(6));
    let said = String::from_utf8(refused.stdout).unwrap() + &String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("was changed since"), "{said}");
    assert_eq!(text(root), edited);

    assert!(
        gait(root, &["mcp", "uninstall", "--client", "vscode", "--force"])
            .status
            .success()
    );
    assert_eq!(text(root), SERVERS.replace("// ours", "// ours and theirs"));
}

#[test]
fn one_server_leaves_the_way_back_open() {
    let directory = project();
    let root = directory.path();
    assert!(
        gait(
            root,
            &["mcp", "install", "--client", "vscode", "--policy", "policy.yaml"]
        )
        .status
        .success()
    );
    assert!(
        gait(root, &["mcp", "uninstall", "--client", "vscode", "--server", "a"])
            .status
            .success()
    );
    assert_eq!(text(root), SERVERS);
    assert!(
        gait(
            root,
            &["mcp", "install", "--client", "vscode", "--policy", "policy.yaml"]
        )
        .status
        .success()
    );
    assert!(
        gait(root, &["mcp", "uninstall", "--client", "vscode"])
            .status
            .success()
    );
    assert_eq!(text(root), SERVERS);
}

#[test]
fn what_doctor_advises_brings_the_gateway_in() {
    let directory = project();
    let root = directory.path();
    let check = || -> Value {
        let report: Value = serde_json::from_slice(&gait(root, &["doctor", "--json"]).stdout).unwrap();
        let checks = report["checks"].as_array().unwrap();
        checks
            .iter()
            .find(|check| check["name"] == "mcp_gateway")
            .cloned()
            .unwrap_or_default()
    };
    let before = check();
    assert_eq!(before["status"], "warn");
    let pasted = command("sh", root)
        .args(["-c", before["fix_command"].as_str().unwrap()])
        .output()
        .unwrap();
    assert!(pasted.status.success(), "{pasted:?}");
    assert_eq!(check()["status"], "pass");
    fs::remove_file(root.join(".vscode/mcp.json")).unwrap();
    assert_eq!(check(), Value::Null);
}

/// What the client would run is a gateway that takes these arguments.
#[test]
fn what_is_installed_starts() {
    let directory = project();
    let root = directory.path();
    assert!(
        gait(
            root,
            &["mcp", "install", "--client", "vscode", "--policy", "policy.yaml"]
        )
        .status
        .success()
    );
    let plain = text(root).replace("// ours", "").replace("},\n}", "}\n}");
    let settings: Value = serde_json::from_str(&plain).unwrap();
    let server = &settings["servers"]["a"];
    let arguments = server["args"]
        .as_array()
        .unwrap()
        .iter()
        .map(|word| word.as_str().unwrap());
    let elsewhere = tempfile::tempdir().unwrap();
    let output = command(server["command"].as_str().unwrap(), elsewhere.path())
        .args(arguments)
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
}
