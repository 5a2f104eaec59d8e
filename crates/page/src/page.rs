//! What all pages have in common.

use crate::mark::Badge;
use crate::text::Text;

/// Why there is no page. Views are plain data, so this is for completeness.
#[derive(Debug, thiserror::Error)]
#[error("render page: {0}")]
pub struct PageError(#[from] askama::Error);

/// The top of a page.
#[derive(Debug, Clone, Default)]
pub struct Head<'a> {
    /// What the page is about, by its kind, such as `Run`.
    pub kind: &'static str,
    /// What the page is about, by its name.
    pub title: Text<'a>,
    /// How it stands.
    pub badge: Badge<'a>,
    /// The most important thing in a sentence; may be empty.
    pub lead: Text<'a>,
    /// Facts about the whole.
    pub facts: Vec<Fact<'a>>,
    /// Version of the program.
    pub producer_version: Text<'a>,
}

impl<'a> Head<'a> {
    /// Adds a fact, unless there is nothing to tell.
    pub fn tell(&mut self, label: &'static str, value: impl Into<Text<'a>>) {
        let value = value.into();
        if !value.is_empty() {
            self.facts.push(Fact { label, value });
        }
    }
}

/// Something that is known.
#[derive(Debug, Clone, Default)]
pub struct Fact<'a> {
    /// What.
    pub label: &'static str,
    /// Its value.
    pub value: Text<'a>,
}

/// Something that was looked at, and what was found.
#[derive(Debug, Clone, Default)]
pub struct Check<'a> {
    /// What was looked at.
    pub name: Text<'a>,
    /// How it came out.
    pub badge: Badge<'a>,
    /// What was found, a line each.
    pub notes: Vec<Text<'a>>,
    /// What to do about it; may be empty.
    pub fix: Text<'a>,
}
