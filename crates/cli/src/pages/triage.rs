//! The page of an incident.

use gait_evidence::triage::{Answer, Call, Decision, Gap, Recorded, RuleChange, Triage};
use gait_page::{Badge, Check, Fact, Head, Judgement, Step, Text, Tone, TriagePage};

use super::{finding_check, instant};

/// What each command to paste is for.
const PURPOSES: [&str; 3] = [
    "Make the fixture one of the repository:",
    "Grade the fixtures:",
    "Keep it:",
];

const HOLD: &str = "Fail when the policy decides otherwise than it did:";

/// The page of `triage`.
pub(crate) fn triage_page(triage: &Triage) -> TriagePage<'_> {
    let automation = triage.automation.as_ref();
    let commands = automation
        .map(|automation| automation.commands.as_slice())
        .unwrap_or_default();
    let checks = automation
        .map(|automation| automation.policy_checks.as_slice())
        .unwrap_or_default();
    TriagePage {
        head: head(triage),
        calls: triage.calls.iter().map(call).collect(),
        decisions: triage.decisions.iter().map(decision).collect(),
        policies: policies(triage),
        changes: triage.policy_changes.iter().map(change).collect(),
        evidence: triage
            .evidence
            .iter()
            .flat_map(|examined| {
                let own = Check {
                    name: format!("{} {}", examined.kind, examined.path).into(),
                    badge: Badge::of(examined.holding.as_str()),
                    notes: Text::all(&examined.details),
                    fix: Text::default(),
                };
                std::iter::once(own).chain(examined.findings.iter().map(finding_check))
            })
            .collect(),
        gaps: triage.gaps.iter().map(gap).collect(),
        doctor: triage
            .doctor
            .iter()
            .map(|check| Check {
                name: (&check.name).into(),
                badge: Badge::of(&check.status),
                notes: vec![(&check.message).into()],
                fix: Text::preformatted(&check.fix_command),
            })
            .collect(),
        made: made(triage),
        steps: PURPOSES
            .into_iter()
            .zip(commands)
            .chain(checks.iter().map(|command| (HOLD, command)))
            .map(|(purpose, command)| Step {
                purpose: purpose.into(),
                command: Text::preformatted(command),
            })
            .collect(),
        workflow: automation.map_or_else(Text::default, |automation| {
            Text::preformatted(&automation.workflow)
        }),
        workflow_path: automation
            .map_or("", |automation| automation.workflow_path)
            .into(),
    }
}

fn head(triage: &Triage) -> Head<'_> {
    let subject = &triage.subject;
    let mut head = Head {
        kind: "Incident",
        title: (&triage.triage_id).into(),
        badge: Badge::of(triage.status.as_str()),
        lead: (&triage.summary).into(),
        producer_version: (&triage.producer_version).into(),
        ..Head::default()
    };
    head.tell(subject.kind.label(), &subject.path);
    head.tell("Run", &subject.run_id);
    head.tell("Session", &subject.session_id);
    head.tell("Happened", instant(subject.at));
    head.tell("Calls", triage.calls_total.to_string());
    head.tell("Decisions", triage.decisions_total.to_string());
    head
}

fn call(call: &Call) -> gait_page::Call<'_> {
    gait_page::Call {
        index: call.index,
        tool: (&call.tool_name).into(),
        status: Badge::of(&call.status),
        verdict: Badge::of(&call.verdict),
        reasons: Text::all(&call.reasons),
        at: instant(call.created_at),
        id: (&call.intent_id).into(),
        digest: Text::default(),
    }
}

fn decision(decision: &Decision) -> gait_page::Decision<'_> {
    let Recorded {
        trace_id,
        tool_name,
        verdict,
        reason_codes,
        violations,
        ..
    } = &decision.recorded;
    let mut conclusion = decision.comparison.conclusion().to_owned();
    if decision.beyond_policy {
        conclusion.push_str(BEYOND_POLICY);
    }
    gait_page::Decision {
        tool: tool_name.into(),
        id: trace_id.into(),
        recorded: Judgement {
            verdict: Badge::of(verdict),
            notes: [Text::all(reason_codes), Text::all(violations)].concat(),
        },
        then: judgement(&decision.then),
        now: judgement(&decision.now),
        conclusion: conclusion.into(),
    }
}

/// Why the policy of then may say something else than was recorded.
const BEYOND_POLICY: &str = " What was recorded was not the policy's alone: approvals, limits, credentials, the kill switch or other facts had their say.";

fn judgement(answer: &Answer) -> Judgement<'_> {
    let (Some(verdict), None) = (answer.verdict, answer.unanswered) else {
        return Judgement {
            verdict: Badge::new(Tone::Plain, "not known"),
            notes: answer
                .unanswered
                .map(|why| Text::from(why.reason()))
                .into_iter()
                .collect(),
        };
    };
    let mut notes = Vec::new();
    if !answer.matched_rule.is_empty() {
        notes.push(format!("rule {}", answer.matched_rule).into());
    }
    notes.extend(Text::all(&answer.reason_codes));
    notes.extend(Text::all(&answer.violations));
    Judgement {
        verdict: Badge::of(verdict.as_str()),
        notes,
    }
}

fn policies(triage: &Triage) -> Vec<Fact<'_>> {
    let facts = triage.policies.iter().map(|used| {
        let label = match (used.decided, used.in_force) {
            (true, true) => "Then and now",
            (true, false) => "Then",
            _ => "Now",
        };
        let value = match used.path.as_str() {
            "" => format!("not at hand, digest {}", used.digest),
            path => format!("{path}, digest {}", used.digest),
        };
        Fact {
            label,
            value: value.into(),
        }
    });
    facts.collect()
}

fn change(change: &RuleChange) -> Check<'_> {
    let note = match (change.then, change.now) {
        (Some(then), Some(now)) if then != now => format!("from {then} to {now}"),
        (Some(then), Some(_)) => format!("still {then}, for other calls or under other conditions"),
        (Some(then), None) => format!("its verdict was {then}"),
        (None, Some(now)) => format!("its verdict is {now}"),
        (None, None) => String::new(),
    };
    let notes = [note].into_iter().filter(|note| !note.is_empty()).map(Text::from);
    Check {
        name: (&change.subject).into(),
        badge: Badge::of(change.change.as_str()),
        notes: notes.collect(),
        fix: Text::default(),
    }
}

fn gap(gap: &Gap) -> Check<'_> {
    let notes = [&gap.message, &gap.fix]
        .into_iter()
        .filter(|note| !note.is_empty());
    Check {
        name: gap.kind.label().into(),
        badge: Badge::of("missing"),
        notes: notes.map(Text::from).collect(),
        fix: Text::default(),
    }
}

fn made(triage: &Triage) -> Vec<Fact<'_>> {
    let made = &triage.made;
    let facts = [
        ("Directory", &made.directory),
        ("Regression fixture", &made.fixture),
        ("Graded", &made.fixture_status),
        ("Incident pack", &made.pack),
    ];
    facts
        .into_iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(label, value)| Fact {
            label,
            value: value.into(),
        })
        .collect()
}
