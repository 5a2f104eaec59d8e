//! What `gait doctor` says is true, and what it advises helps.
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

const GAIT: &str = env!("CARGO_BIN_EXE_gait");

/// A clean directory to work in, with a clean home in it.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        fs::create_dir_all(place.path().join("home")).unwrap();
        place
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, path: &str, text: &str) {
        let path = self.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn command(&self, program: &str) -> Command {
        let mut search_path = vec![Path::new(GAIT).parent().unwrap().to_owned()];
        search_path.extend(std::env::split_paths(
            &std::env::var_os("PATH").unwrap_or_default(),
        ));
        let mut command = Command::new(program);
        command
            .current_dir(self.path())
            .env("HOME", self.path().join("home"))
            .env("PATH", std::env::join_paths(search_path).unwrap());
        command
    }

    fn doctor(&self, arguments: &[&str]) -> Output {
        self.command(GAIT).arg("doctor").args(arguments).output().unwrap()
    }

    /// The report, and the exit code.
    fn report(&self, arguments: &[&str]) -> (Value, i32) {
        let output = self.doctor(&[&["--json"], arguments].concat());
        let report = serde_json::from_slice(&output.stdout).unwrap();
        (report, output.status.code().unwrap())
    }

    /// Does what is pasted into a shell.
    fn paste(&self, command: &str) -> bool {
        let output = self.command("sh").args(["-c", command]).output().unwrap();
        output.status.success()
    }
}

fn check<'a>(report: &'a Value, name: &str) -> &'a Value {
    let checks = report["checks"].as_array().unwrap();
    checks.iter().find(|check| check["name"] == name).unwrap()
}

/// The names of the checks that are not green.
fn troubles(report: &Value) -> Vec<&str> {
    let checks = report["checks"].as_array().unwrap();
    checks
        .iter()
        .filter(|check| check["status"] != "pass")
        .map(|check| check["name"].as_str().unwrap())
        .collect()
}

#[test]
fn every_fix_command_of_a_clean_directory_turns_its_check_green() {
    let place = Place::new();
    let (report, exit) = place.report(&[]);
    assert_eq!(
        (troubles(&report), exit),
        (vec!["output_dir", "registry_cache"], 0)
    );
    for name in troubles(&report) {
        let fix = check(&report, name)["fix_command"].as_str().unwrap();
        assert!(place.paste(fix), "{fix}");
        let (after, _) = place.report(&[]);
        assert_eq!(check(&after, name)["status"], "pass", "{fix}");
    }
    assert_eq!(place.report(&[]).0["status"], "pass");
}

#[test]
fn fix_commands_survive_strange_names() {
    let place = Place::new();
    let arguments = ["--workdir", "it's here; $(touch hacked)"];
    let (report, _) = place.report(&arguments);
    for fix in report["fix_commands"].as_array().unwrap() {
        assert!(place.paste(fix.as_str().unwrap()), "{fix}");
    }
    assert_eq!(place.report(&arguments).0["status"], "pass");
    assert!(!place.path().join("hacked").exists());
}

#[test]
fn a_stale_lock_and_an_open_key_are_mended_by_their_fix_commands() {
    let place = Place::new();
    place.write(".gait-out/gate_rate_limits.json.lock", "");
    assert!(place.paste(
        "touch -d '1 hour ago' .gait-out/gate_rate_limits.json.lock
         gait keys init --out-dir keys && chmod 666 keys/gait_private.key"
    ));
    let arguments = [
        "--strict",
        "--key-mode=prod",
        "--private-key=keys/gait_private.key",
    ];
    for name in ["gate_rate_limit_lock", "key_permissions", "key_permissions"] {
        let (report, _) = place.report(&arguments);
        let check = check(&report, name);
        assert_ne!(check["status"], "pass", "{name}");
        assert!(place.paste(check["fix_command"].as_str().unwrap()), "{check}");
    }
    let (report, exit) = place.report(&arguments);
    assert_eq!(check(&report, "gate_rate_limit_lock")["status"], "pass");
    assert_eq!(check(&report, "key_permissions")["status"], "pass");
    assert_eq!(exit, 0);
}

#[test]
fn the_template_for_production_is_ready_once_its_names_exist() {
    let place = Place::new();
    let template = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../examples/config/oss_prod_template.yaml"
    );
    place.write(".gait/config.yaml", &fs::read_to_string(template).unwrap());
    fs::create_dir(place.path().join("gait-out")).unwrap();
    let (report, exit) = place.report(&["--production-readiness"]);
    assert_eq!((troubles(&report), exit), (vec![], 0));

    let strict = ["--production-readiness", "--strict"];
    let (report, exit) = place.report(&strict);
    let missing = vec![
        "production_policy",
        "production_signing_key",
        "production_service_token",
    ];
    assert_eq!((troubles(&report), exit), (missing, 2));
    assert_eq!(report["ok"], false);
    let policy = check(&report, "production_policy")["fix_command"]
        .as_str()
        .unwrap();
    assert!(place.paste(policy), "{policy}");
    assert!(place.paste("gait keys init --out-dir .gait/keys"));
    // A variable lives as long as its shell.
    let token = check(&report, "production_service_token")["fix_command"]
        .as_str()
        .unwrap();
    assert!(place.paste(&format!("{token}; gait doctor --production-readiness --strict")));
}

#[test]
fn failed_checks_fail_the_command_on_demand_only() {
    let place = Place::new();
    assert_eq!(place.report(&["--key-mode=prod"]).1, 0);
    let (report, exit) = place.report(&["--key-mode=prod", "--strict"]);
    assert_eq!((report["ok"].as_bool(), exit), (Some(false), 2));
    assert_eq!(place.doctor(&["--via", "true"]).status.code(), Some(6));
}

#[test]
fn the_gate_of_the_project_refuses_the_canary() {
    let place = Place::new();
    let (report, exit) = place.report(&["--canary"]);
    let canary = check(&report, "canary");
    assert_eq!((canary["status"].as_str(), exit), (Some("fail"), 2));
    assert!(place.paste(canary["fix_command"].as_str().unwrap()));
    let (report, exit) = place.report(&["--canary"]);
    assert_eq!(
        (check(&report, "canary")["status"].as_str(), exit),
        (Some("pass"), 0)
    );
    // Neither trace nor canary stays behind.
    let mut names: Vec<_> = fs::read_dir(place.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, [".gait.yaml", "home"]);

    place.write(
        ".gait/config.yaml",
        "gate: {policy: lax.yaml, key_mode: prod, private_key: keys/gait_private.key}\n",
    );
    place.write(
        "lax.yaml",
        "schema_id: gait.gate.policy\nschema_version: 1.0.0\ndefault_verdict: allow\nrules: []\n",
    );
    assert_eq!(place.report(&["--canary"]).1, 2, "there is no key");
    assert!(place.paste("gait keys init --out-dir keys"));
    let (report, exit) = place.report(&["--canary"]);
    let message = check(&report, "canary")["message"].as_str().unwrap();
    assert_eq!(
        (message, exit),
        ("the canary got through: the verdict was allow", 2)
    );
}

#[test]
fn a_boundary_has_to_prove_that_it_refuses() {
    let place = Place::new();
    assert!(place.paste("gait init"));
    let eval = r#"gait gate eval --policy .gait.yaml --intent "$GAIT_CANARY_INTENT""#;
    let lax = "schema_id: gait.gate.policy\nschema_version: 1.0.0\ndefault_verdict: allow\n";
    place.write("lax.yaml", lax);
    let digest = "0".repeat(64);
    let earlier = format!(
        r#"{{"schema_id":"gait.gate.trace","schema_version":"1.0.0","created_at":"2026-03-09T00:00:00Z",
            "producer_version":"0","trace_id":"t","tool_name":"gait.canary","args_digest":"{digest}",
            "intent_digest":"{digest}","policy_digest":"{digest}","verdict":"block"}}"#
    );
    place.write("trace_earlier.json", &earlier);
    assert!(place.paste("touch -d '1 minute ago' trace_earlier.json"));
    for (via, want) in [
        (
            format!("{eval} --trace-out \"$GAIT_CANARY_TRACE\""),
            "the canary was refused, and a trace says so",
        ),
        (eval.to_owned(), "the canary was refused, and a trace says so"),
        (
            format!("{eval} --trace-out deep.json --json || true"),
            "the canary was refused, and a trace says so",
        ),
        (
            format!(
                "{eval} --trace-out deep.json >/dev/null
                 echo trace_path=deep.json
                 echo '{{\"hookSpecificOutput\":{{\"permissionDecision\":\"deny\"}}}}'"
            ),
            "the canary was refused, and a trace says so",
        ),
        (
            format!("{eval} >/dev/null; true"),
            "the canary got through: the gate refused the call and the boundary reported success",
        ),
        (
            format!(
                "{eval} >/dev/null; rm \"$(jq -r .tool_input.path)\" || rm \"$(dirname \"$GAIT_CANARY_INTENT\")/canary.txt\""
            ),
            "the canary got through: the call was carried out",
        ),
        (
            eval.replace(".gait.yaml", "lax.yaml"),
            "the canary got through: the verdict was allow",
        ),
        (
            "exit 2".to_owned(),
            "no trace of the canary appeared: the call did not pass the gate",
        ),
        (
            "no-such-boundary".to_owned(),
            "no trace of the canary appeared: the call did not pass the gate",
        ),
        (
            "grep -q gait.canary && echo trace_path=trace_earlier.json && exit 2".to_owned(),
            "no trace of the canary appeared: the call did not pass the gate",
        ),
        (
            "grep -q gait.canary && touch trace_earlier.json && exit 2".to_owned(),
            "the canary was refused, and a trace says so",
        ),
    ] {
        for entry in fs::read_dir(place.path()).unwrap() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            if name == "deep.json" || (name.starts_with("trace_") && name != "trace_earlier.json") {
                fs::remove_file(path).unwrap();
            }
        }
        let (report, exit) = place.report(&["--canary", "--via", &via]);
        let canary = check(&report, "canary");
        assert_eq!(canary["message"], want, "{via}");
        let passed = canary["status"] == "pass";
        assert_eq!(exit, if passed { 0 } else { 2 }, "{via}");
    }
}
