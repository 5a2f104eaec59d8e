//! What servers ask back while they serve a request.
//!
//! A server with sessions sends a request of its own; one of the stateless era answers that it needs input, and is asked again
//! with it. Each client is asked in the way of its era:
//!
//! | server | client | what happens |
//! | --- | --- | --- |
//! | with sessions | with sessions | the request is passed on under an id of the hub's own |
//! | stateless | with sessions | each question becomes a request; with all answers the call is made again |
//! | with sessions | stateless | the call is answered with the question, and goes on when the client makes it again |
//! | stateless | stateless | nothing is changed |

use gait_canon::json::{Document, Part};

use super::era::Era;
use super::relay::token_of;
use super::wire::{Answer, cancelled, patched, response};
use super::{Hub, HubStep, MAX_IN_FLIGHT};
use crate::answer::{INTERNAL_ERROR, METHOD_NOT_FOUND};
use crate::frame::{self, Request, RequestId};

/// Questions that a server may have for one request at a time.
pub(super) const MAX_QUESTIONS: usize = 16;

/// A request that the client was sent.
#[derive(Debug)]
pub(super) enum Question {
    /// A server's own.
    Passed {
        server: usize,
        /// Its id as the server wrote it.
        id: String,
        /// What the server wants to be told progress under, as it wrote it.
        token: Option<String>,
    },
    /// One that the hub made of what a server needs.
    Asked {
        round: i64,
        /// What the server calls it.
        key: String,
    },
}

impl Question {
    /// The server that wants to be told progress, and under what.
    pub(super) fn progress(&self) -> Option<(usize, &str)> {
        match self {
            Self::Passed { server, token, .. } => Some((*server, token.as_deref()?)),
            Self::Asked { .. } => None,
        }
    }
}

impl Hub {
    /// Takes in a request of a server.
    pub(super) fn server_asks(
        &mut self,
        server: usize,
        asked: &Request<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let id = document.root().get("id").map_or("null", Part::raw);
        let mut refuse = |code, message: &str| {
            let refusal = response(id, &Answer::error(code, message));
            steps.push(HubStep::ToServer(server, refusal));
        };
        if asked.method == "ping" {
            let answer = response(id, &Answer::Result("{}".to_owned()));
            return steps.push(HubStep::ToServer(server, answer));
        }
        if self.questions.len() >= MAX_IN_FLIGHT {
            return refuse(INTERNAL_ERROR, "too many requests are in flight");
        }
        if self.servers[server]
            .offer()
            .is_none_or(|offer| offer.era == Era::Stateless)
        {
            return refuse(METHOD_NOT_FOUND, "this server cannot ask the client");
        }
        if self.session.is_begun {
            let own = self.next_id();
            let token = token_of(asked);
            let mut changes = vec![("id", Some(own.to_string()))];
            if let Some((params, meta)) = asked
                .params
                .and_then(|params| Some((params, params.get("_meta")?)))
                && token.is_some()
            {
                let meta = patched(meta, &[("progressToken", Some(own.to_string()))]);
                changes.push(("params", Some(patched(params, &[("_meta", Some(meta))]))));
            }
            steps.push(HubStep::ToClient(patched(document.root(), &changes)));
            let id = id.to_owned();
            self.questions.insert(own, Question::Passed { server, id, token });
            return;
        }
        if !self.suspend(server, asked, id, steps) {
            let refusal = response(
                id,
                &Answer::error(METHOD_NOT_FOUND, "the client cannot be asked that now"),
            );
            steps.push(HubStep::ToServer(server, refusal));
        }
    }

    /// Takes in that a server takes back a request of its own; whether it had made it.
    pub(super) fn question_is_taken_back(
        &mut self,
        server: usize,
        (id, document): (Part<'_>, &Document<'_>),
        steps: &mut Vec<HubStep>,
    ) -> bool {
        let Ok(id) = RequestId::read(id) else { return false };
        let is_it = |written: &str| {
            let read = frame::read(written.as_bytes()).ok();
            read.is_some_and(|read| RequestId::read(read.root()).is_ok_and(|written| written == id))
        };
        let passed = self.questions.iter().find_map(|(own, question)| match question {
            Question::Passed { server: at, id, .. } if *at == server && is_it(id) => Some(*own),
            _ => None,
        });
        if let Some(own) = passed {
            self.questions.remove(&own);
            let params = document.root().get("params");
            let params = params.map(|params| patched(params, &[("requestId", Some(own.to_string()))]));
            steps.push(HubStep::ToClient(patched(document.root(), &[("params", params)])));
            return true;
        }
        self.suspended_question_is_taken_back(server, &is_it)
    }

    /// Takes back whatever a server that is gone asked of the client.
    pub(super) fn forget_questions(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        let of_server =
            |question: &Question| matches!(question, Question::Passed { server: at, .. } if *at == server);
        let of_server = self.questions.iter().filter(|(_, question)| of_server(question));
        let mut gone: Vec<i64> = of_server.map(|(id, _)| *id).collect();
        gone.sort_unstable();
        for id in gone {
            self.questions.remove(&id);
            steps.push(HubStep::ToClient(cancelled(&id.to_string())));
        }
        self.forget_suspended_questions(server);
        self.forget_rounds(server, steps);
    }
}

/// Whether a client with `capabilities` can be asked this.
pub(super) fn can_answer(capabilities: Part<'_>, method: &str, params: Option<Part<'_>>) -> bool {
    let get = |key: &str| params.and_then(|params| params.get(key));
    match method {
        "roots/list" => capabilities.get("roots").is_some(),
        "sampling/createMessage" => capabilities.get("sampling").is_some_and(|sampling| {
            (get("tools").is_none() && get("toolChoice").is_none()) || sampling.get("tools").is_some()
        }),
        "elicitation/create" => capabilities.get("elicitation").is_some_and(|elicitation| {
            let has_url = elicitation.get("url").is_some();
            if get("mode").and_then(Part::as_str) == Some("url") {
                has_url
            } else {
                // Who names no mode knows forms.
                elicitation.get("form").is_some() || !has_url
            }
        }),
        _ => false,
    }
}
