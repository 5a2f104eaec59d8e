//! Which entries stop a call.

use std::{collections::BTreeSet, iter};

use gait_artifact::{
    Timestamp,
    decision::KillSwitchDecision,
    intent::{Intent, Target},
    kill_switch::{self, KillSwitchEntry, KillSwitchJournalEntry, KillSwitchState},
    text,
};

use super::{ACTIVE, STATE_UNAVAILABLE};
use crate::{audit::AuditSubject, entrance::Entrance};

/// Whether an entry of `state` that is on at `now` stops the call that `intent` describes.
///
/// A script is stopped with every tool and target of its steps, a delegated call with everyone in its delegation.
#[must_use]
pub fn judge(state: &KillSwitchState, intent: &Intent, now: Timestamp) -> KillSwitchDecision {
    let subject = Subject::of(intent);
    let mut codes = BTreeSet::new();
    let mut ids = BTreeSet::new();
    for entry in state.entries.iter().filter(|entry| entry.is_on(now)) {
        if let Some(reasons) = subject.stopped_by(entry) {
            codes.extend(reasons);
            ids.insert(entry.entry_id.clone());
        }
    }
    if ids.is_empty() {
        return KillSwitchDecision {
            status: "inactive".to_owned(),
            evaluated_at: now.to_utc(),
            ..KillSwitchDecision::default()
        };
    }
    let main = codes.first().copied().unwrap_or(ACTIVE);
    codes.insert(ACTIVE);
    KillSwitchDecision {
        status: "active".to_owned(),
        reason_code: main.to_owned(),
        reason_codes: codes.into_iter().map(str::to_owned).collect(),
        matched_entry_ids: ids.into_iter().collect(),
        evaluated_at: now.to_utc(),
    }
}

/// The decision when the state is configured, can't be used, and the call is too risky to go on without it.
#[must_use]
pub fn unavailable(now: Timestamp) -> KillSwitchDecision {
    KillSwitchDecision {
        status: "unavailable".to_owned(),
        reason_code: STATE_UNAVAILABLE.to_owned(),
        reason_codes: vec![STATE_UNAVAILABLE.to_owned()],
        matched_entry_ids: Vec::new(),
        evaluated_at: now.to_utc(),
    }
}

/// The line of the journal for a call that was stopped and came by `entrance`.
#[must_use]
pub fn journal_entry(
    decision: &KillSwitchDecision,
    intent: &Intent,
    subject: &AuditSubject<'_>,
    entrance: Entrance,
) -> KillSwitchJournalEntry {
    let context = intent.context();
    KillSwitchJournalEntry {
        schema_id: kill_switch::JOURNAL_SCHEMA_ID.to_owned(),
        schema_version: kill_switch::SCHEMA_VERSION.to_owned(),
        created_at: subject.created_at,
        producer_version: subject.producer_version.to_owned(),
        source: entrance.journal_source().to_owned(),
        trace_id: subject.trace_id.to_owned(),
        job_id: context.job_id.clone(),
        tool_name: intent.tool_name().to_owned(),
        agent_id: context.agent_id.clone(),
        identity: context.identity.clone(),
        reason_codes: decision.reason_codes.clone(),
        matched_entry_ids: decision.matched_entry_ids.clone(),
    }
}

/// What entries are compared with, in their normal form.
struct Subject<'a> {
    agent_id: &'a str,
    /// Everyone on whose behalf the call is made.
    identities: Vec<&'a str>,
    /// The tool of the call and those of its steps.
    tools: Vec<String>,
    environment: String,
    /// What the call and its steps act on.
    targets: Vec<&'a Target>,
    /// Those of the targets that are paths.
    paths: Vec<String>,
    workspace: String,
}

impl<'a> Subject<'a> {
    fn of(intent: &'a Intent) -> Self {
        let context = intent.context();
        let steps = || intent.script().into_iter().flat_map(|script| &script.steps);
        let tools = iter::once(intent.tool_name()).chain(steps().map(|step| step.tool_name.as_str()));
        let targets: Vec<_> = intent
            .targets()
            .iter()
            .chain(steps().flat_map(|step| &step.targets))
            .collect();
        let paths = targets.iter().filter(|target| target.kind == "path");
        Self {
            agent_id: &context.agent_id,
            identities: identities(intent).collect(),
            tools: tools.map(text::trim_lower).collect(),
            environment: text::trim_lower(&context.environment),
            paths: paths.map(|target| text::clean_path(&target.value)).collect(),
            workspace: text::clean_path(&context.workspace),
            targets,
        }
    }

    /// The reason codes of the selectors of `entry` when all of them match.
    fn stopped_by(&self, entry: &KillSwitchEntry) -> Option<Vec<&'static str>> {
        let set = Selector::ALL
            .into_iter()
            .filter(|selector| selector.is_set(entry));
        set.map(|selector| selector.matches(entry, self).then_some(selector.reason_code()))
            .collect()
    }
}

/// A way in which an entry says which calls it stops.
#[derive(Debug, Clone, Copy)]
enum Selector {
    AgentId,
    Identity,
    ToolName,
    Environment,
    Target,
    Path,
    Workspace,
}

impl Selector {
    const ALL: [Self; 7] = [
        Self::AgentId,
        Self::Identity,
        Self::ToolName,
        Self::Environment,
        Self::Target,
        Self::Path,
        Self::Workspace,
    ];

    const fn reason_code(self) -> &'static str {
        match self {
            Self::AgentId => "kill_switch_agent_id_active",
            Self::Identity => "kill_switch_identity_active",
            Self::ToolName => "kill_switch_tool_name_active",
            Self::Environment => "kill_switch_environment_active",
            Self::Target => "kill_switch_target_active",
            Self::Path => "kill_switch_path_active",
            Self::Workspace => "kill_switch_workspace_active",
        }
    }

    fn is_set(self, entry: &KillSwitchEntry) -> bool {
        match self {
            Self::AgentId => !entry.agent_id.is_empty(),
            Self::Identity => !entry.identity.is_empty(),
            Self::ToolName => !entry.tool_name.is_empty(),
            Self::Environment => !entry.environment.is_empty(),
            Self::Target => !entry.target_kind.is_empty() || !entry.target_value.is_empty(),
            Self::Path => !entry.path_prefixes.is_empty(),
            Self::Workspace => !entry.workspace_prefixes.is_empty(),
        }
    }

    fn matches(self, entry: &KillSwitchEntry, call: &Subject<'_>) -> bool {
        match self {
            Self::AgentId => entry.agent_id == call.agent_id,
            Self::Identity => call.identities.contains(&entry.identity.as_str()),
            Self::ToolName => call.tools.contains(&entry.tool_name),
            Self::Environment => entry.environment == call.environment,
            Self::Target => call.targets.iter().any(|target| is_target(entry, target)),
            Self::Path => call
                .paths
                .iter()
                .any(|path| is_below_any(path, &entry.path_prefixes)),
            Self::Workspace => is_below_any(&call.workspace, &entry.workspace_prefixes),
        }
    }
}

/// Everyone on whose behalf the call is made, the caller first.
fn identities(intent: &Intent) -> impl Iterator<Item = &str> {
    let delegation = intent.delegation();
    let requester = delegation.map(|delegation| delegation.requester_identity.as_str());
    let links = delegation.into_iter().flat_map(|delegation| &delegation.chain);
    let linked = links.flat_map(|link| [link.delegator_identity.as_str(), link.delegate_identity.as_str()]);
    iter::once(intent.context().identity.as_str())
        .chain(requester)
        .chain(linked)
}

fn is_target(entry: &KillSwitchEntry, target: &Target) -> bool {
    (entry.target_kind.is_empty() || entry.target_kind == target.kind)
        && (entry.target_value.is_empty() || entry.target_value == target.value)
}

/// Whether `path` is one of `prefixes` or lies below it; all of them are clean.
fn is_below_any(path: &str, prefixes: &[String]) -> bool {
    prefixes.iter().any(|prefix| {
        path.strip_prefix(prefix.as_str())
            .is_some_and(|rest| rest.is_empty() || prefix.ends_with('/') || rest.starts_with('/'))
    })
}

#[cfg(test)]
mod tests {
    use gait_artifact::intent::IntentRequest;

    use super::*;

    fn noon() -> Timestamp {
        "2026-06-01T12:00:00Z".parse().unwrap()
    }

    fn intent(extra: &str) -> Intent {
        let text = format!(
            r#"{{"schema_id":"gait.gate.intent_request","schema_version":"1.0.0","created_at":"2026-02-18T00:00:00Z",
            "producer_version":"1.0.0-test","tool_name":"tool.write","args":{{"path":"/srv/data/out.txt"}},
            "targets":[{{"kind":"path","value":"/srv/data/out.txt","operation":"write"}}],
            "context":{{"identity":"alice","workspace":"/srv/data","risk_class":"low","agent_id":"agent-1",
            "environment":"Prod"}}{extra}}}"#
        );
        IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap()
    }

    fn entry(selectors: &str) -> KillSwitchEntry {
        let text = format!(
            r#"{{"created_at":"2026-01-01T00:00:00Z","updated_at":"2026-01-01T00:00:00Z",
            "entries":[{{"entry_id":"e","enabled":true,"created_at":"2026-01-01T00:00:00Z"{selectors}}}]}}"#
        );
        KillSwitchState::read(text.as_bytes()).unwrap().entries.remove(0)
    }

    fn judge_entry(selectors: &str, intent: &Intent) -> KillSwitchDecision {
        let state = KillSwitchState {
            entries: vec![entry(selectors)],
            ..KillSwitchState::default()
        };
        judge(&state, intent, noon())
    }

    #[test]
    fn every_selector_matches_alone() {
        for (selector, code) in [
            (r#","agent_id":"agent-1""#, "agent_id"),
            (r#","identity":"alice""#, "identity"),
            (r#","tool_name":"TOOL.write""#, "tool_name"),
            (r#","environment":"PROD""#, "environment"),
            (r#","target_kind":"path""#, "target"),
            (r#","target_value":"/srv/data/out.txt""#, "target"),
            (r#","path_prefixes":["/srv"]"#, "path"),
            (r#","path_prefixes":["/x","/srv/data/out.txt/"]"#, "path"),
            (r#","path_prefixes":["/"]"#, "path"),
            (r#","workspace_prefixes":["/srv/data"]"#, "workspace"),
        ] {
            let decision = judge_entry(selector, &intent(""));
            assert_eq!(decision.status, "active", "{selector}");
            assert_eq!(
                decision.reason_code,
                format!("kill_switch_{code}_active"),
                "{selector}"
            );
            assert!(decision.reason_codes.contains(&ACTIVE.to_owned()));
            assert_eq!(decision.matched_entry_ids, ["e"]);
        }
    }

    #[test]
    fn every_selector_must_match() {
        for selector in [
            r#","agent_id":"agent-2""#,
            r#","identity":"Alice""#,
            r#","tool_name":"tool""#,
            r#","environment":"stage""#,
            r#","target_kind":"url""#,
            r#","target_kind":"url","target_value":"/srv/data/out.txt""#,
            r#","path_prefixes":["/srv/da"]"#,
            r#","workspace_prefixes":["/srv/data/x"]"#,
            r#","identity":"alice","tool_name":"tool.read""#,
            r#","identity":"alice","enabled":false"#,
            r#","identity":"alice","expires_at":"2026-06-01T12:00:00Z""#,
        ] {
            let selector = selector.replace(r#""enabled":false"#, r#""target_value":"off""#);
            let decision = judge_entry(&selector, &intent(""));
            assert_eq!(decision.status, "inactive", "{selector}");
            assert!(decision.reason_codes.is_empty() && decision.matched_entry_ids.is_empty());
        }
    }

    #[test]
    fn scripts_are_stopped_by_the_tools_and_targets_of_their_steps() {
        let script = intent(
            r#","script":{"steps":[
            {"tool_name":"tool.read","args":{},"targets":[{"kind":"path","value":"/etc/passwd","operation":"read"}]},
            {"tool_name":"Tool.Exec","args":{}}]}"#,
        );
        for selector in [
            r#","tool_name":"tool.exec""#,
            r#","tool_name":"script""#,
            r#","path_prefixes":["/etc"]"#,
            r#","target_value":"/etc/passwd""#,
        ] {
            assert_eq!(judge_entry(selector, &script).status, "active", "{selector}");
        }
        assert_eq!(
            judge_entry(r#","tool_name":"tool.write""#, &script).status,
            "inactive"
        );
    }

    #[test]
    fn everyone_in_a_delegation_can_be_stopped() {
        let delegated = intent(
            r#","delegation":{"requester_identity":"alice","scope_class":"write","token_refs":["t"],
            "chain":[{"delegator_identity":"root","delegate_identity":"bob"},
                     {"delegator_identity":"bob","delegate_identity":"alice"}]}"#,
        );
        for identity in ["root", "bob", "alice"] {
            let selector = format!(r#","identity":"{identity}""#);
            assert_eq!(judge_entry(&selector, &delegated).status, "active", "{identity}");
        }
        assert_eq!(judge_entry(r#","identity":"eve""#, &delegated).status, "inactive");
    }

    #[test]
    fn an_entry_that_selects_nothing_stops_everything() {
        let decision = judge_entry("", &intent(""));
        assert_eq!(
            (decision.status.as_str(), decision.reason_code.as_str()),
            ("active", ACTIVE)
        );
    }

    #[test]
    fn reasons_and_ids_of_several_entries_are_merged() {
        let mut second = entry(r#","tool_name":"tool.write""#);
        second.entry_id = "d".to_owned();
        let entries = vec![entry(r#","identity":"alice""#), second];
        let decision = judge(
            &KillSwitchState {
                entries,
                ..KillSwitchState::default()
            },
            &intent(""),
            noon(),
        );
        assert_eq!(decision.matched_entry_ids, ["d", "e"]);
        assert_eq!(decision.reason_code, "kill_switch_identity_active");
        assert_eq!(
            decision.reason_codes,
            [
                ACTIVE,
                "kill_switch_identity_active",
                "kill_switch_tool_name_active"
            ]
        );
    }

    #[test]
    fn below_means_a_whole_component() {
        for (path, prefix, below) in [
            ("/srv/data", "/srv/data", true),
            ("/srv/data/x", "/srv/data", true),
            ("/srv/database", "/srv/data", false),
            ("/srv/data/../x", "/srv/data", false),
            ("/anything", "/", true),
            ("relative", "/", false),
            ("a/b", "a", true),
        ] {
            assert_eq!(
                is_below_any(&text::clean_path(path), &[prefix.to_owned()]),
                below,
                "{path} below {prefix}"
            );
        }
    }
}
