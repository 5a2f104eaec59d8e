//! From what is known of an incident to the document about it.

use gait_artifact::Timestamp;
use gait_artifact::triage::{
    Comparison, Decision, Gap, GapKind, PolicyUse, RuleChange, SCHEMA_ID, SCHEMA_VERSION, Status, Triage,
    Unanswered,
};

use super::change::changes;
use super::decision::Library;
use super::facts::Facts;

/// The most calls, and the most decisions, that a document lists.
const LISTED: usize = 500;

/// The document about `facts`, with every decision made again by what is in `library`.
#[must_use]
pub fn conclude(facts: Facts<'_>, library: &Library) -> Triage {
    let recorded = facts.recorded.into_iter();
    let mut decisions: Vec<_> = recorded.map(|recorded| library.decide_again(recorded)).collect();
    let policies = policies(&decisions, library);
    let policy_changes = policy_changes(&decisions, library);
    let mut gaps = facts.gaps;
    gaps_of(&decisions, library, &mut gaps);
    let is_otherwise =
        |decision: &Decision| matches!(decision.comparison, Comparison::Laxer | Comparison::Stricter);
    let decided_otherwise = decisions.iter().filter(|decision| is_otherwise(decision)).count();
    let broken = facts
        .evidence
        .iter()
        .filter(|examined| examined.holding.is_bad())
        .count();
    let status = if broken > 0 {
        Status::Contradicted
    } else if decided_otherwise > 0 {
        Status::Changed
    } else if gaps.is_empty() {
        Status::Complete
    } else {
        Status::Partial
    };
    let decisions_total = decisions.len();
    if decisions_total > LISTED {
        decisions.sort_by_key(|decision| !is_otherwise(decision));
        decisions.truncate(LISTED);
    }
    let calls_total = facts.calls.len();
    let mut calls = facts.calls;
    calls.truncate(LISTED);
    let summary = match status {
        Status::Contradicted => format!("{broken} of {} artifacts do not hold.", facts.evidence.len()),
        Status::Changed => format!(
            "The policy in force decides {decided_otherwise} of {decisions_total} calls otherwise than the policy of then."
        ),
        Status::Partial => "What is there holds, and some of the evidence is missing.".to_owned(),
        Status::Complete => "The evidence holds, and the policy in force decides as was decided.".to_owned(),
    };
    Triage {
        schema_id: SCHEMA_ID,
        schema_version: SCHEMA_VERSION,
        created_at: facts.subject.at.or(Timestamp::EPOCH_1980).to_utc(),
        producer_version: facts.producer_version.to_owned(),
        triage_id: facts.triage_id,
        status,
        summary,
        subject: facts.subject,
        calls_total,
        calls,
        decisions_total,
        decisions,
        policies,
        policy_changes,
        evidence: facts.evidence,
        gaps,
        doctor: facts.doctor,
        made: facts.made,
        automation: facts.automation,
        decided_otherwise,
    }
}

/// The policies that decided, in the order in which they first did, and the one in force.
fn policies(decisions: &[Decision], library: &Library) -> Vec<PolicyUse> {
    let in_force = library.in_force.as_ref();
    let in_force_digest = in_force.map(|known| known.policy.digest().to_string());
    let mut uses: Vec<PolicyUse> = Vec::new();
    for Decision { recorded, .. } in decisions {
        let digest = &recorded.policy_digest;
        if digest.is_empty() || uses.iter().any(|seen| seen.digest == *digest) {
            continue;
        }
        uses.push(PolicyUse {
            path: library
                .policy(digest)
                .map(|known| known.path.clone())
                .unwrap_or_default(),
            decided: true,
            in_force: in_force_digest.as_ref() == Some(digest),
            digest: digest.clone(),
        });
    }
    if let (Some(known), Some(digest)) = (in_force, in_force_digest)
        && !uses.iter().any(|seen| seen.in_force)
    {
        uses.push(PolicyUse {
            digest,
            path: known.path.clone(),
            decided: false,
            in_force: true,
        });
    }
    uses
}

fn policy_changes(decisions: &[Decision], library: &Library) -> Vec<RuleChange> {
    let then = decisions
        .iter()
        .rev()
        .find_map(|decision| library.policy(&decision.recorded.policy_digest));
    match (then, &library.in_force) {
        (Some(then), Some(now)) => changes(then.policy.policy(), now.policy.policy()),
        _ => Vec::new(),
    }
}

/// Adds what is missing to make the decisions again, each thing once.
fn gaps_of(decisions: &[Decision], library: &Library, gaps: &mut Vec<Gap>) {
    let is_told = |kind: GapKind, gaps: &[Gap]| gaps.iter().any(|gap| gap.kind == kind);
    if decisions.is_empty() && !is_told(GapKind::Decision, gaps) {
        gaps.push(Gap {
            kind: GapKind::Decision,
            message: "no trace or event of a session records what policy said".to_owned(),
            fix: "name traces with --trace, or give the session with --from".to_owned(),
        });
    }
    if library.in_force.is_none() && !is_told(GapKind::PolicyNow, gaps) {
        gaps.push(Gap {
            kind: GapKind::PolicyNow,
            message: "it was not named, and the project defaults name none".to_owned(),
            fix: "name it with --policy".to_owned(),
        });
    }
    for Decision {
        recorded, then, now, ..
    } in decisions
    {
        let is_policy_missing = then.unanswered == Some(Unanswered::NoPolicy);
        let is_intent_missing = [then, now]
            .iter()
            .any(|answer| answer.unanswered == Some(Unanswered::NoIntent))
            || library.intent(&recorded.intent_digest).is_none();
        for (is_missing, kind, digest, flag) in [
            (
                is_policy_missing,
                GapKind::PolicyThen,
                &recorded.policy_digest,
                "--search",
            ),
            (
                is_intent_missing,
                GapKind::Intent,
                &recorded.intent_digest,
                "--intent",
            ),
        ] {
            let message = match digest.as_str() {
                "" => "the record does not say which one it was".to_owned(),
                digest => format!("nothing that was searched has the digest {digest}"),
            };
            if is_missing
                && !gaps.iter().any(|gap| gap.kind == kind && gap.message == message)
                && gaps.len() < LISTED
            {
                gaps.push(Gap {
                    kind,
                    message,
                    fix: format!("name where it is with {flag}"),
                });
            }
        }
    }
}
