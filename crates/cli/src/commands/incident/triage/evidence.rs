//! The artifacts of an incident: read, verified, and turned into what a page tells.

use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::time::Duration;

use gait_artifact::Timestamp;
use gait_artifact::pack::RUNPACK_PATH;
use gait_artifact::session::{SessionChain, SessionEvent};
use gait_artifact::trace::TraceRecord;
use gait_canon::json::Reader;
use gait_disk::read::read_bounded;
use gait_evidence::collect::Discoverable;
use gait_evidence::record::check_trace;
use gait_evidence::triage::{Call, Examined, Gap, GapKind, Holding, Recorded, SourceKind, Subject};
use gait_gate::trace::TraceFile;
use gait_pack::{PackArchive, verify as pack};
use gait_runpack::inspect::{Entry, inspect};
use gait_runpack::session::{Moment, read_history};
use gait_runpack::{
    Runpack, RunpackError, SignatureReport, SignatureStatus, read_chain, verify, verify_chain,
};

use super::gap;
use super::source::Source;
use crate::arguments::Parsed;
use crate::context::Context;
use crate::demands::{Demands, Profile};
use crate::progress::Bar;
use crate::runpack_file;
use crate::wrapper::MAX_TRACE_BYTES;

/// Everything that was found about an incident.
#[derive(Default)]
pub(super) struct Gathered {
    pub(super) subject: Subject,
    pub(super) calls: Vec<Call>,
    pub(super) recorded: Vec<Recorded>,
    pub(super) evidence: Vec<Examined>,
    pub(super) gaps: Vec<Gap>,
    /// The file with the runpack: it, or a pack with it inside.
    pub(super) runpack: Option<PathBuf>,
    /// How many traces beside the runpack are about something else.
    passed_over: usize,
}

/// What gathering needs to know beside the source.
struct Examiner<'a> {
    parsed: &'a Parsed,
    demands: &'a Demands,
    window: Duration,
    context: &'a Context<'a>,
}

impl Gathered {
    /// Reads and verifies `source` and what belongs to it.
    pub(super) fn of(
        source: &Source,
        parsed: &Parsed,
        demands: &Demands,
        window: Duration,
        context: &Context<'_>,
    ) -> Self {
        let examiner = Examiner {
            parsed,
            demands,
            window,
            context,
        };
        let mut gathered = Self {
            subject: Subject {
                kind: source.kind,
                path: source.path.clone(),
                ..Subject::default()
            },
            ..Self::default()
        };
        let path = Path::new(&source.path);
        match source.kind {
            SourceKind::Runpack => examiner.runpack(path, &mut gathered),
            SourceKind::Pack => examiner.pack(path, &mut gathered),
            SourceKind::Trace => examiner.lone_trace(path, &mut gathered),
            SourceKind::SessionJournal => examiner.journal(path, &mut gathered),
            SourceKind::SessionChain => examiner.chain(&source.path, &mut gathered),
            SourceKind::Unknown => gathered.evidence.push(unreadable(
                "file",
                &source.path,
                &"it is no runpack, pack, trace, session journal or session chain",
            )),
        }
        examiner.named_traces(&mut gathered);
        if gathered.recorded.is_empty() && gathered.passed_over > 0 {
            let message = format!(
                "{} traces beside the runpack are of another run or time",
                gathered.passed_over
            );
            let fix = "widen --window, or name traces with --trace";
            gathered.gaps.push(gap(GapKind::Decision, &message, fix));
        }
        if gathered.subject.run_id.is_empty() && gathered.runpack.is_none() {
            let fix = "name it with --run, or give the runpack with --from";
            gathered.gaps.push(gap(
                GapKind::Run,
                &"no sound runpack of the incident is known",
                fix,
            ));
        }
        gathered
    }
}

impl Examiner<'_> {
    fn runpack(&self, path: &Path, gathered: &mut Gathered) {
        let shown = path.to_string_lossy();
        match verify(path, &self.demands.options(), &Bar::default()) {
            Err(error) => {
                gathered.evidence.push(unreadable("runpack", &shown, &error));
                return;
            }
            Ok(found) => {
                let mut details: Vec<_> = found
                    .missing_files
                    .iter()
                    .map(|name| format!("{name} is missing"))
                    .collect();
                let mismatches = found.hash_mismatches.iter();
                details.extend(mismatches.map(|file| format!("{} is not as declared", file.path)));
                if details.is_empty() {
                    details.push(format!("{} files are as declared", found.files_checked));
                }
                details.push(signature_detail(&found.signatures));
                let ok = found.is_ok() && self.demands.accepts(&found.findings);
                gathered.subject.run_id = found.manifest.run_id.clone();
                gathered.subject.at = gathered.subject.at.or(found.manifest.created_at);
                gathered.evidence.push(Examined {
                    kind: "runpack",
                    path: shown.clone().into_owned(),
                    holding: holding(ok, found.signatures.status),
                    details,
                    findings: found.findings,
                });
            }
        }
        self.open(path, Runpack::open(path), gathered);
    }

    fn pack(&self, path: &Path, gathered: &mut Gathered) {
        let shown = path.to_string_lossy();
        let options = pack::VerifyOptions {
            key: self.demands.key.as_ref(),
            require_signature: self.demands.options().require_signature,
            strict: self.demands.profile == Profile::Strict,
        };
        match pack::verify(path, &options, &Bar::default()) {
            Err(error) => gathered.evidence.push(unreadable("pack", &shown, &error)),
            Ok(found) => {
                let mut details: Vec<_> = found
                    .missing_files
                    .iter()
                    .map(|name| format!("{name} is missing"))
                    .collect();
                let mismatches = found.hash_mismatches.iter();
                details.extend(mismatches.map(|file| format!("{} is not as declared", file.path)));
                details.extend(
                    found
                        .undeclared_files
                        .iter()
                        .map(|name| format!("nobody declares {name}")),
                );
                if details.is_empty() {
                    details.push(format!("{} files are as declared", found.files_checked));
                }
                details.push(signature_detail(&found.signatures));
                gathered.evidence.push(Examined {
                    kind: "pack",
                    path: shown.clone().into_owned(),
                    holding: holding(found.is_ok(), found.signatures.status),
                    details,
                    findings: found.findings,
                });
            }
        }
        let embedded = PackArchive::open(path)
            .ok()
            .and_then(|mut archive| archive.unpack(RUNPACK_PATH).ok());
        if let Some(embedded) = embedded {
            self.open(path, Runpack::read(embedded), gathered);
        }
    }

    /// Takes the calls of a runpack, and the traces beside it.
    fn open(&self, path: &Path, opened: Result<Runpack, RunpackError>, gathered: &mut Gathered) {
        let runpack = match opened {
            Ok(runpack) => runpack,
            Err(error) => {
                // The archive has been examined; that its records make no sense is one thing more.
                if let Some(examined) = gathered.evidence.last_mut() {
                    examined.details.push(error.to_string());
                    examined.holding = Holding::Broken;
                }
                return;
            }
        };
        gathered.subject.run_id = runpack.run.run_id.clone();
        gathered.subject.at = runpack.run.created_at.to_utc();
        if gathered.calls.is_empty() {
            gathered.calls = inspect(&runpack).entries.iter().map(call_of_entry).collect();
        }
        gathered.runpack = Some(path.to_path_buf());
        let around = Around {
            run_id: runpack.run.run_id,
            at: runpack.run.created_at,
            window: self.window,
        };
        for trace in Discoverable::Trace.beside(path).unwrap_or_default() {
            self.trace(&trace, Some(&around), gathered);
        }
    }

    fn lone_trace(&self, path: &Path, gathered: &mut Gathered) {
        let run_id = self
            .trace(path, None, gathered)
            .map(|trace| trace.run_id)
            .unwrap_or_default();
        if let Some(recorded) = gathered.recorded.first() {
            gathered.subject.at = recorded.decided_at;
        }
        let reference = match self.parsed.text("run").trim() {
            "" => run_id.trim(),
            named => named,
        };
        if reference.is_empty() {
            return;
        }
        match runpack_file::find(reference, self.context) {
            Ok(runpack) => self.runpack(&runpack, gathered),
            Err(failure) => {
                let fix = "name its runpack with --run";
                gathered.gaps.push(gap(GapKind::Run, &failure, fix));
                gathered.subject.run_id = run_id;
            }
        }
    }

    fn journal(&self, path: &Path, gathered: &mut Gathered) {
        let shown = path.to_string_lossy();
        let mut checkpoints = Vec::new();
        let history = read_history(path, |moment| match moment {
            Moment::Event(event) => gathered.take_event(&event, &shown),
            Moment::Checkpoint(checkpoint) => checkpoints.push(*checkpoint),
        });
        match history {
            Err(error) => gathered
                .evidence
                .push(unreadable("session journal", &shown, &error)),
            Ok(history) => {
                gathered.subject.at = history.header.created_at.to_utc();
                gathered.evidence.push(Examined {
                    kind: "session journal",
                    path: shown.into_owned(),
                    holding: Holding::Intact,
                    details: vec![format!(
                        "{} events and {} checkpoints follow each other without a break",
                        history.state.event_count, history.state.checkpoint_count
                    )],
                    findings: Vec::new(),
                });
                let chain = SessionChain {
                    session_id: history.header.session_id,
                    run_id: history.header.run_id,
                    checkpoints,
                    ..SessionChain::default()
                };
                self.checkpoints(&chain, gathered);
            }
        }
    }

    fn chain(&self, path: &str, gathered: &mut Gathered) {
        match read_chain(path) {
            Err(error) => gathered.evidence.push(unreadable("session chain", path, &error)),
            Ok(chain) => self.checkpoints(&chain, gathered),
        }
    }

    /// Verifies a chain, and takes the run of its last checkpoint.
    fn checkpoints(&self, chain: &SessionChain, gathered: &mut Gathered) {
        let path = gathered.subject.path.clone();
        if let Some(last) = chain.checkpoints.last() {
            let found = verify_chain(chain, &self.demands.options(), &Bar::default());
            let ok = found.is_ok() && self.demands.accepts(&found.findings);
            let mut details = [found.linkage_errors, found.checkpoint_errors].concat();
            if details.is_empty() {
                details.push(format!(
                    "{} checkpoints are what they say",
                    chain.checkpoints.len()
                ));
            }
            gathered.evidence.push(Examined {
                kind: "session chain",
                path,
                holding: if ok { Holding::Intact } else { Holding::Broken },
                details,
                findings: found.findings,
            });
            self.runpack(Path::new(&last.runpack_path), gathered);
        } else {
            let fix = format!("gait run session checkpoint --journal {path} --out checkpoint.zip");
            gathered
                .gaps
                .push(gap(GapKind::Run, &"the session has no checkpoint yet", &fix));
        }
        gathered.subject.session_id.clone_from(&chain.session_id);
        gathered.subject.run_id.clone_from(&chain.run_id);
    }

    fn named_traces(&self, gathered: &mut Gathered) {
        for path in self.parsed.list("trace") {
            self.trace(Path::new(&path), None, gathered);
        }
    }

    /// Reads and verifies a trace, and takes its decision. One that was only found is passed over when it is about something
    /// else.
    fn trace(&self, path: &Path, around: Option<&Around>, gathered: &mut Gathered) -> Option<TraceRecord> {
        let shown = path.to_string_lossy();
        if gathered.recorded.iter().any(|recorded| recorded.path == shown) {
            return None;
        }
        let (file, record) = match read_trace(path) {
            Ok(read) => read,
            Err(error) => {
                gathered.evidence.push(unreadable("trace", &shown, &error));
                return None;
            }
        };
        let recorded = Recorded::of_trace(&record, &shown);
        if around.is_some_and(|around| !around.has(&record.run_id, record.created_at)) {
            gathered.passed_over += 1;
            return None;
        }
        let (holding, detail) = self.trace_holding(path, &file);
        gathered.evidence.push(Examined {
            kind: "trace",
            path: shown.into_owned(),
            holding,
            details: vec![detail],
            findings: Vec::new(),
        });
        let is_known = |known: &Recorded| !known.trace_id.is_empty() && known.trace_id == recorded.trace_id;
        if !gathered.recorded.iter().any(is_known) {
            gathered.recorded.push(recorded);
        }
        Some(record)
    }

    fn trace_holding(&self, path: &Path, file: &TraceFile) -> (Holding, String) {
        match &self.demands.key {
            Some(key) => match file.verify(key) {
                Ok(true) => (Holding::Verified, format!("signed by key {}", file.key_id())),
                Ok(false) => (Holding::Broken, "the key did not sign it".to_owned()),
                Err(rejection) => (Holding::Broken, rejection.to_string()),
            },
            None => match check_trace(path) {
                Ok(()) => (
                    Holding::Intact,
                    "it says what its signature was made over; no key was given to ask who signed".to_owned(),
                ),
                Err(error) => (Holding::Broken, error.to_string()),
            },
        }
    }
}

impl Gathered {
    fn take_event(&mut self, event: &SessionEvent, path: &str) {
        self.calls.push(Call {
            index: self.calls.len() + 1,
            intent_id: event.intent_id.clone(),
            tool_name: event.tool_name.clone(),
            created_at: event.created_at.to_utc(),
            status: String::new(),
            verdict: event.verdict.clone(),
            reasons: [event.reason_codes.as_slice(), &event.violations].concat(),
        });
        self.recorded.push(Recorded::of_event(event, path));
    }
}

/// What belongs to a run.
struct Around {
    run_id: String,
    at: Timestamp,
    window: Duration,
}

impl Around {
    /// Whether a trace of `run_id`, whose intent is from `at`, belongs to the run.
    fn has(&self, run_id: &str, at: Timestamp) -> bool {
        let apart = self.at.unix_seconds().abs_diff(at.unix_seconds());
        (run_id.is_empty() || run_id == self.run_id) && (at.is_zero() || apart <= self.window.as_secs())
    }
}

fn read_trace(path: &Path) -> Result<(TraceFile, TraceRecord), String> {
    let bytes = read_bounded(path, MAX_TRACE_BYTES).map_err(|error| error.to_string())?;
    let file = TraceFile::read(&bytes).map_err(|error| error.to_string())?;
    let record = Reader::new()
        .max_bytes(MAX_TRACE_BYTES)
        .ignore_unknown_members()
        .read(&bytes)
        .map_err(|error| error.to_string())?;
    Ok((file, record))
}

fn call_of_entry(entry: &Entry<'_>) -> Call {
    let outcome = &entry.outcome;
    Call {
        index: entry.index,
        intent_id: entry.intent_id.to_owned(),
        tool_name: entry.tool_name.to_owned(),
        created_at: entry.created_at,
        status: match outcome.status {
            "" => "missing_result".to_owned(),
            status => status.to_owned(),
        },
        verdict: outcome.verdict.to_owned(),
        reasons: [outcome.reason_codes.as_slice(), &outcome.violations].concat(),
    }
}

const fn holding(ok: bool, signatures: SignatureStatus) -> Holding {
    match (ok, signatures) {
        (false, _) => Holding::Broken,
        (true, SignatureStatus::Verified) => Holding::Verified,
        (true, _) => Holding::Intact,
    }
}

fn signature_detail(signatures: &SignatureReport) -> String {
    match signatures.status {
        SignatureStatus::Verified => format!(
            "{} of {} signatures are by the key",
            signatures.valid, signatures.total
        ),
        SignatureStatus::Missing => "nobody signed it".to_owned(),
        SignatureStatus::Skipped => "no key was given to check its signatures with".to_owned(),
        SignatureStatus::Failed => format!("no signature is by the key: {}", signatures.errors.join("; ")),
    }
}

fn unreadable(kind: &'static str, path: &str, error: &dyn Display) -> Examined {
    Examined {
        kind,
        path: path.to_owned(),
        holding: Holding::Unreadable,
        details: vec![error.to_string()],
        findings: Vec::new(),
    }
}
