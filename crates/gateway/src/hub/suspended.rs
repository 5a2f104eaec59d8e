//! Questions of servers with sessions, put to a stateless client: the call that they come up in is answered with them, and
//! goes on when the client makes it again.

use gait_canon::Digest;
use gait_canon::json::{self, Document, Kind, Value};

use super::asking::{MAX_QUESTIONS, can_answer};
use super::era::{Era, META_CAPABILITIES, may_ask_back};
use super::owed::{Debt, Owed, Relay, State};
use super::relay::token_of;
use super::wire::{Answer, Change, cancelled, object, response, string};
use super::{Hub, HubStep};
use crate::answer::{INTERNAL_ERROR, INVALID_PARAMS};
use crate::approvals::call_asked_about;
use crate::frame::{self, Request};

/// Calls that may wait for the client to come back with an answer. The oldest is given up for a new one.
const MAX_SUSPENDED: usize = 256;
/// What states of suspended calls are sealed for.
const STATE: &str = "state";

/// A call that goes on when the client makes it again.
#[derive(Debug)]
pub(super) struct Suspended {
    /// What the client has to bring back.
    state: String,
    /// What the server owes.
    debt: i64,
    server: usize,
    /// The call, which must be the same when it is made again.
    origin: String,
    questions: Vec<ServerQuestion>,
    /// What the server answered without waiting any longer.
    early: Option<(Relay, String)>,
}

/// A question of a server with sessions.
#[derive(Debug)]
struct ServerQuestion {
    /// What the client knows it by.
    key: String,
    /// The server's id for it, as it wrote it.
    id: String,
    /// Method and params, as the client gets them.
    request: String,
}

impl Hub {
    /// Answers a call of a stateless client with the question of its server; whether there is such a call.
    pub(super) fn suspend(
        &mut self,
        server: usize,
        needed: &Request<'_>,
        id: &str,
        steps: &mut Vec<HubStep>,
    ) -> bool {
        let Some(debt) = self.call_that_asks(server, needed) else {
            return false;
        };
        let key = self.next_id().to_string();
        let question = ServerQuestion {
            key,
            id: id.to_owned(),
            request: object(&[
                ("method", Some(string(needed.method))),
                ("params", needed.params.map(|params| params.raw().to_owned())),
            ]),
        };
        if let Some(suspended) = self.suspended.iter_mut().find(|suspended| suspended.debt == debt) {
            // The client learns of it when it brings the answers to the others.
            let has_room = suspended.questions.len() < MAX_QUESTIONS;
            if has_room {
                suspended.questions.push(question);
            }
            return has_room;
        }
        let Some(Owed::Relay(relay)) = self.owed.get_mut(&debt).map(|debt| &mut debt.owed) else {
            return false;
        };
        let (Some(asker), Some(origin)) = (relay.asker.take(), relay.origin.clone()) else {
            return false;
        };
        if self.suspended.len() >= MAX_SUSPENDED {
            let oldest = self.suspended.remove(0);
            self.abandon(&oldest, steps);
        }
        let suspended = Suspended {
            state: self.seal.fresh(STATE),
            debt,
            server,
            origin,
            questions: vec![question],
            early: None,
        };
        let answer = suspended.needed();
        self.suspended.push(suspended);
        self.answer(&asker, &answer, steps);
        true
    }

    /// The call for which a server asks, of a client that can answer. It does not say so itself: it is the oldest that waits
    /// for it. Questions of the gateway do say so, and concern nobody else.
    fn call_that_asks(&self, server: usize, asked: &Request<'_>) -> Option<i64> {
        let waits = |(id, debt): (&i64, &Debt)| {
            let Owed::Relay(relay) = &debt.owed else {
                return None;
            };
            let is_candidate =
                debt.server == server && relay.era == Era::Stateless && may_ask_back(&relay.method);
            let origin = relay.origin.as_deref().filter(|_| is_candidate)?;
            let document = frame::read(origin.as_bytes()).ok()?;
            let capabilities = document
                .root()
                .get("params")?
                .get("_meta")?
                .get(META_CAPABILITIES)?;
            can_answer(capabilities, asked.method, asked.params).then_some((relay.asker.is_none(), *id))
        };
        let named = call_asked_about(&asked.id);
        let is_meant = |(_, id): &(bool, i64)| named.is_none_or(|named| named == *id);
        let candidates = self.owed.iter().filter_map(waits).filter(is_meant);
        candidates.min().map(|(_, id)| id)
    }

    /// Whether a request brings back a state that was given out here.
    pub(super) fn knows_state(&self, request: &Request<'_>) -> bool {
        let state = request
            .params
            .and_then(|params| params.get("requestState")?.as_str());
        state.is_some_and(|state| self.seal.open(STATE, state).is_some())
    }

    /// Goes on with a suspended call.
    pub(super) fn resume(
        &mut self,
        request: &Request<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let id = &request.id;
        let state = request
            .params
            .and_then(|params| params.get("requestState")?.as_str());
        let known = self
            .suspended
            .iter()
            .position(|suspended| Some(suspended.state.as_str()) == state);
        let Some(mut suspended) = known.map(|place| self.suspended.remove(place)) else {
            let refusal = Answer::error(INVALID_PARAMS, "the requestState was used before, or is too old");
            return self.answer(id, &refusal, steps);
        };
        let is_same = bound(document.text()).is_some_and(|this| Some(this) == bound(&suspended.origin));
        if !is_same {
            self.abandon(&suspended, steps);
            let refusal = Answer::error(INVALID_PARAMS, "the requestState belongs to another request");
            return self.answer(id, &refusal, steps);
        }
        if let Some((mut relay, text)) = suspended.early.take() {
            relay.asker = Some(id.clone());
            if let Ok(document) = frame::read(text.as_bytes()) {
                self.relayed((suspended.debt, suspended.server), relay, &document, steps);
            }
            return;
        }
        let responses = request.params.and_then(|params| params.get("inputResponses"));
        suspended.questions.retain(|question| {
            let given = responses.and_then(|given| given.get(&question.key));
            let Some(given) = given.filter(|given| given.kind() == Kind::Object) else {
                return true;
            };
            let answer = response(&question.id, &Answer::Result(given.raw().to_owned()));
            steps.push(HubStep::ToServer(suspended.server, answer));
            false
        });
        if !suspended.questions.is_empty() {
            suspended.state = self.seal.fresh(STATE);
            let needed = suspended.needed();
            self.suspended.push(suspended);
            return self.answer(id, &needed, steps);
        }
        if let Some(Owed::Relay(relay)) = self.owed.get_mut(&suspended.debt).map(|debt| &mut debt.owed) {
            relay.asker = Some(id.clone());
            // The server goes on under what it was told first, and only if it was.
            relay.token = relay.token.take().and_then(|_| token_of(request));
        }
        self.now_waits(id, State::Relayed(suspended.debt));
    }

    /// Keeps the answer to a suspended call until the client comes back for it.
    pub(super) fn keep_early(&mut self, debt: i64, relay: Relay, text: &str) {
        if let Some(suspended) = self.suspended.iter_mut().find(|suspended| suspended.debt == debt) {
            suspended.early = Some((relay, text.to_owned()));
            suspended.questions.clear();
        }
    }

    /// Gives up a suspended call.
    fn abandon(&mut self, suspended: &Suspended, steps: &mut Vec<HubStep>) {
        let server = suspended.server;
        for question in &suspended.questions {
            let refusal = Answer::error(INTERNAL_ERROR, "the client did not answer");
            steps.push(HubStep::ToServer(server, response(&question.id, &refusal)));
        }
        if self.owed.remove(&suspended.debt).is_some() {
            steps.push(HubStep::ToServer(server, cancelled(&suspended.debt.to_string())));
        }
    }

    /// Forgets a question that its server takes back; whether there was one that `is_it`.
    pub(super) fn suspended_question_is_taken_back(
        &mut self,
        server: usize,
        is_it: &dyn Fn(&str) -> bool,
    ) -> bool {
        let mut is_known = false;
        for suspended in self
            .suspended
            .iter_mut()
            .filter(|suspended| suspended.server == server)
        {
            let before = suspended.questions.len();
            suspended.questions.retain(|question| !is_it(&question.id));
            is_known |= suspended.questions.len() < before;
        }
        is_known
    }

    /// Forgets the questions of a server that is gone.
    pub(super) fn forget_suspended_questions(&mut self, server: usize) {
        for suspended in self
            .suspended
            .iter_mut()
            .filter(|suspended| suspended.server == server)
        {
            suspended.questions.clear();
        }
    }
}

impl Suspended {
    /// The answer that tells the client what is needed.
    fn needed(&self) -> Answer {
        let questions: Vec<Change<'_>> = self
            .questions
            .iter()
            .map(|question| (question.key.as_str(), Some(question.request.clone())))
            .collect();
        Answer::Result(object(&[
            ("resultType", Some(string("input_required"))),
            ("inputRequests", Some(object(&questions))),
            ("requestState", Some(string(&self.state))),
        ]))
    }
}

/// What a request asks for, whoever asks it how often and with which answers.
fn bound(text: &str) -> Option<Digest> {
    let mut message = json::parse(text.as_bytes()).ok()?;
    let message = message.as_object_mut()?;
    message.remove("id");
    let params = message.get_mut("params").and_then(Value::as_object_mut)?;
    for key in ["_meta", "inputResponses", "requestState"] {
        params.remove(key);
    }
    Digest::of_canonical(&*message).ok()
}
