//! Badges: a word, and the colour that goes with it.

use crate::text::Text;

/// What a badge tells before it is read. The word always says it too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Somebody should look at it.
    Warn,
    /// Refused, failed or broken.
    Bad,
    /// Worth knowing.
    Info,
    /// Nothing of that.
    #[default]
    Plain,
}

impl Tone {
    /// The class of the style sheet.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warn => "warn",
            Self::Bad => "bad",
            Self::Info => "info",
            Self::Plain => "plain",
        }
    }

    /// The tone of a verdict, of a status of a call, a check or a signature, as artifacts and commands write them.
    #[must_use]
    pub fn of(word: &str) -> Self {
        match word {
            "allow" | "ok" | "pass" | "passed" | "success" | "verified" | "intact" | "complete"
            | "unchanged" => Self::Good,
            "block" | "blocked" | "deny" | "denied" | "fail" | "failed" | "error" | "broken"
            | "contradicted" => Self::Bad,
            "require_approval" | "warn" | "warning" | "missing" | "missing_result" | "partial"
            | "changed" | "unreadable" => Self::Warn,
            "dry_run" | "added" | "removed" | "note" => Self::Info,
            _ => Self::Plain,
        }
    }
}

/// A word in its colour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Badge<'a> {
    pub(crate) tone: Tone,
    pub(crate) label: Text<'a>,
}

impl<'a> Badge<'a> {
    /// `word` in the colour that it usually has.
    #[must_use]
    pub fn of(word: &'a str) -> Self {
        Self::new(Tone::of(word), word)
    }

    /// `label` in the colour of `tone`.
    #[must_use]
    pub fn new(tone: Tone, label: impl Into<Text<'a>>) -> Self {
        Self {
            tone,
            label: label.into(),
        }
    }

    /// Whether there is no word.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.label.is_empty()
    }
}
