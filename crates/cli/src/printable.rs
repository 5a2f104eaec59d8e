//! Text from artifacts on a terminal.

use std::borrow::Cow;

/// `text` with its control characters and line breaks escaped, so that what an artifact says can neither forge a line of
/// the program's output nor speak to the terminal.
#[must_use]
pub(crate) fn printable(text: &str) -> Cow<'_, str> {
    let speaks = |c: char| c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
    if !text.contains(speaks) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if speaks(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_lines() {
        for (text, want) in [
            ("plain \\ \"é\" text", "plain \\ \"é\" text"),
            ("two\nlines\r\t", "two\\nlines\\r\\t"),
            (
                "\u{1b}[2J\u{7f}\u{85}\u{2028}",
                "\\u{1b}[2J\\u{7f}\\u{85}\\u{2028}",
            ),
        ] {
            assert_eq!(printable(text), want);
        }
    }
}
