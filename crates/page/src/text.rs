//! Text from artifacts, safe to show.

use std::borrow::Cow;
use std::fmt::{self, Display, Formatter, Write as _};

/// The most characters of a text that are shown.
pub const MAX_CHARS: usize = 600;
/// The most characters that are shown of a text to be copied.
const MAX_PREFORMATTED_CHARS: usize = 20_000;

/// A text of unknown origin. Shown, it is bounded in length, and characters that are not seen, or that change how others are
/// seen, are spelled out. Escaping HTML is left to the template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text<'a> {
    text: Cow<'a, str>,
    /// Whether line feeds and tabs stay what they are.
    preformatted: bool,
}

impl<'a> Text<'a> {
    /// A text that is shown with its line breaks, such as a file to be copied.
    #[must_use]
    pub fn preformatted(text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            text: text.into(),
            preformatted: true,
        }
    }

    /// Texts, one after the other.
    #[must_use]
    pub fn all<S: AsRef<str>>(texts: &'a [S]) -> Vec<Self> {
        texts.iter().map(|text| Self::from(text.as_ref())).collect()
    }

    /// Whether there is nothing to show.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    fn keeps(&self, letter: char) -> bool {
        self.preformatted && matches!(letter, '\n' | '\t')
    }
}

impl<'a> From<&'a str> for Text<'a> {
    fn from(text: &'a str) -> Self {
        Self {
            text: Cow::Borrowed(text),
            preformatted: false,
        }
    }
}

impl<'a> From<&'a String> for Text<'a> {
    fn from(text: &'a String) -> Self {
        Self::from(text.as_str())
    }
}

impl From<String> for Text<'_> {
    fn from(text: String) -> Self {
        Self {
            text: Cow::Owned(text),
            preformatted: false,
        }
    }
}

impl<'a> From<Cow<'a, str>> for Text<'a> {
    fn from(text: Cow<'a, str>) -> Self {
        Self {
            text,
            preformatted: false,
        }
    }
}

impl Display for Text<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let limit = if self.preformatted {
            MAX_PREFORMATTED_CHARS
        } else {
            MAX_CHARS
        };
        let mut letters = self.text.char_indices();
        for (_, letter) in letters.by_ref().take(limit) {
            if is_unseen(letter) && !self.keeps(letter) {
                write!(f, "{}", letter.escape_default())?;
            } else {
                f.write_char(letter)?;
            }
        }
        match letters.next() {
            Some((at, _)) => write!(f, "… ({} more bytes)", self.text.len() - at),
            None => Ok(()),
        }
    }
}

/// Whether a reader could be misled by a character: controls, separators of lines, marks that change the direction of
/// writing (Unicode Standard Annex #9), and those that take no room. Joiners are left alone, for languages need them.
const fn is_unseen(letter: char) -> bool {
    matches!(
        letter,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{ad}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'
            | '\u{200e}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_not_seen_is_spelled_out() {
        for (text, shown) in [
            ("plain é 事 שלום", "plain é 事 שלום"),
            ("a\nb\t\u{1b}[2J\0", "a\\nb\\t\\u{1b}[2J\\u{0}"),
            ("\u{202e}gpj.exe\u{2066}", "\\u{202e}gpj.exe\\u{2066}"),
            ("a\u{200b}b\u{feff}", "a\\u{200b}b\\u{feff}"),
            ("👩\u{200d}🚀", "👩\u{200d}🚀"),
        ] {
            assert_eq!(Text::from(text).to_string(), shown);
        }
        assert_eq!(Text::preformatted("a:\n\tb\r").to_string(), "a:\n\tb\\r");
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        let exact = "é".repeat(MAX_CHARS);
        assert_eq!(Text::from(&exact).to_string(), exact);
        let longer = exact.clone() + "事事";
        assert_eq!(Text::from(&longer).to_string(), exact + "… (6 more bytes)");
    }

    proptest! {
        #[test]
        fn no_text_is_long_or_unseen(text in any::<String>(), times in 1_usize..300) {
            let shown = Text::from(text.repeat(times)).to_string();
            // An escape is at most ten characters.
            prop_assert!(shown.chars().count() <= 10 * MAX_CHARS + 40);
            prop_assert!(!shown.chars().any(is_unseen));
        }
    }
}
