//! Changing some bytes of a text and no others.

use std::ops::Range;

use similar::TextDiff;

/// What stands in the place of which bytes; an empty range is an insertion.
pub(crate) type Change = (Range<usize>, String);

/// `text` with `changes`, which don't overlap.
pub(crate) fn splice(text: &str, mut changes: Vec<Change>) -> String {
    changes.sort_by_key(|(range, _)| (range.start, range.end));
    let mut result =
        String::with_capacity(text.len() + changes.iter().map(|(_, new)| new.len()).sum::<usize>());
    let mut at = 0;
    for (range, new) in changes {
        result.push_str(&text[at..range.start]);
        result.push_str(&new);
        at = range.end;
    }
    result.push_str(&text[at..]);
    result
}

/// `text` as a string of JSON and of TOML alike.
pub(crate) fn quoted(text: &str) -> String {
    gait_canon::json::compact(&gait_canon::json::Value::String(text.to_owned())).replace('\u{7f}', "\\u007f")
}

/// The blanks that the line of the byte at `offset` begins with.
pub(crate) fn indentation(text: &str, offset: usize) -> &str {
    let line = text[..offset].rfind('\n').map_or(0, |newline| newline + 1);
    let end = text[line..].find(|c| !matches!(c, ' ' | '\t')).unwrap_or(0);
    &text[line..line + end]
}

/// The line break that `text` uses.
pub(crate) fn line_break(text: &str) -> &'static str {
    if text.contains("\r\n") { "\r\n" } else { "\n" }
}

/// The changes from `old` to `new` in the unified format, with three lines around each; empty when there are none.
#[must_use]
pub fn unified_diff(old: &str, new: &str, path: &str) -> String {
    TextDiff::from_lines(old, new)
        .unified_diff()
        .header(path, path)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_changes() {
        let changes = vec![
            (4..4, "+".to_owned()),
            (0..1, "A".to_owned()),
            (2..3, String::new()),
        ];
        assert_eq!(splice("abcd", changes), "Abd+");
        assert_eq!(splice("é", vec![]), "é");
    }

    #[test]
    fn strings_are_those_of_both_formats() {
        assert_eq!(quoted("a\"\\\u{1}\u{7f}é"), "\"a\\\"\\\\\\u0001\\u007fé\"");
    }

    #[test]
    fn differences_are_told_line_by_line() {
        assert_eq!(unified_diff("a\n", "a\n", "x"), "");
        assert_eq!(
            unified_diff("a\nb\n", "a\nc\n", "x"),
            "--- x\n+++ x\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
        );
    }
}
