//! Runs and evidence for tests.

use std::fs;
use std::io::Cursor;
use std::path::PathBuf;

use gait_artifact::Timestamp;
use gait_artifact::runpack::{IntentRecord, Receipt, Refs, Run};
use gait_canon::PrivateKey;
use gait_canon::zip::{Entry, Limits, Reader, write};
use gait_disk::progress::Unwatched;
use gait_evidence::pack::Settings;
use gait_evidence::{Collection, EvidencePack, Template};
use gait_pack::verify::{Verification, VerifyError, VerifyOptions, evidence_from};
use gait_runpack::{Content, RunSummary, normalize_refs, to_bytes};
use tempfile::TempDir;

/// The files of an archive, by path.
pub(crate) type Files = Vec<(String, Vec<u8>)>;

pub(crate) fn key() -> PrivateKey {
    PrivateKey::from_seed(&[9; 32])
}

/// Seconds around the run.
pub(crate) fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix(1_770_000_000 + seconds, 0)
}

/// A runpack with one call and one reference.
pub(crate) fn runpack() -> Vec<u8> {
    let texts = |schema_id: &str| [schema_id, "1.0.0", "1.0.0", "run_1"].map(str::to_owned);
    let [schema_id, schema_version, producer_version, run_id] = texts("gait.runpack.run");
    let run = Run {
        schema_id,
        schema_version,
        created_at: at(0),
        producer_version,
        run_id,
        ..Run::default()
    };
    let [schema_id, schema_version, producer_version, run_id] = texts("gait.runpack.intent");
    let intent = IntentRecord {
        schema_id,
        schema_version,
        created_at: at(1),
        producer_version,
        run_id,
        intent_id: "intent_1".to_owned(),
        tool_name: "fs.read".to_owned(),
        args_digest: "a".repeat(64),
        args: None,
    };
    let [schema_id, schema_version, producer_version, run_id] = texts("gait.runpack.refs");
    let mut refs = Refs {
        schema_id,
        schema_version,
        created_at: at(0),
        producer_version,
        run_id,
        receipts: vec![Receipt {
            ref_id: "ref_1".to_owned(),
            source_type: "doc".to_owned(),
            source_locator: "docs://a".to_owned(),
            query_digest: "c".repeat(64),
            content_digest: "d".repeat(64),
            retrieved_at: at(1),
            redaction_mode: "reference".to_owned(),
            ..Receipt::default()
        }],
        ..Refs::default()
    };
    normalize_refs(&mut refs).unwrap();
    let content = Content {
        run,
        intents: vec![intent],
        refs,
        ..Content::default()
    };
    to_bytes(&content, None).unwrap().0
}

/// A directory with a runpack.
pub(crate) struct Shelf {
    pub(crate) root: TempDir,
    pub(crate) run: RunSummary,
}

impl Shelf {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().unwrap();
        let bytes = runpack();
        fs::write(root.path().join("runpack.zip"), &bytes).unwrap();
        let run = RunSummary::read(Cursor::new(bytes)).unwrap();
        Self { root, run }
    }

    pub(crate) fn runpack(&self) -> PathBuf {
        self.root.path().join("runpack.zip")
    }

    /// Puts a file beside the runpack.
    pub(crate) fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.root.path().join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

pub(crate) fn settings() -> Settings<'static> {
    Settings {
        case_id: "INC-1",
        template: Template::Soc2,
        render_pdf: true,
        producer_version: "1.0.0",
        now: at(0),
    }
}

/// A signed pack with a trace and an approval audit.
pub(crate) fn signed_pack() -> Vec<u8> {
    let shelf = Shelf::new();
    let mut collection = Collection::new();
    let trace = shelf.put(
        "trace_1.json",
        r#"{"trace_id":"t","tool_name":"fs.read","verdict":"allow"}"#,
    );
    collection.add_trace(&trace).unwrap();
    let audit = shelf.put("approval_audit_1.json", r#"{"trace_id":"t","approved":true}"#);
    collection.add_approval_audit(&audit).unwrap();
    let mut pack = EvidencePack::build(&shelf.run, collection, &settings()).unwrap();
    pack.sign(&key()).unwrap();
    pack.write_to(Vec::new()).unwrap()
}

/// Verifies as strictly as there is.
pub(crate) fn strictly(bytes: &[u8]) -> Result<Verification, VerifyError> {
    let public = key().public();
    let options = VerifyOptions {
        key: Some(&public),
        require_signature: true,
        strict: true,
    };
    evidence_from(Cursor::new(bytes), &options, &Unwatched)
}

/// Verifies as the standard profile does, without a key.
pub(crate) fn findings(bytes: &[u8]) -> Vec<String> {
    let found = evidence_from(Cursor::new(bytes), &VerifyOptions::default(), &Unwatched).unwrap();
    assert!(found.is_ok(), "{found:?}");
    found.findings.iter().map(ToString::to_string).collect()
}

pub(crate) fn files(bytes: &[u8]) -> Files {
    let mut archive = Reader::open(Cursor::new(bytes), Limits::default()).unwrap();
    let names: Vec<_> = archive.names().map(str::to_owned).collect();
    names
        .into_iter()
        .map(|name| {
            let content = archive.read(&name).unwrap();
            (name, content)
        })
        .collect()
}

pub(crate) fn archive(files: &Files) -> Vec<u8> {
    let entries = files
        .iter()
        .map(|(path, bytes)| Entry::new(path, bytes.as_slice()));
    write(Vec::new(), entries.collect()).unwrap()
}
