//! What servers say.

use gait_canon::json::{Document, Part};

use super::era::META_SUBSCRIPTION;
use super::opening::ServerState;
use super::owed::{Debt, Owed};
use super::wire::{Answer, response};
use super::{Hub, HubStep};
use crate::answer::INTERNAL_ERROR;
use crate::frame::{self, RequestId, Response};

/// What a server that is gone would have said.
const GONE: &str = "the server ended before it answered";

impl Hub {
    /// Takes in an answer of a server.
    pub(super) fn server_answers(
        &mut self,
        server: usize,
        answer: &Response<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let id = match answer.id {
            Some(RequestId::Integer(id)) if self.owed.get(&id).is_some_and(|debt| debt.server == server) => {
                id
            }
            _ => return self.drop_unasked(server, "an answer", steps),
        };
        let Some(Debt { owed, .. }) = self.owed.remove(&id) else {
            return;
        };
        match owed {
            Owed::Probe => self.probed(server, document, steps),
            Owed::Initialize => self.initialized(server, document, steps),
            Owed::Nothing => {}
            Owed::Relay(relay) => self.relayed((id, server), relay, document, steps),
            Owed::Page(gathering) => self.take_page((id, gathering), document.root(), steps),
            Owed::Stream(owner) => self.stream_ended(id, owner, Some(document.root()), steps),
            Owed::Subscription { listener, uri } => {
                let accepted_by = answer.result.map(|_| server);
                self.subscription_is(id, (&listener, &uri), accepted_by, steps);
            }
        }
    }

    /// Takes in a notification of a server.
    pub(super) fn server_tells(
        &mut self,
        server: usize,
        (method, params): (&str, Option<Part<'_>>),
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        if self.servers[server].offer().is_none() {
            return self.drop_unasked(server, method, steps);
        }
        let meta = params.and_then(|params| params.get("_meta"));
        let subscription = meta.and_then(|meta| meta.get(META_SUBSCRIPTION));
        match method {
            "notifications/progress" => self.progress(server, params, document, steps),
            "notifications/cancelled" => self.server_takes_back(server, params, document, steps),
            "notifications/subscriptions/acknowledged" => {
                self.acknowledged(server, subscription, params, steps);
            }
            _ if subscription.is_some() => {
                self.stream_tells(server, subscription, (params, document), steps);
            }
            "notifications/tools/list_changed"
            | "notifications/prompts/list_changed"
            | "notifications/resources/list_changed"
            | "notifications/resources/updated"
            | "notifications/tasks/status" => self.server_changed(server, (method, params), document, steps),
            "notifications/message" if self.session.is_begun || self.wants_log(server) => {
                steps.push(HubStep::ToClient(document.text().to_owned()));
            }
            "notifications/elicitation/complete" if self.session.is_begun => {
                steps.push(HubStep::ToClient(document.text().to_owned()));
            }
            "notifications/message" | "notifications/elicitation/complete" => {
                self.drop_unasked(server, method, steps);
            }
            _ if self.is_single() => steps.push(HubStep::ToClient(document.text().to_owned())),
            _ => self.drop_unasked(server, method, steps),
        }
    }

    fn server_takes_back(
        &mut self,
        server: usize,
        params: Option<Part<'_>>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let id = params.and_then(|params| params.get("requestId"));
        let own = id.and_then(|id| id.read::<i64>().ok());
        let debt = own.and_then(|own| Some((own, self.owed.get(&own)?)));
        // The one request of the hub's that a server may end is a stream.
        let stream = debt.filter(|(_, debt)| debt.server == server && matches!(debt.owed, Owed::Stream(_)));
        if let Some((own, _)) = stream {
            if let Some(Debt {
                owed: Owed::Stream(owner),
                ..
            }) = self.owed.remove(&own)
            {
                self.stream_ended(own, owner, None, steps);
            }
            return;
        }
        let is_known = id.is_some_and(|id| self.question_is_taken_back(server, (id, document), steps));
        if !is_known {
            self.drop_unasked(server, "a cancellation", steps);
        }
    }

    /// Goes on without a server.
    pub(super) fn lose(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        let was_open = match self.servers.get(server).map(|server| &server.state) {
            None | Some(ServerState::LeftOut) => return,
            Some(ServerState::Open(_)) => true,
            Some(_) => false,
        };
        let owed = self.owed.iter().filter(|(_, debt)| debt.server == server);
        let mut owed: Vec<i64> = owed.map(|(id, _)| *id).collect();
        owed.sort_unstable();
        if was_open {
            self.server_offers_nothing(server, steps);
        }
        self.places.forget(server);
        self.forget_questions(server, steps);
        for id in owed {
            let Some(Debt { owed, .. }) = self.owed.remove(&id) else {
                continue;
            };
            match owed {
                Owed::Probe | Owed::Initialize | Owed::Nothing => {}
                Owed::Relay(relay) => {
                    let error = response(&id.to_string(), &Answer::error(INTERNAL_ERROR, GONE));
                    if let Ok(document) = frame::read(error.as_bytes()) {
                        self.relayed((id, server), relay, &document, steps);
                    }
                }
                Owed::Page(gathering) => self.page_is_lost(gathering, id, GONE, steps),
                Owed::Stream(owner) => self.stream_ended(id, owner, None, steps),
                Owed::Subscription { listener, uri } => {
                    self.subscription_is(id, (&listener, &uri), None, steps);
                }
            }
        }
        self.leave_out(server, "it ended", steps);
    }
}
