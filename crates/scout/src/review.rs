//! What a policy leaves open in a repository.

use std::collections::BTreeSet;

use gait_artifact::{Verdict, policy::Policy, text};
use serde::Serialize;

use crate::{snapshot::Surface, starter::Advice};

/// How many names are shown as evidence.
const MAX_EVIDENCE: usize = 8;

/// How serious a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// A gap.
    Warning,
}

/// One thing that people should look at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// Names the finding, e.g. `policy.no_rules`.
    pub code: &'static str,
    /// How serious it is.
    pub severity: Severity,
    /// What was found, for people.
    pub summary: &'static str,
    /// Where, e.g. `repo.tools`.
    pub detected_surface: &'static str,
    /// What to do about it, for people.
    pub remediation: &'static str,
    /// The names that tell it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
}

/// What `policy` leaves open, given what is in the repository and what was advised for it.
#[must_use]
pub fn review(policy: &Policy, surface: &Surface, advice: &Advice) -> Vec<Finding> {
    let mut findings = review_policy(policy);
    findings.extend(review_tools(policy, surface, advice));
    findings.extend(review_signals(advice));
    findings
}

fn review_policy(policy: &Policy) -> Vec<Finding> {
    let mut findings = Vec::new();
    if policy.rules.is_empty() {
        findings.push(Finding {
            code: "policy.no_rules",
            severity: Severity::Warning,
            summary: "the policy has no rules, so every call gets the default verdict",
            detected_surface: "policy.rules",
            remediation: "add rules for the tools that change or destroy something",
            evidence: Vec::new(),
        });
    }
    if policy.default_verdict == Verdict::Allow {
        findings.push(Finding {
            code: "policy.default_allow",
            severity: Severity::Warning,
            summary: "calls that no rule concerns are allowed",
            detected_surface: "policy.default_verdict",
            remediation: "set `default_verdict` to `require_approval` or `block`",
            evidence: Vec::new(),
        });
    }
    if policy.rules.iter().all(|rule| rule.effect == Verdict::Allow) {
        findings.push(Finding {
            code: "policy.no_non_allow_rules",
            severity: Severity::Warning,
            summary: "no rule blocks a call or asks for approval",
            detected_surface: "policy.rules",
            remediation: "add `block` or `require_approval` rules for the tools that change or destroy something",
            evidence: Vec::new(),
        });
    }
    findings
}

fn review_tools(policy: &Policy, surface: &Surface, advice: &Advice) -> Vec<Finding> {
    let mut findings = Vec::new();
    if surface.frameworks().is_empty() {
        findings.push(Finding {
            code: "repo.no_supported_framework_detected",
            severity: Severity::Info,
            summary: "no source hands tools to a known agent framework; calls may pass the gate by elsewhere",
            detected_surface: "repo.frameworks",
            remediation: "make sure that every tool call goes through the gate",
            evidence: Vec::new(),
        });
    }
    let detected = surface.tool_names();
    let named: BTreeSet<&str> = policy
        .rules
        .iter()
        .flat_map(|rule| &rule.matching.tool_names)
        .map(String::as_str)
        .collect();
    if detected.is_empty() {
        return findings;
    }
    let evidence = advice.candidates.iter().take(MAX_EVIDENCE).cloned().collect();
    if named.is_empty() {
        findings.push(Finding {
            code: "repo.tool_inventory_uncovered",
            severity: Severity::Warning,
            summary: "the sources define tools, but no rule names a tool",
            detected_surface: "repo.tools",
            remediation: "name the tools in `match.tool_names` of some rules",
            evidence,
        });
    } else if !detected
        .iter()
        .any(|name| named.contains(text::trim_lower(name).as_str()))
    {
        findings.push(Finding {
            code: "repo.tool_inventory_name_mismatch",
            severity: Severity::Warning,
            summary: "the rules name tools, but none of those that the sources define",
            detected_surface: "repo.tools",
            remediation: "use the names from the sources in `match.tool_names`",
            evidence,
        });
    }
    findings
}

fn review_signals(advice: &Advice) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !advice.rules.is_empty() {
        findings.push(Finding {
            code: "repo.generated_rules_available",
            severity: Severity::Info,
            summary: "rules can be suggested for the tools that were found",
            detected_surface: "repo.signals",
            remediation: "read the suggestions in the comments that `gait init` writes, and take over what fits",
            evidence: advice.rules.iter().map(|rule| rule.id.to_owned()).collect(),
        });
    }
    if let Some(unknown) = advice.unknown_signals.first() {
        findings.push(Finding {
            code: "repo.manual_review_required",
            severity: Severity::Info,
            summary: "the names of some tools do not tell what they do",
            detected_surface: "repo.signals",
            remediation: "look at `unknown_signals` and add rules where they are needed",
            evidence: unknown.evidence.iter().take(MAX_EVIDENCE).cloned().collect(),
        });
    }
    if advice.signals.is_empty() {
        findings.push(Finding {
            code: "repo.no_high_confidence_signals",
            severity: Severity::Info,
            summary: "nothing was found that rules could be suggested for",
            detected_surface: "repo.signals",
            remediation: "start from a template and add rules by hand",
            evidence: Vec::new(),
        });
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Item;

    fn codes(policy: &str, tools: &[&str]) -> Vec<&'static str> {
        let policy = gait_policy::document::read(policy.as_bytes()).unwrap();
        let surface = Surface {
            items: tools
                .iter()
                .map(|name| Item::tool("langchain", name, "a.py"))
                .collect(),
        };
        let advice = Advice::for_surface(&surface);
        review(&policy, &surface, &advice)
            .into_iter()
            .map(|finding| finding.code)
            .collect()
    }

    fn rule(effect: &str, matching: &str) -> String {
        format!(
            "default_verdict: block\nrules:\n  - name: r\n    effect: {effect}\n    match: {{{matching}}}\n"
        )
    }

    #[test]
    fn empty_policies_and_repositories_are_told() {
        assert_eq!(
            codes("default_verdict: allow\n", &[]),
            [
                "policy.no_rules",
                "policy.default_allow",
                "policy.no_non_allow_rules",
                "repo.no_supported_framework_detected",
                "repo.no_high_confidence_signals"
            ]
        );
    }

    #[test]
    fn tools_must_be_named_as_they_are() {
        let uncovered = codes(&rule("block", "risk_classes: [high]"), &["plain"]);
        assert_eq!(uncovered, ["repo.tool_inventory_uncovered"]);
        let mismatch = codes(&rule("block", "tool_names: [other]"), &["acme.read"]);
        assert_eq!(
            mismatch,
            ["repo.tool_inventory_name_mismatch", "repo.manual_review_required"]
        );
        let covered = codes(&rule("block", "tool_names: [deleteuser]"), &["DeleteUser"]);
        assert_eq!(covered, ["repo.generated_rules_available"]);
        let only_allow = codes(&rule("allow", "tool_names: [plain]"), &["plain"]);
        assert_eq!(only_allow, ["policy.no_non_allow_rules"]);
    }
}
