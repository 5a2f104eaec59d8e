//! Runs that become fixtures, and what is said of the runs that are held to them.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::num::NonZero;
use std::path::Path;
use std::thread;

use gait_artifact::Timestamp;
use gait_artifact::regress::{GradeStatus, RegressResult};
use gait_artifact::runpack::{
    INTENT_SCHEMA_ID, IntentRecord, REFS_SCHEMA_ID, RESULT_SCHEMA_ID, RUN_SCHEMA_ID, Receipt, Refs,
    ResultRecord, Run, SCHEMA_VERSION,
};
use gait_artifact::session::{SessionChain, SessionCheckpoint};
use gait_canon::json::{self, Value};
use gait_disk::progress::Unwatched;
use gait_regress::{
    CONFIG_PATH, InitError, Initialised, JunitForm, Options, RunError, Source, SourceError, init, junit, run,
    write_junit, write_result,
};
use gait_runpack::{CaptureMode, Content, write};
use proptest::prelude::*;
use tempfile::TempDir;

const CALLS: [(&str, &str); 3] = [
    ("tool.search", "ok"),
    ("tool.fetch", "blocked"),
    ("db.query", "odd"),
];
const DIGEST: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// A run that made `calls`, each a tool and how it went.
fn content(run_id: &str, calls: &[(&str, &str)]) -> Content {
    let (schema_version, run_id) = (SCHEMA_VERSION.to_owned(), run_id.to_owned());
    let mut content = Content {
        capture_mode: CaptureMode::Reference,
        run: Run {
            schema_id: RUN_SCHEMA_ID.to_owned(),
            schema_version: schema_version.clone(),
            created_at: Timestamp::from_unix(1_770_249_600, 0),
            run_id: run_id.clone(),
            ..Run::default()
        },
        refs: Refs {
            schema_id: REFS_SCHEMA_ID.to_owned(),
            schema_version: schema_version.clone(),
            run_id: run_id.clone(),
            ..Refs::default()
        },
        ..Content::default()
    };
    for (index, (tool, status)) in calls.iter().enumerate() {
        content.intents.push(IntentRecord {
            schema_id: INTENT_SCHEMA_ID.to_owned(),
            schema_version: schema_version.clone(),
            run_id: run_id.clone(),
            intent_id: format!("intent_{index}"),
            tool_name: (*tool).to_owned(),
            args_digest: DIGEST.to_owned(),
            ..IntentRecord::default()
        });
        content.results.push(ResultRecord {
            schema_id: RESULT_SCHEMA_ID.to_owned(),
            schema_version: schema_version.clone(),
            run_id: run_id.clone(),
            intent_id: format!("intent_{index}"),
            status: (*status).to_owned(),
            result_digest: DIGEST.to_owned(),
            ..ResultRecord::default()
        });
    }
    content
}

fn with_context(mut content: Content) -> Content {
    content.refs.context_set_digest = DIGEST.to_owned();
    content.refs.context_evidence_mode = "required".to_owned();
    content.refs.receipts = vec![Receipt {
        ref_id: "ref_1".to_owned(),
        content_digest: DIGEST.to_owned(),
        retrieved_at: Timestamp::from_unix(1_770_249_600, 0),
        ..Receipt::default()
    }];
    content
}

/// A directory with fixtures and runs.
struct Workspace(TempDir);

impl Workspace {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn root(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, content: &Content) {
        write(&self.root().join(name), content, None).unwrap();
    }

    fn init(&self, path: &str, name: &str) -> Result<Initialised, InitError> {
        init(self.root(), &Source::of_file(self.root(), path, "")?, name)
    }

    /// A fixture of the run `content`.
    fn fixture(&self, name: &str, content: &Content) -> Initialised {
        self.write("source.zip", content);
        self.init("source.zip", name).unwrap()
    }

    /// Sets members of a fixture's expectations.
    fn expect(&self, name: &str, members: &[(&str, Value)]) {
        let path = self.root().join(format!("fixtures/{name}/fixture.json"));
        let mut document = json::parse(&fs::read(&path).unwrap()).unwrap();
        for (member, value) in members {
            document.as_object_mut().unwrap().insert(*member, value.clone());
        }
        fs::write(path, json::compact(&document)).unwrap();
    }

    fn text(&self, path: &str) -> String {
        fs::read_to_string(self.root().join(path)).unwrap()
    }

    fn run_with(&self, threads: usize, context_conformance: bool) -> Result<RegressResult, RunError> {
        let options = Options {
            config: Path::new(CONFIG_PATH),
            context_conformance,
            allow_context_runtime_drift: false,
            producer_version: "1.0.0",
            threads: NonZero::new(threads).unwrap(),
        };
        run(self.root(), &options, &Unwatched)
    }

    fn run(&self) -> RegressResult {
        self.run_with(1, false).unwrap()
    }
}

fn failing(result: &RegressResult) -> Vec<String> {
    result.failures().map(|grader| grader.name.clone()).collect()
}

fn calls() -> impl Strategy<Value = Vec<(String, String)>> {
    let status = prop_oneof!["[a-z]{1,8}", Just("ok".to_owned()), Just("denied".to_owned())];
    proptest::collection::vec(("[a-zA-Z. ]{1,12}", status), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_run_is_as_it_was(calls in calls(), run_id in "[a-zA-Z0-9_.-]{1,16}") {
        let calls: Vec<_> = calls.iter().map(|(tool, status)| (tool.as_str(), status.as_str())).collect();
        let workspace = Workspace::new();
        let fixture = workspace.fixture("", &content(&run_id, &calls));
        prop_assert_eq!(&fixture.run_id, &run_id);
        let result = workspace.run();
        prop_assert_eq!(result.status, GradeStatus::Pass, "{:?}", result);
        prop_assert_eq!(result.graders.len(), 4);

        // The same run, recorded again under another name and at another time, is no other run.
        let mut again = content("another", &calls);
        again.run.created_at = Timestamp::from_unix(1, 0);
        workspace.write("again.zip", &again);
        workspace.expect(fixture.name.as_str(), &[("candidate_runpack", "../../again.zip".into())]);
        prop_assert_eq!(failing(&workspace.run()), Vec::<String>::new());
    }

    #[test]
    fn one_change_fails_the_graders_that_look_at_it(position in 0..CALLS.len(), of_tool in any::<bool>()) {
        let workspace = Workspace::new();
        workspace.fixture("f", &content("run_1", &CALLS));
        workspace.expect("f", &[("candidate_runpack", "../../candidate.zip".into())]);

        let mut changed = CALLS;
        if of_tool {
            changed[position].0 = "tool.other";
        } else {
            changed[position].1 = "simulated";
        }
        workspace.write("candidate.zip", &content("run_1", &changed));
        let result = workspace.run();
        prop_assert_eq!(failing(&result), ["f/diff", "f/trajectory"]);
        let file = if of_tool { "intents.jsonl" } else { "results.jsonl" };
        let diff = &result.graders[0];
        prop_assert_eq!(&diff.details["unexpected_files"], &Value::Array(vec![file.into()]));

        // What a call was about is no part of the trajectory.
        let mut changed = content("run_1", &CALLS);
        if of_tool {
            changed.intents[position].args_digest = DIGEST.replace('0', "f");
        } else {
            changed.results[position].result_digest = DIGEST.replace('0', "f");
        }
        workspace.write("candidate.zip", &changed);
        prop_assert_eq!(failing(&workspace.run()), ["f/diff"]);
        workspace.expect("f", &[("diff_allow_changed_files", Value::Array(vec![file.into()]))]);
        prop_assert_eq!(failing(&workspace.run()), Vec::<String>::new());
    }
}

#[test]
fn results_depend_on_the_fixtures_alone() {
    let workspace = Workspace::new();
    for index in 0..9 {
        let name = format!("f{index}");
        workspace.fixture(&name, &content(&format!("run_{index}"), &CALLS[..index % 4]));
        if index % 3 == 0 {
            workspace.expect(&name, &[("expected_replay_exit_code", 7i64.into())]);
        }
    }
    let written = |threads: usize| {
        let result = workspace.run_with(threads, false).unwrap();
        let (json, xml) = (workspace.root().join("r.json"), workspace.root().join("j/r.xml"));
        write_result(&json, &result).unwrap();
        write_junit(&xml, &result, JunitForm::Plain).unwrap();
        (fs::read(json).unwrap(), fs::read_to_string(xml).unwrap())
    };
    let alone = written(1);
    for threads in [1, 2, 3, 8, 64] {
        assert_eq!(written(threads), alone, "{threads} threads");
    }

    let result = workspace.run();
    assert_eq!(alone.1, junit(&result, JunitForm::Plain));
    let document = roxmltree::Document::parse(&alone.1).unwrap();
    let elements = |name| {
        document
            .descendants()
            .filter(|node| node.has_tag_name(name))
            .count()
    };
    assert_eq!(elements("testcase"), result.graders.len());
    assert_eq!(elements("failure"), failing(&result).len());
    assert_eq!(
        failing(&result),
        [
            "f0/expected_exit_code",
            "f3/expected_exit_code",
            "f6/expected_exit_code"
        ]
    );
    let again: RegressResult = json::read(&alone.0).unwrap();
    assert_eq!(again, result);
}

#[test]
fn the_first_broken_fixture_by_name_is_told() {
    let workspace = Workspace::new();
    for index in 0..8 {
        workspace.fixture(&format!("f{index}"), &content("run", &CALLS));
    }
    for index in [2, 5] {
        fs::write(
            workspace.root().join(format!("fixtures/f{index}/runpack.zip")),
            "no zip",
        )
        .unwrap();
    }
    workspace.expect("f2", &[("checkpoint_index", (-1i64).into())]);
    for threads in [1, 4] {
        let error = workspace.run_with(threads, false).unwrap_err().to_string();
        assert!(error.starts_with("read fixture runpack for f2:"), "{error}");
    }
}

#[test]
fn a_candidate_that_cannot_be_used_fails() {
    let workspace = Workspace::new();
    workspace.fixture("f", &with_context(content("run", &CALLS)));
    fs::write(workspace.root().join("text.zip"), "no zip").unwrap();
    for (candidate, reason) in [
        ("../../text.zip", "diff_error"),
        ("gone.zip", "candidate_path_invalid"),
    ] {
        workspace.expect("f", &[("candidate_runpack", candidate.into())]);
        let result = workspace.run();
        assert_eq!(
            failing(&result),
            ["f/context_conformance", "f/diff", "f/trajectory"]
        );
        let diff = &result.graders[1];
        assert_eq!(diff.reason_codes, [reason]);
        let names: Vec<_> = diff.details.keys().map(String::as_str).collect();
        assert_eq!(names, ["error", "fixture", "run_id"]);
    }
}

#[test]
fn the_context_of_another_run_can_be_the_same() {
    let workspace = Workspace::new();
    workspace.fixture("f", &with_context(content("run", &CALLS)));
    workspace.expect("f", &[("candidate_runpack", "../../c.zip".into())]);
    let context_of = |candidate: &Content| {
        workspace.write("c.zip", candidate);
        let result = workspace.run();
        let grader = &result.graders[0];
        assert_eq!(grader.name, "f/context_conformance");
        grader.reason_codes[0].clone()
    };

    let mut candidate = with_context(content("another", &CALLS));
    assert_eq!(context_of(&candidate), "context_conformance_pass");
    candidate.refs.receipts[0].retrieved_at = Timestamp::from_unix(1_780_000_000, 0);
    assert_eq!(context_of(&candidate), "context_runtime_drift_blocked");
    candidate.refs.receipts[0].content_digest = DIGEST.replace('0', "f");
    assert_eq!(context_of(&candidate), "context_semantic_drift");
}

#[test]
fn what_was_asked_by_hand_stays_asked() {
    let workspace = Workspace::new();
    workspace.fixture("f", &content("old", &CALLS));
    workspace.expect(
        "f",
        &[
            ("expected_replay_exit_code", 2i64.into()),
            ("diff_allow_changed_files", Value::Array(vec!["refs.json".into()])),
            ("owner", "me".into()),
        ],
    );
    fs::write(
        workspace.root().join(CONFIG_PATH),
        "fixture_set: nightly\nowner: me\nfixtures:\n- name: kept\n  runpack: elsewhere/kept.zip\n",
    )
    .unwrap();
    workspace.fixture("f", &with_context(content("new", &CALLS[..1])));

    let metadata = workspace.text("fixtures/f/fixture.json");
    for line in [
        r#""run_id": "new""#,
        r#""expected_replay_exit_code": 2"#,
        r#""refs.json""#,
        r#""owner": "me""#,
        r#""context_conformance": "required""#,
    ] {
        assert!(metadata.contains(line), "{line} is not in {metadata}");
    }
    assert!(!metadata.contains("tool.fetch"));
    let config = workspace.text(CONFIG_PATH);
    for text in ["nightly", "owner", "elsewhere/kept.zip", "fixtures/f/runpack.zip"] {
        assert!(config.contains(text), "{text} is not in {config}");
    }
}

#[test]
fn a_configuration_that_cannot_be_read_is_left_alone() {
    let workspace = Workspace::new();
    workspace.write("source.zip", &content("run", &CALLS));
    fs::write(workspace.root().join(CONFIG_PATH), "fixtures: [").unwrap();
    assert!(matches!(
        workspace.init("source.zip", ""),
        Err(InitError::Config(_))
    ));
    assert_eq!(workspace.text(CONFIG_PATH), "fixtures: [");
    assert!(!workspace.root().join("fixtures").exists());
}

#[test]
fn fixtures_made_at_once_are_all_listed() {
    let workspace = Workspace::new();
    workspace.write("source.zip", &content("run", &CALLS));
    thread::scope(|scope| {
        for index in 0..8 {
            let workspace = &workspace;
            scope.spawn(move || workspace.init("source.zip", &format!("f{index}")).unwrap());
        }
    });
    assert_eq!(workspace.run().graders.len(), 8 * 4);
}

#[test]
fn what_is_not_intact_becomes_no_fixture() {
    let workspace = Workspace::new();
    workspace.write("source.zip", &content("run", &CALLS));
    let mut bytes = fs::read(workspace.root().join("source.zip")).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 1;
    fs::write(workspace.root().join("source.zip"), bytes).unwrap();
    assert!(matches!(
        workspace.init("source.zip", ""),
        Err(InitError::Source(_))
    ));
    assert!(matches!(
        workspace.init("gone.zip", ""),
        Err(InitError::Source(_))
    ));
    assert_eq!(fs::read_dir(workspace.root()).unwrap().count(), 1);
}

#[test]
fn a_pack_gives_the_runpack_inside() {
    let workspace = Workspace::new();
    workspace.write("source.zip", &content("run", &CALLS));
    let source = workspace.root().join("source.zip");
    let mut pack = gait_pack::build::run(&source, "1.0.0")
        .unwrap()
        .seal(None, &Unwatched)
        .unwrap();
    pack.write(&workspace.root().join("pack.zip"), &Unwatched)
        .unwrap();
    let fixture = workspace.init("pack.zip", "").unwrap();
    assert_eq!(fixture.run_id, "run");
    let copied = fs::read(workspace.root().join(&fixture.runpack_path)).unwrap();
    assert_eq!(copied, fs::read(source).unwrap());
    assert_eq!(workspace.run().status, GradeStatus::Pass);
}

#[test]
fn a_checkpoint_is_taken_and_what_the_chain_says_is_checked() {
    let workspace = Workspace::new();
    workspace.write("one.zip", &content("run_1", &CALLS));
    let mut checkpoint = SessionCheckpoint {
        checkpoint_index: 4,
        runpack_path: "one.zip".to_owned(),
        manifest_digest: DIGEST.to_owned(),
        ..SessionCheckpoint::default()
    };
    checkpoint.checkpoint_digest = checkpoint.computed_digest().to_string();
    let chain = SessionChain {
        session_id: "s".to_owned(),
        run_id: "run_1".to_owned(),
        checkpoints: vec![checkpoint],
        ..SessionChain::default()
    };
    fs::write(workspace.root().join("chain.json"), json::pretty(&chain).unwrap()).unwrap();
    let receipt = r#"{"schema_id":"gait.capture.receipt","schema_version":"1.0.0","artifact_type":"runpack",
        "artifact_path":"gone.zip","session_chain_path":"chain.json"}"#;
    fs::write(workspace.root().join("receipt.json"), receipt).unwrap();

    let receipt = |checkpoint| Source::of_receipt(workspace.root(), "receipt.json", checkpoint);
    let source = receipt("latest").unwrap().unwrap();
    let fixture = init(workspace.root(), &source, "").unwrap();
    assert_eq!(fixture.findings.len(), 1, "the chain means another manifest");
    let metadata = workspace.text("fixtures/run_1/fixture.json");
    assert!(metadata.contains(r#""checkpoint_index": 4"#), "{metadata}");
    assert!(matches!(receipt("1"), Err(SourceError::ReceiptChain(_))));
    assert!(matches!(
        Source::of_receipt(workspace.root(), "chain.json", ""),
        Ok(None)
    ));
}
