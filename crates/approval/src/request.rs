//! A request for approval, as it stands in its file.

use std::{fmt, str::FromStr, time::Duration};

use gait_artifact::{
    Timestamp,
    form::FormError,
    intent::{Intent, IntentError, IntentRequest},
};
use gait_canon::{
    Digest, PublicKey,
    json::{self, Reader},
    keys::KeyError,
};
use gait_gate::approval::ApprovalTerms;
use serde::{Deserialize, Serialize};

use crate::{
    call::{Mismatch, PendingCall},
    mac,
};

/// The schema id of a request.
pub(crate) const SCHEMA_ID: &str = "gait.approval.request";
/// The schema version of what the queue keeps.
pub(crate) const SCHEMA_VERSION: &str = "1.0.0";
/// The largest request that is kept, in bytes.
pub(crate) const MAX_REQUEST_BYTES: usize = 4 << 20;
/// How much of an id is the same for all requests about one call.
const CALL_CHARACTERS: usize = 12;
/// How long an id is.
const ID_CHARACTERS: usize = 32;

/// Names a request: 32 lower-case hex digits, 12 that follow from the call and 20 from the whole request.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(String);

/// A text that names no request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a request id is {ID_CHARACTERS} lower-case hex digits")]
pub struct RequestIdError;

impl RequestId {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether this may name a request about the same call as `other`.
    pub(crate) fn shares_call_with(&self, other: &Self) -> bool {
        self.0[..CALL_CHARACTERS] == other.0[..CALL_CHARACTERS]
    }

    fn of(document: &Document) -> Result<Self, json::Error> {
        let call = format!(
            "{}\n{}\n{}",
            document.intent_digest, document.policy_digest, document.principal
        );
        let mut id = Digest::of(call.as_bytes()).to_string();
        id.truncate(CALL_CHARACTERS);
        let whole = Digest::of_canonical(document)?.to_string();
        id.push_str(&whole[..ID_CHARACTERS - CALL_CHARACTERS]);
        Ok(Self(id))
    }
}

impl FromStr for RequestId {
    type Err = RequestIdError;

    fn from_str(text: &str) -> Result<Self, RequestIdError> {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() == ID_CHARACTERS && text.bytes().all(is_hex) {
            Ok(Self(text.to_owned()))
        } else {
            Err(RequestIdError)
        }
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for RequestId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RequestId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The members of a request (`gait.approval.request`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    schema_id: String,
    schema_version: String,
    created_at: Timestamp,
    expires_at: Timestamp,
    nonce: String,
    principal: String,
    server: String,
    trace_id: String,
    reason_codes: Vec<String>,
    required_approvals: usize,
    distinct_approvers: bool,
    approval_key: String,
    policy_digest: Digest,
    intent_digest: Digest,
    intent: IntentRequest,
}

/// A request for approval of one call under one policy.
// INVARIANT: `id` is that of `document`, and `intent` is the one that `document` describes and digests.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    id: RequestId,
    document: Document,
    intent: Intent,
    approval_key: PublicKey,
}

/// Why a file is not the request that it is named for.
#[derive(Debug, thiserror::Error)]
pub enum Altered {
    /// It can't be read as one.
    #[error(transparent)]
    Json(#[from] json::Error),
    /// It is something else.
    #[error(transparent)]
    Form(#[from] FormError),
    /// It describes no call.
    #[error(transparent)]
    Intent(#[from] IntentError),
    /// It names no key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// The call in it has another digest.
    #[error("the call in it is not the one whose digest it names")]
    Digest,
    /// It has another id.
    #[error("it was changed after it was made")]
    Id,
}

impl Request {
    /// A new request for `call`, to be decided within `patience`.
    pub(crate) fn new(
        call: &PendingCall,
        now: Timestamp,
        patience: Duration,
    ) -> Result<Self, NewRequestError> {
        let now = now.to_utc();
        let document = Document {
            schema_id: SCHEMA_ID.to_owned(),
            schema_version: SCHEMA_VERSION.to_owned(),
            created_at: now,
            expires_at: now.saturating_add(patience),
            nonce: mac::nonce()?,
            principal: call.principal.clone(),
            server: call.server.clone(),
            trace_id: call.trace_id.clone(),
            reason_codes: call.reason_codes.clone(),
            required_approvals: call.required_approvals.max(1),
            distinct_approvers: call.distinct_approvers,
            approval_key: call.approval_key.to_base64(),
            policy_digest: call.policy_digest,
            intent_digest: call.intent.digest(),
            intent: call.intent.to_request(),
        };
        Ok(Self {
            id: RequestId::of(&document)?,
            intent: call.intent.clone(),
            approval_key: call.approval_key,
            document,
        })
    }

    /// Reads the request called `id`; an error unless it is that request to the last byte that means anything.
    pub(crate) fn read(id: &RequestId, bytes: &[u8]) -> Result<Self, Altered> {
        let document: Document = Reader::new().max_bytes(MAX_REQUEST_BYTES).read(bytes)?;
        if document.schema_id != SCHEMA_ID {
            return Err(FormError::SchemaId(document.schema_id).into());
        }
        if document.schema_version != SCHEMA_VERSION {
            return Err(FormError::SchemaVersion(document.schema_version).into());
        }
        if RequestId::of(&document)? != *id {
            return Err(Altered::Id);
        }
        let intent = document.intent.clone().normalize()?;
        if intent.digest() != document.intent_digest {
            return Err(Altered::Digest);
        }
        Ok(Self {
            id: id.clone(),
            approval_key: PublicKey::from_base64(&document.approval_key)?,
            intent,
            document,
        })
    }

    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>, json::Error> {
        json::pretty(&self.document).map(|text| (text + "\n").into_bytes())
    }

    /// Whether this was made for `call`; the first difference decides.
    pub(crate) fn check(&self, call: &PendingCall) -> Result<(), Mismatch> {
        let document = &self.document;
        for (same, mismatch) in [
            (self.intent.digest() == call.intent.digest(), Mismatch::Intent),
            (document.policy_digest == call.policy_digest, Mismatch::Policy),
            (document.principal == call.principal, Mismatch::Principal),
            (document.server == call.server, Mismatch::Server),
            (self.approval_key == call.approval_key, Mismatch::ApprovalKey),
        ] {
            if !same {
                return Err(mismatch);
            }
        }
        Ok(())
    }

    /// Its name.
    #[must_use]
    pub const fn id(&self) -> &RequestId {
        &self.id
    }

    /// The call that waits.
    #[must_use]
    pub const fn intent(&self) -> &Intent {
        &self.intent
    }

    /// Digest of the policy that wants the approval.
    #[must_use]
    pub const fn policy_digest(&self) -> Digest {
        self.document.policy_digest
    }

    /// Who calls.
    #[must_use]
    pub fn principal(&self) -> &str {
        &self.document.principal
    }

    /// The server that the call goes to; empty where there is none.
    #[must_use]
    pub fn server(&self) -> &str {
        &self.document.server
    }

    /// The trace of the decision that wants the approval.
    #[must_use]
    pub fn trace_id(&self) -> &str {
        &self.document.trace_id
    }

    /// Why an approval is wanted.
    #[must_use]
    pub fn reason_codes(&self) -> &[String] {
        &self.document.reason_codes
    }

    /// How many approvals it takes.
    #[must_use]
    pub const fn required_approvals(&self) -> usize {
        self.document.required_approvals
    }

    /// Whether they must come from different approvers.
    #[must_use]
    pub const fn distinct_approvers(&self) -> bool {
        self.document.distinct_approvers
    }

    /// What approvals must be signed by.
    #[must_use]
    pub const fn approval_key(&self) -> &PublicKey {
        &self.approval_key
    }

    /// When it was asked, in UTC.
    #[must_use]
    pub const fn created_at(&self) -> Timestamp {
        self.document.created_at
    }

    /// When the time to decide is over, in UTC.
    #[must_use]
    pub const fn expires_at(&self) -> Timestamp {
        self.document.expires_at
    }

    /// What approval tokens must be good for.
    #[must_use]
    pub fn terms(&self) -> ApprovalTerms {
        ApprovalTerms::of(&self.intent, self.document.policy_digest)
    }
}

/// Why there is no new request.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NewRequestError {
    #[error(transparent)]
    Random(#[from] mac::MacKeyError),
    #[error(transparent)]
    Json(#[from] json::Error),
}
