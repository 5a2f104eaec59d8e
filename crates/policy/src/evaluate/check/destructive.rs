//! What destroys something needs a human, or only a plan of it is made.

use gait_artifact::Verdict;

use crate::{
    evaluate::findings::{Findings, SandboxStatus},
    matching::Call,
};

/// Comes last: it depends on what the sandbox check found.
pub(super) fn check(call: &Call<'_>, findings: &mut Findings<'_>) {
    if !call.targets.iter().any(|target| target.destructive) || is_contained(call, findings) {
        return;
    }
    if call.context.phase == "plan" {
        findings.raise(Verdict::DryRun);
        findings.reasons.push("plan_phase_non_destructive");
    } else {
        findings.raise(Verdict::RequireApproval);
        findings.reasons.push("destructive_apply_requires_approval");
    }
}

/// Whether all that is destructive is a process, and it runs in a sandbox that the rule accepts.
fn is_contained(call: &Call<'_>, findings: &Findings<'_>) -> bool {
    findings
        .sandbox
        .is_some_and(|finding| finding.status == SandboxStatus::Valid)
        && call
            .targets
            .iter()
            .all(|target| target.endpoint_class == "proc.exec")
}
