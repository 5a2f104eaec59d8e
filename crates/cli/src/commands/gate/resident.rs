//! A gate that stays: what `gait gate eval` does, for a process that asks again and again.
//!
//! Flags, project defaults and errors are those of the command; policy, keys and facts are read once. Before each
//! decision the files they came from are looked at, and when one has changed all are read anew, so that a kill switch
//! or a stricter policy takes effect with the next call. What can't be read lets nothing through.

use std::{
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
    time::SystemTime,
};

use gait_artifact::intent::IntentRequest;
use gait_disk::stamp::Stamps;
use gait_gate::{Call, Gate, Ruled, report::GateReport, store::Destinations};

use super::{
    eval::{self, SPEC},
    invocation::Invocation,
};
use crate::{
    arguments::{self, Parsed},
    commands,
    context::Context,
    error::Failure,
    outcome::Report,
    render::{self, Response},
};

/// A gate that stays, shared by any number of threads.
pub struct ResidentGate {
    /// The whole argument vector, as errors and traces are to name it.
    arguments: Vec<String>,
    loaded: RwLock<Arc<Loaded>>,
}

/// What one caller asks.
#[derive(Debug, Clone, Copy, Default)]
pub struct Question<'a> {
    /// The intent request, as JSON.
    pub intent: &'a [u8],
    /// Where the trace goes; empty for the place that the flags name, else the default name.
    pub trace_out: &'a str,
    /// Approval token files beside those that the flags name.
    pub approval_tokens: &'a [String],
    /// Delegation token files beside those that the flags name.
    pub delegation_tokens: &'a [String],
}

/// Everything that was read for a gate.
struct Loaded {
    gate: Gate<'static>,
    /// What every call brings along.
    call: Call,
    destinations: Destinations,
    sources: Stamps,
}

impl ResidentGate {
    /// Opens the gate for `flags` of `gait gate eval`. An error is what the command would print.
    pub fn open(flags: &[String]) -> Result<Self, Response> {
        let words = ["gait", "gate", "eval", "--json", "--intent", "-"];
        let arguments: Vec<String> = words
            .into_iter()
            .map(str::to_owned)
            .chain(flags.iter().cloned())
            .collect();
        let loaded = Loaded::read(&arguments).map_err(|failure| refusal(&arguments, failure))?;
        Ok(Self {
            loaded: RwLock::new(Arc::new(loaded)),
            arguments,
        })
    }

    /// Judges one call by every stage and leaves no evidence. An error is what the command would print; it lets nothing
    /// through.
    pub fn rule(&self, question: Question<'_>) -> Result<Ruled, Response> {
        self.current()
            .and_then(|loaded| Ok(loaded.gate.rule(loaded.call(question)?)?))
            .map_err(|failure| refusal(&self.arguments, failure))
    }

    /// Judges one call and writes its records, the signed trace among them, as `gait gate eval` does.
    #[must_use]
    pub fn evaluate(&self, question: Question<'_>) -> Response {
        let arguments = &self.arguments;
        let answer = self.current().and_then(|loaded| loaded.evaluate(question));
        render::command(&SPEC, answer, true, &context(arguments))
    }

    /// What was read, anew if a file has changed since.
    fn current(&self) -> Result<Arc<Loaded>, Failure> {
        let loaded = Arc::clone(&self.loaded.read().unwrap_or_else(PoisonError::into_inner));
        if !loaded.sources.have_changed(SystemTime::now()) {
            return Ok(loaded);
        }
        let fresh = Arc::new(Loaded::read(&self.arguments)?);
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&fresh);
        Ok(fresh)
    }
}

impl Loaded {
    fn read(arguments: &[String]) -> Result<Self, Failure> {
        let context = context(arguments);
        let parsed = arguments::parse(&SPEC, &arguments[3..])
            .map_err(|error| Failure::invalid_input(error.to_string()))?;
        let invocation = Invocation::resolve(&parsed, &context, parsed.flag("simulate"))?;
        // The files are looked at before they are read: a change in between is noticed at the next call.
        let sources = Stamps::take(&sources(&parsed, &invocation), SystemTime::now());
        let deployment = invocation.deployment(invocation.policy()?)?;
        Ok(Self {
            gate: Gate::new(deployment)?,
            call: invocation.call(IntentRequest::default())?,
            destinations: invocation.settings.destinations.clone(),
            sources,
        })
    }

    fn call(&self, question: Question<'_>) -> Result<Call, Failure> {
        let request = IntentRequest::read(question.intent)
            .map_err(|error| Failure::invalid_input(error).context("parse intent json"))?;
        Ok(Call {
            request,
            approval_tokens: tokens(&self.call.approval_tokens, question.approval_tokens),
            delegation_tokens: tokens(&self.call.delegation_tokens, question.delegation_tokens),
            ..self.call.clone()
        })
    }

    fn evaluate(&self, question: Question<'_>) -> Result<Report, Failure> {
        let decision = self.gate.decide(self.call(question)?)?;
        let mut destinations = self.destinations.clone();
        if !question.trace_out.is_empty() {
            question.trace_out.clone_into(&mut destinations.trace);
        }
        let written = decision.write(&destinations)?;
        Ok(eval::result(&GateReport::of(&decision, &written)))
    }
}

/// The context of a resident gate: that of the process, with the command line that would do the same.
fn context(arguments: &[String]) -> Context<'_> {
    Context::of_process(arguments)
        .offering(commands::surface)
        .within_process()
}

fn refusal(arguments: &[String], failure: Failure) -> Response {
    render::command(&SPEC, Err(failure), true, &context(arguments))
}

/// Sorted and unique, as the gate wants them.
fn tokens(standing: &[String], presented: &[String]) -> Vec<String> {
    if presented.is_empty() {
        return standing.to_vec();
    }
    let mut all: Vec<_> = standing.iter().chain(presented).cloned().collect();
    all.retain(|path| !path.trim().is_empty());
    all.sort_unstable();
    all.dedup();
    all
}

/// The files a gate is read from.
fn sources(parsed: &Parsed, invocation: &Invocation<'_>) -> Vec<PathBuf> {
    let named = [parsed.text("config"), parsed.text("context-envelope")]
        .into_iter()
        .chain(invocation.settings.files())
        .map(str::trim)
        .filter(|path| !path.is_empty());
    let mut paths: Vec<_> = named.map(PathBuf::from).collect();
    paths.sort_unstable();
    paths.dedup();
    paths
}
