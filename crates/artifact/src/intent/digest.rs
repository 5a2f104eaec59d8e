//! The digests of an intent: what tokens, approvals and traces are bound to.
//!
//! They cover the canonical JSON (RFC 8785) of normal forms. The arguments and the script have digests of their own and are
//! also part of the intent's, so the intent's canonical object is put together from the canonical forms of its members.

use gait_canon::{
    Digest,
    json::{self, canonical_bytes},
};

use super::IntentRequest;

pub(super) struct Digests {
    pub(super) args: Digest,
    pub(super) script: Option<Digest>,
    pub(super) intent: Digest,
}

impl Digests {
    /// The digests of `request`, which is in normal form.
    pub(super) fn of(request: &IntentRequest) -> Result<Self, json::Error> {
        let args = canonical_bytes(&request.args)?;
        let script = request.script.as_ref().map(canonical_bytes).transpose()?;
        let script_hash = script.as_deref().map(Digest::of);

        let mut intent = CanonicalObject::with_capacity(args.len() + 1024);
        if !request.arg_provenance.is_empty() {
            intent.member("arg_provenance", &canonical_bytes(&request.arg_provenance)?);
        }
        intent.member("args", &args);
        intent.member("context", &canonical_bytes(&request.context)?);
        if let Some(delegation) = &request.delegation {
            intent.member("delegation", &canonical_bytes(delegation)?);
        }
        if let (Some(script), Some(hash)) = (&script, &script_hash) {
            intent.member("script", script);
            intent.member("script_hash", &canonical_bytes(hash)?);
        }
        if let Some(skill) = &request.skill_provenance {
            intent.member("skill_provenance", &canonical_bytes(skill)?);
        }
        intent.member("targets", &canonical_bytes(&request.targets)?);
        intent.member("tool_name", &canonical_bytes(&request.tool_name)?);
        Ok(Self {
            args: Digest::of(&args),
            script: script_hash,
            intent: intent.digest(),
        })
    }
}

/// A canonical JSON object under construction.
struct CanonicalObject {
    text: Vec<u8>,
}

impl CanonicalObject {
    fn with_capacity(capacity: usize) -> Self {
        Self {
            text: Vec::with_capacity(capacity),
        }
    }

    /// Appends a member. Names are plain ASCII and come in ascending order; `value` is canonical JSON.
    fn member(&mut self, name: &str, value: &[u8]) {
        self.text
            .extend_from_slice(if self.text.is_empty() { b"{\"" } else { b",\"" });
        self.text.extend_from_slice(name.as_bytes());
        self.text.extend_from_slice(b"\":");
        self.text.extend_from_slice(value);
    }

    fn digest(mut self) -> Digest {
        self.text.push(b'}');
        Digest::of(&self.text)
    }
}
