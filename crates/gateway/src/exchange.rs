//! One client in front of one server, over transports that carry a stream of messages.
//!
//! The exchange is told what arrived and says what to do. It answers itself what must not reach the server, asks for a
//! judgement of every call, shows only the tools that may be seen, and passes on everything else as it came.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use gait_canon::json::{Document, Part};

use crate::{
    answer::{self, Ruling},
    approvals::{Medium, Question, Reply, elicits},
    call::{InvalidCall, Wanted},
    catalog::Catalog,
    era,
    frame::{self, FrameError, Message, Request, RequestId, Response},
    listing::{self, Listing},
    protocol::{BETWEEN_PROGRAMS, CALL, TOOLS_CHANGED, UNKNOWN_TYPE, is_of_known_type},
};

mod step;
mod taken_back;
mod tools;

pub use step::{Asked, Decided, Dropped, Objection, Step, Unfinished};
pub(crate) use step::{later_objection, objection};
use taken_back::TakenBack;

/// Requests that one side may owe the other at a time.
const MAX_IN_FLIGHT: usize = 8192;
/// Change notices that wait, and bytes of each.
const MAX_HELD: usize = 64;
const MAX_HELD_BYTES: usize = 64 << 10;

/// What the server owes.
#[derive(Debug)]
enum Owed {
    /// An answer that is passed on.
    Answer,
    /// An answer that a model may read.
    Text,
    /// A page of tools that the client asked for.
    Page,
    /// The result of a call.
    Call(u64),
    /// A page of the gateway's own listing.
    OwnPage,
}

/// One client in front of one server.
#[derive(Debug)]
pub struct Exchange {
    own_ids: OwnIds,
    by_server: HashMap<RequestId, Owed>,
    by_client: HashSet<RequestId>,
    judging: HashSet<RequestId>,
    /// Calls that may run, once the tools that changed meanwhile were looked at.
    ready: Vec<(Asked, u64)>,
    taken_back: TakenBack,
    /// What the gateway itself asks the client, and about which calls. The server must not be able to guess these ids.
    asking: HashMap<RequestId, RequestId>,
    /// Whether the client said, when it opened its session, that it can show forms.
    elicits: bool,
    catalog: Option<Arc<Catalog>>,
    listing: Option<Listing>,
    /// Whether the tools changed since it began.
    is_outdated: bool,
    /// Requests that wait for the catalogue.
    parked: VecDeque<(RequestId, String)>,
    /// Change notices that wait until the change was looked at.
    held: Vec<String>,
    /// The `_meta` of the client's last request in the stateless era.
    meta: Option<String>,
    /// Calls that went to the server and have no result.
    unfinished: Vec<(u64, Unfinished)>,
}

impl Exchange {
    /// An exchange in which nothing was said yet. The client must not be able to guess `nonce`.
    #[must_use]
    pub fn new(nonce: &str) -> Self {
        Self {
            own_ids: OwnIds {
                prefix: format!("gait-{nonce}-"),
                next: 0,
            },
            by_server: HashMap::new(),
            by_client: HashSet::new(),
            judging: HashSet::new(),
            ready: Vec::new(),
            taken_back: TakenBack::default(),
            asking: HashMap::new(),
            elicits: false,
            catalog: None,
            listing: None,
            is_outdated: false,
            parked: VecDeque::new(),
            held: Vec::new(),
            meta: None,
            unfinished: Vec::new(),
        }
    }

    /// The calls whose results will never come, since this was asked last. Each may have had its effect.
    pub fn take_unfinished(&mut self) -> Vec<(u64, Unfinished)> {
        std::mem::take(&mut self.unfinished)
    }

    /// Takes in a message of the client.
    pub fn from_client(&mut self, bytes: &[u8], steps: &mut Vec<Step>) {
        let refuse = |error: &FrameError| {
            Step::ToClient(answer::error(None, answer::code_of(error), &error.to_string()))
        };
        let document = match frame::read(bytes) {
            Ok(document) => document,
            Err(error) => return steps.push(refuse(&error)),
        };
        match Message::of(&document) {
            Err(error) => steps.push(refuse(&error)),
            Ok(Message::Request(request)) => self.request(&request, document.text(), steps),
            // A call that nobody waits for is still a call, and could not be told that it was refused.
            Ok(Message::Notification { method: CALL, .. }) => {
                steps.push(Step::Dropped(Dropped::CallWithoutId));
            }
            Ok(Message::Notification { method, params }) => {
                let forget = method == "notifications/cancelled" && self.cancel(params, steps);
                if !forget {
                    steps.push(Step::ToServer(document.text().to_owned()));
                }
            }
            Ok(Message::Response(Response { id: Some(id), result })) if self.asking.contains_key(&id) => {
                let call = self.asking.remove(&id);
                // An error is no answer: the call goes on waiting.
                let reply = call.zip(result.and_then(Reply::read));
                steps.extend(reply.map(|(call, reply)| Step::Replied(call, reply)));
            }
            Ok(Message::Response(Response { id, .. })) => {
                if id.as_ref().is_some_and(|id| self.by_client.remove(id)) {
                    steps.push(Step::ToServer(document.text().to_owned()));
                } else {
                    steps.push(Step::Dropped(Dropped::UnaskedByServer(id)));
                }
            }
        }
    }

    fn request(&mut self, request: &Request<'_>, text: &str, steps: &mut Vec<Step>) {
        let id = &request.id;
        let invalid = |message| Step::ToClient(answer::error(Some(id), answer::INVALID_REQUEST, message));
        if self.is_in_flight(id) {
            return steps.push(invalid("a request with this id is still in flight"));
        }
        if self.by_server.len() + self.parked.len() + self.judging.len() >= MAX_IN_FLIGHT {
            return steps.push(invalid("too many requests are in flight"));
        }
        if let Some(meta) = era::stateless_meta(request.params) {
            self.meta = Some(meta.raw().to_owned());
        }
        if request.method == "initialize" {
            // Whatever was tried before, this is the era of sessions.
            self.meta = None;
            let capabilities = request.params.and_then(|params| params.get("capabilities"));
            self.elicits = capabilities.is_some_and(elicits);
        }
        let owed = match request.method {
            CALL => return self.call(request, text, steps),
            "tools/list" if self.catalog.is_none() => return self.park(id, text, steps),
            "tools/list" => Owed::Page,
            method if BETWEEN_PROGRAMS.contains(&method) => Owed::Answer,
            _ => Owed::Text,
        };
        self.by_server.insert(id.clone(), owed);
        steps.push(Step::ToServer(text.to_owned()));
    }

    fn call(&mut self, request: &Request<'_>, text: &str, steps: &mut Vec<Step>) {
        let id = &request.id;
        let wanted = match Wanted::read(request.params) {
            Ok(wanted) => wanted,
            Err(error) => return steps.push(invalid_params(id, &error)),
        };
        let Some(catalog) = &self.catalog else {
            return self.park(id, text, steps);
        };
        let objection = objection(catalog, &wanted);
        let catalog = Arc::clone(catalog);
        self.judging.insert(id.clone());
        steps.push(Step::Judge(Box::new(Asked {
            id: id.clone(),
            wanted,
            objection,
            arg_provenance: Vec::new(),
            catalog,
            frame: text.to_owned(),
        })));
    }

    fn is_in_flight(&self, id: &RequestId) -> bool {
        self.by_server.contains_key(id)
            || self.judging.contains(id)
            || self.taken_back.contains(id)
            || self.parked.iter().any(|(parked, _)| parked == id)
    }

    /// Forgets a request that is no longer wanted; whether the server never heard of it.
    fn cancel(&mut self, params: Option<Part<'_>>, steps: &mut Vec<Step>) -> bool {
        let id = params
            .and_then(|params| params.get("requestId"))
            .and_then(|id| RequestId::read(id).ok());
        let Some(id) = id else { return false };
        let parked = self.parked.len();
        self.parked.retain(|(other, _)| *other != id);
        if self.parked.len() < parked {
            return true;
        }
        if self.judging.remove(&id) {
            self.stop_asking(&id, steps);
            self.taken_back.insert(id.clone());
            steps.push(Step::Abandoned(id));
            return true;
        }
        if !matches!(self.by_server.get(&id), Some(Owed::OwnPage))
            && let Some(owed) = self.by_server.remove(&id)
        {
            if let Owed::Call(ticket) = owed {
                self.unfinished.push((ticket, Unfinished::Cancelled));
            }
            self.taken_back.insert(id);
        }
        false
    }

    /// Does what was decided of a call.
    pub fn settle(&mut self, asked: Asked, decided: Decided, steps: &mut Vec<Step>) {
        if let (Decided::Run(ticket), None) = (&decided, &self.catalog) {
            return self.ready.push((asked, *ticket));
        }
        if !self.judging.remove(&asked.id) {
            // It was cancelled meanwhile.
            self.taken_back.remove(&asked.id);
            if let Decided::Run(ticket) = decided {
                self.unfinished.push((ticket, Unfinished::Cancelled));
            }
            return;
        }
        self.stop_asking(&asked.id, steps);
        steps.push(match decided {
            Decided::ComeBack(invitation) => Step::ToClient(answer::come_back(&asked.id, &invitation)),
            Decided::Run(ticket) if asked.objection.is_none() => match self.second_look(&asked) {
                None => {
                    self.by_server.insert(asked.id, Owed::Call(ticket));
                    Step::ToServer(asked.frame)
                }
                Some(code) => {
                    self.unfinished.push((ticket, Unfinished::Abandoned));
                    let ruling = Ruling::changed(code);
                    Step::ToClient(answer::refused(&asked.id, &ruling, self.meta.is_some()))
                }
            },
            Decided::Run(_) => {
                let message = "the call was not judged together with what speaks against it";
                Step::ToClient(answer::error(Some(&asked.id), answer::INTERNAL_ERROR, message))
            }
            Decided::Refuse(ruling) => {
                Step::ToClient(answer::refused(&asked.id, &ruling, self.meta.is_some()))
            }
        });
    }

    /// What there is against a call that may run: its tool may have changed while it was judged, or while people decided.
    fn second_look(&self, asked: &Asked) -> Option<&'static str> {
        let now = self.catalog.as_ref()?;
        if Arc::ptr_eq(now, &asked.catalog) {
            return None;
        }
        later_objection(&asked.catalog, now, &asked.wanted)
    }

    /// What can be done with the client while people decide about a call of its.
    #[must_use]
    pub fn medium(&self, asked: &Asked) -> Medium {
        if asked.wanted.presented.can_come_back {
            Medium::ComeBack
        } else if self.elicits {
            Medium::Meanwhile
        } else {
            Medium::Wait
        }
    }

    /// Asks the client about a call that is being judged. The server hears neither of the question nor of the answer.
    pub fn ask_client(&mut self, call: &RequestId, question: &Question, steps: &mut Vec<Step>) {
        if !self.judging.contains(call) || self.asking.len() >= MAX_IN_FLIGHT {
            return;
        }
        let id = question.id(call);
        steps.push(Step::ToClient(answer::elicitation(&id, question)));
        self.asking.insert(id, call.clone());
    }

    /// Takes back what the client was asked about a call.
    fn stop_asking(&mut self, call: &RequestId, steps: &mut Vec<Step>) {
        self.asking.retain(|id, about| {
            let is_meant = about == call;
            if is_meant {
                steps.push(Step::ToClient(answer::cancelled(id)));
            }
            !is_meant
        });
    }

    /// Tells the client, if it wants to know, that a call waits for an approval.
    pub fn report_waiting(&self, asked: &Asked, times: u32, steps: &mut Vec<Step>) {
        let token = asked.wanted.presented.progress_token.as_deref();
        let token = token.filter(|_| self.judging.contains(&asked.id));
        steps.extend(token.map(|token| Step::ToClient(answer::still_waits(token, times))));
    }

    /// Takes in a message of the server.
    pub fn from_server(&mut self, bytes: &[u8], steps: &mut Vec<Step>) {
        let document = match frame::read(bytes) {
            Ok(document) => document,
            Err(error) => return steps.push(Step::Dropped(Dropped::Unreadable(error))),
        };
        let text = || document.text().to_owned();
        match Message::of(&document) {
            Err(error) => steps.push(Step::Dropped(Dropped::Unreadable(error))),
            Ok(Message::Request(Request { id, .. })) => {
                if self.by_client.len() < MAX_IN_FLIGHT {
                    self.by_client.insert(id);
                }
                steps.push(finished(None, text()));
            }
            Ok(Message::Notification {
                method: TOOLS_CHANGED,
                ..
            }) => {
                self.hold(text(), steps);
                self.catalog = None;
                self.list_anew(steps);
            }
            Ok(Message::Notification { .. } | Message::Response(Response { id: None, .. })) => {
                steps.push(Step::ToClient(text()));
            }
            Ok(Message::Response(Response {
                id: Some(id), result, ..
            })) => self.answered(id, result, &document, steps),
        }
    }

    /// Takes in what the server answers.
    fn answered(
        &mut self,
        id: RequestId,
        result: Option<Part<'_>>,
        document: &Document<'_>,
        steps: &mut Vec<Step>,
    ) {
        let text = || document.text().to_owned();
        match self.by_server.remove(&id) {
            None => {
                self.taken_back.remove(&id);
                steps.push(Step::Dropped(Dropped::Unasked(Some(id))));
            }
            Some(Owed::Answer) => steps.push(Step::ToClient(text())),
            Some(Owed::Text) => steps.push(finished(None, text())),
            Some(Owed::Call(ticket)) => {
                steps.push(finished(Some(ticket), of_known_type(&id, result, text())));
            }
            Some(Owed::Page) => steps.push(Step::ToClient(match (result, &self.catalog) {
                (Some(result), Some(catalog)) => listing::visible(document, result, catalog),
                // The tools changed since the page was asked for.
                (Some(result), None) => listing::visible(document, result, &Catalog::default()),
                (None, _) => text(),
            })),
            Some(Owed::OwnPage) => {
                let error = document.root().get("error").map(Part::raw);
                self.own_page(result, error, steps);
            }
        }
    }

    /// Whether something may still have to go to the server, although the client says no more.
    #[must_use]
    pub fn has_calls_to_settle(&self) -> bool {
        !self.judging.is_empty() || !self.parked.is_empty()
    }

    /// Tells the client what the server owes it and will never send, because of `why`.
    pub fn server_is_gone(&mut self, why: &str, steps: &mut Vec<Step>) {
        let gone = |id: &RequestId| Step::ToClient(answer::error(Some(id), answer::INTERNAL_ERROR, why));
        for (id, owed) in self.by_server.drain() {
            match owed {
                Owed::OwnPage => continue,
                Owed::Call(ticket) => self.unfinished.push((ticket, Unfinished::ServerGone)),
                Owed::Answer | Owed::Text | Owed::Page => {}
            }
            steps.push(gone(&id));
        }
        for (_, ticket) in self.ready.drain(..) {
            self.unfinished.push((ticket, Unfinished::ServerGone));
        }
        steps.extend(self.parked.drain(..).map(|(id, _)| gone(&id)));
        steps.extend(self.judging.drain().map(|id| gone(&id)));
    }
}

/// Ids of the gateway's own requests.
#[derive(Debug)]
struct OwnIds {
    prefix: String,
    next: u64,
}

impl OwnIds {
    fn next(&mut self) -> RequestId {
        self.next += 1;
        RequestId::Text(format!("{}{}", self.prefix, self.next))
    }
}

fn invalid_params(id: &RequestId, error: &InvalidCall) -> Step {
    Step::ToClient(answer::error(
        Some(id),
        answer::INVALID_PARAMS,
        &error.to_string(),
    ))
}

const fn finished(ticket: Option<u64>, frame: String) -> Step {
    Step::Finished { ticket, frame }
}

/// The result of a call, unless it is of a kind that nobody knows.
fn of_known_type(id: &RequestId, result: Option<Part<'_>>, frame: String) -> String {
    if result.is_none_or(is_of_known_type) {
        frame
    } else {
        answer::error(Some(id), answer::INTERNAL_ERROR, UNKNOWN_TYPE)
    }
}

#[cfg(test)]
mod tests;
