//! From a call that wants to run to a decision that is on the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gait_approval::PendingCall;
use gait_artifact::Timestamp;
use gait_artifact::mcp::McpServer;
use gait_artifact::verdict::Verdict;
use gait_disk::ledger::{Ledger, LedgerError};
use gait_disk::reload::{Epoch, Reloading};
use gait_gate::{GateError, Permit, store::RecordKind};
use gait_mcp::{
    Ask, ToolCall,
    boundary::{Boundary, BoundaryError, Judged},
    output,
};
use gait_policy::reach::may_permit;

use crate::{
    answer::Ruling,
    approvals::{Approved, Desk},
    call::Caller,
    catalog::{Catalog, Definition},
    exchange::Decided,
    record::{Decision, Records},
    review::{ReviewError, Reviewer},
};

/// The reason code of a call that could not be judged.
const NOT_JUDGED: &str = "mcp_call_not_judged";
/// The reason code of a call whose decision could not be kept.
const NOT_KEPT: &str = "mcp_decision_not_durable";

/// The reason code of a call that needs an approval that nobody can give.
const NO_KEY: &str = "approval_key_missing";

/// What calls are judged by.
pub struct Rules {
    /// What decides.
    pub boundary: Boundary<'static>,
    /// Whether deciding may have to wait for a disk, a lock or another program.
    pub waits: bool,
}

/// Judges the calls that come through one gateway.
pub struct Judge {
    /// What calls are judged by, as its files are now.
    rules: Reloading<Rules>,
    /// What makes decisions durable.
    pub ledger: Ledger,
    /// The directory of traces.
    pub traces: PathBuf,
    /// The server that calls go to.
    pub server: McpServer,
    /// Who calls.
    pub caller: Caller,
    /// Where calls go that need an approval.
    desk: Option<Desk>,
    /// Where decisions, and what came of them, are recorded beside the traces.
    records: Arc<Records>,
    /// How many decisions were made.
    made: AtomicU64,
}

/// What came of a call.
#[derive(Debug)]
pub struct Outcome {
    /// Whether it may run, and if not, why.
    pub decided: Decided,
    /// What was decided, for those who watch and record.
    pub ruling: Ruling,
    /// The call, if people can let it run. Until then it is refused.
    pub pending: Option<Box<Pending>>,
}

/// A call that people can let run.
#[derive(Debug)]
pub struct Pending {
    /// What they are asked.
    pub request: PendingCall,
    /// The call, to be judged again.
    pub call: ToolCall,
}

/// Why no decision came about.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("judge the call: {0}")]
    Judge(#[from] BoundaryError),
    #[error("judge the call: {0}")]
    Rules(Arc<str>),
    #[error("keep the decision: {0}")]
    Encode(#[from] GateError),
    #[error("keep the decision: {0}")]
    Keep(#[from] LedgerError),
    #[error("keep the decision: a record beside the trace was not written")]
    Incomplete,
}

impl Judge {
    /// A judge that keeps traces in the directory `traces`.
    #[must_use]
    pub fn new(
        rules: Reloading<Rules>,
        ledger: Ledger,
        traces: PathBuf,
        server: McpServer,
        caller: Caller,
    ) -> Self {
        Self {
            rules,
            ledger,
            traces,
            server,
            caller,
            desk: None,
            records: Arc::default(),
            made: AtomicU64::new(0),
        }
    }

    /// The same, with a desk for calls that need an approval. Without one they are refused.
    #[must_use]
    pub fn with_desk(mut self, desk: Option<Desk>) -> Self {
        self.desk = desk;
        self
    }

    /// The same, with journals beside the traces.
    #[must_use]
    pub fn with_records(mut self, records: Arc<Records>) -> Self {
        self.records = records;
        self
    }

    /// Where decisions, and what came of them, are recorded.
    #[must_use]
    pub const fn records(&self) -> &Arc<Records> {
        &self.records
    }

    /// Where calls go that need an approval.
    #[must_use]
    pub const fn desk(&self) -> Option<&Desk> {
        self.desk.as_ref()
    }

    /// What calls are judged by now, and the number of that.
    pub fn rules(&self) -> Arc<Epoch<Rules>> {
        self.rules.refresh()
    }

    /// Whether judging may have to wait for a disk, a lock or another program, as far as is known without a look at the files:
    /// judging looks at them itself.
    #[must_use]
    pub fn waits(&self) -> bool {
        self.rules.latest().value.as_ref().is_ok_and(|rules| rules.waits)
    }

    /// Reads what calls are judged by anew, whatever the times of its files say.
    pub fn reload(&self) {
        self.rules.reload();
    }

    /// Reviews what `server` lists at `now`. What the policy lets no call of pass is not offered.
    pub fn review(
        &self,
        reviewer: &Reviewer,
        server: &str,
        definitions: Vec<Definition>,
        now: Timestamp,
    ) -> Result<Catalog, ReviewError> {
        let rules = self.rules();
        let policy = rules
            .value
            .as_ref()
            .map(|rules| rules.boundary.gate().compiled_policy());
        let permits = |tool: &str| policy.is_ok_and(|policy| may_permit(policy, tool));
        reviewer.review(server, definitions, &permits, now)
    }

    /// Judges `call`, which must not run if there is an objection, and tells `then` what came of it once the signed trace is
    /// durable, maybe on another thread. Without a durable trace nothing runs.
    pub fn judge(
        &self,
        call: ToolCall,
        objection: Option<&'static str>,
        then: impl FnOnce(Outcome) + Send + 'static,
    ) {
        let ask = Ask {
            adapter: "mcp",
            objections: objection.as_slice(),
            ..Ask::default()
        };
        // What has an objection nobody can let run.
        let can_wait = self.desk.is_some() && objection.is_none();
        let kept = can_wait.then(|| call.clone());
        match self.decide(call, &ask) {
            Ok((rules, judged)) => {
                let mut ruling = Ruling::of(&judged);
                let pending = self.pending(&rules, &judged, kept, &mut ruling);
                self.keep(&rules, &judged, (ruling, pending), then);
            }
            Err(error) => then(Outcome::failed(NOT_JUDGED, &error)),
        }
    }

    /// Judges a call again that was approved, as [`Judge::judge`] does. The decision has a trace of its own, and if it is no
    /// permit, nobody is asked a second time.
    pub fn judge_approved(
        &self,
        call: ToolCall,
        approved: &Approved,
        then: impl FnOnce(Outcome) + Send + 'static,
    ) {
        let ask = Ask {
            adapter: "mcp",
            approval_tokens: &approved.tokens,
            ..Ask::default()
        };
        match self.decide(call, &ask) {
            Ok((rules, judged)) => {
                let mut ruling = Ruling::of(&judged);
                ruling.approval_request_id.clone_from(&approved.request_id);
                self.keep(&rules, &judged, (ruling, None), then);
            }
            Err(error) => then(Outcome::failed(NOT_JUDGED, &error)),
        }
    }

    fn decide(&self, call: ToolCall, ask: &Ask<'_>) -> Result<(Arc<Rules>, Judged), Failure> {
        let rules = self.rules().value.clone().map_err(Failure::Rules)?;
        let judged = rules.boundary.decide_call(call, ask)?;
        Ok((rules, judged))
    }

    /// What people are asked about a call, if its verdict is theirs to change.
    fn pending(
        &self,
        rules: &Rules,
        judged: &Judged,
        call: Option<ToolCall>,
        ruling: &mut Ruling,
    ) -> Option<Box<Pending>> {
        let decision = &judged.decision;
        if decision.verdict() != Verdict::RequireApproval {
            return None;
        }
        let key = self
            .desk
            .as_ref()
            .and_then(|_| rules.boundary.gate().approval_key().ok());
        let Some(key) = key else {
            ruling.object(NO_KEY);
            return None;
        };
        let call = call?;
        let server = call.server.as_ref().map(|server| server.server_id.clone());
        Some(Box::new(Pending {
            request: PendingCall {
                server: server.unwrap_or_default(),
                ..PendingCall::of(decision, &call.context.identity, key)
            },
            call,
        }))
    }

    fn keep(
        &self,
        rules: &Rules,
        judged: &Judged,
        (ruling, pending): (Ruling, Option<Box<Pending>>),
        then: impl FnOnce(Outcome) + Send + 'static,
    ) {
        let files = match judged.decision.record_files() {
            Ok(files) => files,
            Err(error) => return then(Outcome::failed(NOT_KEPT, &error.into())),
        };
        let permit = judged.decision.permit();
        // The ledger keeps records in order, so the trace's word comes after that of the others.
        let is_incomplete = Arc::new(AtomicBool::new(false));
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let now = rules.boundary.gate().clock().now();
        let stamp = output::stamp(now);
        let mut last = Some((then, ruling, pending, permit));
        for file in files {
            let name = format!("{}_{stamp}_{number}.json", file.kind.as_str());
            let path = self.traces.join(name);
            let is_incomplete = Arc::clone(&is_incomplete);
            if file.kind == RecordKind::Trace {
                let Some((then, ruling, pending, permit)) = last.take() else {
                    break;
                };
                let noted = Decision::of(judged, &path);
                let records = Arc::clone(&self.records);
                self.ledger.record_then(path, file.bytes, move |kept, _| {
                    then(match kept {
                        Ok(()) if !is_incomplete.load(Ordering::Acquire) => {
                            records.keep(noted, permit.is_some().then_some(number), now);
                            Outcome::of(ruling, pending, permit.as_ref(), number)
                        }
                        Ok(()) => Outcome::failed(NOT_KEPT, &Failure::Incomplete),
                        Err(error) => Outcome::failed(NOT_KEPT, &error.into()),
                    });
                });
            } else {
                self.ledger.record_then(path, file.bytes, move |kept, _| {
                    if kept.is_err() {
                        is_incomplete.store(true, Ordering::Release);
                    }
                });
            }
        }
    }
}

impl Outcome {
    /// Only a permit of the gate lets a call run.
    fn of(ruling: Ruling, pending: Option<Box<Pending>>, permit: Option<&Permit>, ticket: u64) -> Self {
        let decided = match permit {
            Some(_) => Decided::Run(ticket),
            None => Decided::Refuse(ruling.clone()),
        };
        Self {
            decided,
            ruling,
            pending,
        }
    }

    /// What goes wrong on the way to a decision is a block.
    fn failed(code: &str, failure: &Failure) -> Self {
        let ruling = Ruling {
            verdict: "block".to_owned(),
            reason_codes: vec![code.to_owned()],
            advice: format!("{failure}."),
            ..Ruling::default()
        };
        Self {
            decided: Decided::Refuse(ruling.clone()),
            ruling,
            pending: None,
        }
    }
}

impl Ruling {
    /// What was decided.
    #[must_use]
    pub fn of(judged: &Judged) -> Self {
        let decision = &judged.decision;
        Self {
            verdict: decision.verdict().to_string(),
            reason_codes: decision.outcome.reasons(),
            trace_id: decision.trace.record().trace_id.clone(),
            ..Self::default()
        }
    }
}
