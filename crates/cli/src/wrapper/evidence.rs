//! The traces and runpacks a child names, and what the traces say.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gait_artifact::{Timestamp, Verdict, trace};
use gait_canon::json::Reader;
use gait_canon::{Digest, PublicKey};
use gait_disk::read::read_bounded;
use gait_gate::child::Finished;
use gait_gate::trace::TraceFile;
use serde::{Deserialize, Serialize};

use super::MAX_TRACE_BYTES;

/// What the output of a child refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Evidence {
    /// The traces named, sorted, each once.
    pub(super) trace_paths: Vec<String>,
    /// The runpacks named, sorted, each once.
    pub(super) runpack_paths: Vec<String>,
    /// The verdicts of the traces that count.
    pub(super) verdicts: Vec<Verdict>,
    /// One text for each trace that does not, in the order of the paths.
    pub(super) warnings: Vec<String>,
    /// Whether there is such a trace.
    pub(super) invalid: bool,
}

/// How many traces hold a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct VerdictCount {
    verdict: Verdict,
    count: usize,
}

impl Evidence {
    /// Collects the references of a child that ran in `cwd`; with a `signer`, only traces signed by it count.
    pub(super) fn of(finished: &Finished, cwd: &Path, signer: Option<&PublicKey>) -> Self {
        let mut evidence = Self {
            trace_paths: references("trace_path=", &finished.stdout.bytes, &finished.stderr.bytes),
            runpack_paths: references("runpack_path=", &finished.stdout.bytes, &finished.stderr.bytes),
            ..Self::default()
        };
        if finished.stdout.truncated || finished.stderr.truncated {
            evidence
                .warnings
                .push("the child printed too much; traces named in what was dropped do not count".to_owned());
        }
        for path in &evidence.trace_paths {
            match verdict_of(&locate(path, cwd), signer) {
                Ok(verdict) => evidence.verdicts.push(verdict),
                Err(reason) => evidence.warnings.push(format!("trace ignored: {reason}")),
            }
        }
        evidence.invalid = !evidence.warnings.is_empty();
        evidence
    }

    /// The verdicts that occur, in the order in which reports list them.
    pub(super) fn counts(&self) -> Vec<VerdictCount> {
        [
            Verdict::Allow,
            Verdict::Block,
            Verdict::DryRun,
            Verdict::RequireApproval,
        ]
        .into_iter()
        .map(|verdict| VerdictCount {
            verdict,
            count: self.verdicts.iter().filter(|v| **v == verdict).count(),
        })
        .filter(|count| count.count > 0)
        .collect()
    }
}

/// The paths behind `marker` at the beginning of a line, sorted, each once.
fn references(marker: &str, stdout: &[u8], stderr: &[u8]) -> Vec<String> {
    let mut paths = BTreeSet::new();
    for output in [stdout, stderr] {
        for line in String::from_utf8_lossy(output).lines() {
            let path = line.trim().strip_prefix(marker).map_or("", str::trim);
            if !path.is_empty() {
                paths.insert(path.to_owned());
            }
        }
    }
    paths.into_iter().collect()
}

/// A child names files from where it stands; failing that, from where the wrapper stands.
fn locate(path: &str, cwd: &Path) -> PathBuf {
    let seen_by_child = cwd.join(path);
    if seen_by_child.exists() {
        seen_by_child
    } else {
        PathBuf::from(path)
    }
}

/// The members without which a trace says nothing.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Header {
    schema_id: String,
    schema_version: String,
    created_at: Timestamp,
    producer_version: String,
    trace_id: String,
    tool_name: String,
    args_digest: String,
    intent_digest: String,
    policy_digest: String,
    verdict: String,
}

/// The verdict of the trace at `path`, or why it does not count.
pub(crate) fn verdict_of(path: &Path, signer: Option<&PublicKey>) -> Result<Verdict, String> {
    let bytes = read_bounded(path, MAX_TRACE_BYTES).map_err(|error| format!("read trace record: {error}"))?;
    let parse = |error: gait_canon::json::Error| format!("parse trace record: {error}");
    let header: Header = Reader::new()
        .max_bytes(MAX_TRACE_BYTES)
        .read(&bytes)
        .map_err(parse)?;
    let verdict = header.check()?;
    if let Some(key) = signer {
        match TraceFile::read(&bytes).map_err(parse)?.verify(key) {
            Ok(true) => {}
            Ok(false) => return Err("trace signature does not verify".to_owned()),
            Err(rejection) => return Err(rejection.to_string()),
        }
    }
    Ok(verdict)
}

impl Header {
    fn check(&self) -> Result<Verdict, String> {
        if self.schema_id.trim() != trace::SCHEMA_ID {
            return Err(format!("schema_id must be {}", trace::SCHEMA_ID));
        }
        for (name, text) in [
            ("schema_version", &self.schema_version),
            ("producer_version", &self.producer_version),
            ("trace_id", &self.trace_id),
            ("tool_name", &self.tool_name),
        ] {
            if text.trim().is_empty() {
                return Err(format!("{name} is required"));
            }
        }
        if self.created_at.is_zero() {
            return Err("created_at is required".to_owned());
        }
        for (name, text) in [
            ("args_digest", &self.args_digest),
            ("intent_digest", &self.intent_digest),
            ("policy_digest", &self.policy_digest),
        ] {
            if text.parse::<Digest>().is_err() {
                return Err(format!("{name} must be 64 lower-case hexadecimal characters"));
            }
        }
        self.verdict
            .trim()
            .parse()
            .map_err(|error: gait_artifact::verdict::UnknownVerdict| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = r#"{"schema_id":"gait.gate.trace","schema_version":"1.0.0","created_at":"2026-03-09T00:00:00Z",
        "producer_version":"0","trace_id":"t","tool_name":"tool.write","args_digest":"D","intent_digest":"D",
        "policy_digest":"D","verdict":" allow ","surprise":1}"#;

    fn trace() -> String {
        TRACE.replace("\"D\"", &format!("\"{}\"", "a".repeat(64)))
    }

    #[test]
    fn references_are_sorted_and_counted_once() {
        let stdout = b"trace_path=b.json\n  trace_path= a.json \r\nnot trace_path=c.json\ntrace_path= \n";
        assert_eq!(
            references("trace_path=", stdout, b"trace_path=b.json\ntrace_path=0.json"),
            ["0.json", "a.json", "b.json"]
        );
        assert_eq!(
            references("runpack_path=", stdout, b"runpack_path=r.zip"),
            ["r.zip"]
        );
    }

    #[test]
    fn only_whole_traces_count() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.json");
        let verdict = |text: &str| {
            std::fs::write(&path, text).unwrap();
            verdict_of(&path, None)
        };
        assert_eq!(verdict(&trace()), Ok(Verdict::Allow));
        for (from, to) in [
            ("gait.gate.trace", "gait.gate.result"),
            ("\"1.0.0\"", "\" \""),
            ("2026-03-09", "0001-01-01"),
            ("tool.write", ""),
            (&"a".repeat(64), &"A".repeat(64)),
            (" allow ", "maybe"),
            ("{", "["),
        ] {
            assert!(verdict(&trace().replacen(from, to, 1)).is_err(), "{from} -> {to}");
        }
        assert!(verdict_of(&directory.path().join("absent"), None).is_err());
    }

    #[test]
    fn with_a_signer_an_unsigned_trace_does_not_count() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("t.json");
        std::fs::write(&path, trace()).unwrap();
        let key = PublicKey::from_bytes(&[1; 32]);
        assert!(verdict_of(&path, Some(&key)).is_err());
    }

    #[test]
    fn a_path_is_looked_up_from_the_child_first() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("t.json"), "").unwrap();
        assert_eq!(
            locate("t.json", directory.path()),
            directory.path().join("t.json")
        );
        assert_eq!(
            locate("absent.json", directory.path()),
            PathBuf::from("absent.json")
        );
    }
}
