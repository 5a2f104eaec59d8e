//! From a call that wants to run to a decision that is on the disk.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use gait_artifact::mcp::McpServer;
use gait_disk::ledger::{Ledger, LedgerError};
use gait_gate::{GateError, Permit, store::RecordKind};
use gait_mcp::{
    Ask, ToolCall,
    boundary::{Boundary, BoundaryError, Judged},
    output,
};

use crate::{answer::Ruling, call::Caller, exchange::Decided};

/// The reason code of a call that could not be judged.
const NOT_JUDGED: &str = "mcp_call_not_judged";
/// The reason code of a call whose decision could not be kept.
const NOT_KEPT: &str = "mcp_decision_not_durable";

/// Judges the calls that come through one gateway.
pub struct Judge {
    /// What decides.
    pub boundary: Boundary<'static>,
    /// What makes decisions durable.
    pub ledger: Ledger,
    /// The directory of traces.
    pub traces: PathBuf,
    /// The server that calls go to.
    pub server: McpServer,
    /// Who calls.
    pub caller: Caller,
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
}

/// Why no decision came about.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("judge the call: {0}")]
    Judge(#[from] BoundaryError),
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
        boundary: Boundary<'static>,
        ledger: Ledger,
        traces: PathBuf,
        server: McpServer,
        caller: Caller,
    ) -> Self {
        Self {
            boundary,
            ledger,
            traces,
            server,
            caller,
            made: AtomicU64::new(0),
        }
    }

    /// Judges `call`, which must not run if there is an objection, and tells `then` what came of it once the signed trace is durable, maybe on another thread. Without a
    /// durable trace nothing runs.
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
        match self.boundary.decide_call(call, &ask) {
            Ok(judged) => self.keep(&judged, then),
            Err(error) => then(Outcome::failed(NOT_JUDGED, &error.into())),
        }
    }

    fn keep(&self, judged: &Judged, then: impl FnOnce(Outcome) + Send + 'static) {
        let files = match judged.decision.record_files() {
            Ok(files) => files,
            Err(error) => return then(Outcome::failed(NOT_KEPT, &error.into())),
        };
        let ruling = Ruling::of(judged);
        let permit = judged.decision.permit();
        // The ledger keeps records in order, so the trace's word comes after that of the others.
        let is_incomplete = Arc::new(AtomicBool::new(false));
        let number = self.made.fetch_add(1, Ordering::Relaxed);
        let stamp = output::stamp(self.boundary.gate().clock().now());
        let mut last = Some((then, ruling, permit));
        for file in files {
            let name = format!("{}_{stamp}_{number}.json", file.kind.as_str());
            let path = self.traces.join(name);
            let is_incomplete = Arc::clone(&is_incomplete);
            if file.kind == RecordKind::Trace {
                let Some((then, ruling, permit)) = last.take() else {
                    break;
                };
                self.ledger.record_then(path, file.bytes, move |kept, _| {
                    then(match kept {
                        Ok(()) if !is_incomplete.load(Ordering::Acquire) => {
                            Outcome::of(ruling, permit.as_ref(), number)
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
    fn of(ruling: Ruling, permit: Option<&Permit>, ticket: u64) -> Self {
        let decided = match permit {
            Some(_) => Decided::Run(ticket),
            None => Decided::Refuse(ruling.clone()),
        };
        Self { decided, ruling }
    }

    /// What goes wrong on the way to a decision is a block.
    fn failed(code: &str, failure: &Failure) -> Self {
        let ruling = Ruling {
            verdict: "block".to_owned(),
            reason_codes: vec![code.to_owned()],
            trace_id: String::new(),
            advice: format!("{failure}."),
        };
        Self {
            decided: Decided::Refuse(ruling.clone()),
            ruling,
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
            advice: String::new(),
        }
    }
}
