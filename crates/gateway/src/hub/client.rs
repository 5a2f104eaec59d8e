//! What the client says.

use gait_canon::json::{Document, Kind, Part};

use super::asking::Question;
use super::era::{Era, List, META_CAPABILITIES, META_VERSION, STATELESS, UNSUPPORTED_VERSION, may_ask_back};
use super::opening::Phase;
use super::owed::{Asked, State};
use super::relay::Passing;
use super::wire::{Answer, object, patched, response, string};
use super::{Hub, HubDropped, HubStep, MAX_IN_FLIGHT};
use crate::answer::{INVALID_PARAMS, INVALID_REQUEST, METHOD_NOT_FOUND};
use crate::era::stateless_meta;
use crate::frame::{self, Message, Request, RequestId, Response};

/// Requests that may wait until the servers are open.
const MAX_PARKED: usize = 256;
/// The levels of log messages (RFC 5424).
const LEVELS: [&str; 8] = [
    "debug",
    "info",
    "notice",
    "warning",
    "error",
    "critical",
    "alert",
    "emergency",
];

impl Hub {
    /// Takes in a request of the client.
    pub(super) fn client_asks(
        &mut self,
        request: &Request<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let written = document.root().get("id").map_or("null", Part::raw);
        let invalid = |message| response(written, &Answer::error(INVALID_REQUEST, message));
        if self.asked.contains_key(&request.id) {
            return steps.push(HubStep::ToClient(invalid(
                "a request with this id is still in flight",
            )));
        }
        if self.asked.len() >= MAX_IN_FLIGHT || self.parked.len() >= MAX_PARKED {
            return steps.push(HubStep::ToClient(invalid("too many requests are in flight")));
        }
        let asked = Asked {
            id: written.to_owned(),
            era: era_of(request),
            state: State::Here,
        };
        let era = asked.era;
        self.asked.insert(request.id.clone(), asked);
        if let Some(refusal) = self.refusal(request, era) {
            return self.answer(&request.id, &refusal, steps);
        }
        if request.method == "ping" && era == Era::Handshake {
            return self.answer(&request.id, &Answer::Result("{}".to_owned()), steps);
        }
        if self.phase == Phase::Idle || request.method == "initialize" {
            self.session.introduce(request.method, request.params);
        }
        if self.phase == Phase::Open {
            return self.serve(request, document, steps);
        }
        self.parked.push((request.id.clone(), document.text().to_owned()));
        if self.phase == Phase::Idle {
            self.open(steps);
        }
    }

    /// What is wrong with a request, whoever would answer it.
    fn refusal(&self, request: &Request<'_>, era: Era) -> Option<Answer> {
        let get = |key: &str| request.params.and_then(|params| params.get(key));
        let invalid = |message| Some(Answer::error(INVALID_PARAMS, message));
        if era == Era::Stateless {
            let meta = get("_meta")?;
            let version = meta.get(META_VERSION).and_then(Part::as_str).unwrap_or_default();
            if version != STATELESS {
                let supported = format!("[{}]", string(STATELESS));
                let data = object(&[
                    ("supported", Some(supported)),
                    ("requested", Some(string(version))),
                ]);
                return Some(Answer::Error(object(&[
                    ("code", Some(UNSUPPORTED_VERSION.to_string())),
                    ("message", Some(string("Unsupported protocol version"))),
                    ("data", Some(data)),
                ])));
            }
            let capabilities = meta.get(META_CAPABILITIES);
            if capabilities.is_none_or(|part| part.kind() != Kind::Object) {
                return invalid("params._meta must say what the client can do");
            }
            return None;
        }
        match request.method {
            "initialize" if self.session.is_begun => Some(Answer::error(
                INVALID_REQUEST,
                "the session is initialized already",
            )),
            "initialize" => {
                let is = |key, kind| get(key).is_some_and(|part: Part<'_>| part.kind() == kind);
                let is_whole = is("protocolVersion", Kind::String)
                    && is("capabilities", Kind::Object)
                    && is("clientInfo", Kind::Object);
                if is_whole {
                    return None;
                }
                invalid("initialize needs protocolVersion, capabilities and clientInfo")
            }
            "server/discover" => invalid("params._meta must name the protocol version"),
            _ => None,
        }
    }

    /// Takes up a request that waited.
    pub(super) fn take_up(&mut self, id: &RequestId, text: &str, steps: &mut Vec<HubStep>) {
        let Ok(document) = frame::read(text.as_bytes()) else {
            return;
        };
        if let Ok(Message::Request(request)) = Message::of(&document)
            && self.asked.contains_key(id)
        {
            self.serve(&request, &document, steps);
        }
    }

    /// Answers a request, or sees that it is answered.
    fn serve(&mut self, request: &Request<'_>, document: &Document<'_>, steps: &mut Vec<HubStep>) {
        let id = &request.id;
        if self.nothing_is_open(id, steps) {
            return;
        }
        if request.method != "initialize" {
            self.client_is_ready(steps);
        }
        match (request.method, self.era_of(id)) {
            ("initialize", Era::Handshake) => {
                let welcome = self.welcome();
                self.answer(id, &welcome, steps);
                self.listen_for_lists(steps);
            }
            ("server/discover", Era::Stateless) => {
                let discovery = self.discovery();
                self.answer(id, &discovery, steps);
            }
            ("logging/setLevel", Era::Handshake) => self.set_level(request, steps),
            ("subscriptions/listen", Era::Stateless) => self.listen(request, document, steps),
            ("resources/subscribe", Era::Handshake) => self.subscribe(request, document, steps),
            ("resources/unsubscribe", Era::Handshake) => self.unsubscribe(request, document, steps),
            (method, Era::Stateless) if may_ask_back(method) && self.knows_state(request) => {
                self.resume(request, document, steps);
            }
            (method, _) if !self.is_single() && List::of(method).is_some() => {
                self.gather(request, document, steps);
            }
            _ => self.pass_on(request, document, steps),
        }
    }

    /// Passes a request on to the server that it is for.
    pub(super) fn pass_on(
        &mut self,
        request: &Request<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        match self.route(request) {
            Ok(route) => {
                let passing = Passing { route, rounds: 0 };
                self.relay(request, document, passing, steps);
            }
            Err(refusal) => self.answer(&request.id, &refusal, steps),
        }
    }

    /// Tells all servers the least level of log messages: those without sessions with each request from now on.
    fn set_level(&mut self, request: &Request<'_>, steps: &mut Vec<HubStep>) {
        let level = request.params.and_then(|params| params.get("level")?.as_str());
        let Some(level) = level.filter(|level| LEVELS.contains(level)) else {
            let refusal = Answer::error(INVALID_PARAMS, "params.level is no level of log messages");
            return self.answer(&request.id, &refusal, steps);
        };
        if !self.offers().any(|(_, offer)| offer.has("logging")) {
            let refusal = Answer::error(METHOD_NOT_FOUND, "no server logs");
            return self.answer(&request.id, &refusal, steps);
        }
        self.session.level = Some(string(level));
        for server in 0..self.servers.len() {
            self.tell_level(server, level, steps);
        }
        self.answer(&request.id, &Answer::Result("{}".to_owned()), steps);
    }

    /// Takes in a notification of the client.
    pub(super) fn client_tells(
        &mut self,
        method: &str,
        params: Option<Part<'_>>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        match method {
            "notifications/initialized" => self.client_is_ready(steps),
            "notifications/cancelled" => self.cancel(params, document, steps),
            "notifications/progress" => {
                let token = params.and_then(|params| params.get("progressToken")?.read::<i64>().ok());
                let question = token.and_then(|token| self.questions.get(&token));
                let Some((server, token)) = question.and_then(Question::progress) else {
                    return drop_unasked(method, steps);
                };
                let params =
                    params.map(|params| patched(params, &[("progressToken", Some(token.to_owned()))]));
                let told = patched(document.root(), &[("params", params)]);
                steps.push(HubStep::ToServer(server, told));
            }
            "notifications/roots/list_changed" => {
                let handshakes = self.offers().filter(|(_, offer)| offer.era == Era::Handshake);
                steps.extend(
                    handshakes.map(|(server, _)| HubStep::ToServer(server, document.text().to_owned())),
                );
            }
            _ if self.is_single() && self.offers().next().is_some() => {
                steps.push(HubStep::ToServer(0, document.text().to_owned()));
            }
            _ => drop_unasked(method, steps),
        }
    }

    /// Takes back a request.
    fn cancel(&mut self, params: Option<Part<'_>>, document: &Document<'_>, steps: &mut Vec<HubStep>) {
        let id = params.and_then(|params| RequestId::read(params.get("requestId")?).ok());
        let taken_back = id.and_then(|id| Some((self.asked.remove(&id)?, id)));
        let Some((asked, id)) = taken_back else {
            return drop_unasked("a cancellation", steps);
        };
        match asked.state {
            State::Here => self.parked.retain(|(parked, _)| *parked != id),
            State::Relayed(own) => {
                if let Some(debt) = self.owed.remove(&own) {
                    let params =
                        params.map(|params| patched(params, &[("requestId", Some(own.to_string()))]));
                    let told = patched(document.root(), &[("params", params)]);
                    steps.push(HubStep::ToServer(debt.server, told));
                }
            }
            State::Gathered(gathering) => self.give_up_gathering(gathering, steps),
            State::Round(round) => self.give_up_round(round, steps),
            State::Listening => self.end_listening(&id, steps),
        }
    }

    /// Takes in what the client answers.
    pub(super) fn client_answers(
        &mut self,
        response: &Response<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let question = match &response.id {
            Some(RequestId::Integer(id)) => self.questions.remove(id),
            _ => None,
        };
        match question {
            None => drop_unasked("an answer", steps),
            Some(Question::Passed { server, id, .. }) => {
                let answer = patched(document.root(), &[("id", Some(id))]);
                steps.push(HubStep::ToServer(server, answer));
            }
            Some(Question::Asked { round, key }) => {
                self.take_answer(round, &key, response.result, document, steps);
            }
        }
    }

    /// Tells a server with sessions the least level of log messages, if it logs and was not told so.
    pub(super) fn tell_level(&mut self, server: usize, level: &str, steps: &mut Vec<HubStep>) {
        let told = &self.servers[server];
        let logs = told
            .offer()
            .is_some_and(|offer| offer.era == Era::Handshake && offer.has("logging"));
        if !logs || told.level.as_deref() == Some(level) {
            return;
        }
        self.servers[server].level = Some(level.to_owned());
        let id = self.owe_nothing(server);
        let params = object(&[("level", Some(string(level)))]);
        let told = super::wire::request(id, "logging/setLevel", &params);
        steps.push(HubStep::ToServer(server, told));
    }
}

/// The era of a request.
fn era_of(request: &Request<'_>) -> Era {
    if request.method != "initialize" && stateless_meta(request.params).is_some() {
        Era::Stateless
    } else {
        Era::Handshake
    }
}

fn drop_unasked(what: &str, steps: &mut Vec<HubStep>) {
    let what = what.to_owned();
    steps.push(HubStep::Dropped(HubDropped::UnaskedByServer { what }));
}
