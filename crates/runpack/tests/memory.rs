//! What hostile runpacks cost in memory, whatever they unpack to. Alone in its process, whose peak it measures.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that can not go on fails")]

use std::fs::{self, File};
use std::io::Write as _;
use std::iter;
use std::path::Path;

use gait_artifact::finding::FindingCode;
use gait_canon::Digest;
use gait_canon::json::ErrorKind;
use gait_disk::progress::Unwatched;
use gait_runpack::{
    LineProblem, Runpack, RunpackError, VerifyOptions, manifest_digest, parse_manifest, verify,
};
use zip::CompressionMethod::Stored;
use zip::write::SimpleFileOptions;

/// Enough for every limit on what a file holds; how large it may be is for the archive's reader to see.
const SIZE: usize = 32 << 20;
/// The most values of a file.
const VALUES: usize = 1 << 23;
const FILES: [(&str, &str); 4] = [
    ("intents.jsonl", ""),
    ("refs.json", "{}"),
    ("results.jsonl", ""),
    ("run.json", "{}"),
];

/// `unit` between `front` and `back`, `count` times.
fn repeated(front: &str, unit: &str, count: usize, back: &str) -> Vec<u8> {
    [front, &unit.repeat(count), back].concat().into_bytes()
}

/// A runpack whose file `name` is `content`, every digest as it should be.
fn write_with(path: &Path, name: &str, content: &[u8]) {
    let files = FILES.map(|(path, text)| (path, if path == name { content } else { text.as_bytes() }));
    let declared = files.map(|(path, content)| {
        let digest = Digest::of(content);
        format!(r#"{{"path":"{path}","sha256":"{digest}"}}"#)
    });
    let declared = declared.join(",");
    let manifest = |digest: &str| {
        format!(
            r#"{{"schema_id":"gait.runpack.manifest","schema_version":"1.0.0","run_id":"r","capture_mode":"raw","files":[{declared}],"manifest_digest":"{digest}"}}"#
        )
    };
    let digest = manifest_digest(&parse_manifest(manifest("").as_bytes()).unwrap());
    let manifest = manifest(&digest.to_string());
    let mut archive = zip::ZipWriter::new(File::create(path).unwrap());
    let options = SimpleFileOptions::default().compression_method(Stored);
    for (path, content) in files
        .into_iter()
        .chain(iter::once(("manifest.json", manifest.as_bytes())))
    {
        archive.start_file(path, options).unwrap();
        archive.write_all(content).unwrap();
    }
    archive.finish().unwrap();
}

/// The most memory this process has had at once, in bytes.
fn peak() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<usize>().unwrap() << 10
}

fn peak_is_modest(name: &str) {
    let peak = peak();
    assert!(
        peak < 3 << 29,
        "{name}: {peak} bytes are more than one and a half gibibytes"
    );
}

#[test]
fn small_records_in_great_number_cost_little() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hostile.zip");
    let digits = |count| repeated(r#"{"run_id":"r","result":{"digits":["#, "0,", count, "0]}}");
    write_with(&path, "results.jsonl", &digits(VALUES - 8));
    assert_eq!(Runpack::open(&path).unwrap().results.len(), 1);
    peak_is_modest("the most that is read");

    let hostile = [
        (
            "run.json",
            repeated(r#"{"run_id":"r","timeline":["#, "{},", SIZE / 3, "{}]}"),
        ),
        (
            "refs.json",
            repeated(r#"{"run_id":"r","receipts":["#, "{},", SIZE / 3, "{}]}"),
        ),
        ("intents.jsonl", repeated("", "{}\n", SIZE / 3, "")),
        ("results.jsonl", digits(SIZE / 2)),
    ];
    for (name, content) in hostile {
        write_with(&path, name, &content);
        drop(content);
        match Runpack::open(&path).unwrap_err() {
            RunpackError::Json { source, .. } => {
                assert!(
                    matches!(source.kind(), ErrorKind::TooManyValues { .. }),
                    "{name}: {source}"
                );
            }
            RunpackError::Line { source, .. } => {
                assert!(
                    matches!(source.problem, LineProblem::TooMany | LineProblem::TooManyValues),
                    "{name}"
                );
            }
            other => panic!("{name}: {other}"),
        }
        peak_is_modest(name);
        let verification = verify(&path, &VerifyOptions::default(), &Unwatched).unwrap();
        assert!(verification.is_ok(), "{name}");
        let codes: Vec<_> = verification.findings.iter().map(|finding| finding.code).collect();
        assert!(
            codes.contains(&FindingCode::UnreadableContent),
            "{name}: {codes:?}"
        );
        peak_is_modest(name);
    }
}
