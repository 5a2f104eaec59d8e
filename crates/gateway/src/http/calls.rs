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

use super::mirror::{self, Mismatch};
use super::proxy::{Asking, SESSION_ID};
use super::refused::{Refused, message, mismatched, refusal};
use super::relay;
use super::scope::Scope;
use super::sessions::Owed;
use crate::answer;
use crate::call::{Caller, Wanted};
use crate::exchange::{Decided, objection};
use crate::frame::RequestId;
use crate::judge::Outcome;
use crate::notice::Notice;

/// The reason code of calls whose headers say something else.
const MISMATCH_CODE: &str = "mcp_header_mismatch";

impl Asking {
    /// A call: judged, and passed on only when it may run.
    pub(crate) async fn call(
        self,
        id: RequestId,
        wanted: &Wanted,
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
            None => objection(&catalog, wanted).map(|objection| objection.code),
        };
        let judge = &self.proxy.staff().judge;
        let call = wanted.to_call(&judge.server, tool, &self.caller(), Vec::new());
        let outcome = self.judge(call, objection).await;
        let internal = || {
            let text = "the call was not judged";
            refusal(
                StatusCode::INTERNAL_SERVER_ERROR,
                Some(&id),
                answer::INTERNAL_ERROR,
                text,
            )
        };
        let Outcome { decided, ruling } = outcome.ok_or_else(internal)?;
        self.proxy.tell(Notice::Decided {
            tool: &wanted.name,
            ruling: &ruling,
            took: begun.elapsed(),
        });
        if let Some(mismatch) = &mismatch {
            return Err(mismatched(Some(&id), mismatch));
        }
        match decided {
            Decided::Run(_) if objection.is_none() => {
                let scope = self.scope().owing(id, Owed::Call);
                Ok(self.forward(Method::POST, bytes, scope, false).await)
            }
            Decided::Run(_) => Err(internal()),
            Decided::Refuse(ruling) => {
                let refused = answer::refused(&id, &ruling, self.meta.is_some());
                Ok(message(StatusCode::OK, refused).into_answer())
            }
        }
    }

    /// What comes of the call once its trace is durable.
    async fn judge(&self, call: ToolCall, objection: Option<&'static str>) -> Option<Outcome> {
        let (tell, told) = oneshot::channel();
        let staff = self.proxy.staff();
        let judge = Arc::clone(&staff.judge);
        let judging = move || {
            judge.judge(call, objection, move |outcome| {
                // Nobody may be waiting any more; then nothing runs.
                _ = tell.send(outcome);
            });
        };
        if staff.judging_waits {
            spawn_blocking(judging).await.ok()?;
        } else {
            judging();
        }
        told.await.ok()
    }

    /// Who calls: each session of the client is one of the gateway's.
    fn caller(&self) -> Caller {
        let mut caller = self.proxy.staff().judge.caller.clone();
        if self.fields.contains_key(SESSION_ID) {
            caller.session_id = format!("mcp-{}", short_id(&self.session.to_string()));
        }
        caller
    }

    /// Passes a request on, and its answer back.
    pub(crate) async fn forward(
        self,
        method: Method,
        bytes: Bytes,
        scope: Scope,
        is_endless: bool,
    ) -> Response<Body> {
        let settings = &self.proxy.settings;
        let asked = settings
            .upstream
            .send(method, self.query.as_deref(), self.fields.clone(), bytes);
        match timeout(settings.answer_time, asked).await {
            Ok(Ok(answered)) => Box::pin(relay::answer(self, answered, scope, is_endless)).await,
            Ok(Err(_)) => relay::failed(scope, StatusCode::BAD_GATEWAY, "the server cannot be reached"),
            Err(_) => relay::failed(scope, StatusCode::GATEWAY_TIMEOUT, relay::TOO_LATE),
        }
    }
}
