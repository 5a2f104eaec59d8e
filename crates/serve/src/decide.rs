//! One decision: the call is judged, what proves the decision is made durable, and only then is it told.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use gait_artifact::Verdict;
use gait_artifact::text::trim;
use gait_disk::ledger::LedgerError;
use gait_gate::{GateError, clock::Clock, kill_switch};
use gait_mcp::answer::Artifacts;
use gait_mcp::boundary::{Ask, Boundary, BoundaryError, Judged};
use gait_mcp::call::ToolCall;
use gait_mcp::export::{self, LogLine, OtelLine};
use gait_mcp::sessions::{SessionCall, SessionEntry, SessionSettings, Sessions};
use gait_runpack::session::SessionError;
use tokio::task::spawn_blocking;

use crate::artifacts::{Directories, Places, Stamper};
use crate::engine::Engine;
use crate::journals::{Journal, Journals};
use crate::keep::{KeepError, Keeper};
use crate::metrics::Metrics;
use crate::records::Records;
use crate::refusal::Refusal;
use crate::request::EvaluateRequest;
use crate::retention::{Protected, Retention, Rule};
use crate::waits::{Waiting, is_long};

/// How a verdict shows in the HTTP status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictStatus {
    /// Not at all: 200.
    Compat,
    /// A block is 403; a call that needs an approval, or is only rehearsed, is 409.
    Strict,
}

/// How decisions are asked for and kept.
pub struct DecisionSettings {
    /// The shape of calls, unless a request names another.
    pub adapter: String,
    /// How a verdict shows in the HTTP status.
    pub verdict_status: VerdictStatus,
    /// Where artifacts go.
    pub directories: Directories,
    /// A file that gets a log line for every decision; blank for none.
    pub export_log: String,
    /// A file that gets an OpenTelemetry-style line for every decision; blank for none.
    pub export_otel: String,
    /// The state of the kill switch, beside which its journal is; blank for none.
    pub kill_switch_state: String,
    /// How sessions are kept.
    pub sessions: SessionSettings,
    /// Which artifacts are removed again, in order.
    pub retention: Vec<Rule>,
    /// Tells the time.
    pub clock: &'static dyn Clock,
}

/// How decisions are asked for, and who watches.
struct Manner {
    adapter: String,
    verdict_status: VerdictStatus,
    directories: Directories,
    export_log: String,
    export_otel: String,
    kill_switch_state: String,
    clock: &'static dyn Clock,
}

/// What decides: a boundary, and whether its calls may have to wait.
pub struct Decider {
    /// Judges calls.
    pub boundary: Boundary<'static>,
    /// What makes calls wait.
    pub waiting: Waiting,
}

/// Makes decisions, one for each request.
pub(crate) struct Decisions {
    manner: Manner,
    sessions: Arc<Sessions>,
    journals: Arc<Journals>,
    retention: Retention,
    /// Whether retention has anything to do.
    removes: bool,
    engine: Arc<Engine<Decider>>,
    keeper: Keeper,
    metrics: Arc<Metrics>,
    stamper: Stamper,
}

/// A call that was read before it came here, and what its reader has against it.
#[derive(Debug)]
pub(crate) struct ReadCall {
    pub(crate) call: ToolCall,
    /// Each blocks the call.
    pub(crate) objections: Vec<&'static str>,
}

/// A decision that may be told.
pub(crate) struct Decided {
    pub(crate) judged: Box<Judged>,
    pub(crate) artifacts: Artifacts,
    /// The session that the decision was journalled in; blank for none.
    pub(crate) session_id: String,
    pub(crate) status: StatusCode,
    pub(crate) epoch: u64,
    _protected: Protected,
}

/// What the log and the numbers are told of a decision.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    pub(crate) verdict: Verdict,
    pub(crate) trace_id: String,
    pub(crate) run_id: String,
    pub(crate) adapter: String,
    pub(crate) epoch: u64,
}

impl Decisions {
    /// Decisions that are kept where `settings` say, once what an earlier process left undone there is made good.
    pub(crate) fn open(
        settings: DecisionSettings,
        engine: Arc<Engine<Decider>>,
        metrics: Arc<Metrics>,
    ) -> Result<Self, LedgerError> {
        let sessions = Arc::new(Sessions::new(settings.sessions));
        Ok(Self {
            keeper: Keeper::open(&settings.directories.traces)?,
            manner: Manner {
                adapter: settings.adapter,
                verdict_status: settings.verdict_status,
                directories: settings.directories,
                export_log: settings.export_log,
                export_otel: settings.export_otel,
                kill_switch_state: settings.kill_switch_state,
                clock: settings.clock,
            },
            journals: Arc::new(Journals::new(Arc::clone(&sessions))),
            sessions,
            removes: settings
                .retention
                .iter()
                .any(|rule| rule.max_age.is_some() || rule.max_count.is_some()),
            retention: Retention::new(settings.retention),
            engine,
            metrics,
            stamper: Stamper::default(),
        })
    }

    /// What decides.
    pub(crate) fn engine(&self) -> &Engine<Decider> {
        &self.engine
    }

    /// Whether decisions can be made durable.
    pub(crate) fn can_keep(&self) -> bool {
        !self.keeper.has_failed()
    }

    /// What threads do that have nothing else to do: what they decided need not wait for more.
    pub(crate) fn rest(&self) -> impl Fn() + Clone + Send + Sync + use<> {
        self.keeper.rest()
    }

    /// Judges the call of `request`, or else the one that was `read`, and keeps what comes of it. To be run to its end,
    /// whether or not somebody waits.
    pub(crate) async fn decide(
        self: Arc<Self>,
        request: EvaluateRequest,
        read: Option<Box<ReadCall>>,
    ) -> Result<Decided, Refusal> {
        let stamp = self.stamper.next(self.manner.clock.now());
        let places = self.manner.directories.places(&request, stamp)?;
        let epoch = self.engine.current().await;
        let judge = epoch
            .value
            .clone()
            .map_err(|reason| Refusal::NoPolicy(reason.to_string()))?;
        let (judged, records) = self.judge(judge, &request, read, &places).await?;
        let Records { files, artifacts } = records;
        // Until the request is answered: another's retention must not take what this one is about to tell.
        let protected = self.retention.protect(files.iter().map(|file| file.place.path()));

        let begun = self.manner.clock.instant();
        let kept = self.keeper.keep(files).await;
        kept.map_err(|error| self.unkept(&error))?;
        self.metrics.commit_time.observe(begun.elapsed());
        let session = match trim(&request.session_id) {
            "" => judged.session_id(),
            session => session,
        };
        let mut decided = Decided {
            status: self.manner.verdict_status.of(judged.decision.verdict()),
            session_id: session.to_owned(),
            judged,
            artifacts,
            epoch: epoch.number,
            _protected: protected,
        };
        decided.artifacts.latency_ms = millis(decided.judged.started.elapsed());
        let (journal, interval) = (places.journal, request.checkpoint_interval);
        if let Some(entry) = self.only_journals(&decided, interval) {
            let appended = self.journals.append(decided.journal(journal), entry).await;
            let appended = appended.ok_or_else(|| failed("continue the session", "the service is ending"))?;
            let appended = appended.map_err(|error| unjournalled(&error))?;
            decided.artifacts.warnings.extend(appended.warnings());
        } else if self.has_more_to_do(&decided) {
            let this = Arc::clone(&self);
            decided = off_thread(move || this.finish(decided, journal.as_deref(), interval)).await??;
        }
        Ok(decided)
    }

    /// Judges a call and makes what proves the decision, on a thread that may take its time if the call may wait.
    async fn judge(
        self: &Arc<Self>,
        decider: Arc<Decider>,
        request: &EvaluateRequest,
        read: Option<Box<ReadCall>>,
        places: &Places,
    ) -> Result<(Box<Judged>, Records), Refusal> {
        let read = match read {
            None if !is_long(request.call.len()) => Some(self.read(request)?),
            read => read,
        };
        let may_wait = read
            .as_ref()
            .is_none_or(|read| decider.waiting.may_wait(&read.call));
        if !places.are_plain() || may_wait {
            let (this, request, places) = (Arc::clone(self), request.clone(), places.clone());
            return off_thread(move || this.judge_here(&decider, &request, read, &places)).await?;
        }
        self.judge_here(&decider, request, read, places)
    }

    fn read(&self, request: &EvaluateRequest) -> Result<Box<ReadCall>, Refusal> {
        let call = self.ask(request).read().map_err(unjudged)?;
        Ok(Box::new(ReadCall {
            call,
            objections: Vec::new(),
        }))
    }

    fn judge_here(
        &self,
        decider: &Decider,
        request: &EvaluateRequest,
        read: Option<Box<ReadCall>>,
        places: &Places,
    ) -> Result<(Box<Judged>, Records), Refusal> {
        let boundary = &decider.boundary;
        let ask = self.ask(request);
        let judged = match read.map(|read| *read) {
            Some(ReadCall { call, objections }) => {
                let objections = &objections;
                boundary.decide_call(call, &Ask { objections, ..ask })
            }
            None => boundary.decide(&ask),
        };
        let judged = judged.map_err(unjudged)?;
        let records = Records::of(&judged, boundary.gate(), &self.manner.directories, places);
        let records = records.map_err(|error| failed("make the artifacts of the decision", &error))?;
        Ok((Box::new(judged), records))
    }

    /// What the boundary is asked.
    fn ask<'a>(&'a self, request: &'a EvaluateRequest) -> Ask<'a> {
        let adapter = match request.adapter.trim() {
            "" => &self.manner.adapter,
            adapter => adapter,
        };
        Ask {
            payload: &request.call,
            adapter,
            run_id: &request.run_id,
            may_name_envelope: self.manner.directories.clients_may_name,
            ..Ask::default()
        }
    }

    /// What the session's journal gets, if that is all that is left to do: then no thread has to be given to it.
    fn only_journals(&self, decided: &Decided, checkpoint_interval: i64) -> Option<SessionEntry> {
        if decided.session_id.is_empty() || checkpoint_interval > 0 || self.has_more_than_journals(decided) {
            return None;
        }
        let trace_path = &decided.artifacts.trace_path;
        SessionEntry::of(&decided.judged, trace_path, self.manner.clock.now())
    }

    /// Whether something is left that may have to wait.
    fn has_more_to_do(&self, decided: &Decided) -> bool {
        !decided.session_id.is_empty() || self.has_more_than_journals(decided)
    }

    fn has_more_than_journals(&self, decided: &Decided) -> bool {
        decided.judged.decision.journal.is_some()
            || self.removes
            || !self.manner.export_log.is_empty()
            || !self.manner.export_otel.is_empty()
    }

    /// Continues journals and files for others, then removes what is not to be kept any longer.
    fn finish(
        &self,
        mut decided: Decided,
        journal: Option<&str>,
        checkpoint_interval: i64,
    ) -> Result<Decided, Refusal> {
        self.continue_kill_switch_journal(&mut decided);
        self.export(&mut decided)
            .map_err(|error| failed("export the decision", &error))?;
        if !decided.session_id.is_empty() {
            let call = SessionCall {
                session_id: &decided.session_id,
                run_id: &decided.judged.run_id,
                journal,
                checkpoint_interval,
            };
            let (judged, trace_path) = (&decided.judged, &decided.artifacts.trace_path);
            let appended = self
                .sessions
                .append(&call, judged, trace_path, self.manner.clock.now())
                .map_err(|error| unjournalled(&error))?;
            decided.artifacts.warnings.extend(appended.warnings());
        }
        let removed = self.retention.run(SystemTime::now());
        decided.artifacts.warnings.extend(removed);
        Ok(decided)
    }

    /// Notes the call that a kill switch stopped. The call stays stopped, noted or not.
    fn continue_kill_switch_journal(&self, decided: &mut Decided) {
        let Some(entry) = &decided.judged.decision.journal else {
            return;
        };
        let path =
            Path::new(self.manner.kill_switch_state.trim()).with_file_name("kill_switch_journal.jsonl");
        if let Err(error) = kill_switch::append_journal(&path, entry) {
            tracing::error!(%error, "continue the journal of the kill switch");
            decided
                .artifacts
                .warnings
                .push(format!("kill switch journal: {error}"));
        }
    }

    /// Tells those who watch.
    fn export(&self, decided: &mut Decided) -> Result<(), Box<dyn std::error::Error>> {
        let (judged, artifacts) = (&decided.judged, &mut decided.artifacts);
        let (log, otel) = (&self.manner.export_log, &self.manner.export_otel);
        if !log.is_empty() {
            let line = LogLine::of(judged, &artifacts.trace_path, artifacts.latency_ms).to_json()?;
            export::append(Path::new(log), &line)?;
            artifacts.log_export = log.clone();
        }
        if !otel.is_empty() {
            let line = OtelLine::of(judged, &artifacts.trace_path, artifacts.latency_ms).to_json()?;
            export::append(Path::new(otel), &line)?;
            artifacts.otel_export = otel.clone();
        }
        Ok(())
    }

    /// A decision that is not durable is not told.
    fn unkept(&self, error: &KeepError) -> Refusal {
        match error {
            KeepError::Named(error) => {
                Refusal::Unusable(format!("write the artifacts of the decision: {error}"))
            }
            error => {
                self.metrics.ledger_failures.add_one();
                failed("keep the decision", error)
            }
        }
    }
}

impl Decided {
    /// What the log and the numbers are told.
    pub(crate) fn told(&self) -> Told {
        Told {
            verdict: self.judged.decision.verdict(),
            trace_id: self.judged.decision.trace.record().trace_id.clone(),
            run_id: self.judged.run_id.clone(),
            adapter: self.judged.adapter.clone(),
            epoch: self.epoch,
        }
    }

    /// The journal of its session, `named` by the client or not.
    fn journal(&self, named: Option<String>) -> Journal {
        Journal {
            session_id: self.session_id.clone(),
            run_id: self.judged.run_id.clone(),
            named,
        }
    }

    /// The exit code that a command line would have ended with.
    pub(crate) fn exit_code(&self) -> u8 {
        match self.judged.decision.verdict() {
            Verdict::Allow | Verdict::DryRun => 0,
            Verdict::Block => 3,
            Verdict::RequireApproval => 4,
        }
    }
}

impl VerdictStatus {
    pub(crate) const fn of(self, verdict: Verdict) -> StatusCode {
        match (self, verdict) {
            (Self::Compat, _) | (_, Verdict::Allow) => StatusCode::OK,
            (Self::Strict, Verdict::Block) => StatusCode::FORBIDDEN,
            (Self::Strict, Verdict::RequireApproval | Verdict::DryRun) => StatusCode::CONFLICT,
        }
    }
}

/// Runs `work` on a thread that may wait.
async fn off_thread<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Refusal> {
    spawn_blocking(work)
        .await
        .map_err(|_| Refusal::Failed("the decision was abandoned".to_owned()))
}

/// A call that could not be judged: mostly its caller's fault, sometimes that of the deployment.
fn unjudged(error: BoundaryError) -> Refusal {
    match error {
        BoundaryError::Gate(
            error @ (GateError::FactUnavailable { .. }
            | GateError::UnusableFact(_)
            | GateError::RegistryUntrusted(_)
            | GateError::RateLimit(_)
            | GateError::Token(_)
            | GateError::Encode { .. }
            | GateError::Write { .. }),
        ) => failed("judge the call", &error),
        error => Refusal::Unusable(error.to_string()),
    }
}

/// A decision that its session's journal did not take: what stands in the way there may be the caller's own doing.
fn unjournalled(error: &SessionError) -> Refusal {
    if is_own_failure(error) {
        failed("continue the session", error)
    } else {
        Refusal::Unusable(error.to_string())
    }
}

/// Whether the service could take the event if only the disk, or another process, let it.
fn is_own_failure(error: &SessionError) -> bool {
    match error {
        SessionError::Shared(error) => is_own_failure(error),
        SessionError::Disk(gait_disk::Error::NotRegular { .. }) => false,
        SessionError::Open { source, .. } => source.kind() != std::io::ErrorKind::IsADirectory,
        SessionError::Contention { .. }
        | SessionError::LockLost { .. }
        | SessionError::Lock(_)
        | SessionError::Runpack(_)
        | SessionError::ChainOutput { .. }
        | SessionError::Disk(_)
        | SessionError::Io { .. } => true,
        _ => false,
    }
}

/// What the service could not do. The operator learns why, the caller only what.
fn failed(doing: &str, error: &(impl std::fmt::Display + ?Sized)) -> Refusal {
    tracing::error!(%error, doing, "failed");
    Refusal::Failed(format!("could not {doing}"))
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
