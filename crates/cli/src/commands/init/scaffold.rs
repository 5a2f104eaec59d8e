//! The text of a first policy: a header of comments, then the template.

use std::fmt::Write as _;

use gait_policy::template::Template;
use gait_scout::starter::{Advice, Signal, SuggestedRule};

use super::{CONTRACT, Detection};

/// How many tools the header names.
const MAX_TOOLS: usize = 8;

/// The policy of `template` with what was found and advised as comments. The comments never change its meaning.
pub(super) fn policy(template: Template, detection: &Detection, advice: &Advice) -> String {
    let mut lines = vec![
        "gait init starter policy".to_owned(),
        format!("repo_policy_path: {}", CONTRACT.repo_policy),
        format!("project_defaults_path: {}", CONTRACT.project_defaults),
        format!("regress_config_path: {}", CONTRACT.regress_config),
    ];
    if !detection.frameworks.is_empty() {
        lines.push(format!(
            "detected_frameworks: {}",
            detection.frameworks.join(", ")
        ));
    }
    if !detection.tool_names.is_empty() {
        lines.push(format!("detected_tools: {}", shortened(&detection.tool_names)));
    }
    if !advice.rules.is_empty() {
        lines.push("generated_rules:".to_owned());
        lines.extend(advice.rules.iter().flat_map(rule_lines));
    }
    if !advice.unknown_signals.is_empty() {
        lines.push("unknown_signals:".to_owned());
        lines.extend(advice.unknown_signals.iter().flat_map(signal_lines));
    }
    let mut text = String::new();
    for line in lines {
        let _ = writeln!(text, "# {}", on_one_line(&line));
    }
    text.push('\n');
    text.push_str(template.yaml().trim_start_matches('\n'));
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text
}

/// The first names, and how many more there are.
fn shortened(names: &[String]) -> String {
    let shown = &names[..names.len().min(MAX_TOOLS)];
    match names.len() - shown.len() {
        0 => shown.join(", "),
        more => format!("{} (+{more} more)", shown.join(", ")),
    }
}

fn rule_lines(rule: &SuggestedRule) -> Vec<String> {
    vec![
        format!("  - id: {}", rule.id),
        format!("    rationale: {}", rule.rationale),
        "    rule:".to_owned(),
        format!("      - name: {}", rule.name),
        format!("        priority: {}", rule.priority),
        format!("        effect: {}", rule.effect),
        "        match:".to_owned(),
        format!("          tool_names: [{}]", rule.match_tool_names.join(", ")),
        format!("        reason_codes: [{}]", rule.reason_codes.join(", ")),
    ]
}

fn signal_lines(signal: &Signal) -> Vec<String> {
    vec![
        format!("  - code: {}", signal.code),
        format!("    evidence: [{}]", signal.evidence.join(", ")),
        format!("    reason: {}", signal.reason),
    ]
}

/// Keeps a name that holds line breaks from ending its comment: files may be called anything.
fn on_one_line(line: &str) -> String {
    let is_break = |c: char| c.is_control() || matches!(c, '\u{85}' | '\u{2028}' | '\u{2029}');
    line.chars()
        .map(|c| if is_break(c) { '\u{fffd}' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use gait_policy::{digest::policy_digest, document};
    use gait_scout::scan;

    use super::*;

    #[test]
    fn comments_never_change_the_policy() {
        let dir = tempfile::tempdir().unwrap();
        let names = [
            "a\ndefault_verdict: allow\n.py",
            "b\u{2028}rules: []\u{85}.py",
            "delete_it.py",
            "acme.read.py",
        ];
        for name in names {
            std::fs::write(dir.path().join(name), "@tool").unwrap();
        }
        let surface = scan(dir.path()).unwrap();
        let (detection, advice) = (Detection::from(&surface), Advice::for_surface(&surface));
        assert_eq!((detection.tool_names.len(), advice.rules.len()), (4, 1));
        for template in Template::ALL {
            let text = policy(template, &detection, &advice);
            let digest = |text: &str| policy_digest(&document::read(text.as_bytes()).unwrap());
            assert_eq!(digest(&text), digest(template.yaml()), "{text}");
            assert!(text.contains("\n#           tool_names: [delete_it]\n"), "{text}");
        }
    }

    #[test]
    fn only_some_tools_are_named() {
        let names: Vec<_> = (0..10).map(|number| format!("t{number}")).collect();
        assert_eq!(shortened(&names), "t0, t1, t2, t3, t4, t5, t6, t7 (+2 more)");
        assert_eq!(shortened(&names[..8]), "t0, t1, t2, t3, t4, t5, t6, t7");
    }
}
