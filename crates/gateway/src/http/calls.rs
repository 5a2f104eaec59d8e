//! Tool calls: judged, and passed on only when they may run.

use std::sync::Arc;
use std::time::Instant;

use axum::body::{Body, Bytes};
use axum::http::{Method, Response, StatusCode};
use gait_canon::short_id;
use gait_mcp::ToolCall;
use tokio::sync::oneshot;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use super::lengthy::lengthy;
use super::mirror::{self, Mismatch};
use super::proxy::{Asking, SESSION_ID};
use super::refused::{Refused, message, mismatched, refusal};
use super::relay;
use super::scope::Scope;
use super::sessions::Owed;
use crate::answer::{self, Ruling};
use crate::approvals::Approved;
use crate::call::{Caller, Wanted, is_open_world};
use crate::catalog::Catalog;
use crate::exchange::{Decided, objection};
use crate::frame::RequestId;
use crate::judge::Outcome;
use crate::notice::Notice;

/// The reason code of calls whose headers say something else.
const MISMATCH_CODE: &str = "mcp_header_mismatch";

/// A call on its way.
pub(crate) struct Call {
    pub(crate) asking: Asking,
    pub(crate) id: RequestId,
    pub(crate) wanted: Wanted,
    /// The tools that it was judged by.
    pub(crate) catalog: Arc<Catalog>,
    /// Whether the tool reaches into the open world.
    is_open_world: bool,
    /// The message, as the client sent it.
    bytes: Bytes,
    begun: Instant,
}

impl Asking {
    /// A call: judged, and passed on only when it may run.
    pub(crate) async fn call(
        self,
        id: RequestId,
        wanted: Wanted,
        mismatch: Option<Mismatch>,
        bytes: Bytes,
    ) -> Result<Response<Body>, Refused> {
        let begun = Instant::now();
        let catalog = if mismatch.is_none() {
            let listed = self.catalog().await;
            listed.map_err(|unlisted| unlisted.answer(&id))?
        } else {
            // Nobody asks the server on behalf of such a call.
            Arc::default()
        };
        let tool = catalog.get(&wanted.name);
        let must_repeat = self.meta.is_some();
        let arguments = &wanted.arguments;
        let mismatch = mismatch.or_else(|| {
            let tool = tool?;
            mirror::check_arguments(&self.fields, tool, arguments, must_repeat).err()
        });
        let objection = match &mismatch {
            Some(_) => Some(MISMATCH_CODE),
            None => objection(&catalog, &wanted).map(|objection| objection.code),
        };
        let judge = Arc::clone(&self.proxy.staff().judge);
        let arg_provenance = lengthy(bytes.len(), || {
            judge.records().trace(self.session, &wanted.arguments)
        });
        let tool_call = wanted.to_call(&judge.server, tool, &self.caller(), arg_provenance);
        let call = Call {
            asking: self,
            id,
            is_open_world: is_open_world(tool),
            catalog: Arc::clone(&catalog),
            wanted,
            bytes,
            begun,
        };
        let outcome = call.judge(tool_call, objection).await;
        let mut outcome = call.decided(outcome)?;
        if let Some(mismatch) = &mismatch {
            return Err(mismatched(Some(&call.id), mismatch));
        }
        match (outcome.pending.take(), judge.desk()) {
            (Some(pending), Some(desk)) => Ok(Box::pin(call.petition(desk, *pending, outcome.ruling)).await),
            _ if objection.is_some() && matches!(outcome.decided, Decided::Run(_)) => Err(call.not_judged()),
            _ => Ok(call.act(outcome.decided).await),
        }
    }

    /// Who calls: each session of the client is one of the gateway's.
    fn caller(&self) -> Caller {
        let mut caller = self.proxy.staff().judge.caller.clone();
        if self.fields.contains_key(SESSION_ID) {
            caller.session_id = format!("mcp-{}", short_id(&self.session.to_string()));
        }
        caller
    }
}

impl Call {
    /// What comes of the call once its trace is durable.
    async fn judge(&self, call: ToolCall, objection: Option<&'static str>) -> Option<Outcome> {
        let (tell, told) = oneshot::channel();
        let staff = self.asking.proxy.staff();
        let judge = Arc::clone(&staff.judge);
        let judging_waits = judge.waits();
        let judging = move || {
            judge.judge(call, objection, move |outcome| {
                // Nobody may be waiting any more; then nothing runs.
                _ = tell.send(outcome);
            });
        };
        if judging_waits {
            spawn_blocking(judging).await.ok()?;
        } else {
            judging();
        }
        told.await.ok()
    }

    /// The same for a call that was approved. Its tokens are read from the disk.
    pub(crate) async fn judge_approved(&self, call: ToolCall, approved: Approved) -> Option<Outcome> {
        let (tell, told) = oneshot::channel();
        let judge = Arc::clone(&self.asking.proxy.staff().judge);
        let judging = move || {
            judge.judge_approved(call, &approved, move |outcome| {
                _ = tell.send(outcome);
            });
        };
        spawn_blocking(judging).await.ok()?;
        told.await.ok()
    }

    /// What was decided, for those who watch as well.
    fn decided(&self, outcome: Option<Outcome>) -> Result<Outcome, Refused> {
        let outcome = outcome.ok_or_else(|| self.not_judged())?;
        self.asking.proxy.tell(Notice::Decided {
            tool: &self.wanted.name,
            ruling: &outcome.ruling,
            took: self.begun.elapsed(),
        });
        Ok(outcome)
    }

    /// Does what was decided of a call that was approved.
    pub(crate) async fn settle(self, outcome: Option<Outcome>) -> Result<Response<Body>, Refused> {
        let outcome = self.decided(outcome)?;
        Ok(self.act(outcome.decided).await)
    }

    async fn act(self, decided: Decided) -> Response<Body> {
        match decided {
            Decided::Run(ticket) => {
                let judge = &self.asking.proxy.staff().judge;
                judge
                    .records()
                    .begun(ticket, self.asking.session, self.is_open_world);
                let text = std::str::from_utf8(&self.bytes).unwrap_or_default();
                let restored = judge
                    .desk()
                    .and_then(|desk| desk.restored(&self.wanted.presented, text));
                let bytes = restored.map_or(self.bytes, Bytes::from);
                let scope = self.asking.scope().owing(self.id, Owed::Call(ticket));
                self.asking.forward(Method::POST, bytes, scope, false).await
            }
            Decided::Refuse(ruling) => self.refuse(&ruling),
            Decided::ComeBack(invitation) => {
                let text = answer::come_back(&self.id, &invitation);
                message(StatusCode::OK, text).into_answer()
            }
        }
    }

    /// The answer to a call that does not run.
    pub(crate) fn refuse(&self, ruling: &Ruling) -> Response<Body> {
        let refused = answer::refused(&self.id, ruling, self.asking.meta.is_some());
        message(StatusCode::OK, refused).into_answer()
    }

    fn not_judged(&self) -> Refused {
        refusal(
            StatusCode::INTERNAL_SERVER_ERROR,
            Some(&self.id),
            answer::INTERNAL_ERROR,
            "the call was not judged",
        )
    }
}

impl Asking {
    /// Passes a request on, and its answer back.
    pub(crate) async fn forward(
        self,
        method: Method,
        bytes: Bytes,
        scope: Scope,
        is_endless: bool,
    ) -> Response<Body> {
        let settings = &self.proxy.settings;
        // The query of its address may say what a server lets clients do; that is the operator's to say.
        let asked = settings.upstream.send(method, None, self.fields.clone(), bytes);
        match timeout(settings.answer_time, asked).await {
            Ok(Ok(answered)) => Box::pin(relay::answer(self, answered, scope, is_endless)).await,
            Ok(Err(_)) => relay::failed(scope, StatusCode::BAD_GATEWAY, "the server cannot be reached"),
            Err(_) => relay::failed(scope, StatusCode::GATEWAY_TIMEOUT, relay::TOO_LATE),
        }
    }
}
