//! What a proxy is told.

use axum::http::StatusCode;
use gait_artifact::Verdict;
use gait_canon::json;
use serde::Serialize;
use tonic::Code;

use super::protocol::{
    CheckResponse, DeniedHttpResponse, HeaderAppendAction, HeaderValue, HeaderValueOption, HttpResponse,
    HttpStatus, OkHttpResponse, Status,
};
use super::question::Unreadable;
use crate::decide::{Decided, VerdictStatus};
use crate::refusal::Refusal;

const TRACE_ID: &str = "x-gait-trace-id";
const VERDICT: &str = "x-gait-verdict";

/// The verdict of what passes without one.
const NOT_JUDGED: &str = "not_judged";

/// The body of every reply that lets nothing through.
#[derive(Serialize)]
struct Denied<'a> {
    /// Whether the call was judged.
    ok: bool,
    /// Why it was not.
    #[serde(skip_serializing_if = "str::is_empty")]
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<Verdict>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reason_codes: Vec<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    trace_id: &'a str,
}

/// The reply to a call that was judged. Only what the gate permits goes on.
pub(super) fn decided(decided: &Decided) -> CheckResponse {
    let decision = &decided.judged.decision;
    let trace_id = decision.trace.record().trace_id.as_str();
    let verdict = decision.verdict();
    let headers = [(TRACE_ID, trace_id), (VERDICT, verdict.as_str())];
    if decision.permit().is_some() {
        return let_through(&headers);
    }
    let body = Denied {
        ok: true,
        error: "",
        verdict: Some(verdict),
        reason_codes: decision.outcome.reasons(),
        trace_id,
    };
    let status = match VerdictStatus::Strict.of(verdict) {
        StatusCode::OK => StatusCode::FORBIDDEN,
        status => status,
    };
    hold_back(status, Code::PermissionDenied, &headers, &body)
}

/// The reply to a request that the operator lets pass.
pub(super) fn passed() -> CheckResponse {
    let_through(&[(VERDICT, NOT_JUDGED)])
}

/// The reply to a request that can't be read.
pub(super) fn unreadable(error: &Unreadable) -> CheckResponse {
    let (status, code) = match error {
        Unreadable::Route(error) => {
            // The operator learns why, the caller only what.
            tracing::error!(%error, "route of a proxy");
            let text = "the route is not configured for checks";
            return hold_back(
                StatusCode::SERVICE_UNAVAILABLE,
                Code::Unavailable,
                &[],
                &undecided(text),
            );
        }
        Unreadable::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, Code::PermissionDenied),
        _ => (StatusCode::FORBIDDEN, Code::PermissionDenied),
    };
    hold_back(status, code, &[], &undecided(&error.to_string()))
}

/// The reply to a call that was not judged, or whose decision could not be kept.
pub(super) fn refused(refusal: &Refusal) -> CheckResponse {
    let (status, code) = match refusal {
        Refusal::Unusable(_) => (StatusCode::FORBIDDEN, Code::PermissionDenied),
        _ => (StatusCode::SERVICE_UNAVAILABLE, Code::Unavailable),
    };
    let text = match refusal {
        // What is wrong with the policy is for its operator.
        Refusal::NoPolicy(_) => "nothing can be decided at present".to_owned(),
        refusal => refusal.to_string(),
    };
    hold_back(status, code, &[], &undecided(&text))
}

/// The HTTP status that the proxy answers with; 200 where it answers nothing itself.
pub(super) fn status(reply: &CheckResponse) -> u16 {
    match &reply.http_response {
        Some(HttpResponse::Ok(_)) => 200,
        Some(HttpResponse::Denied(denied)) => denied
            .status
            .as_ref()
            .and_then(|status| status.code.try_into().ok())
            .unwrap_or_default(),
        None => 0,
    }
}

const fn undecided(error: &str) -> Denied<'_> {
    Denied {
        ok: false,
        error,
        verdict: None,
        reason_codes: Vec::new(),
        trace_id: "",
    }
}

/// The headers go to the server, in place of what the caller may have made up, and back to the caller.
fn let_through(headers: &[(&str, &str)]) -> CheckResponse {
    let mut removed = vec![TRACE_ID.to_owned(), VERDICT.to_owned()];
    removed.retain(|name| headers.iter().all(|(given, _)| given != name));
    CheckResponse {
        status: Some(Status {
            code: Code::Ok.into(),
        }),
        http_response: Some(HttpResponse::Ok(OkHttpResponse {
            headers: options(headers),
            response_headers_to_add: options(headers),
            headers_to_remove: removed,
        })),
    }
}

fn hold_back(status: StatusCode, code: Code, headers: &[(&str, &str)], body: &Denied<'_>) -> CheckResponse {
    let mut headers = options(headers);
    headers.extend(options(&[("content-type", "application/json")]));
    CheckResponse {
        status: Some(Status { code: code.into() }),
        http_response: Some(HttpResponse::Denied(DeniedHttpResponse {
            status: Some(HttpStatus {
                code: i32::from(status.as_u16()),
            }),
            headers,
            // Without a body it is held back all the same.
            body: json::line(body).unwrap_or_default(),
        })),
    }
}

fn options(headers: &[(&str, &str)]) -> Vec<HeaderValueOption> {
    let option = |(key, value): &(&str, &str)| HeaderValueOption {
        header: Some(HeaderValue {
            key: (*key).to_owned(),
            value: (*value).to_owned(),
            ..HeaderValue::default()
        }),
        append_action: HeaderAppendAction::OverwriteIfExistsOrAdd.into(),
    };
    headers.iter().map(option).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_judged_is_held_back() {
        for (reply, want) in [
            (refused(&Refusal::Failed("x".to_owned())), 503),
            (refused(&Refusal::NoPolicy("x".to_owned())), 503),
            (refused(&Refusal::Busy), 503),
            (refused(&Refusal::TooSlow), 503),
            (refused(&Refusal::Unusable("x".to_owned())), 403),
            (unreadable(&Unreadable::NotHttp), 403),
            (unreadable(&Unreadable::TooLarge), 413),
            (CheckResponse::default(), 0),
        ] {
            assert_eq!(status(&reply), want);
            assert_ne!(reply.status.map(|status| status.code), Some(Code::Ok.into()));
        }
    }

    #[test]
    fn what_passes_unjudged_can_not_claim_a_trace() {
        let reply = passed();
        assert_eq!(status(&reply), 200);
        let Some(HttpResponse::Ok(ok)) = reply.http_response else {
            unreachable!("it passes");
        };
        assert_eq!(ok.headers_to_remove, [TRACE_ID]);
        assert_eq!(ok.headers.len(), 1);
    }
}
