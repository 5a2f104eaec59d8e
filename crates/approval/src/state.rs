//! The state of a request for approval in the hands of a client that was asked to come back (MCP multi-round-trip
//! results: `requestState`).
//!
//! The client can read, change, keep and swap it. So it carries a tag that only this deployment can make, says which call
//! of whom under which policy it is about, and ends. That it is presented once only is known where the queue is:
//! [`Queue::spend`](crate::Queue::spend); that the approval behind it is used once is the work of
//! [`Queue::redeem`](crate::Queue::redeem).

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use gait_artifact::Timestamp;
use gait_canon::{
    Digest,
    json::{self, Reader},
};
use serde::{Deserialize, Serialize};

use crate::{
    call::{Mismatch, PendingCall},
    error::QueueError,
    mac::{self, MacKey, MacKeyError},
    request::RequestId,
};

/// The start of every state; another form gets another one.
const FORM: &str = "gait1";
/// What the tag says it is for, so that it is good for nothing else under the same secret.
const PURPOSE: &[u8] = b"gait.approval.state/1\n";
/// The most bytes that a state carries for others.
pub const MAX_CARRIED_BYTES: usize = 64 * 1024;
/// The longest text that is looked at. What is carried is escaped in JSON, six bytes for one at worst, and then in base64.
const MAX_CHARACTERS: usize = MAX_CARRIED_BYTES * 8 + 16 * 1024;

/// Seals and opens states.
#[derive(Debug, Clone)]
pub struct Sealer {
    key: MacKey,
}

/// What a state says that was found to be genuine, current, and about the call at hand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenState {
    /// The request for approval.
    pub request_id: RequestId,
    /// When the state ends, in UTC.
    pub expires_at: Timestamp,
    /// No other state has it.
    pub nonce: String,
    /// What the client gave for somebody else when it was sent away with this state.
    pub carried: String,
}

/// Why a state is worth nothing.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// It has another form.
    #[error("the request state is malformed")]
    Malformed,
    /// Nobody here made it, or somebody changed it.
    #[error("the request state is not genuine")]
    Forged,
    /// It was good once.
    #[error("the request state has ended")]
    Expired,
    /// It is about something else.
    #[error("request state: {0}")]
    Mismatch(#[from] Mismatch),
    /// It was presented before.
    #[error("the request state was presented before")]
    Replayed,
    /// Nobody can tell whether it was.
    #[error(transparent)]
    Queue(#[from] QueueError),
}

impl StateError {
    /// The reason code.
    #[must_use]
    pub const fn reason_code(&self) -> &'static str {
        match self {
            Self::Malformed | Self::Forged => "approval_state_invalid",
            Self::Expired => "approval_state_expired",
            Self::Mismatch(mismatch) => mismatch.code(),
            Self::Replayed => "approval_state_replayed",
            Self::Queue(error) => error.reason_code(),
        }
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sealed {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    carried: String,
    expires_at: Timestamp,
    intent_digest: Digest,
    nonce: String,
    policy_digest: Digest,
    principal: String,
    request_id: RequestId,
    server: String,
}

impl Sealer {
    /// A sealer with this secret of at least 16 bytes.
    pub fn new(secret: &[u8]) -> Result<Self, MacKeyError> {
        MacKey::new(secret).map(|key| Self { key })
    }

    /// A sealer with a secret that nobody else has: its states mean something to this process alone.
    pub fn random() -> Result<Self, MacKeyError> {
        let secret = format!("{}{}", mac::nonce()?, mac::nonce()?);
        Self::new(secret.as_bytes())
    }

    /// The state of the request `id` for `call`, good until `expires_at`, with at most [`MAX_CARRIED_BYTES`] that it carries
    /// for somebody else. No two are the same.
    pub fn seal(
        &self,
        id: &RequestId,
        call: &PendingCall,
        carried: &str,
        expires_at: Timestamp,
    ) -> Result<String, QueueError> {
        if carried.len() > MAX_CARRIED_BYTES {
            return Err(QueueError::TooLarge {
                bytes: carried.len(),
                limit: MAX_CARRIED_BYTES,
            });
        }
        let payload = json::canonical_bytes(&Sealed {
            carried: carried.to_owned(),
            expires_at: expires_at.to_utc(),
            intent_digest: call.intent.digest(),
            nonce: mac::nonce()?,
            policy_digest: call.policy_digest,
            principal: call.principal.clone(),
            request_id: id.clone(),
            server: call.server.clone(),
        })?;
        let tag = self.key.tag(&[PURPOSE, &payload]);
        Ok(format!(
            "{FORM}.{}.{}",
            URL_SAFE_NO_PAD.encode(payload),
            URL_SAFE_NO_PAD.encode(tag.as_bytes())
        ))
    }

    /// Opens a state that a client presents with `call`. Nothing in it is looked at before its tag.
    pub fn open(&self, text: &str, call: &PendingCall, now: Timestamp) -> Result<OpenState, StateError> {
        let sealed = self.genuine(text)?;
        if sealed.expires_at <= now {
            return Err(StateError::Expired);
        }
        for (same, mismatch) in [
            (sealed.intent_digest == call.intent.digest(), Mismatch::Intent),
            (sealed.policy_digest == call.policy_digest, Mismatch::Policy),
            (sealed.principal == call.principal, Mismatch::Principal),
            (sealed.server == call.server, Mismatch::Server),
        ] {
            if !same {
                return Err(mismatch.into());
            }
        }
        Ok(OpenState {
            request_id: sealed.request_id,
            expires_at: sealed.expires_at,
            nonce: sealed.nonce,
            carried: sealed.carried,
        })
    }

    /// What a genuine state carries for somebody else, whatever call it is about and whether or not it has ended; none for a
    /// text that was sealed by others.
    #[must_use]
    pub fn carried(&self, text: &str) -> Option<String> {
        self.genuine(text).ok().map(|sealed| sealed.carried)
    }

    fn genuine(&self, text: &str) -> Result<Sealed, StateError> {
        if text.len() > MAX_CHARACTERS {
            return Err(StateError::Malformed);
        }
        let mut parts = text.split('.');
        let (Some(FORM), Some(payload), Some(tag), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(StateError::Malformed);
        };
        let decode = |text| URL_SAFE_NO_PAD.decode(text).map_err(|_| StateError::Malformed);
        let (payload, tag) = (decode(payload)?, decode(tag)?);
        if !self.key.verifies(&[PURPOSE, &payload], &tag) {
            return Err(StateError::Forged);
        }
        let reader = Reader::new().max_bytes(MAX_CHARACTERS);
        reader.read(&payload).map_err(|_| StateError::Malformed)
    }
}

/// Whether a text has the form of a state, whoever sealed it.
#[must_use]
pub fn is_state(text: &str) -> bool {
    text.strip_prefix(FORM).is_some_and(|rest| rest.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use gait_artifact::intent::IntentRequest;
    use gait_canon::PrivateKey;
    use proptest::prelude::*;

    use super::*;

    fn call(args: &str) -> PendingCall {
        let text = format!(
            r#"{{"tool_name": "t", "args": {args}, "targets": [],
            "context": {{"identity": "agent", "workspace": "/w", "risk_class": "low"}}}}"#
        );
        PendingCall {
            intent: IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap(),
            policy_digest: Digest::of(b"policy"),
            principal: "agent".to_owned(),
            server: "files".to_owned(),
            required_approvals: 1,
            distinct_approvers: false,
            reason_codes: Vec::new(),
            trace_id: String::new(),
            approval_key: PrivateKey::from_seed(&[1; 32]).public(),
        }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix(1_800_000_000 + seconds, 0)
    }

    fn sealer() -> Sealer {
        Sealer::new(&[7; 32]).unwrap()
    }

    fn id() -> RequestId {
        "0123456789abcdef0123456789abcdef".parse().unwrap()
    }

    #[test]
    fn a_state_is_good_for_its_call_until_it_ends() {
        let call = call("{}");
        let text = sealer().seal(&id(), &call, "", at(60)).unwrap();
        let open = sealer().open(&text, &call, at(59)).unwrap();
        assert_eq!((open.request_id, open.expires_at), (id(), at(60)));
        assert!(matches!(
            sealer().open(&text, &call, at(60)),
            Err(StateError::Expired)
        ));
        assert_ne!(text, sealer().seal(&id(), &call, "", at(60)).unwrap());
    }

    #[test]
    fn what_a_state_carries_comes_back_and_is_bounded() {
        let call = call("{}");
        let carried = "\u{1}\"".repeat(MAX_CARRIED_BYTES / 2);
        let text = sealer().seal(&id(), &call, &carried, at(60)).unwrap();
        assert!(is_state(&text) && !is_state("gait2.") && !is_state("gait1"));
        assert_eq!(sealer().open(&text, &call, at(1)).unwrap().carried, carried);
        assert_eq!(sealer().carried(&text), Some(carried.clone()));
        assert_eq!(Sealer::new(&[8; 32]).unwrap().carried(&text), None);
        let refused = sealer().seal(&id(), &call, &(carried + "x"), at(60));
        assert!(matches!(refused, Err(QueueError::TooLarge { .. })));
    }

    #[test]
    fn a_state_is_not_good_for_another_call() {
        let asked = call("{}");
        let text = sealer().seal(&id(), &asked, "", at(60)).unwrap();
        let changed = |change: fn(&mut PendingCall)| {
            let mut other = asked.clone();
            change(&mut other);
            other
        };
        for (other, code) in [
            (call(r#"{"a": 1}"#), "approval_token_intent_mismatch"),
            (
                changed(|call| call.policy_digest = Digest::of(b"other")),
                "approval_token_policy_mismatch",
            ),
            (
                changed(|call| call.principal = "other".to_owned()),
                "approval_principal_mismatch",
            ),
            (
                changed(|call| call.server = "other".to_owned()),
                "approval_server_mismatch",
            ),
        ] {
            let refused = sealer().open(&text, &other, at(1)).unwrap_err();
            assert_eq!(refused.reason_code(), code);
        }
        let stranger = Sealer::new(&[8; 32]).unwrap();
        assert!(matches!(
            stranger.open(&text, &asked, at(1)),
            Err(StateError::Forged)
        ));
    }

    #[test]
    fn what_is_no_state_is_refused() {
        let call = call("{}");
        for text in [
            "",
            "gait1",
            "gait1..",
            "gait2.e30.e30",
            "gait1.e30.e30.e30",
            "gait1.!.!",
            &"gait1.".repeat(100_000),
        ] {
            let refused = sealer().open(text, &call, at(1)).unwrap_err();
            assert_eq!(refused.reason_code(), "approval_state_invalid", "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_changed_state_is_none(place in any::<prop::sample::Index>(), byte in 0_u8..128) {
            let call = call("{}");
            let text = sealer().seal(&id(), &call, "", at(60)).unwrap();
            let mut bytes = text.clone().into_bytes();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let changed = String::from_utf8(bytes).unwrap();
            prop_assert_eq!(sealer().open(&changed, &call, at(1)).is_ok(), changed == text);
        }

        #[test]
        fn nothing_that_clients_say_panics(text in "(gait1\\.)?\\PC{0,60}") {
            let opened = sealer().open(&text, &call("{}"), at(1));
            prop_assert!(opened.is_err());
        }
    }
}
