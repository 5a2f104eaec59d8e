//! How much of what was found a policy speaks of.

use std::collections::BTreeSet;

use gait_artifact::{policy::Policy, text};
use gait_policy::digest::policy_digest;
use serde::Serialize;

use super::Surface;
use crate::item::RiskLevel;

/// Which tools and servers are named by the rules of some policies. Every list is sorted.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// The snapshot.
    pub snapshot_id: String,
    /// How many names were found.
    pub discovered_tools: usize,
    /// How many of them a rule names.
    pub gated_tools: usize,
    /// How many tools and servers of high or critical risk no rule names.
    pub high_risk_ungated_tools: usize,
    /// The part that is named, from 0 to 100, with two places; 100 when nothing was found.
    pub coverage_percent: f64,
    /// Digests of the policies, one for each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub policy_digests: Vec<String>,
    /// The names that were found, in lower case.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub discovered_tool_names: BTreeSet<String>,
    /// All names in the rules, found or not, in lower case.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub gated_tool_names: BTreeSet<String>,
    /// The tools and servers of high or critical risk that no rule names.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub high_risk_ungated_tool_ids: BTreeSet<String>,
}

impl Surface {
    /// How much of what was found the rules of `policies` name in `match.tool_names`, whatever they then decide.
    #[must_use]
    pub fn coverage(&self, snapshot_id: &str, policies: &[Policy]) -> Coverage {
        let gated_tool_names: BTreeSet<String> = policies
            .iter()
            .flat_map(|policy| &policy.rules)
            .flat_map(|rule| &rule.matching.tool_names)
            .map(|name| text::trim_lower(name))
            .filter(|name| !name.is_empty())
            .collect();
        let discovered_tool_names: BTreeSet<String> = self
            .items
            .iter()
            .map(|item| text::trim_lower(&item.name))
            .filter(|name| !name.is_empty())
            .collect();
        let high_risk_ungated_tool_ids: BTreeSet<String> = self
            .items
            .iter()
            .filter(|item| item.risk >= RiskLevel::High)
            .filter(|item| !gated_tool_names.contains(&text::trim_lower(&item.name)))
            .map(|item| item.id.clone())
            .collect();
        let gated_tools = discovered_tool_names.intersection(&gated_tool_names).count();
        let mut policy_digests: Vec<String> = policies
            .iter()
            .map(|policy| policy_digest(policy).to_string())
            .collect();
        policy_digests.sort_unstable();
        Coverage {
            snapshot_id: snapshot_id.to_owned(),
            discovered_tools: discovered_tool_names.len(),
            gated_tools,
            high_risk_ungated_tools: high_risk_ungated_tool_ids.len(),
            coverage_percent: percent(gated_tools, discovered_tool_names.len()),
            policy_digests,
            discovered_tool_names,
            gated_tool_names,
            high_risk_ungated_tool_ids,
        }
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a repository has fewer than 2^53 tools"
)]
fn percent(part: usize, whole: usize) -> f64 {
    if whole == 0 {
        return 100.0;
    }
    (part as f64 / whole as f64 * 100.0 * 100.0).round() / 100.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Item;

    #[test]
    fn percents_have_two_places() {
        for (part, whole, want) in [
            (0, 0, 100.0),
            (0, 3, 0.0),
            (1, 3, 33.33),
            (2, 3, 66.67),
            (7, 7, 100.0),
        ] {
            assert!(
                (percent(part, whole) - want).abs() < f64::EPSILON,
                "{part}/{whole}"
            );
        }
    }

    #[test]
    fn names_cover_whatever_their_letter_case() {
        let policy = gait_policy::document::read(
            b"default_verdict: block\nrules:\n  - {name: r, effect: allow, match: {tool_names: [drop_it, other]}}\n",
        )
        .unwrap();
        let names = ["Drop_It", "send mail", "read"];
        let surface = Surface {
            items: names
                .iter()
                .map(|name| Item::mcp_server(name, "mcp.json"))
                .collect(),
        };
        let coverage = surface.coverage("snap", &[policy.clone(), policy]);
        assert_eq!((coverage.discovered_tools, coverage.gated_tools), (3, 1));
        assert_eq!(coverage.policy_digests.len(), 2);
        let ungated: Vec<_> = coverage.high_risk_ungated_tool_ids.into_iter().collect();
        assert_eq!(ungated, ["mcp_server:send_mail"]);
    }
}
