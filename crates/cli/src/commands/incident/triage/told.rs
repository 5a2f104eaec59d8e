//! The page as text.

use std::fmt::Write as _;

use gait_evidence::triage::{Answer, Triage};

use crate::demands::finding_line;
use crate::printable::printable;

/// The most calls and decisions that a terminal is filled with.
const LISTED: usize = 20;

/// The lines of text mode.
pub(super) fn lines(triage: &Triage) -> Vec<String> {
    let mut lines = vec![
        format!("incident triage: {} {}", triage.triage_id, triage.status.as_str()),
        triage.summary.clone(),
    ];
    happened(triage, &mut lines);
    decided(triage, &mut lines);
    changed(triage, &mut lines);
    held(triage, &mut lines);
    paste(triage, &mut lines);
    lines
}

fn heading(lines: &mut Vec<String>, text: &str) {
    lines.push(String::new());
    lines.push(text.to_owned());
}

fn omitted(lines: &mut Vec<String>, total: usize) {
    if total > LISTED {
        lines.push(format!("  and {} more", total - LISTED));
    }
}

fn happened(triage: &Triage, lines: &mut Vec<String>) {
    let subject = &triage.subject;
    heading(lines, "What happened");
    lines.push(format!(
        "  {}: {}",
        subject.kind.label(),
        printable(&subject.path)
    ));
    for (label, id) in [("run", &subject.run_id), ("session", &subject.session_id)] {
        if !id.is_empty() {
            lines.push(format!("  {label}: {}", printable(id)));
        }
    }
    for call in triage.calls.iter().take(LISTED) {
        let mut line = format!("  {}. {}", call.index, printable(&call.tool_name));
        for (name, value) in [("status", &call.status), ("verdict", &call.verdict)] {
            if !value.is_empty() {
                let _ = write!(line, " {name}={}", printable(value));
            }
        }
        if !call.reasons.is_empty() {
            let _ = write!(line, " ({})", printable(&call.reasons.join(", ")));
        }
        lines.push(line);
    }
    omitted(lines, triage.calls_total);
}

fn decided(triage: &Triage, lines: &mut Vec<String>) {
    heading(lines, "What policy said");
    if triage.decisions.is_empty() {
        lines.push("  no decision is known".to_owned());
    }
    for decision in triage.decisions.iter().take(LISTED) {
        lines.push(format!(
            "  {}: recorded {}, policy of then {}, policy now {}",
            printable(&decision.recorded.tool_name),
            printable(&decision.recorded.verdict),
            answer(&decision.then),
            answer(&decision.now)
        ));
        lines.push(format!("    {}", decision.comparison.conclusion()));
    }
    omitted(lines, triage.decisions_total);
}

fn answer(answer: &Answer) -> String {
    match (answer.verdict, answer.unanswered) {
        (Some(verdict), _) => verdict.to_string(),
        (None, Some(why)) => format!("unknown ({})", why.reason()),
        (None, None) => "unknown".to_owned(),
    }
}

fn changed(triage: &Triage, lines: &mut Vec<String>) {
    heading(lines, "What changed since");
    if triage.policy_changes.is_empty() {
        lines.push("  no rule is known to have changed".to_owned());
    }
    for change in &triage.policy_changes {
        lines.push(format!(
            "  {}: {}",
            printable(&change.subject),
            change.change.as_str()
        ));
    }
}

fn held(triage: &Triage, lines: &mut Vec<String>) {
    heading(lines, "Does the evidence hold?");
    for examined in &triage.evidence {
        lines.push(format!(
            "  {} {}: {} ({})",
            examined.kind,
            printable(&examined.path),
            examined.holding.as_str(),
            printable(&examined.details.join("; "))
        ));
        let findings = examined.findings.iter().map(finding_line);
        lines.extend(findings.map(|line| format!("    {}", printable(&line))));
    }
    for gap in &triage.gaps {
        lines.push(format!(
            "  missing: {}: {}",
            gap.kind.label(),
            printable(&gap.message)
        ));
        if !gap.fix.is_empty() {
            lines.push(format!("    fix: {}", printable(&gap.fix)));
        }
    }
    for check in triage.doctor.iter().filter(|check| check.status != "pass") {
        lines.push(format!(
            "  doctor {}: {} ({})",
            check.name,
            check.status,
            printable(&check.message)
        ));
    }
}

fn paste(triage: &Triage, lines: &mut Vec<String>) {
    let made = &triage.made;
    for (name, path) in [("fixture", &made.fixture), ("pack", &made.pack)] {
        if !path.is_empty() {
            lines.push(format!("  {name}: {path}"));
        }
    }
    let Some(automation) = &triage.automation else {
        return;
    };
    heading(lines, "What to paste");
    lines.extend(automation.commands.iter().map(|command| format!("  {command}")));
    lines.extend(
        automation
            .policy_checks
            .iter()
            .map(|command| format!("  {command}")),
    );
    if automation.workflow.is_empty() {
        return;
    }
    lines.push(String::new());
    lines.push(automation.workflow_path.to_owned());
    lines.extend(automation.workflow.lines().map(|line| format!("  {line}")));
}
