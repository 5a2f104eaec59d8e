//! Text from artifacts before people's eyes.

use std::borrow::Cow;

/// `text` with everything escaped that a reader would not see or that acts on what is shown: control characters, line
/// breaks, changes of writing direction, and characters without a shape.
///
/// So what an artifact says can neither forge a line of output, nor speak to a terminal, nor look like something else
/// than it is by order or by omission (CVE-2021-42574). Letters that merely look like others stay.
#[must_use]
pub fn printable(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_hidden(c) {
            escaped.extend(c.escape_default());
        } else {
            escaped.push(c);
        }
    }
    Cow::Owned(escaped)
}

/// Control characters, and those of the general categories Cf, Zl and Zp and of `Default_Ignorable_Code_Point` that have
/// no shape of their own.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}')
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

    #[test]
    fn what_is_not_seen_is_shown() {
        for (text, want) in [
            ("rm \u{202e}txt.exe", "rm \\u{202e}txt.exe"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("שלום 日本 🦀", "שלום 日本 🦀"),
        ] {
            assert_eq!(printable(text), want);
        }
    }
}
