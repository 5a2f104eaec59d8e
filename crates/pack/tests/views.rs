//! What the readers of packs say of packs that were really built: inspection, comparison, export, attestation.

#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs;
use std::io::Cursor;
use std::path::{Path, PathBuf};

use gait_artifact::Timestamp;
use gait_artifact::bundle::AuthorizationBundle;
use gait_artifact::job::{JobCheckpoint, JobEvent, JobState};
use gait_artifact::pack::{
    AUTHORIZATION_BUNDLE_PATH, JOB_EVENTS_PATH, JOB_STATE_PATH, PackType, RUN_PAYLOAD_PATH, RUNPACK_PATH,
};
use gait_artifact::runpack::{IntentRecord, Receipt, Refs, ResultRecord, Run, TimelineEvent};
use gait_canon::zip::{Entry, Limits, Reader, write};
use gait_canon::{PrivateKey, json};
use gait_disk::progress::Unwatched;
use gait_pack::attest::{
    AttestError, AttestOptions, PackPredicate, PredicateType, Rejection, VerificationResult, attest, check,
    digest_of_archive,
};
use gait_pack::build::{run as build_run, seal};
use gait_pack::diff::diff;
use gait_pack::export::ExportSummary;
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
    let manifest = r#"{"schema_id":"gait.guard.pack_manifest"}"#;
    let entry = Entry::new("pack_manifest.json", manifest.as_bytes());
    fs::write(&path, write(Vec::new(), vec![entry]).unwrap()).unwrap();
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

impl Shelf {
    /// The pack of the run `content`.
    fn run_pack(&self, name: &str, content: &Content) -> PathBuf {
        let source = self.runpack(&format!("{name}-source"), content);
        let pack = build_run(&source, "1.0.0").unwrap();
        let path = self.path(name);
        pack.seal(None, &Unwatched)
            .unwrap()
            .write(&path, &Unwatched)
            .unwrap();
        path
    }

    /// The archive at `path` with the content of one entry replaced, and another entry added.
    fn damaged(&self, path: &Path, entry: &str) -> PathBuf {
        let mut archive = Reader::open(fs::File::open(path).unwrap(), Limits::default()).unwrap();
        let names: Vec<_> = archive.names().map(str::to_owned).collect();
        let mut entries = vec![Entry::new("extra.txt", Cursor::new(b"x".to_vec()))];
        for name in names {
            let content = if name == entry {
                b"changed".to_vec()
            } else {
                archive.read(&name).unwrap()
            };
            entries.push(Entry::new(name, Cursor::new(content)));
        }
        let damaged = self.path("damaged.zip");
        fs::write(&damaged, write(Vec::new(), entries).unwrap()).unwrap();
        damaged
    }
}

#[test]
fn a_damaged_pack_is_exported_with_its_damage() {
    let shelf = Shelf::new();
    let pack = shelf.run_pack("pack.zip", &noon());
    let sound = ExportSummary::of(&pack, &Unwatched).unwrap();
    assert!(sound.is_intact());
    assert_eq!(
        (sound.pack_type.as_str(), sound.source_ref.as_str()),
        ("run", "run_1")
    );
    assert_eq!(
        (sound.files_checked, sound.created_at),
        (4, Timestamp::EPOCH_1980)
    );
    assert_eq!(
        (sound.metrics.tool_calls_total, sound.metrics.policy_blocked),
        (3, 1)
    );

    let damaged = ExportSummary::of(&shelf.damaged(&pack, RUN_PAYLOAD_PATH), &Unwatched).unwrap();
    assert_eq!(
        (
            damaged.hash_mismatches,
            damaged.missing_files,
            damaged.undeclared_files
        ),
        (1, 0, 1)
    );
    assert_eq!(damaged.manifest_digest, sound.manifest_digest);

    let runpack = ExportSummary::of(&shelf.path("pack.zip-source"), &Unwatched).unwrap();
    assert_eq!(runpack.created_at, noon().run.created_at);
    assert_eq!(runpack.metrics, sound.metrics);
}

fn options(signer: &PrivateKey, predicate_type: PredicateType) -> AttestOptions<'_> {
    AttestOptions {
        predicate_type,
        signer,
        producer_version: "1.0.0",
        now: Timestamp::from_unix(1_800_000_000, 0),
    }
}

#[test]
fn an_attestation_holds_for_this_archive_this_key_and_this_statement() {
    let shelf = Shelf::new();
    let pack = shelf.run_pack("pack.zip", &noon());
    let (signer, stranger) = (PrivateKey::from_seed(&[1; 32]), PrivateKey::from_seed(&[2; 32]));
    let attestation = attest(&pack, &options(&signer, PredicateType::Pack), &Unwatched).unwrap();
    let again = attest(&pack, &options(&signer, PredicateType::Pack), &Unwatched).unwrap();
    assert_eq!(attestation, again, "the same pack and key give the same bytes");
    let bundle = attestation.line.as_bytes();
    let digest = digest_of_archive(&pack).unwrap();

    let statement = check(bundle, &digest, &signer.public(), PredicateType::Pack).unwrap();
    assert_eq!(statement, attestation.statement);
    assert_eq!(statement.subject[0].name, "pack.zip");
    let predicate: PackPredicate = json::from_value(&statement.predicate).unwrap();
    let inspection = inspect(&pack).unwrap();
    assert_eq!(predicate.pack_id, inspection.pack_id);
    assert_eq!(
        predicate.entries.len(),
        inspection.manifest.unwrap().contents.len()
    );
    assert_eq!(
        (
            predicate.verification.files_checked,
            predicate.verification.proof_records_verified
        ),
        (4, 3)
    );

    let other = digest_of_archive(&shelf.path("pack.zip-source")).unwrap();
    for (digest, key, predicate_type, expected) in [
        (&digest, &stranger, PredicateType::Pack, Rejection::NotSigned),
        (&other, &signer, PredicateType::Pack, Rejection::OtherSubject),
        (
            &digest,
            &signer,
            PredicateType::VerificationResult,
            Rejection::OtherPredicate,
        ),
    ] {
        assert_eq!(
            check(bundle, digest, &key.public(), predicate_type),
            Err(expected)
        );
    }
}

#[test]
fn readers_that_know_no_packs_get_a_verification_result() {
    let shelf = Shelf::new();
    let signer = PrivateKey::from_seed(&[1; 32]);
    let options = options(&signer, PredicateType::VerificationResult);
    let properties = |path: &Path| {
        let statement = attest(path, &options, &Unwatched).unwrap().statement;
        let result: VerificationResult = json::from_value(&statement.predicate).unwrap();
        assert_eq!(result.time_created, options.now);
        result.properties
    };
    let pack = shelf.run_pack("pack.zip", &noon());
    assert_eq!(
        properties(&pack),
        ["GAIT_PACK_INTEGRITY_V1", "GAIT_PACK_PROOF_CHAIN_V1"]
    );
    assert_eq!(
        properties(&shelf.path("pack.zip-source")),
        ["GAIT_PACK_INTEGRITY_V1"]
    );
}

#[test]
fn what_does_not_verify_is_not_attested() {
    let shelf = Shelf::new();
    let signer = PrivateKey::from_seed(&[1; 32]);
    let refused = |path: &Path| attest(path, &options(&signer, PredicateType::Pack), &Unwatched).unwrap_err();
    let pack = shelf.run_pack("pack.zip", &noon());
    assert!(matches!(
        refused(&shelf.damaged(&pack, RUN_PAYLOAD_PATH)),
        AttestError::NotVerified(_)
    ));
    assert!(matches!(
        refused(&shelf.damaged(&pack, "none")),
        AttestError::NotVerified(_)
    ));
    let text = shelf.path("text");
    fs::write(&text, "no archive").unwrap();
    assert!(matches!(refused(&text), AttestError::Verify(_)));
    assert!(matches!(refused(&shelf.path("absent")), AttestError::Open(_)));
}
