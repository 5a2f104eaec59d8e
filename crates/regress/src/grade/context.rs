//! Whether a candidate acted on the same context as the fixture.

use gait_artifact::Timestamp;
use gait_artifact::regress::{ContextConformance, GradeStatus};
use gait_artifact::runpack::Refs;
use gait_canon::Digest;
use gait_runpack::refs::RefsError;
use gait_runpack::{Drift, drift};

use super::Grade;
use crate::fixture::{Candidate, Fixture};
use crate::metadata::ContextDemand;

const GRADER: &str = "context_conformance";

/// What is demanded of every fixture's context, beside what each fixture demands itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ContextRules {
    /// The context must be the fixture's.
    pub(crate) enforce: bool,
    /// It may have been retrieved at other times.
    pub(crate) allow_runtime_drift: bool,
}

pub(super) fn grade(fixture: &Fixture, candidate: &Candidate<'_>, rules: ContextRules) -> Grade {
    let runpack = match candidate.runpack() {
        Ok(runpack) => runpack,
        Err(why) => {
            let grade = Grade::without_candidate(GRADER, why, "candidate_runpack_invalid");
            return missing(grade);
        }
    };
    let (own, other) = (&fixture.runpack.refs, &runpack.refs);
    let drift = match drift_apart_from_identity(own, other) {
        Ok(drift) => drift,
        Err(error) => return missing(Grade::unable(GRADER, "context_diff_error", &error)),
    };
    let verdict = judge(fixture, rules, drift, &other.context_set_digest);

    let mut grade = Grade::pass(GRADER);
    grade.status = verdict.status;
    grade.reasons.insert(verdict.reason);
    grade.context = Some(verdict.conformance);
    let details = &mut grade.details;
    details.put("candidate_runpack", candidate.shown.as_str());
    details.put("context_set_digest_fixture", own.context_set_digest.as_str());
    details.put("context_set_digest_candidate", other.context_set_digest.as_str());
    details.put("context_changed", drift != Drift::None);
    details.put("context_runtime_only", drift == Drift::RuntimeOnly);
    grade
}

fn missing(grade: Grade) -> Grade {
    Grade {
        context: Some(ContextConformance::Missing),
        ..grade
    }
}

/// How far the contexts of two runs are apart. Two runs always differ in id, time and perhaps recorder; that is no drift.
fn drift_apart_from_identity(own: &Refs, other: &Refs) -> Result<Drift, RefsError> {
    let context = |refs: &Refs| Refs {
        run_id: String::new(),
        producer_version: String::new(),
        created_at: Timestamp::default(),
        ..refs.clone()
    };
    drift(&context(own), &context(other))
}

struct Verdict {
    status: GradeStatus,
    reason: &'static str,
    conformance: ContextConformance,
}

/// The first rule that applies decides.
fn judge(fixture: &Fixture, rules: ContextRules, drift: Drift, digest: &str) -> Verdict {
    let metadata = &fixture.metadata;
    let verdict = |status, reason, conformance| Verdict {
        status,
        reason,
        conformance,
    };
    let fail = |reason, conformance| verdict(GradeStatus::Fail, reason, conformance);
    let pass = |reason| verdict(GradeStatus::Pass, reason, conformance_of(drift));

    let expected = metadata.context_set_digest;
    let differs = expected.is_some_and(|expected| Digest::parse_any_case(digest) != Ok(expected));
    if differs && drift != Drift::RuntimeOnly {
        return fail("context_set_digest_mismatch", ContextConformance::Semantic);
    }
    let enforce = rules.enforce || metadata.context == Some(ContextDemand::Required) || expected.is_some();
    if !enforce {
        return pass("context_conformance_not_required");
    }
    if digest.is_empty() {
        return fail("context_evidence_missing", ContextConformance::Missing);
    }
    let allow_runtime_drift = rules.allow_runtime_drift || metadata.allow_runtime_drift;
    match drift {
        Drift::Semantic => fail("context_semantic_drift", ContextConformance::Semantic),
        Drift::RuntimeOnly if !allow_runtime_drift => {
            fail("context_runtime_drift_blocked", ContextConformance::RuntimeOnly)
        }
        Drift::RuntimeOnly | Drift::None => pass("context_conformance_pass"),
    }
}

const fn conformance_of(drift: Drift) -> ContextConformance {
    match drift {
        Drift::None => ContextConformance::None,
        Drift::RuntimeOnly => ContextConformance::RuntimeOnly,
        Drift::Semantic => ContextConformance::Semantic,
    }
}
