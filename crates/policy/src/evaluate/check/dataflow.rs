//! Data from tainted sources must not flow to certain destinations.

use gait_artifact::{
    intent::Target,
    policy::{Dataflow, Rule},
};

use crate::{
    evaluate::findings::Findings,
    matching::{Call, admits, lists},
};

/// Where data leaves to when a rule names no destinations.
const EGRESS_KINDS: [&str; 5] = ["bucket", "host", "queue", "topic", "url"];

pub(super) fn check<'p>(rule: &'p Rule, call: &Call<'_>, findings: &mut Findings<'p>) {
    let Some(section) = rule.dataflow.as_deref() else {
        return;
    };
    let tainted = call
        .arg_provenance
        .iter()
        .any(|entry| lists(&section.tainted_sources, &entry.source));
    if tainted && call.targets.iter().any(|target| is_destination(section, target)) {
        findings.raise(section.action.into());
        findings.report(&section.reason_code, &section.violation);
    }
}

/// One and the same target must meet every given list.
fn is_destination(section: &Dataflow, target: &Target) -> bool {
    let lists = [
        &section.destination_kinds,
        &section.destination_values,
        &section.destination_operations,
    ];
    if lists.iter().all(|list| list.is_empty()) {
        return EGRESS_KINDS.contains(&target.kind.as_str());
    }
    admits(&section.destination_kinds, &target.kind)
        && admits(&section.destination_values, &target.value)
        && admits(&section.destination_operations, &target.operation)
}
