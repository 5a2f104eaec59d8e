//! Whether a call changes something beyond reading it: a guess by its words, good enough to decide what to keep.

use gait_artifact::{intent::Intent, text::trim_lower};

/// Operations of targets, and words of tool names, that only look.
const READING: &[&str] = &[
    "read", "list", "query", "search", "inspect", "get", "fetch", "head", "describe",
];
/// Words of tool names that change something.
const WRITING: &[&str] = &[
    "write", "create", "update", "delete", "remove", "insert", "upsert", "patch", "set", "put", "post",
    "commit", "apply", "approve", "execute", "exec", "run",
];
/// A word that begins with one of these reads too; `headers` are no reason to think so.
const READING_PREFIXES: &[&str] = &[
    "get", "read", "list", "query", "search", "inspect", "fetch", "describe",
];

/// Whether the call that `intent` describes seems to change state.
///
/// What it says of its operations counts: one that is not for reading is enough. When it says nothing of them, the words
/// of the tool's name decide, whole words before beginnings of words. A script changes state when one of its steps does.
#[must_use]
pub fn changes_state(intent: &Intent) -> bool {
    let steps = intent.script().map_or(&[][..], |script| &script.steps);
    let targets = intent
        .targets()
        .iter()
        .chain(steps.iter().flat_map(|step| &step.targets));
    let operations: Vec<_> = targets
        .map(|target| trim_lower(&target.operation))
        .filter(|operation| !operation.is_empty())
        .collect();
    if operations.is_empty() {
        return is_writing_name(intent.tool_name())
            || steps.iter().any(|step| is_writing_name(&step.tool_name));
    }
    operations
        .iter()
        .any(|operation| !READING.contains(&operation.as_str()))
}

fn is_writing_name(tool: &str) -> bool {
    let tool = tool.to_ascii_lowercase();
    let words = || {
        tool.split(|letter: char| !letter.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
    };
    let by_words = words().find_map(|word| effect(WRITING.contains(&word), READING.contains(&word)));
    let by_beginnings = || {
        let begins = |word: &str, with: &[&str]| with.iter().any(|prefix| word.starts_with(prefix));
        words().find_map(|word| effect(begins(word, WRITING), begins(word, READING_PREFIXES)))
    };
    by_words.or_else(by_beginnings).unwrap_or(false)
}

/// What a word says of the effect of a tool, when it says something.
const fn effect(writes: bool, reads: bool) -> Option<bool> {
    match (writes, reads) {
        (true, _) => Some(true),
        (false, true) => Some(false),
        (false, false) => None,
    }
}

#[cfg(test)]
mod tests {
    use gait_artifact::intent::IntentRequest;

    use super::*;

    fn intent(tool: &str, operations: &[&str]) -> Intent {
        let targets: Vec<_> = operations
            .iter()
            .map(|operation| format!(r#"{{"kind": "path", "value": "/a", "operation": "{operation}"}}"#))
            .collect();
        let text = format!(
            r#"{{"tool_name": "{tool}", "args": {{}}, "targets": [{}],
            "context": {{"identity": "a", "workspace": "/w", "risk_class": "low"}}}}"#,
            targets.join(",")
        );
        IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap()
    }

    #[test]
    fn operations_count_before_names() {
        for (tool, operations, writes) in [
            ("tool.delete", &["read"][..], false),
            ("tool.get", &["Write"], true),
            ("tool.get", &["read", " frobnicate"], true),
            ("tool.delete", &["LIST", "head"], false),
            ("tool.delete", &[""], true),
        ] {
            assert_eq!(
                changes_state(&intent(tool, operations)),
                writes,
                "{tool} {operations:?}"
            );
        }
    }

    #[test]
    fn names_are_read_word_by_word() {
        for (tool, writes) in [
            ("fs.write", true),
            ("get_or_create", false),
            ("create-or-get", true),
            ("readable.delete", true),
            ("tool.rewrite", false),
            ("posts.fetch", false),
            ("writer", true),
            ("listing", false),
            ("headers", false),
            ("execution", true),
            ("tool.search2", false),
            ("unknown", false),
            ("...", false),
        ] {
            assert_eq!(changes_state(&intent(tool, &[])), writes, "{tool}");
        }
    }

    #[test]
    fn a_script_does_what_its_steps_do() {
        let script = |step: &str| {
            let text = format!(
                r#"{{"tool_name": "script", "args": {{}}, "targets": [],
                "context": {{"identity": "a", "workspace": "/w", "risk_class": "low"}},
                "script": {{"steps": [{{"tool_name": "fs.read", "args": {{}}}}, {step}]}}}}"#
            );
            IntentRequest::read(text.as_bytes()).unwrap().normalize().unwrap()
        };
        assert!(!changes_state(&script(r#"{"tool_name": "fs.list", "args": {}}"#)));
        assert!(changes_state(&script(
            r#"{"tool_name": "fs.delete", "args": {}}"#
        )));
        assert!(changes_state(&script(
            r#"{"tool_name": "fs.x", "args": {}, "targets": [{"kind": "path", "value": "/a", "operation": "move"}]}"#
        )));
    }
}
