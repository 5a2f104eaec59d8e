//! Sources and packs for tests.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use gait_artifact::Timestamp;
use gait_artifact::job::{JobEvent, JobState};
use gait_artifact::pack::PackType;
use gait_artifact::runpack::{IntentRecord, Receipt, Refs, ResultRecord, Run};
use gait_canon::PrivateKey;
use gait_disk::progress::Unwatched;
use gait_pack::build::{Unsealed, run};
use gait_pack::proof::PackHeader;
use gait_pack::verify::{Verification, VerifyError, VerifyOptions, verify_reader};
use gait_pack::{EntryContent, PackEntry};
use gait_runpack::{Content, normalize_refs, to_bytes};
use tempfile::TempDir;

pub(crate) fn key() -> PrivateKey {
    PrivateKey::from_seed(&[9; 32])
}

pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_770_000_000 + seconds, 0)
}

/// What a run with these calls and looks-up recorded. Texts may be anything.
pub(crate) fn content(run_id: &str, calls: &[(String, String)], locators: &[String]) -> Content {
    let mut content = Content {
        run: Run {
            schema_id: "gait.runpack.run".to_owned(),
            schema_version: "1.0.0".to_owned(),
            created_at: at(0),
            producer_version: "1.0.0".to_owned(),
            run_id: run_id.to_owned(),
            timeline: Some(Vec::new()),
            ..Run::default()
        },
        refs: Refs {
            schema_id: "gait.runpack.refs".to_owned(),
            schema_version: "1.0.0".to_owned(),
            created_at: at(0),
            producer_version: "1.0.0".to_owned(),
            run_id: run_id.to_owned(),
            ..Refs::default()
        },
        ..Content::default()
    };
    for (index, (tool, status)) in calls.iter().enumerate() {
        content.intents.push(IntentRecord {
            schema_id: "gait.runpack.intent".to_owned(),
            schema_version: "1.0.0".to_owned(),
            created_at: at(1),
            producer_version: "1.0.0".to_owned(),
            run_id: run_id.to_owned(),
            intent_id: format!("intent_{index}"),
            tool_name: tool.clone(),
            args_digest: "a".repeat(64),
            args: None,
        });
        content.results.push(ResultRecord {
            schema_id: "gait.runpack.result".to_owned(),
            schema_version: "1.0.0".to_owned(),
            created_at: at(2),
            producer_version: "1.0.0".to_owned(),
            run_id: run_id.to_owned(),
            intent_id: format!("intent_{index}"),
            status: status.clone(),
            result_digest: "b".repeat(64),
            result: None,
        });
    }
    for (index, locator) in locators.iter().enumerate() {
        content.refs.receipts.push(Receipt {
            ref_id: format!("ref_{index}"),
            source_type: "doc".to_owned(),
            source_locator: format!("docs://{locator}"),
            query_digest: "c".repeat(64),
            content_digest: "d".repeat(64),
            retrieved_at: at(3),
            redaction_mode: "reference".to_owned(),
            ..Receipt::default()
        });
    }
    normalize_refs(&mut content.refs).unwrap();
    content
}

/// A run that does a little of everything.
pub(crate) fn example_run() -> Content {
    let calls = [("fs.read", "ok"), ("fs.write", "error")];
    let calls = calls.map(|(tool, status)| (tool.to_owned(), status.to_owned()));
    content("run_1", &calls, &["guide".to_owned()])
}

/// A directory with one runpack in it.
pub(crate) struct Shelf {
    directory: TempDir,
}

impl Shelf {
    pub(crate) fn with(content: &Content) -> Self {
        let shelf = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        fs::write(shelf.runpack(), to_bytes(content, None).unwrap().0).unwrap();
        shelf
    }

    pub(crate) fn runpack(&self) -> PathBuf {
        self.directory.path().join("runpack.zip")
    }

    /// The pack of the runpack, not sealed yet.
    pub(crate) fn unsealed(&self) -> Unsealed {
        run(&self.runpack(), "1.0.0").unwrap()
    }
}

/// The bytes of a pack.
pub(crate) fn packed(unsealed: Unsealed, signer: Option<&PrivateKey>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut pack = unsealed.seal(signer, &Unwatched).unwrap();
    pack.write_to(&mut bytes, &Unwatched).unwrap();
    bytes
}

pub(crate) fn verified(bytes: &[u8], options: &VerifyOptions<'_>) -> Result<Verification, VerifyError> {
    verify_reader(Cursor::new(bytes), options, &Unwatched)
}

/// The findings about a pack that passes, each as its code, its subject and its message.
pub(crate) fn findings(bytes: &[u8]) -> Vec<String> {
    let found = verified(bytes, &VerifyOptions::default()).unwrap();
    assert!(found.is_ok(), "{found:?}");
    let strict = VerifyOptions {
        strict: true,
        ..VerifyOptions::default()
    };
    assert_eq!(
        verified(bytes, &strict).unwrap().is_ok(),
        found.findings.is_empty()
    );
    let told = found.findings.iter();
    told.map(|finding| format!("{:?} {}: {}", finding.code, finding.subject, finding.message))
        .collect()
}

pub(crate) fn entry(path: &str, bytes: &[u8]) -> PackEntry {
    PackEntry::new(path, EntryContent::Bytes(bytes.to_vec()))
}

pub(crate) fn unsealed(pack_type: PackType, source_ref: &str, entries: Vec<PackEntry>) -> Unsealed {
    Unsealed {
        header: PackHeader {
            pack_type,
            source_ref: source_ref.to_owned(),
            producer_version: "1.0.0".to_owned(),
        },
        entries,
    }
}

/// A job that was submitted and paused.
pub(crate) fn job() -> (JobState, Vec<JobEvent>) {
    let state = JobState {
        schema_id: "gait.job.runtime".to_owned(),
        schema_version: "1.0.0".to_owned(),
        created_at: at(0),
        updated_at: at(1),
        producer_version: "1.0.0".to_owned(),
        job_id: "job_1".to_owned(),
        status: "paused".to_owned(),
        stop_reason: "paused_by_user".to_owned(),
        status_reason_code: "paused".to_owned(),
        environment_fingerprint: "envfp".to_owned(),
        revision: 2,
        ..JobState::default()
    };
    let event = |revision: u32, kind: &str| JobEvent {
        schema_id: "gait.job.event".to_owned(),
        schema_version: "1.0.0".to_owned(),
        created_at: at(i64::from(revision) - 1),
        job_id: "job_1".to_owned(),
        revision: u64::from(revision),
        kind: kind.to_owned(),
        ..JobEvent::default()
    };
    (state, vec![event(1, "submitted"), event(2, "paused")])
}
