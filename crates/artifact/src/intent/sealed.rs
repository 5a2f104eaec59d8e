//! The intent in normal form, digested, and the ways it is prepared for a decision.

use gait_canon::{
    Digest,
    json::{Number, Object, Value},
};

use super::{
    ArgProvenance, Context, Delegation, IntentError, IntentRequest, Script, SkillProvenance, Target,
    digest::Digests,
};
use crate::{
    context::VerifiedEnvelope,
    inventory::{Inventory, InventoryEntry},
    relationship::Relationship,
    time::Timestamp,
};

/// The claim that says how old the context evidence is, in whole seconds; only a verified envelope may set it.
pub const CONTEXT_AGE_KEY: &str = "context_age_seconds";

/// Start of the claims that only the tool inventory may set.
const INVENTORY_PREFIX: &str = "wrkr.";

/// One tool call, checked, in normal form and digested.
///
/// An intent can't be changed; preparing one for a decision gives another with another digest.
// INVARIANT: `request` is in normal form, and the digests are those of `request`.
#[derive(Debug, Clone, PartialEq)]
pub struct Intent {
    request: IntentRequest,
    args_digest: Digest,
    script_hash: Option<Digest>,
    digest: Digest,
}

impl Intent {
    /// Digests `request`, which is in normal form.
    pub(super) fn seal(request: IntentRequest) -> Result<Self, IntentError> {
        let digests = Digests::of(&request)?;
        Ok(Self {
            request,
            args_digest: digests.args,
            script_hash: digests.script,
            digest: digests.intent,
        })
    }

    /// The tool to be called, in lower case; `script` for scripts.
    #[must_use]
    pub fn tool_name(&self) -> &str {
        &self.request.tool_name
    }

    /// The arguments of the call.
    #[must_use]
    pub fn args(&self) -> &Object {
        &self.request.args
    }

    /// What the call acts on, sorted; for a script that lists none of its own, the targets of all its steps.
    #[must_use]
    pub fn targets(&self) -> &[Target] {
        &self.request.targets
    }

    /// Where the arguments came from, sorted; for a script that lists none of its own, the entries of all its steps.
    #[must_use]
    pub fn arg_provenance(&self) -> &[ArgProvenance] {
        &self.request.arg_provenance
    }

    /// The skill that issued the call.
    #[must_use]
    pub fn skill_provenance(&self) -> Option<&SkillProvenance> {
        self.request.skill_provenance.as_ref()
    }

    /// On whose behalf the call is made, as its caller claims.
    #[must_use]
    pub fn delegation(&self) -> Option<&Delegation> {
        self.request.delegation.as_ref()
    }

    /// Who calls, from where and how risky it is.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.request.context
    }

    /// The steps, when the intent is a script.
    #[must_use]
    pub fn script(&self) -> Option<&Script> {
        self.request.script.as_ref()
    }

    /// Whether the intent is a script.
    #[must_use]
    pub fn is_script(&self) -> bool {
        self.request.script.is_some()
    }

    /// Links to other artifacts; no part of any digest.
    #[must_use]
    pub fn relationship(&self) -> Option<&Relationship> {
        self.request.relationship.as_ref()
    }

    /// When the caller made the intent; [`Timestamp::ZERO`] when it does not say.
    #[must_use]
    pub fn created_at(&self) -> Timestamp {
        self.request.created_at
    }

    /// Digest of the arguments.
    #[must_use]
    pub fn args_digest(&self) -> Digest {
        self.args_digest
    }

    /// Digest of the steps, when the intent is a script.
    #[must_use]
    pub fn script_hash(&self) -> Option<Digest> {
        self.script_hash
    }

    /// Digest of everything a decision may rest on: not of schema ids, creation time, producer and relationship.
    #[must_use]
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The targets of the call and of every step.
    pub fn all_targets(&self) -> impl Iterator<Item = &Target> {
        self.targets().iter().chain(self.step_targets())
    }

    /// Whether some target of the call is destructive. In a script the targets of the steps count; only when no step has
    /// any, the script's own.
    #[must_use]
    pub fn has_destructive_target(&self) -> bool {
        let mut of_steps = self.step_targets().peekable();
        if of_steps.peek().is_some() {
            of_steps.any(|target| target.destructive)
        } else {
            self.targets().iter().any(|target| target.destructive)
        }
    }

    fn step_targets(&self) -> impl Iterator<Item = &Target> {
        self.script()
            .into_iter()
            .flat_map(|script| &script.steps)
            .flat_map(|step| &step.targets)
    }

    /// The intent as a request in normal form, with its digests written in.
    #[must_use]
    pub fn to_request(&self) -> IntentRequest {
        IntentRequest {
            args_digest: self.args_digest.to_string(),
            intent_digest: self.digest.to_string(),
            script_hash: self
                .script_hash
                .as_ref()
                .map(Digest::to_string)
                .unwrap_or_default(),
            ..self.request.clone()
        }
    }

    /// The intent without what a caller can only claim: context evidence, its age, and data of the tool inventory.
    #[must_use]
    pub fn without_context_claims(mut self) -> Self {
        if self.strip_claims() {
            self.resealed()
        } else {
            self
        }
    }

    /// The intent bound to verified context evidence, which replaces every claim about it.
    ///
    /// `now` is the instant at which the age of the evidence is taken. An intent whose claims contradict the envelope is
    /// refused, as by [`check_evidence`](Self::check_evidence).
    pub fn with_evidence(mut self, envelope: &VerifiedEnvelope, now: Timestamp) -> Result<Self, IntentError> {
        self.check_evidence(envelope)?;
        self.strip_claims();
        let context = &mut self.request.context;
        context.context_set_digest = envelope.digest().to_string();
        envelope
            .evidence_mode()
            .clone_into(&mut context.context_evidence_mode);
        context.context_refs = envelope.refs();
        let age = now.since(envelope.oldest()).as_secs();
        context
            .auth_context
            .insert(CONTEXT_AGE_KEY, Value::Number(Number::from(age)));
        Ok(self.resealed())
    }

    /// Refuses an intent that claims another context digest or evidence mode than `envelope` has.
    pub fn check_evidence(&self, envelope: &VerifiedEnvelope) -> Result<(), IntentError> {
        let context = self.context();
        let contradicts = |claim: &str, verified: &str| !claim.is_empty() && claim != verified;
        if contradicts(&context.context_set_digest, &envelope.digest().to_string()) {
            return Err(IntentError::EvidenceConflict {
                field: "context.context_set_digest",
            });
        }
        if contradicts(&context.context_evidence_mode, envelope.evidence_mode()) {
            return Err(IntentError::EvidenceConflict {
                field: "context.context_evidence_mode",
            });
        }
        Ok(())
    }

    /// The intent with what the tool inventory knows of its tool, and whether it knows the tool.
    ///
    /// Scripts are left alone: their steps have tools of their own.
    #[must_use]
    pub fn enriched(mut self, inventory: &Inventory) -> (Self, bool) {
        let entry = if self.is_script() {
            None
        } else {
            inventory.get(self.tool_name())
        };
        let Some(entry) = entry else { return (self, false) };
        set_inventory_claims(
            &mut self.request.context.auth_context,
            &self.request.tool_name,
            entry,
        );
        (self.resealed(), true)
    }

    /// Removes claims; gives whether there were any.
    fn strip_claims(&mut self) -> bool {
        let context = &mut self.request.context;
        let claims: Vec<String> = context
            .auth_context
            .keys()
            .filter(|key| *key == CONTEXT_AGE_KEY || key.starts_with(INVENTORY_PREFIX))
            .map(str::to_owned)
            .collect();
        let any = !claims.is_empty()
            || !context.context_set_digest.is_empty()
            || !context.context_evidence_mode.is_empty()
            || !context.context_refs.is_empty();
        for claim in &claims {
            context.auth_context.remove(claim);
        }
        context.context_set_digest.clear();
        context.context_evidence_mode.clear();
        context.context_refs.clear();
        any
    }

    fn resealed(self) -> Self {
        Self::seal(self.request).expect("a normal form has a canonical form: its numbers are within range")
    }
}

/// Sets the four claims of the tool inventory for `tool_name`.
fn set_inventory_claims(auth_context: &mut Object, tool_name: &str, entry: &InventoryEntry) {
    for (key, value) in [
        ("wrkr.tool_name", tool_name),
        ("wrkr.data_class", &entry.data_class),
        ("wrkr.endpoint_class", &entry.endpoint_class),
        ("wrkr.autonomy_level", &entry.autonomy_level),
    ] {
        auth_context.insert(key, value);
    }
}
