//! The page of an incident.

use askama::Template;

use crate::list::Listed;
use crate::mark::Badge;
use crate::page::{Check, Fact, Head, PageError};
use crate::run::Call;
use crate::style;
use crate::text::Text;

/// An incident: what happened, what policy said, what changed since, and what to do so that it does not happen again.
#[derive(Debug, Clone, Default, Template)]
#[template(path = "triage.html")]
pub struct TriagePage<'a> {
    /// The top of the page.
    pub head: Head<'a>,
    /// The calls in order.
    pub calls: Listed<Call<'a>>,
    /// What policy said of each, then and now.
    pub decisions: Listed<Decision<'a>>,
    /// The policies, then and now.
    pub policies: Vec<Fact<'a>>,
    /// Rules that are not what they were.
    pub changes: Listed<Check<'a>>,
    /// The artifacts, and whether they hold.
    pub evidence: Listed<Check<'a>>,
    /// What is missing, and how to come by it.
    pub gaps: Listed<Check<'a>>,
    /// What the doctor found.
    pub doctor: Listed<Check<'a>>,
    /// What was made.
    pub made: Vec<Fact<'a>>,
    /// What to paste into a shell.
    pub steps: Vec<Step<'a>>,
    /// What to paste into the repository as a workflow; may be empty.
    pub workflow: Text<'a>,
    /// Where to paste it.
    pub workflow_path: Text<'a>,
}

/// A decision, and how it would be made again.
#[derive(Debug, Clone, Default)]
pub struct Decision<'a> {
    /// The tool.
    pub tool: Text<'a>,
    /// Identifies the decision.
    pub id: Text<'a>,
    /// What was said then, by the record.
    pub recorded: Judgement<'a>,
    /// What the same policy says again; without a verdict where it could not be asked.
    pub then: Judgement<'a>,
    /// What the policy in force says; without a verdict where it could not be asked.
    pub now: Judgement<'a>,
    /// What follows, in a sentence.
    pub conclusion: Text<'a>,
}

/// What a policy says of a call.
#[derive(Debug, Clone, Default)]
pub struct Judgement<'a> {
    /// The verdict; may be empty.
    pub verdict: Badge<'a>,
    /// Why, or why there is none.
    pub notes: Vec<Text<'a>>,
}

/// A command to paste, and what it is for.
#[derive(Debug, Clone, Default)]
pub struct Step<'a> {
    /// What it does.
    pub purpose: Text<'a>,
    /// The command.
    pub command: Text<'a>,
}

impl TriagePage<'_> {
    /// The document.
    pub fn html(&self) -> Result<String, PageError> {
        Ok(self.render()?)
    }
}
