//! What verification tells about runpacks and chains that pass although something is odd about them.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::path::Path;

use gait_artifact::finding::FindingCode::{self, *};
use gait_artifact::session::{SessionChain, SessionCheckpoint};
use gait_canon::{Digest, PrivateKey, json, sign, zip};
use gait_disk::progress::Unwatched;
use gait_runpack::chain::parse_chain;
use gait_runpack::{
    SignatureStatus, Verification, VerifyOptions, manifest_digest, parse_manifest, signable, verify_chain,
    verify_reader,
};

/// A runpack in parts, so that tests can change any of them.
#[derive(Clone)]
struct Parts {
    files: Vec<(&'static str, String)>,
    /// Entries beside the declared files.
    more: Vec<(&'static str, String)>,
    run_id: &'static str,
    capture_mode: &'static str,
    /// Members put at the front of the manifest.
    extra: &'static str,
    signers: Vec<u8>,
}

impl Parts {
    fn new() -> Self {
        Self {
            files: vec![
                ("intents.jsonl", format!("{}\n", record("intent_id"))),
                ("refs.json", r#"{"run_id":"run_1","receipts":[]}"#.to_owned()),
                ("results.jsonl", format!("{}\n", record("status"))),
                ("run.json", r#"{"run_id":"run_1","timeline":null}"#.to_owned()),
            ],
            more: Vec::new(),
            run_id: "run_1",
            capture_mode: "reference",
            extra: "",
            signers: Vec::new(),
        }
    }

    fn file(mut self, path: &str, content: &str) -> Self {
        for (name, text) in &mut self.files {
            if *name == path {
                content.clone_into(text);
            }
        }
        self
    }

    fn manifest(&self) -> String {
        let mut files = String::new();
        for (path, content) in &self.files {
            let separator = if files.is_empty() { "" } else { "," };
            let digest = Digest::of(content.as_bytes());
            write!(files, r#"{separator}{{"path":"{path}","sha256":"{digest}"}}"#)
                .expect("a String takes every text");
        }
        let (run_id, mode, extra) = (self.run_id, self.capture_mode, self.extra);
        let with = |digest: &str, signatures: &str| {
            format!(
                r#"{{{extra}"schema_id":"gait.runpack.manifest","schema_version":"1.0.0","run_id":"{run_id}","capture_mode":"{mode}","files":[{files}],"manifest_digest":"{digest}"{signatures}}}"#
            )
        };
        let digest = parse_manifest(with("", "").as_bytes()).map(|manifest| manifest_digest(&manifest));
        let text = with(&digest.expect("a manifest").to_string(), "");
        let signed = signable(text.as_bytes()).expect("an object");
        let signatures: Vec<_> = self
            .signers
            .iter()
            .map(|seed| sign::sign(&signed, &PrivateKey::from_seed(&[*seed; 32])))
            .collect();
        if signatures.is_empty() {
            return text;
        }
        let signatures = json::to_value(&signatures).expect("texts");
        text.trim_end_matches('}').to_owned() + &format!(r#","signatures":{}}}"#, json::compact(&signatures))
    }

    fn archive(&self) -> Vec<u8> {
        let manifest = [("manifest.json", self.manifest())];
        let mut unique: Vec<&(&str, String)> = Vec::new();
        for entry in self.files.iter().chain(&self.more).chain(&manifest) {
            if unique.iter().all(|(name, _)| *name != entry.0) {
                unique.push(entry);
            }
        }
        let mut archive = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
        let options = ::zip::write::SimpleFileOptions::default();
        for (name, content) in unique {
            archive.start_file(*name, options).expect("a new entry");
            archive
                .write_all(content.as_bytes())
                .expect("memory takes every byte");
        }
        archive.finish().expect("memory takes every byte").into_inner()
    }

    fn verify(&self, key: Option<u8>) -> Verification {
        let key = key.map(|seed| PrivateKey::from_seed(&[seed; 32]).public());
        let options = VerifyOptions {
            key: key.as_ref(),
            ..VerifyOptions::default()
        };
        verify_reader(Cursor::new(self.archive()), &options, &Unwatched).expect("an archive with a manifest")
    }

    fn told(&self, key: Option<u8>) -> Vec<(FindingCode, String)> {
        let verification = self.verify(key);
        assert!(verification.is_ok());
        let findings = verification.findings.into_iter();
        findings.map(|finding| (finding.code, finding.subject)).collect()
    }
}

fn record(member: &str) -> String {
    format!(r#"{{"run_id":"run_1","{member}":"x"}}"#)
}

#[test]
fn a_plain_runpack_has_none() {
    assert_eq!(Parts::new().told(None), []);
    let signed = Parts {
        signers: vec![1],
        ..Parts::new()
    };
    assert_eq!(signed.told(Some(1)), []);
    assert_eq!(signed.told(None), []);
}

#[test]
fn parts_of_another_run_are_told() {
    for path in ["run.json", "refs.json"] {
        let foreign = Parts::new().file(path, r#"{"run_id":"run_2"}"#);
        assert_eq!(foreign.told(None), [(RunIdMismatch, path.to_owned())]);
    }
    let lines = format!("{}\n\n{{}}\n{{}}", record("intent_id"));
    let foreign = Parts::new().file("intents.jsonl", &lines);
    assert_eq!(
        foreign.told(None),
        [(RunIdMismatch, "intents.jsonl:3".to_owned())]
    );
}

#[test]
fn what_readers_refuse_is_told() {
    for (path, content, subject) in [
        ("run.json", "nope", "run.json"),
        ("run.json", r#"{"run_id":"run_1","timeline":{}}"#, "run.json"),
        ("run.json", "", "run.json"),
        (
            "refs.json",
            r#"{"run_id":"run_1","context_ref_count":-1}"#,
            "refs.json",
        ),
        (
            "refs.json",
            r#"{"run_id":"run_1","context_evidence_mode":"required"}"#,
            "refs.json",
        ),
        ("intents.jsonl", "[]\n", "intents.jsonl:1"),
        ("intents.jsonl", "\n{\"run_id\":\"run_1\"}\n{", "intents.jsonl:3"),
        (
            "intents.jsonl",
            r#"{"run_id":"run_1","args":[]}"#,
            "intents.jsonl:1",
        ),
        (
            "results.jsonl",
            r#"{"run_id":"run_1","status":1}"#,
            "results.jsonl:1",
        ),
        (
            "results.jsonl",
            r#"{"run_id":"run_1","created_at":"now"}"#,
            "results.jsonl:1",
        ),
    ] {
        let broken = Parts::new().file(path, content);
        assert_eq!(
            broken.told(None),
            [(UnreadableContent, subject.to_owned())],
            "{content}"
        );
    }
}

#[test]
fn retained_payloads_are_told() {
    let line = r#"{"run_id":"run_1","args":{"a":1}}"#;
    let retained = Parts::new().file("intents.jsonl", line);
    assert_eq!(
        retained.told(None),
        [(Inconsistent, "intents.jsonl:1".to_owned())]
    );
    let raw = Parts {
        capture_mode: "raw",
        ..retained
    };
    assert_eq!(raw.told(None), []);
    let empty = Parts::new().file("intents.jsonl", r#"{"run_id":"run_1","args":{}}"#);
    assert_eq!(empty.told(None), []);
}

#[test]
fn what_the_manifest_does_not_cover_is_told() {
    let mut more = Parts::new();
    more.more = vec![
        ("evil.sh", String::new()),
        ("../up", String::new()),
        ("d/", String::new()),
    ];
    assert_eq!(
        more.told(None),
        [
            (UndeclaredEntry, "../up".to_owned()),
            (UndeclaredEntry, "d/".to_owned()),
            (UndeclaredEntry, "evil.sh".to_owned()),
            (UnsafeEntryName, "../up".to_owned()),
            (UnusualEntry, "d/".to_owned()),
        ]
    );
    let mut twice = Parts::new();
    twice.files.push(twice.files[0].clone());
    assert_eq!(
        twice.told(None),
        [(RepeatedDeclaration, "intents.jsonl".to_owned())]
    );
    let member = Parts {
        extra: r#""note":"x","#,
        ..Parts::new()
    };
    assert_eq!(member.told(None), [(UncoveredMember, "note".to_owned())]);
    let repeated = Parts {
        extra: r#""run_id":"other","#,
        ..Parts::new()
    };
    assert_eq!(repeated.told(None), [(RepeatedMember, "run_id".to_owned())]);
    let other_mode = Parts {
        capture_mode: "full",
        ..Parts::new()
    };
    assert_eq!(other_mode.told(None), [(UnknownValue, "capture_mode".to_owned())]);
}

#[test]
fn signatures_that_do_not_count_are_told() {
    assert_eq!(
        Parts::new().told(Some(1)),
        [(SignatureMissing, "manifest.json".to_owned())]
    );
    let both = Parts {
        signers: vec![2, 1],
        ..Parts::new()
    };
    assert_eq!(
        both.told(Some(1)),
        [(SignatureInvalid, "manifest.json".to_owned())]
    );
    assert_eq!(both.verify(Some(3)).signatures.status, SignatureStatus::Failed);
}

#[test]
fn stored_entries_in_any_order_are_not_odd() {
    let parts = Parts::new();
    let mut archive = ::zip::ZipWriter::new(Cursor::new(Vec::new()));
    let options =
        ::zip::write::SimpleFileOptions::default().compression_method(::zip::CompressionMethod::Stored);
    let mut reader = zip::Reader::open(Cursor::new(parts.archive()), zip::Limits::default()).unwrap();
    let mut names: Vec<_> = reader.names().map(str::to_owned).collect();
    names.reverse();
    for name in names {
        archive.start_file(name.as_str(), options).unwrap();
        archive.write_all(&reader.read(&name).unwrap()).unwrap();
    }
    let bytes = archive.finish().unwrap().into_inner();
    let found = verify_reader(Cursor::new(bytes), &VerifyOptions::default(), &Unwatched).unwrap();
    assert!(found.is_ok());
    assert_eq!(found.findings, []);
}

/// A chain of checkpoints over the given sequences, its runpacks below `directory`.
fn chain(directory: &Path, ranges: &[(i64, i64)]) -> SessionChain {
    let mut checkpoints: Vec<SessionCheckpoint> = Vec::new();
    for (index, (start, end)) in (1..).zip(ranges) {
        let mut checkpoint = SessionCheckpoint {
            session_id: "session".to_owned(),
            run_id: "run".to_owned(),
            checkpoint_index: index,
            sequence_start: *start,
            sequence_end: *end,
            prev_checkpoint_digest: checkpoints
                .last()
                .map_or_else(String::new, |last| last.checkpoint_digest.clone()),
            ..SessionCheckpoint::default()
        };
        let run_id = checkpoint.runpack_run_id();
        let path = directory.join(format!("{run_id}.zip"));
        let mut parts = Parts::new();
        parts.run_id = String::leak(run_id.clone());
        for (_, content) in &mut parts.files {
            *content = content.replace("run_1", &run_id);
        }
        std::fs::write(&path, parts.archive()).expect("a directory of this test");
        checkpoint.runpack_path = path.to_string_lossy().into_owned();
        checkpoint.manifest_digest = parts.verify(None).manifest.manifest_digest;
        checkpoint.checkpoint_digest = checkpoint.computed_digest().to_string();
        checkpoints.push(checkpoint);
    }
    SessionChain {
        session_id: "session".to_owned(),
        run_id: "run".to_owned(),
        checkpoints,
        ..SessionChain::default()
    }
}

/// A change to a chain, and the linkage errors, checkpoint errors and findings that follow.
type Damage = (
    fn(&mut SessionChain),
    &'static [&'static str],
    &'static [&'static str],
    &'static [FindingCode],
);

#[test]
fn chains_are_held_together() {
    let directory = tempfile::tempdir().unwrap();
    let good = chain(directory.path(), &[(1, 3), (4, 4), (5, 9)]);
    let check = |chain: &SessionChain| verify_chain(chain, &VerifyOptions::default(), &Unwatched);
    let outcome = check(&good);
    assert!(outcome.is_ok());
    assert_eq!(outcome.findings, []);

    let cases: &[Damage] = &[
        (
            |chain| chain.checkpoints[1].session_id = "other".to_owned(),
            &[],
            &[],
            &[ForeignSession],
        ),
        (
            |chain| chain.run_id = "other".to_owned(),
            &[],
            &[],
            &[ForeignRun, ForeignRun, ForeignRun],
        ),
        (
            |chain| {
                chain.checkpoints.remove(1);
            },
            &[
                "checkpoint index mismatch at position 1",
                "prev_checkpoint_digest mismatch at checkpoint 3",
            ],
            &[],
            &[SequenceGap],
        ),
        (
            |chain| chain.checkpoints[2].sequence_start = 4,
            &[
                "sequence overlap at checkpoint 3",
                "checkpoint_digest mismatch at checkpoint 3",
            ],
            &[],
            &[],
        ),
        (
            |chain| chain.checkpoints[0].runpack_path = chain.checkpoints[1].runpack_path.clone(),
            &[],
            &["checkpoint 1 manifest digest mismatch"],
            &[RunIdMismatch],
        ),
    ];
    for (change, linkage, checkpoint, codes) in cases {
        let mut chain = good.clone();
        change(&mut chain);
        let outcome = check(&chain);
        assert_eq!(outcome.linkage_errors, *linkage);
        assert_eq!(outcome.checkpoint_errors, *checkpoint);
        let told: Vec<_> = outcome.findings.iter().map(|finding| finding.code).collect();
        assert_eq!(told, *codes);
    }
    let mut gone = good;
    gone.checkpoints[0].runpack_path.push('x');
    assert_eq!(check(&gone).checkpoint_errors.len(), 1);
}

#[test]
fn other_documents_are_no_chains() {
    let refused = |text: &str| parse_chain(text.as_bytes()).unwrap_err().to_string();
    assert!(refused("{nope").starts_with("parse session chain: "));
    for (text, error) in [
        (r#"{"schema_id":"other"}"#, "unsupported session chain schema"),
        (
            r#"{"schema_version":"2.0.0"}"#,
            "unsupported session chain schema",
        ),
        (
            r#"{"session_id":"s","run_id":" "}"#,
            "session chain missing session_id/run_id",
        ),
        (
            r#"{"session_id":"s","run_id":"r"}"#,
            "session chain has no checkpoints",
        ),
    ] {
        assert_eq!(refused(text), error);
    }
    let chain =
        parse_chain(br#"{"schema_id":" ","session_id":"s","run_id":"r","checkpoints":[{}]}"#).unwrap();
    assert_eq!(chain.schema_id, "gait.runpack.session_chain");
}
