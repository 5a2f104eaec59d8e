//! Rounds of questions that a stateless server has, put to a client with sessions.

use gait_canon::json::{Document, Part};

use super::asking::{MAX_QUESTIONS, Question, can_answer};
use super::owed::{Relay, State};
use super::relay::Passing;
use super::wire::{Change, cancelled, object, patched, request, string};
use super::{Hub, HubStep, MAX_IN_FLIGHT};
use crate::frame::{self, Message};

/// How often a server may ask something back before it answers one request.
const MAX_ROUNDS: u8 = 16;

/// A call whose server needs answers that the client was asked for.
#[derive(Debug)]
pub(super) struct Round {
    server: usize,
    relay: Relay,
    /// What the server wants to see again, as it wrote it.
    state: Option<String>,
    /// The hub's ids of the questions that are open.
    open: Vec<i64>,
    /// The answers, as they were written, by what the server calls them.
    answers: Vec<(String, String)>,
}

impl Hub {
    /// Asks a client with sessions what a server needs to answer a request.
    pub(super) fn ask_client(
        &mut self,
        server: usize,
        mut relay: Relay,
        result: Part<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let Some(asker) = relay.asker.clone() else { return };
        relay.rounds += 1;
        let needed: Vec<(&str, Part<'_>)> = result
            .get("inputRequests")
            .into_iter()
            .flat_map(Part::members)
            .collect();
        let is_too_much = needed.len() > MAX_QUESTIONS || self.questions.len() >= MAX_IN_FLIGHT;
        if relay.rounds > MAX_ROUNDS || is_too_much {
            let text = "The server asks for more and more input instead of answering.";
            return self.fail(&asker, &relay.method, text, steps);
        }
        let missing = needed.iter().find_map(|(_, needed)| self.lacks(*needed));
        if let Some(missing) = missing {
            let text = format!("The server needs {missing} to go on, which this client does not offer.");
            return self.fail(&asker, &relay.method, &text, steps);
        }
        let id = self.next_id();
        let mut round = Round {
            server,
            relay,
            state: result.get("requestState").map(|state| state.raw().to_owned()),
            open: Vec::new(),
            answers: Vec::new(),
        };
        for (key, needed) in needed {
            let own = self.next_id();
            round.open.push(own);
            let key = key.to_owned();
            self.questions.insert(own, Question::Asked { round: id, key });
            let method = needed.get("method").and_then(Part::as_str).unwrap_or_default();
            let params = needed
                .get("params")
                .map_or_else(|| "{}".to_owned(), |params| for_session(params, own));
            steps.push(HubStep::ToClient(request(own, method, &params)));
        }
        let is_answered = round.open.is_empty();
        self.rounds.insert(id, round);
        self.now_waits(&asker, State::Round(id));
        if is_answered {
            self.ask_again(id, steps);
        }
    }

    /// What the client lacks to answer a question of a stateless server.
    fn lacks(&self, needed: Part<'_>) -> Option<String> {
        let method = needed.get("method").and_then(Part::as_str).unwrap_or_default();
        let document = frame::read(self.session.capabilities.as_bytes()).ok()?;
        let can = self.session.is_begun && can_answer(document.root(), method, needed.get("params"));
        (!can).then(|| method.to_owned())
    }

    /// Takes in an answer of the client to what a server needs.
    pub(super) fn take_answer(
        &mut self,
        id: i64,
        key: &str,
        result: Option<Part<'_>>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let Some(round) = self.rounds.get_mut(&id) else {
            return;
        };
        let Some(result) = result else {
            let error = document
                .root()
                .get("error")
                .and_then(|error| error.get("message")?.as_str());
            let text = format!(
                "The client could not answer what the server needs: {}",
                error.unwrap_or_default()
            );
            let (asker, method) = (round.relay.asker.clone(), round.relay.method.clone());
            self.give_up_round(id, steps);
            return asker.map_or((), |asker| self.fail(&asker, &method, &text, steps));
        };
        round.answers.push((key.to_owned(), result.raw().to_owned()));
        if round.answers.len() == round.open.len() {
            self.ask_again(id, steps);
        }
    }

    /// Makes the call again, with what the server needs.
    fn ask_again(&mut self, id: i64, steps: &mut Vec<HubStep>) {
        let Some(round) = self.rounds.remove(&id) else {
            return;
        };
        let (Some(asker), Some(origin)) = (&round.relay.asker, &round.relay.origin) else {
            return;
        };
        let Ok(document) = frame::read(origin.as_bytes()) else {
            return;
        };
        let Ok(Message::Request(request)) = Message::of(&document) else {
            return;
        };
        let mut route = match self.route(&request) {
            Ok(route) if route.server == round.server => route,
            _ => {
                return self.fail(
                    asker,
                    &round.relay.method,
                    "The server is not there any more.",
                    steps,
                );
            }
        };
        let answers: Vec<Change<'_>> = round
            .answers
            .iter()
            .map(|(key, answer)| (key.as_str(), Some(answer.clone())))
            .collect();
        let answers = (!answers.is_empty()).then(|| object(&answers));
        route.changes.push(("inputResponses", answers));
        route.changes.push(("requestState", round.state));
        let rounds = round.relay.rounds;
        self.relay(&request, &document, Passing { route, rounds }, steps);
    }

    /// Takes back what the client was asked.
    pub(super) fn give_up_round(&mut self, id: i64, steps: &mut Vec<HubStep>) {
        let open = self.rounds.remove(&id).map(|round| round.open);
        for question in open.into_iter().flatten() {
            if self.questions.remove(&question).is_some() {
                steps.push(HubStep::ToClient(cancelled(&question.to_string())));
            }
        }
    }

    /// Gives up the rounds of a server that is gone.
    pub(super) fn forget_rounds(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        let rounds = self.rounds.iter().filter(|(_, round)| round.server == server);
        let mut rounds: Vec<i64> = rounds.map(|(id, _)| *id).collect();
        rounds.sort_unstable();
        for id in rounds {
            let relay = self.rounds.get(&id).map(|round| &round.relay);
            let waiting = relay.map(|relay| (relay.asker.clone(), relay.method.clone()));
            self.give_up_round(id, steps);
            if let Some((Some(asker), method)) = waiting {
                self.fail(&asker, &method, "The server is not there any more.", steps);
            }
        }
    }
}

/// The params of a question as a client with sessions takes them: each page to be visited has an id there.
fn for_session(params: Part<'_>, id: i64) -> String {
    let is_url = params.get("mode").and_then(Part::as_str) == Some("url");
    if is_url && params.get("elicitationId").is_none() {
        return patched(params, &[("elicitationId", Some(string(&format!("gait-{id}"))))]);
    }
    params.raw().to_owned()
}
