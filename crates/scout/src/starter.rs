//! First advice for a policy, from the names of the tools that were found.
//!
//! Names are judged by the words in them, so this is advice to be read by people, not a decision.

use std::collections::BTreeSet;

use gait_artifact::text;
use serde::Serialize;

use crate::snapshot::Surface;

/// The longest name that is judged, in bytes.
const MAX_NAME_BYTES: usize = 48;
/// How many tools a suggested rule names: destructive ones, and others.
const MAX_DESTRUCTIVE: usize = 6;
const MAX_STATE_CHANGING: usize = 8;
/// How many names that could not be judged are shown.
const MAX_UNCLASSIFIED: usize = 8;

const DESTRUCTIVE: [&str; 5] = ["delete", "remove", "drop", "destroy", "truncate"];
const PAYMENT: [&str; 5] = ["stripe", "payment", "charge", "refund", "billing"];
const INVOICE: &str = "invoice";
const DATA_STORE: [&str; 4] = ["postgres", "database", "db", "sql"];
const STATE_CHANGE: [&str; 10] = [
    "write", "update", "create", "set", "save", "approve", "cancel", "pause", "resume", "restart",
];
/// Tells of a state change, but by itself does not make a plain name a candidate.
const SUBMIT: &str = "submit";

/// Something the sources tell about the repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signal {
    /// Names the signal, e.g. `tool.payment`.
    pub code: String,
    /// What it is about.
    pub category: String,
    /// What was found.
    pub value: String,
    /// `high` or `low`.
    pub confidence: &'static str,
    /// The names that tell it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub evidence: Vec<String>,
    /// Why, for people.
    pub reason: &'static str,
}

/// A rule that a policy could have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SuggestedRule {
    /// Names the suggestion.
    pub id: &'static str,
    /// Name of the rule.
    pub name: &'static str,
    /// Effect of the rule.
    pub effect: &'static str,
    /// Priority of the rule.
    pub priority: i64,
    /// The tools it concerns.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub match_tool_names: Vec<String>,
    /// Its reason codes.
    pub reason_codes: [&'static str; 1],
    /// `high`.
    pub confidence: &'static str,
    /// Why, for people.
    pub rationale: &'static str,
}

/// What the sources suggest.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Advice {
    /// The tools that were judged: lower case, sorted.
    pub candidates: Vec<String>,
    /// What was found: frameworks, then classes of tools.
    pub signals: Vec<Signal>,
    /// Rules for the classes.
    pub rules: Vec<SuggestedRule>,
    /// What people must look at.
    pub unknown_signals: Vec<Signal>,
}

impl Advice {
    /// What `surface` suggests.
    #[must_use]
    pub fn for_surface(surface: &Surface) -> Self {
        let mut signals: Vec<_> = surface.frameworks().into_iter().map(framework_signal).collect();
        let names = surface.tool_names();
        let candidates: BTreeSet<_> = names
            .iter()
            .map(|name| text::trim(name))
            .filter(|name| is_candidate(name))
            .map(text::lower)
            .collect();
        let classes = Classes::of(&candidates);
        signals.extend(classes.signals());
        Self {
            signals,
            rules: classes.rules(),
            unknown_signals: classes.unknown_signals(),
            candidates: candidates.into_iter().collect(),
        }
    }
}

/// Whether a name says enough to be judged: a qualified one always does.
fn is_candidate(name: &str) -> bool {
    if name.is_empty() || name.starts_with('_') {
        return false;
    }
    if name.contains('.') {
        return true;
    }
    let is_constant = name.bytes().any(|byte| byte.is_ascii_uppercase())
        && !name.bytes().any(|byte| byte.is_ascii_lowercase());
    let lower = text::lower(name);
    !is_constant
        && name.len() <= MAX_NAME_BYTES
        && (contains_any(&lower, &DESTRUCTIVE)
            || contains_any(&lower, &PAYMENT)
            || lower.contains(INVOICE)
            || contains_any(&lower, &DATA_STORE)
            || contains_any(&lower, &STATE_CHANGE))
}

fn contains_any(name: &str, fragments: &[&str]) -> bool {
    fragments.iter().any(|fragment| name.contains(fragment))
}

fn framework_signal(name: String) -> Signal {
    Signal {
        code: format!("framework.{name}"),
        category: "framework".to_owned(),
        evidence: vec![name.clone()],
        value: name,
        confidence: "high",
        reason: "the sources hand tools to this framework",
    }
}

/// The candidates by what their names tell, each in the first class that fits.
#[derive(Default)]
struct Classes {
    destructive: Vec<String>,
    state_change: Vec<String>,
    payment: Vec<String>,
    data_store: Vec<String>,
    unclassified: Vec<String>,
}

impl Classes {
    fn of(candidates: &BTreeSet<String>) -> Self {
        let mut classes = Self::default();
        for name in candidates {
            let class = if contains_any(name, &DESTRUCTIVE) {
                &mut classes.destructive
            } else if contains_any(name, &PAYMENT) || name.contains(INVOICE) {
                &mut classes.payment
            } else if contains_any(name, &DATA_STORE) {
                &mut classes.data_store
            } else if contains_any(name, &STATE_CHANGE) || name.contains(SUBMIT) {
                &mut classes.state_change
            } else {
                &mut classes.unclassified
            };
            class.push(name.clone());
        }
        classes
    }

    fn signals(&self) -> impl Iterator<Item = Signal> {
        let classes = [
            (
                "tool.destructive",
                "destructive_tools",
                &self.destructive,
                "tool names tell of destruction",
            ),
            (
                "tool.state_change",
                "state_change_tools",
                &self.state_change,
                "tool names tell of changes of state",
            ),
            (
                "tool.payment",
                "payment_tools",
                &self.payment,
                "tool names tell of payments or billing",
            ),
            (
                "tool.data_store",
                "data_store_tools",
                &self.data_store,
                "tool names tell of a database",
            ),
        ];
        classes
            .into_iter()
            .filter(|(_, _, members, _)| !members.is_empty())
            .map(|(code, value, members, reason)| Signal {
                code: code.to_owned(),
                category: value.to_owned(),
                value: value.to_owned(),
                confidence: "high",
                evidence: members.clone(),
                reason,
            })
    }

    fn rules(&self) -> Vec<SuggestedRule> {
        let changing: BTreeSet<_> = [&self.state_change, &self.payment, &self.data_store]
            .into_iter()
            .flatten()
            .collect();
        let first = |names: Vec<&String>, count: usize| names.into_iter().take(count).cloned().collect();
        let destructive = SuggestedRule {
            id: "starter.block.destructive",
            name: "block-destructive-tools",
            effect: "block",
            priority: 10,
            match_tool_names: first(self.destructive.iter().collect(), MAX_DESTRUCTIVE),
            reason_codes: ["destructive_tool_blocked"],
            confidence: "high",
            rationale: "the names of these tools tell of destruction",
        };
        let state_changing = SuggestedRule {
            id: "starter.require_approval.state_change",
            name: "require-approval-state-changing-tools",
            effect: "require_approval",
            priority: 20,
            match_tool_names: first(changing.into_iter().collect(), MAX_STATE_CHANGING),
            reason_codes: ["approval_required_for_state_change"],
            confidence: "high",
            rationale: "the names of these tools tell of changes of state, payments or a database",
        };
        [destructive, state_changing]
            .into_iter()
            .filter(|rule| !rule.match_tool_names.is_empty())
            .collect()
    }

    fn unknown_signals(&self) -> Vec<Signal> {
        if self.unclassified.is_empty() {
            return Vec::new();
        }
        vec![Signal {
            code: "tool.unclassified".to_owned(),
            category: "unclassified_tools".to_owned(),
            value: "manual_review".to_owned(),
            confidence: "low",
            evidence: self.unclassified.iter().take(MAX_UNCLASSIFIED).cloned().collect(),
            reason: "the names of these tools do not tell what they do",
        }]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::Item;

    fn advice(names: &[&str]) -> Advice {
        let items = names
            .iter()
            .map(|name| Item::tool("langchain", name, "a.py"))
            .collect();
        Advice::for_surface(&Surface { items })
    }

    fn evidence<'a>(advice: &'a Advice, code: &str) -> &'a [String] {
        advice
            .signals
            .iter()
            .find(|signal| signal.code == code)
            .map_or(&[], |signal| &signal.evidence)
    }

    #[test]
    fn classes_are_tried_in_order() {
        let advice = advice(&[
            "acme.delete_payment",
            "acme.refund_db",
            "acme.sql_update",
            "acme.submit",
            "acme.approve",
            "acme.read",
            "oa",
        ]);
        let codes: Vec<_> = advice.signals.iter().map(|signal| signal.code.as_str()).collect();
        assert_eq!(
            codes,
            [
                "framework.langchain",
                "tool.destructive",
                "tool.state_change",
                "tool.payment",
                "tool.data_store"
            ]
        );
        assert_eq!(
            evidence(&advice, "tool.state_change"),
            ["acme.approve", "acme.submit"]
        );
        assert_eq!(
            advice.rules[1].match_tool_names,
            ["acme.approve", "acme.refund_db", "acme.sql_update", "acme.submit"]
        );
        assert_eq!(advice.unknown_signals[0].evidence, ["acme.read"]);
    }

    #[test]
    fn only_telling_names_are_judged() {
        let long = format!("{}_save", "x".repeat(49));
        let advice = advice(&[
            "_delete",
            "SAVE_ALL",
            &long,
            "plain_name",
            "submit",
            "DeleteUser",
            " x.Y ",
            "",
        ]);
        assert_eq!(advice.candidates, ["deleteuser", "x.y"]);
    }

    #[test]
    fn nothing_found_is_no_advice() {
        assert_eq!(Advice::for_surface(&Surface::default()), Advice::default());
        let advice = advice(&["plain"]);
        assert_eq!(
            (
                advice.signals.len(),
                advice.rules.len(),
                advice.unknown_signals.len()
            ),
            (1, 0, 0)
        );
    }

    #[test]
    fn rules_name_only_some_tools() {
        let names: Vec<_> = (0..20)
            .flat_map(|n| [format!("delete_{n:02}"), format!("write_{n:02}")])
            .collect();
        let advice = advice(&names.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(
            (
                advice.rules[0].match_tool_names.len(),
                advice.rules[1].match_tool_names.len()
            ),
            (6, 8)
        );
        assert_eq!(advice.rules[1].match_tool_names[0], "write_00");
    }
}
