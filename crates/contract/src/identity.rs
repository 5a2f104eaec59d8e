//! Identities that follow from the terms of a contract.

use gait_canon::Digest;

use crate::terms::Terms;

/// What stands between the parts of a text that is digested.
const SEPARATOR: &str = "\u{1f}";
const IDENTIFIER_DIGITS: usize = 16;

const TRANSITION: &[&str] = &[
    "transition_id",
    "from_stage_id",
    "to_stage_id",
    "from_role",
    "to_role",
    "reason",
];

/// The identities of a contract, computed from its terms.
pub(crate) struct Identities {
    pub(crate) contract_id: String,
    pub(crate) family_id: String,
    pub(crate) content_digest: String,
}

impl Identities {
    pub(crate) fn of(contract: Terms<'_>) -> Self {
        let family_id = format!("pacf-{}", short(&family(contract)));
        let content_digest = format!("sha256:{}", Digest::of(content(contract).as_bytes()));
        let contract = [&family_id, &content_digest, contract.text("contract_version")].join("|");
        Self {
            contract_id: format!("pac-{}", short(&contract)),
            family_id,
            content_digest,
        }
    }
}

fn short(text: &str) -> String {
    let mut digest = Digest::of(text.as_bytes()).to_string();
    digest.truncate(IDENTIFIER_DIGITS);
    digest
}

/// What all revisions have in common.
fn family(contract: Terms<'_>) -> String {
    let terms = [
        contract.text("required_credential_mode"),
        &contract.integer("maximum_delegation_depth").to_string(),
        contract.text("expected_outcome_class"),
        contract.text("resolution_key"),
    ]
    .join("|");
    let targets: Vec<String> = targets(contract).collect();
    [contract.text("composition_ref"), &terms, &targets.join("|")].join(SEPARATOR)
}

fn targets(contract: Terms<'_>) -> impl Iterator<Item = String> {
    contract
        .objects("target_constraints")
        .map(|target| format!("{}={}", target.text("key"), target.text("value")))
}

/// All terms, in an order that does not depend on the document's.
fn content(contract: Terms<'_>) -> String {
    let mut parts = single_terms(contract);
    for (label, list) in [
        ("allow", "allowed_transitions"),
        ("prohibit", "prohibited_transitions"),
        ("approval", "approval_required_transitions"),
    ] {
        parts.extend(
            contract
                .objects(list)
                .map(|transition| format!("{label}={}", transition.joined(TRANSITION))),
        );
    }
    parts.extend(targets(contract).map(|target| format!("target={target}")));
    for (label, list) in [
        ("evidence", "evidence_requirements"),
        ("countersigner", "acceptable_countersigners"),
        ("digest", "source_digests"),
        ("reason", "reason_codes"),
    ] {
        parts.extend(contract.texts(list).map(|item| format!("{label}={item}")));
    }
    parts.extend(requirements(contract));
    parts.sort_unstable();
    parts.join(SEPARATOR)
}

fn single_terms(contract: Terms<'_>) -> Vec<String> {
    let text = |label: &str, name: &str| format!("{label}={}", contract.text(name));
    vec![
        text("version", "contract_version"),
        text("kind", "contract_kind"),
        text("composition", "composition_ref"),
        text("resolution", "resolution_key"),
        text("credential_mode", "required_credential_mode"),
        format!(
            "delegation_depth={}",
            contract.integer("maximum_delegation_depth")
        ),
        text("outcome", "expected_outcome_class"),
        format!("compensation={}", contract.boolean("compensation_required")),
        text("expires_at", "expires_at"),
        format!("report_only={}", contract.boolean("report_only")),
        text("readiness", "readiness_state"),
        format!("revision={}", contract.integer("revision")),
        text("supersedes", "supersedes_ref"),
        text("authority_readiness", "authority_readiness_state"),
    ]
}

fn requirements(contract: Terms<'_>) -> Vec<String> {
    let list = |label: &str, name, parts: &[Part]| -> Vec<String> {
        contract
            .objects(name)
            .map(|terms| format!("{label}={}", written(terms, parts)))
            .collect()
    };
    let mut requirements = list("authority", "authority_requirements", AUTHORITY);
    requirements.extend(list("precondition", "preconditions", PRECONDITION));
    for (label, name, parts) in [
        ("confirmation", "confirmation_requirement", CONFIRMATION),
        ("approval", "approval_requirement", APPROVAL),
        ("compensation", "compensation_requirement", COMPENSATION),
    ] {
        if let Some(terms) = contract.object(name) {
            requirements.push(format!("{label}={}", written(terms, parts)));
        }
    }
    requirements
}

/// The parts of a requirement, then what every requirement ends with.
fn written(terms: Terms<'_>, parts: &[Part]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .chain(REQUIREMENT_END)
        .map(|part| match *part {
            Part::Text(name) => terms.text(name).to_owned(),
            Part::Texts(name) => terms.texts(name).collect::<Vec<_>>().join(","),
            Part::Number(name) => terms.integer(name).to_string(),
            Part::Switch(name) => terms.boolean(name).to_string(),
        })
        .collect();
    parts.join("|")
}

/// A member of a requirement, by how it is written.
#[derive(Clone, Copy)]
enum Part {
    Text(&'static str),
    Texts(&'static str),
    Number(&'static str),
    Switch(&'static str),
}

const AUTHORITY: &[Part] = &[
    Part::Text("requirement_id"),
    Part::Text("kind"),
    Part::Text("required_constraint"),
    Part::Text("observed_value"),
];
const PRECONDITION: &[Part] = &[
    Part::Text("requirement_id"),
    Part::Text("kind"),
    Part::Text("required_constraint"),
    Part::Text("observed_value"),
    Part::Text("observed_result"),
    Part::Texts("acceptable_producers"),
    Part::Text("max_age"),
];
const CONFIRMATION: &[Part] = &[Part::Text("mode"), Part::Switch("required")];
const APPROVAL: &[Part] = &[
    Part::Switch("required"),
    Part::Texts("approver_roles"),
    Part::Number("minimum_approvals"),
    Part::Texts("separation_of_duties"),
    Part::Text("scope_digest"),
    Part::Text("validity_window"),
    Part::Texts("reapproval_triggers"),
];
const COMPENSATION: &[Part] = &[
    Part::Switch("required"),
    Part::Text("kind"),
    Part::Text("procedure_ref"),
    Part::Text("target"),
    Part::Text("execution_window"),
    Part::Switch("verification_required"),
    Part::Texts("acceptable_producers"),
];
const REQUIREMENT_END: &[Part] = &[
    Part::Text("evidence_state"),
    Part::Text("freshness_state"),
    Part::Texts("evidence_refs"),
    Part::Texts("reason_codes"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sample::{TERMS, object};

    /// Computed with another program.
    #[test]
    fn identities_follow_from_the_terms() {
        let contract = object(TERMS);
        let identities = Identities::of(Terms::of(&contract));
        assert_eq!(identities.family_id, "pacf-07210c3ffa96eff0");
        assert_eq!(
            identities.content_digest,
            "sha256:f20f8d9cc5b7c53ec3b118b2c4880da14bb8ffb1d5b14c9d540cab22f3694bc6"
        );
        assert_eq!(identities.contract_id, "pac-1010cb0e283e3358");
    }
}
