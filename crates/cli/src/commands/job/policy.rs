//! The policy that a job is bound to, as the flags `--policy`, `--policy-digest` and `--policy-ref` tell it.

use gait_artifact::{Verdict, policy::Policy};
use gait_disk::path::clean;
use gait_policy::digest::policy_digest;

use crate::arguments::Parsed;
use crate::error::{ErrorKind, Failure};
use crate::policy_file;

/// What a job is bound to. Texts are trimmed and may be empty.
pub(super) struct Binding {
    pub(super) digest: String,
    pub(super) reference: String,
    /// The policy itself, when its file was named.
    policy: Option<Policy>,
}

impl Binding {
    /// Reads the flags, and the file when there is one: its digest must be the one that is named beside it.
    pub(super) fn read(parsed: &Parsed) -> Result<Self, Failure> {
        let digest = parsed.text("policy-digest").trim();
        let reference = parsed.text("policy-ref").trim();
        let path = parsed.text("policy").trim();
        if path.is_empty() {
            return Ok(Self {
                digest: digest.to_owned(),
                reference: reference.to_owned(),
                policy: None,
            });
        }
        let policy = policy_file::read(path)?;
        let computed = policy_digest(&policy).to_string();
        if !digest.is_empty() && digest != computed {
            return Err(Failure::invalid_input(format!(
                "--policy-digest is not the digest of {path}, which is {computed}"
            )));
        }
        let reference = if reference.is_empty() {
            clean(path)
        } else {
            reference.to_owned()
        };
        Ok(Self {
            digest: computed,
            reference,
            policy: Some(policy),
        })
    }

    /// Refuses a policy under which no call at all could pass.
    pub(super) fn must_let_something_pass(&self) -> Result<(), Failure> {
        let blocks = |policy: &Policy| {
            policy.default_verdict == Verdict::Block
                && policy.rules.iter().all(|rule| rule.effect == Verdict::Block)
        };
        if self.policy.as_ref().is_some_and(blocks) {
            return Err(Failure::new(
                ErrorKind::PolicyBlocked,
                "the policy blocks every call, so the job can't resume under it",
            ));
        }
        Ok(())
    }
}
