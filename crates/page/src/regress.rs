//! The page of a regression result.

use askama::Template;

use crate::list::Listed;
use crate::mark::Badge;
use crate::page::{Head, PageError};
use crate::style;
use crate::text::Text;

/// What came of grading fixtures.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "regress.html")]
pub struct RegressPage<'a> {
    /// The top of the page.
    pub head: Head<'a>,
    /// How many graders pass, and how many fail.
    pub counts: Vec<(Badge<'a>, usize)>,
    /// The graders that fail, in order.
    pub failures: Listed<Grade<'a>>,
    /// The graders that pass, in order.
    pub passes: Listed<Grade<'a>>,
    /// The command that grades the same fixtures again.
    pub again: Text<'a>,
}

/// What one grader says of one fixture.
#[derive(Debug, Clone, Default)]
pub struct Grade<'a> {
    /// The fixture.
    pub fixture: Text<'a>,
    /// The grader.
    pub grader: Text<'a>,
    /// Whether the fixture passes.
    pub badge: Badge<'a>,
    /// Why.
    pub reasons: Vec<Text<'a>>,
    /// What was expected and what there is: names and values.
    pub details: Vec<(Text<'a>, Text<'a>)>,
}

impl RegressPage<'_> {
    /// The document.
    pub fn html(&self) -> Result<String, PageError> {
        Ok(self.render()?)
    }
}
