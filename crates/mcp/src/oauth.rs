//! What a call must say of its OAuth authorization before it is judged.

use std::borrow::Cow;

use gait_artifact::{
    Timestamp,
    text::{is_blank, trim, trim_lower},
};
use gait_canon::json::{self, Value};
use gait_gate::profile::Profile;

use crate::call::{CallContext, OAuthEvidence};

/// Why what a call says of its authentication is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OAuthError {
    /// The mode is none of the known ones.
    #[error("context.auth_mode must be one of off|none|token|oauth|oauth_dcr")]
    UnknownMode,
    /// Production demands evidence, and there is none.
    #[error("oss-prod with OAuth auth mode requires context.oauth_evidence")]
    EvidenceRequired,
    /// The time of authentication can't be read.
    #[error("context.oauth_evidence.auth_time must be RFC3339")]
    AuthTime,
    /// The evidence has gaps.
    #[error("missing OAuth evidence fields: {}", .0.join(", "))]
    Missing(Vec<&'static str>),
}

/// How a caller says that it authenticated, as far as evidence goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// Without OAuth, or it doesn't say.
    Other,
    /// By OAuth, as a client that was registered beforehand.
    OAuth,
    /// By OAuth, as a client that registered itself (RFC 7591).
    OAuthDcr,
}

/// Checks that the mode of authentication is a known one and, in production, that OAuth leaves evidence.
///
/// The evidence is the caller's own claim: it is looked at for gaps, not verified.
pub fn check(context: &CallContext, profile: Profile) -> Result<(), OAuthError> {
    let mode = mode(context)?;
    if mode == Mode::Other || profile != Profile::OssProd {
        return Ok(());
    }
    let evidence = evidence(context).ok_or(OAuthError::EvidenceRequired)?;
    if !is_blank(&evidence.auth_time) && trim(&evidence.auth_time).parse::<Timestamp>().is_err() {
        return Err(OAuthError::AuthTime);
    }
    let missing = missing(&evidence, mode);
    if missing.is_empty() {
        Ok(())
    } else {
        Err(OAuthError::Missing(missing))
    }
}

fn mode(context: &CallContext) -> Result<Mode, OAuthError> {
    let claimed = || {
        let mode = context.auth_context.get("oauth_mode").and_then(Value::as_str);
        trim_lower(mode.unwrap_or_default())
    };
    let given = Some(trim_lower(&context.auth_mode)).filter(|mode| !mode.is_empty());
    match given.unwrap_or_else(claimed).as_str() {
        "" if context.oauth_evidence.is_some() => Ok(Mode::OAuth),
        "" | "off" | "none" | "token" => Ok(Mode::Other),
        "oauth" => Ok(Mode::OAuth),
        "oauth_dcr" => Ok(Mode::OAuthDcr),
        _ => Err(OAuthError::UnknownMode),
    }
}

/// The evidence in its own place, else the one among the claims of the authentication layer.
fn evidence(context: &CallContext) -> Option<Cow<'_, OAuthEvidence>> {
    let claimed = || {
        let claim = context.auth_context.get("oauth_evidence")?;
        json::from_value(claim).ok().map(Cow::Owned)
    };
    context
        .oauth_evidence
        .as_ref()
        .map(Cow::Borrowed)
        .or_else(claimed)
}

/// The members without which the evidence proves nothing.
fn missing(evidence: &OAuthEvidence, mode: Mode) -> Vec<&'static str> {
    let any = |texts: &[String]| texts.iter().any(|text| !is_blank(text));
    let has = |text: &String| !is_blank(text);
    let demanded = [
        ("issuer", has(&evidence.issuer), true),
        ("audience", any(&evidence.audience), true),
        ("subject", has(&evidence.subject), true),
        ("client_id", has(&evidence.client_id), true),
        ("token_type", has(&evidence.token_type), true),
        ("scopes", any(&evidence.scopes), true),
        ("redirect_uri", has(&evidence.redirect_uri), true),
        ("evidence_ref", has(&evidence.evidence_ref), true),
        (
            "dcr_client_id",
            has(&evidence.dcr_client_id),
            mode == Mode::OAuthDcr,
        ),
        (
            "token_binding",
            has(&evidence.token_binding),
            mode == Mode::OAuthDcr,
        ),
        ("auth_time", has(&evidence.auth_time), true),
    ];
    demanded
        .into_iter()
        .filter(|(_, is_given, is_demanded)| *is_demanded && !is_given)
        .map(|(member, _, _)| member)
        .collect()
}

#[cfg(test)]
mod tests {
    use gait_canon::json::{Object, parse};

    use super::*;

    const FULL: &str = r#"{"issuer": "https://idp.test", "audience": ["gait"], "subject": "user:a", "client_id": "c",
        "token_type": "bearer", "scopes": ["read"], "redirect_uri": "https://app.test/cb",
        "auth_time": "2026-02-18T00:00:00Z", "evidence_ref": "receipt:1"}"#;

    fn context(members: &str) -> CallContext {
        json::read(members.as_bytes()).unwrap()
    }

    fn with_evidence(mode: &str, change: impl FnOnce(&mut Object)) -> CallContext {
        let mut evidence = parse(FULL.as_bytes()).unwrap();
        change(evidence.as_object_mut().unwrap());
        CallContext {
            auth_mode: mode.to_owned(),
            oauth_evidence: Some(json::from_value(&evidence).unwrap()),
            ..CallContext::default()
        }
    }

    #[test]
    fn unknown_modes_are_refused_in_every_profile() {
        for (members, answer) in [
            ("{}", Ok(())),
            (r#"{"auth_mode": " Token "}"#, Ok(())),
            (r#"{"auth_mode": "none"}"#, Ok(())),
            (r#"{"auth_mode": "OFF"}"#, Ok(())),
            (r#"{"auth_mode": "oauth_dcr"}"#, Ok(())),
            (r#"{"auth_mode": "basic"}"#, Err(OAuthError::UnknownMode)),
            (
                r#"{"auth_context": {"oauth_mode": "basic"}}"#,
                Err(OAuthError::UnknownMode),
            ),
            (r#"{"auth_context": {"oauth_mode": 7}}"#, Ok(())),
            (
                r#"{"auth_mode": "token", "auth_context": {"oauth_mode": "basic"}}"#,
                Ok(()),
            ),
        ] {
            let context = context(members);
            assert_eq!(check(&context, Profile::Standard), answer, "{members}");
            assert_eq!(
                check(&context, Profile::OssProd).is_err(),
                answer.is_err() || members.contains("oauth_dcr"),
                "{members}"
            );
        }
    }

    #[test]
    fn production_wants_evidence_of_oauth() {
        let claimed = format!(r#"{{"auth_context": {{"oauth_mode": "oauth", "oauth_evidence": {FULL}}}}}"#);
        for (context, answer) in [
            (context(&claimed), Ok(())),
            (
                context(r#"{"auth_mode": "oauth"}"#),
                Err(OAuthError::EvidenceRequired),
            ),
            (
                context(r#"{"auth_mode": "oauth", "auth_context": {"oauth_evidence": "yes"}}"#),
                Err(OAuthError::EvidenceRequired),
            ),
            (
                context(r#"{"auth_mode": "oauth", "auth_context": {"oauth_evidence": {"scopes": "read"}}}"#),
                Err(OAuthError::EvidenceRequired),
            ),
            (with_evidence("oauth", |_| ()), Ok(())),
            (
                with_evidence("", |evidence| drop(evidence.remove("issuer"))),
                Err(OAuthError::Missing(vec!["issuer"])),
            ),
            (
                with_evidence("oauth", |evidence| {
                    evidence.insert("scopes", vec![" ".into()]);
                    evidence.insert("auth_time", " ");
                }),
                Err(OAuthError::Missing(vec!["scopes", "auth_time"])),
            ),
            (
                with_evidence("oauth_dcr", |_| ()),
                Err(OAuthError::Missing(vec!["dcr_client_id", "token_binding"])),
            ),
            (
                with_evidence("oauth", |evidence| {
                    evidence.remove("issuer");
                    evidence.insert("auth_time", "yesterday");
                }),
                Err(OAuthError::AuthTime),
            ),
        ] {
            assert_eq!(check(&context, Profile::OssProd), answer, "{context:?}");
            assert_eq!(check(&context, Profile::Standard), Ok(()));
        }
    }
}
