//! The page of a session.

use askama::Template;

use crate::list::Listed;
use crate::mark::Badge;
use crate::page::{Check, Head, PageError};
use crate::run::Call;
use crate::style;
use crate::text::Text;

/// A session: the decisions that were made in it, and the checkpoints that vouch for them.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "session.html")]
pub struct SessionPage<'a> {
    /// The top of the page.
    pub head: Head<'a>,
    /// What verification found.
    pub checks: Listed<Check<'a>>,
    /// How often each verdict was given.
    pub verdicts: Vec<(Badge<'a>, usize)>,
    /// The checkpoints in order.
    pub checkpoints: Listed<Checkpoint<'a>>,
    /// The decisions in order.
    pub calls: Listed<Call<'a>>,
    /// Whether the decisions are known: a chain of checkpoints does not have them.
    pub has_calls: bool,
}

/// A checkpoint of a session.
#[derive(Debug, Clone, Default)]
pub struct Checkpoint<'a> {
    /// Its place, from 1.
    pub index: i64,
    /// The first and the last event.
    pub range: Text<'a>,
    /// When it was made.
    pub at: Text<'a>,
    /// Its runpack.
    pub runpack: Text<'a>,
    /// Digest of this link of the chain.
    pub digest: Text<'a>,
}

impl SessionPage<'_> {
    /// The document.
    pub fn html(&self) -> Result<String, PageError> {
        Ok(self.render()?)
    }
}
