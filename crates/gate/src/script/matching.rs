//! Which approved script a call is.

use gait_artifact::{
    Timestamp, Verdict,
    decision::StepVerdict,
    intent::{Intent, Script, ScriptStep, Target},
    policy::{Policy, RequiredField},
    text,
};
use gait_canon::Digest;

use super::VerifiedRegistry;

/// The reason of a step, and of a call, that an entry let through.
const MATCH: &str = "approved_script_match";

/// A call that is an approved script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScriptMatch {
    /// The entry.
    pub pattern_id: String,
    /// Each step, allowed because of the entry.
    pub steps: Vec<StepVerdict>,
    /// The highest risk among the steps: `low`, `medium` or `high`.
    pub composite_risk_class: &'static str,
}

impl VerifiedRegistry {
    /// The first entry, in file order, that `intent` is the script of, under the policy with this digest.
    ///
    /// The digest of the steps says which tools run in which order; the entry's list of tools is a set and is compared as
    /// one. Entries that have expired at `now` match nothing.
    #[must_use]
    pub fn find(&self, intent: &Intent, policy_digest: &Digest, now: Timestamp) -> Option<ScriptMatch> {
        let (script, hash) = (intent.script()?, intent.script_hash()?.to_string());
        let policy_digest = policy_digest.to_string();
        let entry = self.0.iter().find(|entry| {
            entry.script_hash == hash
                && entry.policy_digest == policy_digest
                && !entry.is_expired(now)
                && entry.tool_sequence == tools(script)
                && entry.scope.iter().all(|scope| holds(scope, intent, script))
        })?;
        Some(ScriptMatch {
            pattern_id: entry.pattern_id.clone(),
            steps: script
                .steps
                .iter()
                .enumerate()
                .map(|(index, step)| allowed(index, step))
                .collect(),
            composite_risk_class: script
                .steps
                .iter()
                .map(Risk::of)
                .max()
                .unwrap_or(Risk::Low)
                .as_str(),
        })
    }
}

/// The tools of a script as entries list them.
fn tools(script: &Script) -> Vec<String> {
    let mut tools: Vec<_> = script.steps.iter().map(|step| step.tool_name.clone()).collect();
    text::list_lower_in_place(&mut tools);
    tools
}

fn allowed(index: usize, step: &ScriptStep) -> StepVerdict {
    StepVerdict {
        index,
        tool_name: step.tool_name.clone(),
        verdict: Verdict::Allow,
        reason_codes: vec![MATCH.to_owned()],
        violations: Vec::new(),
        matched_rule: String::new(),
    }
}

/// Whether a condition of an entry holds. A condition of unknown kind never does.
fn holds(scope: &str, intent: &Intent, script: &Script) -> bool {
    let context = intent.context();
    match scope.split_once(':') {
        Some(("risk", class)) => text::lower(&context.risk_class) == class,
        Some(("tool", tool)) => intent.tool_name() == tool,
        Some(("workspace_prefix", prefix)) => lies_below(&context.workspace, prefix),
        Some(("endpoint", class)) => script
            .steps
            .iter()
            .flat_map(|step| &step.targets)
            .any(|target| target.endpoint_class == class),
        _ => false,
    }
}

/// Whether `workspace` is the directory `prefix` or lies below it.
///
/// Entries keep their conditions in lower case, so the letter case of a workspace can't be told from them.
fn lies_below(workspace: &str, prefix: &str) -> bool {
    if text::is_blank(prefix) || text::is_blank(workspace) {
        return false;
    }
    let (workspace, prefix) = (
        text::lower(&text::clean_path(workspace)),
        text::clean_path(prefix),
    );
    match workspace.strip_prefix(prefix.as_str()) {
        Some(rest) => rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'),
        None => false,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Risk {
    Low,
    Medium,
    High,
}

impl Risk {
    fn of(step: &ScriptStep) -> Self {
        let of_target = |target: &Target| match target.endpoint_class.as_str() {
            "fs.delete" | "proc.exec" => Self::High,
            _ if target.destructive => Self::High,
            "fs.write" | "net.http" | "net.dns" => Self::Medium,
            _ => Self::Low,
        };
        step.targets.iter().map(of_target).max().unwrap_or(Self::Low)
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Whether `policy` wants to see context evidence, which an approved script would keep it from checking.
#[must_use]
pub fn needs_context_evidence(policy: &Policy) -> bool {
    policy
        .fail_closed
        .required_fields
        .contains(&RequiredField::ContextEvidence)
        || policy.rules.iter().any(|rule| rule.context.is_active())
}
