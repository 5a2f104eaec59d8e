//! What the readers of packs say of packs that were really built: inspection, comparison, export, attestation.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::path::PathBuf;

use gait_artifact::Timestamp;
use gait_artifact::bundle::AuthorizationBundle;
use gait_artifact::job::{JobCheckpoint, JobEvent, JobState};
use gait_artifact::pack::{
    AUTHORIZATION_BUNDLE_PATH, JOB_EVENTS_PATH, JOB_STATE_PATH, PackType, RUN_PAYLOAD_PATH, RUNPACK_PATH,
};
use gait_artifact::runpack::{IntentRecord, Receipt, Refs, ResultRecord, Run, TimelineEvent};
use gait_canon::json;
use gait_disk::progress::Unwatched;
use gait_pack::build::seal;
use gait_pack::diff::diff;
use gait_pack::inspect::{InspectError, IntentResult, inspect};
use gait_pack::proof::PackHeader;
use gait_pack::{EntryContent, PackEntry};
use gait_runpack::{CaptureMode, Content};
use tempfile::TempDir;

struct Shelf(TempDir);

impl Shelf {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn pack(&self, name: &str, pack_type: PackType, entries: &[(&str, &[u8])]) -> PathBuf {
        let header = PackHeader {
            pack_type,
            source_ref: "source_1".to_owned(),
            producer_version: "1.0.0".to_owned(),
        };
        let entries = entries
            .iter()
            .map(|(path, bytes)| PackEntry::new(*path, EntryContent::Bytes(bytes.to_vec())));
        let path = self.path(name);
        seal(&header, entries.collect(), None, &Unwatched)
            .unwrap()
            .write(&path, &Unwatched)
            .unwrap();
        path
    }

    fn runpack(&self, name: &str, content: &Content) -> PathBuf {
        let path = self.path(name);
        gait_runpack::write(&path, content, None).unwrap();
        path
    }
}

/// A run that looked at one document at `retrieved_at`, which said what has the digest of `c`s.
fn run(retrieved_at: &str, c: char) -> Content {
    let intent = |id: &str, tool: &str| IntentRecord {
        intent_id: id.to_owned(),
        tool_name: tool.to_owned(),
        run_id: "run_1".to_owned(),
        schema_id: "gait.runpack.intent".to_owned(),
        schema_version: "1.0.0".to_owned(),
        args_digest: "1".repeat(64),
        ..IntentRecord::default()
    };
    let result = |id: &str, status: &str, captured: &str| ResultRecord {
        intent_id: id.to_owned(),
        status: status.to_owned(),
        run_id: "run_1".to_owned(),
        schema_id: "gait.runpack.result".to_owned(),
        schema_version: "1.0.0".to_owned(),
        result_digest: "2".repeat(64),
        result: json::read(captured.as_bytes()).unwrap(),
        ..ResultRecord::default()
    };
    Content {
        run: Run {
            schema_id: "gait.runpack.run".to_owned(),
            schema_version: "1.0.0".to_owned(),
            created_at: Timestamp::from_unix(1_771_027_200, 0),
            run_id: "run_1".to_owned(),
            timeline: Some(vec![TimelineEvent::default(); 3]),
            ..Run::default()
        },
        intents: vec![intent("b", "fs.read"), intent("a", "db.query")],
        results: vec![
            result("a", "error", "null"),
            result("a", "ok", r#"{"verdict":"block"}"#),
            result("c", "ok", "null"),
        ],
        refs: Refs {
            schema_id: "gait.runpack.refs".to_owned(),
            schema_version: "1.0.0".to_owned(),
            run_id: "run_1".to_owned(),
            receipts: vec![Receipt {
                ref_id: "r".to_owned(),
                source_type: "doc".to_owned(),
                source_locator: "docs://r".to_owned(),
                query_digest: "3".repeat(64),
                content_digest: c.to_string().repeat(64),
                retrieved_at: retrieved_at.parse().unwrap(),
                redaction_mode: "metadata".to_owned(),
                ..Receipt::default()
            }],
            ..Refs::default()
        },
        capture_mode: CaptureMode::Raw,
    }
}

fn noon() -> Content {
    run("2026-02-14T12:00:00Z", 'a')
}

#[test]
fn a_run_tells_what_came_of_each_intent() {
    let shelf = Shelf::new();
    let source = fs::read(shelf.runpack("runpack.zip", &noon())).unwrap();
    let pack = shelf.pack(
        "pack.zip",
        PackType::Run,
        &[(RUNPACK_PATH, &source), (RUN_PAYLOAD_PATH, b"{}")],
    );
    let inspection = inspect(&pack).unwrap();
    assert_eq!(inspection.source_ref, "source_1");
    assert!(
        inspection.run_payload.is_none(),
        "a payload without its members is left out"
    );
    let lineage = inspection.run_lineage.unwrap();
    assert_eq!((lineage.timeline_events, lineage.receipt_count), (3, 1));
    let outcome = |id: &str, tool_name: &str, status: &str| IntentResult {
        intent_id: id.to_owned(),
        tool_name: tool_name.to_owned(),
        status: status.to_owned(),
    };
    let expected = [
        outcome("a", "db.query", "ok"),
        outcome("b", "fs.read", ""),
        outcome("c", "", "ok"),
    ];
    assert_eq!(lineage.intent_results, expected);

    let opaque = shelf.pack("opaque.zip", PackType::Run, &[(RUNPACK_PATH, b"no archive")]);
    assert!(inspect(&opaque).unwrap().run_lineage.is_none());
}

#[test]
fn a_runpack_is_inspected_like_the_pack_it_would_be() {
    let shelf = Shelf::new();
    let inspection = inspect(&shelf.runpack("runpack.zip", &noon())).unwrap();
    assert_eq!(
        (inspection.legacy_type, inspection.source_ref.as_str()),
        ("runpack", "run_1")
    );
    assert!(inspection.manifest.is_none());
    let payload = inspection.run_payload.unwrap();
    assert_eq!(payload.manifest_digest, inspection.pack_id);
    assert_eq!(
        (payload.intents_count, payload.results_count, payload.refs_count),
        (2, 3, 1)
    );
    assert_eq!(payload.context_privacy_mode, "metadata");
}

#[test]
fn a_job_tells_its_checkpoints_unless_it_makes_no_sense() {
    let shelf = Shelf::new();
    let checkpoint = |id: &str| JobCheckpoint {
        checkpoint_id: id.to_owned(),
        ..JobCheckpoint::default()
    };
    let state = JobState {
        job_id: "job_1".to_owned(),
        checkpoints: vec![checkpoint("cp_2"), checkpoint("cp_1")],
        ..JobState::default()
    };
    let event = |kind: &str| JobEvent {
        kind: kind.to_owned(),
        ..JobEvent::default()
    };
    let state = json::pretty(&state).unwrap();
    let line = |event: &JobEvent| json::compact(&json::to_value(event).unwrap());
    let events = format!("{}\n\n{}\n", line(&event("submitted")), line(&event("paused")));
    let pack = |name: &str, events: &str| {
        let entries: [(&str, &[u8]); 2] = [
            (JOB_STATE_PATH, state.as_bytes()),
            (JOB_EVENTS_PATH, events.as_bytes()),
        ];
        inspect(&shelf.pack(name, PackType::Job, &entries)).unwrap()
    };
    let lineage = pack("job.zip", &events).job_lineage.unwrap();
    assert_eq!(
        (lineage.event_count, lineage.last_event_type.as_str()),
        (2, "paused")
    );
    let ids: Vec<_> = lineage
        .checkpoint_refs
        .iter()
        .map(|found| found.checkpoint_id.as_str())
        .collect();
    assert_eq!(ids, ["cp_1", "cp_2"]);
    assert!(
        pack("broken.zip", &format!("{events}{{\"x\":1}}\n"))
            .job_lineage
            .is_none()
    );
    assert!(pack("broken.zip", "{").job_payload.is_none());
}

#[test]
fn an_authorization_counts_its_evidence() {
    let shelf = Shelf::new();
    for (bundle, expected) in [
        (AuthorizationBundle::default(), (0, 0)),
        (
            AuthorizationBundle {
                trace_path: "t.json".to_owned(),
                trace_digest: "d".to_owned(),
                outcome_path: "o.json".to_owned(),
                context_evidence_path: " ".to_owned(),
                ..AuthorizationBundle::default()
            },
            (2, 1),
        ),
    ] {
        let bundle = json::pretty(&bundle).unwrap();
        let entries: [(&str, &[u8]); 1] = [(AUTHORIZATION_BUNDLE_PATH, bundle.as_bytes())];
        let pack = shelf.pack("pack.zip", PackType::Authorization, &entries);
        let payload = inspect(&pack).unwrap().authorization_payload.unwrap();
        assert_eq!(
            (payload.linked_evidence_count, payload.required_evidence_count),
            expected
        );
    }
}

#[test]
fn packs_of_the_guard_are_refused() {
    let shelf = Shelf::new();
    let path = shelf.path("guard.zip");
    let entry = gait_canon::zip::Entry::new(
        "pack_manifest.json",
        r#"{"schema_id":"gait.guard.pack_manifest"}"#.as_bytes(),
    );
    fs::write(&path, gait_canon::zip::write(Vec::new(), vec![entry]).unwrap()).unwrap();
    assert!(matches!(inspect(&path), Err(InspectError::GuardPack)));
    assert!(diff(&path, &path).is_err());
}

#[test]
fn contexts_differ_in_time_or_in_meaning() {
    let shelf = Shelf::new();
    let pack = |name: &str, content: &Content| {
        let source = fs::read(shelf.runpack(&format!("{name}-source"), content)).unwrap();
        shelf.pack(name, PackType::Run, &[(RUNPACK_PATH, &source)])
    };
    let one = pack("one", &noon());
    let later = pack("later", &run("2026-02-15T12:00:00Z", 'a'));
    let changed = pack("changed", &run("2026-02-14T12:00:00Z", 'b'));
    for (left, right, class, runtime_only) in [
        (&one, &one, "none", false),
        (&one, &later, "runtime_only", true),
        (&one, &changed, "semantic", false),
        (&later, &changed, "semantic", false),
    ] {
        let summary = diff(left, right).unwrap().summary;
        assert_eq!(summary.context_drift_classification, class);
        assert_eq!(summary.context_runtime_only_changes, runtime_only);
        assert_eq!(summary.changed, left != right);
        assert_eq!(summary.context_changed, left != right);
    }
    let bare = diff(&one, &shelf.path("one-source")).unwrap().summary;
    assert_eq!(bare.context_drift_classification, "none");
    assert!(bare.manifest_delta && bare.removed_files.contains(&RUNPACK_PATH.to_owned()));
}
