//! The page of a run.

use askama::Template;

use crate::list::Listed;
use crate::mark::Badge;
use crate::page::{Check, Head, PageError};
use crate::style;
use crate::text::Text;

/// A run: what was meant to be done, and what came of it.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "run.html")]
pub struct RunPage<'a> {
    /// The top of the page.
    pub head: Head<'a>,
    /// What verification found.
    pub checks: Listed<Check<'a>>,
    /// How often each verdict was given.
    pub verdicts: Vec<(Badge<'a>, usize)>,
    /// The calls in order.
    pub calls: Listed<Call<'a>>,
    /// What else is to be known, a sentence each.
    pub notes: Listed<Text<'a>>,
}

/// A call of a tool.
#[derive(Debug, Clone, Default)]
pub struct Call<'a> {
    /// Its place, from 1.
    pub index: usize,
    /// The tool.
    pub tool: Text<'a>,
    /// How the call went.
    pub status: Badge<'a>,
    /// What the gate said; may be empty.
    pub verdict: Badge<'a>,
    /// Why it did: reason codes, then violations.
    pub reasons: Vec<Text<'a>>,
    /// When it was recorded.
    pub at: Text<'a>,
    /// Identifies the call.
    pub id: Text<'a>,
    /// Digest of its arguments, or of the intent; may be empty.
    pub digest: Text<'a>,
}

/// Which columns have anything in them.
impl Listed<Call<'_>> {
    pub(crate) fn has_verdicts(&self) -> bool {
        self.rows().any(|call| !call.verdict.is_empty())
    }

    pub(crate) fn has_statuses(&self) -> bool {
        self.rows().any(|call| !call.status.is_empty())
    }

    pub(crate) fn has_reasons(&self) -> bool {
        self.rows().any(|call| !call.reasons.is_empty())
    }
}

impl RunPage<'_> {
    /// The document.
    pub fn html(&self) -> Result<String, PageError> {
        Ok(self.render()?)
    }
}
