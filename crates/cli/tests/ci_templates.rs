//! The templates for continuous integration do what their README says, with this program.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::{
    collections::BTreeMap,
    env, fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use gait_policy::yaml;
use serde_json::Value;
use tempfile::TempDir;

const GAIT: &str = env!("CARGO_BIN_EXE_gait");
const ROOT: &str = "gait-out/adoption_regress";
const SHELL_TEMPLATES: [(&str, &str); 2] = [
    ("gitlab-ci.yml", "/gait-regress/script"),
    ("circleci.yml", "/jobs/gait-regress/steps/1/run/command"),
];

fn template(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../integrations/ci")
        .join(name)
}

fn parsed(name: &str) -> Value {
    let text = fs::read_to_string(template(name)).unwrap();
    let document = yaml::parse(&text, yaml::Documents::Single).unwrap();
    serde_json::from_str(&gait_canon::json::compact(&document.root().unwrap().to_json())).unwrap()
}

/// A checkout with nothing in it, and the files that a GitHub runner hands to a step.
struct Checkout {
    directory: TempDir,
    runner: TempDir,
}

impl Checkout {
    fn new() -> Self {
        let [directory, runner] = [(); 2].map(|()| tempfile::tempdir().unwrap());
        Self { directory, runner }
    }

    /// A checkout with the fixture of the demonstration.
    fn with_fixture() -> Self {
        let checkout = Self::new();
        for arguments in [&["demo"][..], &["regress", "init", "--from", "run_demo"]] {
            let status = Command::new(GAIT)
                .args(arguments)
                .current_dir(checkout.directory.path())
                .output()
                .unwrap()
                .status;
            assert!(status.success());
        }
        fs::remove_dir_all(checkout.path("gait-out")).unwrap();
        checkout
    }

    /// The same, with a fixture that asks for another tool than the run called.
    fn with_regression() -> Self {
        let checkout = Self::with_fixture();
        let path = checkout.path("fixtures/run_demo/fixture.json");
        let mut fixture: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        fixture["expected_tool_sequence"] = serde_json::json!(["tool.other"]);
        fs::write(path, fixture.to_string()).unwrap();
        checkout
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn json(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(ROOT).join(name)).unwrap()).unwrap()
    }

    /// A shell with the environment of a runner and nothing else of ours.
    fn shell(&self, shell: &str, arguments: &[&str], settings: &[(&str, &str)]) -> Output {
        Command::new(shell)
            .args(arguments)
            .current_dir(self.directory.path())
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap())
            .env("GITHUB_OUTPUT", self.runner.path().join("output"))
            .env("GITHUB_PATH", self.runner.path().join("path"))
            .env("GITHUB_STEP_SUMMARY", self.runner.path().join("summary"))
            .env("RUNNER_TEMP", self.runner.path())
            .envs(settings.iter().copied())
            .output()
            .unwrap()
    }

    /// Runs the script, and gives its exit code.
    fn script(&self, settings: &[(&str, &str)]) -> i32 {
        let script = template("gait-regress.sh");
        let settings: Vec<_> = [("GAIT_BIN", GAIT)]
            .into_iter()
            .chain(settings.iter().copied())
            .collect();
        let output = self.shell("sh", &[script.to_str().unwrap()], &settings);
        output.status.code().unwrap()
    }

    /// The last value of each output of the steps so far.
    fn outputs(&self) -> BTreeMap<String, String> {
        let text = fs::read_to_string(self.runner.path().join("output")).unwrap_or_default();
        text.lines()
            .map(|line| line.split_once('=').unwrap())
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect()
    }

    fn output(&self, name: &str) -> String {
        self.outputs().remove(name).unwrap_or_default()
    }

    fn summary(&self) -> String {
        fs::read_to_string(self.path(ROOT).join("summary.txt")).unwrap()
    }
}

#[test]
fn shells_can_read_the_script() {
    let script = template("gait-regress.sh");
    for shell in ["sh", "bash"] {
        assert!(
            Command::new(shell)
                .arg("-n")
                .arg(&script)
                .status()
                .unwrap()
                .success()
        );
    }
    if let Ok(output) = Command::new("shellcheck").arg(&script).output() {
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
    }
}

#[test]
fn fixtures_that_hold_pass() {
    let checkout = Checkout::with_fixture();
    assert_eq!(checkout.script(&[]), 0);
    for (name, value) in [
        ("exit_code", "0"),
        ("regress_exit_code", "0"),
        ("regress_status", "pass"),
        ("top_failure_reason", ""),
        ("next_command", ""),
        ("artifact_root", ROOT),
    ] {
        assert_eq!(checkout.output(name), value, "{name}");
    }
    assert_eq!(checkout.json("regress_result.json")["status"], "pass");
    assert_eq!(checkout.json("pack_verify_fixture.json")["ok"], true);
    assert!(checkout.path(ROOT).join("junit.xml").is_file());
    assert!(!checkout.path(ROOT).join("regress_init_result.json").exists());
    let summary = checkout.summary();
    assert!(
        summary.starts_with("command=regress\nstatus=pass\nfailed_graders=0\n"),
        "{summary}"
    );
    assert!(
        summary.contains("\nticket_footer=GAIT run_id=run_demo "),
        "{summary}"
    );
}

#[test]
fn a_regression_passes_through() {
    let checkout = Checkout::with_regression();
    assert_eq!(checkout.script(&[]), 5);
    for (name, value) in [
        ("exit_code", "5"),
        ("regress_exit_code", "5"),
        ("regress_status", "fail"),
        ("top_failure_reason", "unexpected_tool_sequence"),
        ("next_command", "gait regress run --json"),
    ] {
        assert_eq!(checkout.output(name), value, "{name}");
    }
    assert!(checkout.summary().contains("\nfailed_graders=1\n"));
}

#[test]
fn a_missing_fixture_is_made_or_refused() {
    let checkout = Checkout::new();
    assert_eq!(checkout.script(&[("GAIT_CI_SOURCE_RUN", "")]), 6);
    assert_eq!(checkout.output("regress_status"), "error");
    assert_eq!(checkout.output("exit_code"), "6");
    assert_eq!(checkout.script(&[]), 0);
    assert_eq!(
        checkout.json("regress_init_result.json")["fixture_name"],
        "run_demo"
    );

    let checkout = Checkout::new();
    assert_eq!(checkout.script(&[("GAIT_CI_CAPTURE", "true")]), 0);
    assert_eq!(checkout.json("capture.json")["run_id"], "run_demo");
    assert_eq!(checkout.json("regress_add_result.json")["ok"], true);

    let checkout = Checkout::new();
    assert_eq!(checkout.script(&[("GAIT_CI_SOURCE_RUN", "run_gone")]), 6);
}

#[test]
fn what_cannot_be_used_is_unexpected() {
    let checkout = Checkout::with_fixture();
    fs::write(checkout.path("gait.yaml"), "fixtures: [").unwrap();
    assert_eq!(checkout.script(&[]), 6);
    assert_eq!(checkout.output("regress_status"), "error");
    assert!(checkout.summary().contains("status=error"));
    for (code, settings) in [
        (2, [("GAIT_CI_COMMAND", "rm")]),
        (6, [("GAIT_CI_ARGS", "it's open")]),
        (6, [("GAIT_CI_WORKDIR", "nowhere")]),
        (7, [("GAIT_BIN", "no/such/gait")]),
    ] {
        assert_eq!(Checkout::new().script(&settings), code, "{settings:?}");
    }
}

#[test]
fn results_of_earlier_jobs_do_not_pass_for_this_one() {
    let checkout = Checkout::with_fixture();
    assert_eq!(checkout.script(&[]), 0);
    fs::write(checkout.path("gait.yaml"), "fixtures: [").unwrap();
    assert_eq!(checkout.script(&[]), 6);
    assert!(!checkout.path(ROOT).join("junit.xml").exists());
    assert!(checkout.json("regress_result.json")["error"].is_string());
}

#[test]
fn arguments_are_quoted_as_in_a_shell_and_never_run() {
    let checkout = Checkout::with_fixture();
    let arguments = "--junit 'a b/$(touch evil).xml'\n --config \"gait.yaml\" --output=`id`\\;x";
    assert_eq!(checkout.script(&[("GAIT_CI_ARGS", arguments)]), 0);
    assert!(checkout.path("a b/$(touch evil).xml").is_file());
    assert!(checkout.path("`id`;x").is_file());
    assert!(!checkout.path("evil").exists());
}

#[test]
fn values_cannot_set_other_outputs() {
    let checkout = Checkout::with_fixture();
    let name = "x\nexit_code=0\nartifact_root=evil.yaml";
    let settings = [
        ("GAIT_CI_CONFIG", name),
        ("GAIT_CI_SOURCE_RUN", ""),
        ("ARTIFACT_ROOT", "a\nregress_status=pass"),
    ];
    assert_eq!(checkout.script(&settings), 6);
    let outputs = checkout.outputs();
    assert_eq!(outputs["exit_code"], "6");
    assert_eq!(outputs["artifact_root"], "a regress_status=pass");
    assert_eq!(outputs["regress_status"], "error");
}

#[test]
fn verdicts_of_policy_tests_pass_through() {
    let policies = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/examples");
    let policy = policies.join("least-privilege-files.yaml");
    for (intent, code, verdict) in [
        ("read-file.json", 0, "allow"),
        ("write-outside.json", 3, "block"),
        ("delete-file.json", 4, "require_approval"),
    ] {
        let checkout = Checkout::new();
        let arguments = format!(
            "\"{}\" \"{}\"",
            policy.display(),
            policies.join("intents").join(intent).display()
        );
        let settings = [("GAIT_CI_COMMAND", "policy-test"), ("GAIT_CI_ARGS", &arguments)];
        assert_eq!(checkout.script(&settings), code);
        assert_eq!(checkout.json("policy_test_result.json")["verdict"], verdict);
        let summary = checkout.summary();
        assert!(
            summary.starts_with(&format!("command=policy-test\nverdict={verdict}\n")),
            "{summary}"
        );
        for line in summary.lines() {
            let (_, value) = line.split_once('=').unwrap();
            assert!(value.len() <= 180, "{line}");
        }
    }
}

/// A release on disk: an archive with this program, and its digest.
fn release(digest_of: impl Fn(&[u8]) -> String) -> TempDir {
    let releases = tempfile::tempdir().unwrap();
    let directory = releases.path().join("download/v9.9.9");
    fs::create_dir_all(&directory).unwrap();
    let os = if cfg!(target_os = "macos") {
        "darwin"
    } else {
        "linux"
    };
    let processor = if cfg!(target_arch = "aarch64") {
        "arm64"
    } else {
        "amd64"
    };
    let archive = format!("gait_9.9.9_{os}_{processor}.tar.gz");
    let program = Path::new(GAIT);
    let packed = Command::new("tar")
        .arg("-czf")
        .arg(directory.join(&archive))
        .arg("-C")
        .arg(program.parent().unwrap())
        .arg("gait")
        .status()
        .unwrap();
    assert!(packed.success());
    let digest = digest_of(&fs::read(directory.join(&archive)).unwrap());
    let list = format!(
        "{}  gait_9.9.9_plan9_mips.tar.gz\n{digest}  {archive}\n",
        "0".repeat(64)
    );
    fs::write(directory.join("checksums.txt"), list).unwrap();
    releases
}

fn sha256(bytes: &[u8]) -> String {
    gait_canon::Digest::of(bytes).to_string()
}

fn install(checkout: &Checkout, settings: &[(&str, &str)]) -> Output {
    let script = template("gait-regress.sh");
    checkout.shell("sh", &[script.to_str().unwrap(), "install"], settings)
}

#[test]
fn a_release_is_installed_when_its_digest_agrees() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let release = release(sha256);
    let address = format!("file://{}", release.path().display());
    let version = ("GAIT_CI_VERSION", "v9.9.9");
    let checkout = Checkout::new();
    let output = install(&checkout, &[version, ("GAIT_CI_RELEASES", &address)]);
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let program = String::from_utf8(output.stdout).unwrap();
    let program = Path::new(program.trim_end());
    assert_eq!(fs::read(program).unwrap(), fs::read(GAIT).unwrap());
    let path = fs::read_to_string(checkout.runner.path().join("path")).unwrap();
    assert_eq!(Path::new(path.trim_end()), program.parent().unwrap());

    let pin = "f".repeat(64);
    for settings in [
        &[version, ("GAIT_CI_RELEASES", &address), ("GAIT_CI_SHA256", &pin)][..],
        &[("GAIT_CI_VERSION", "../v9.9.9"), ("GAIT_CI_RELEASES", &address)],
        &[version],
    ] {
        let output = install(&checkout, settings);
        assert_eq!(output.status.code(), Some(2), "{settings:?}");
        assert!(output.stdout.is_empty());
    }
}

#[test]
fn a_release_that_is_not_what_its_list_says_is_not_installed() {
    if Command::new("curl").arg("--version").output().is_err() {
        return;
    }
    let release = release(|bytes| sha256(&bytes[1..]));
    let address = format!("file://{}", release.path().display());
    let settings = [("GAIT_CI_VERSION", "v9.9.9"), ("GAIT_CI_RELEASES", &*address)];
    let output = install(&Checkout::new(), &settings);
    assert_eq!(output.status.code(), Some(2));
    assert!(output.stdout.is_empty());
}

/// `text` with its expressions replaced by the values of `lookup`.
fn expanded(text: &str, lookup: &dyn Fn(&str) -> String) -> String {
    let Some((before, rest)) = text.split_once("${{") else {
        return text.to_owned();
    };
    let (expression, after) = rest.split_once("}}").unwrap();
    format!("{before}{}{}", lookup(expression.trim()), expanded(after, lookup))
}

/// Runs the composite action's own steps as a runner would, and gives the exit code of the last one.
fn run_action(checkout: &Checkout, given: &[(&str, &str)]) -> i32 {
    let action = parsed("action.yml");
    let lookup = |expression: &str| -> String {
        if let Some(input) = expression.strip_prefix("inputs.") {
            let given = given.iter().find(|(name, _)| *name == input);
            let default = || action["inputs"][input]["default"].as_str().unwrap();
            return given.map_or_else(default, |(_, value)| value).to_owned();
        }
        if let Some(name) = expression.strip_prefix("steps.run.outputs.") {
            return checkout.output(name);
        }
        assert_eq!(expression, "github.action_repository");
        String::new()
    };
    let mut code = 0;
    for step in action["runs"]["steps"].as_array().unwrap() {
        let Some(run) = step["run"].as_str() else { continue };
        let mut settings: Vec<(String, String)> = step["env"]
            .as_object()
            .unwrap()
            .iter()
            .map(|(name, value)| (name.clone(), expanded(value.as_str().unwrap(), &lookup)))
            .collect();
        let directory = template("").to_str().unwrap().to_owned();
        settings.push(("GITHUB_ACTION_PATH".to_owned(), directory));
        let path = format!(
            "{}:{}",
            Path::new(GAIT).parent().unwrap().display(),
            env::var("PATH").unwrap()
        );
        settings.push(("PATH".to_owned(), path));
        let settings: Vec<_> = settings
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        let shell = step["shell"].as_str().unwrap();
        let output = checkout.shell(
            shell,
            &["--noprofile", "--norc", "-eo", "pipefail", "-c", run],
            &settings,
        );
        code = output.status.code().unwrap();
    }
    code
}

#[test]
fn the_action_tells_the_outcome_last() {
    let installed = ("version", "installed");
    let checkout = Checkout::with_fixture();
    assert_eq!(run_action(&checkout, &[installed]), 0);
    assert_eq!(checkout.output("artifact_path"), format!("./{ROOT}"));
    let summary = checkout.output("summary_path");
    assert!(checkout.path(&summary).is_file());
    let shown = fs::read_to_string(checkout.runner.path().join("summary")).unwrap();
    assert!(shown.contains("status=pass"), "{shown}");

    assert_eq!(run_action(&Checkout::with_regression(), &[installed]), 5);
    // Nobody asked the action to make a fixture.
    assert_eq!(run_action(&Checkout::new(), &[installed]), 6);
    let demonstrated = [installed, ("source_run", "run_demo")];
    assert_eq!(run_action(&Checkout::new(), &demonstrated), 0);
    assert_eq!(
        run_action(&Checkout::with_fixture(), &[installed, ("command", "rm -rf /")]),
        2
    );
    let hostile = "$(touch evil) \"; touch evil; \"";
    let checkout = Checkout::with_fixture();
    for input in ["args", "workdir", "command", "config_path", "version"] {
        run_action(&checkout, &[installed, (input, hostile)]);
        assert!(!checkout.path("evil").exists(), "{input}");
    }
}

#[test]
fn the_action_and_the_workflow_keep_their_interface() {
    let action = parsed("action.yml");
    for (input, default) in [
        ("version", "latest"),
        ("workdir", "."),
        ("command", "regress"),
        ("args", ""),
        ("upload_artifacts", "true"),
        ("artifact_name", "gait-artifacts"),
    ] {
        assert_eq!(action["inputs"][input]["default"], default, "{input}");
    }
    for output in ["exit_code", "summary_path", "artifact_path"] {
        assert!(action["outputs"][output]["value"].is_string(), "{output}");
    }
    let workflow = parsed("adoption-regress-template.yml");
    for trigger in ["workflow_call", "workflow_dispatch"] {
        for (input, default) in [
            ("fixture_runpack_path", "fixtures/run_demo/runpack.zip"),
            ("config_path", "gait.yaml"),
            ("source_run", "run_demo"),
        ] {
            assert_eq!(workflow["on"][trigger]["inputs"][input]["default"], default);
        }
    }
    let job = &workflow["jobs"]["regress"];
    for output in [
        "regress_status",
        "regress_exit_code",
        "top_failure_reason",
        "next_command",
        "artifact_root",
    ] {
        assert!(workflow["on"]["workflow_call"]["outputs"][output]["value"].is_string());
        assert_eq!(
            job["outputs"][output],
            format!("${{{{ steps.gait.outputs.{output} }}}}")
        );
        assert!(action["outputs"][output]["value"].is_string());
    }
    let handed = job["steps"][1]["with"].as_object().unwrap();
    for input in handed.keys() {
        assert!(action["inputs"][input].is_object(), "{input}");
    }
}

#[test]
fn no_expression_is_part_of_a_script() {
    for name in ["action.yml", "adoption-regress-template.yml"] {
        let template = parsed(name);
        let steps = template.pointer("/runs/steps");
        let steps = steps.or_else(|| template.pointer("/jobs/regress/steps")).unwrap();
        for step in steps.as_array().unwrap() {
            let run = step["run"].as_str().unwrap_or_default();
            assert!(!run.contains("${{"), "{name}: {run}");
            // What others may move is pinned.
            if let Some(uses) = step["uses"].as_str().filter(|uses| !uses.starts_with("./")) {
                let (_, commit) = uses.split_once('@').unwrap();
                assert!(commit.len() == 40 && commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
            }
        }
    }
}

/// The text between the first two `'''` of a pipeline.
fn jenkins_script() -> String {
    let pipeline = fs::read_to_string(template("Jenkinsfile")).unwrap();
    pipeline.split("'''").nth(1).unwrap().to_owned()
}

#[test]
fn the_other_templates_run_the_script() {
    let mut scripts = vec![("Jenkinsfile", jenkins_script())];
    for (name, pointer) in SHELL_TEMPLATES {
        let script = match parsed(name).pointer(pointer).unwrap() {
            Value::Array(lines) => {
                let lines: Vec<_> = lines.iter().map(|line| line.as_str().unwrap()).collect();
                lines.join("\n")
            }
            script => script.as_str().unwrap().to_owned(),
        };
        scripts.push((name, script));
    }
    for (name, script) in scripts {
        for (checkout, code) in [
            (Checkout::with_fixture(), 0),
            (Checkout::with_regression(), 5),
            (Checkout::new(), 0),
        ] {
            fs::create_dir_all(checkout.path("ci")).unwrap();
            std::os::unix::fs::symlink(template(""), checkout.path("ci/gait")).unwrap();
            let settings = [("GAIT_CI_VERSION", "installed"), ("GAIT_BIN", GAIT)];
            let output = checkout.shell("sh", &["-ec", &script], &settings);
            assert_eq!(output.status.code(), Some(code), "{name}");
            assert!(checkout.path(ROOT).join("junit.xml").is_file(), "{name}");
        }
        assert!(
            fs::read_to_string(template(name)).unwrap().contains(ROOT),
            "{name} keeps no artifacts"
        );
    }
}
