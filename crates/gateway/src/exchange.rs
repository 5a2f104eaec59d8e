//! One client in front of one server, over transports that carry a stream of messages.
//!
//! The exchange is told what arrived and says what to do. It answers itself what must not reach the server, asks for a
//! judgement of every call, shows only the tools that may be seen, and passes on everything else as it came.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;

use gait_artifact::{intent::ArgProvenance, mcp::McpServer};
use gait_canon::json::{Document, Part, Value};
use gait_mcp::ToolCall;

use crate::{
    answer::{self, Ruling},
    approvals::{Invitation, Medium, Question, Reply, elicits},
    call::{Caller, InvalidCall, Wanted, is_open_world},
    catalog::{Catalog, Definition, Standing},
    era,
    frame::{self, FrameError, Message, Request, RequestId, Response},
    listing::{self, Listing, Next},
};

/// Requests that one side may owe the other at a time.
const MAX_IN_FLIGHT: usize = 8192;
/// The request that has to be judged.
pub(crate) const CALL: &str = "tools/call";
/// The notice that the tools of a server changed.
pub(crate) const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
/// Requests whose answers are between programs: no model reads them.
pub(crate) const BETWEEN_PROGRAMS: [&str; 4] = ["initialize", "server/discover", "ping", "logging/setLevel"];
/// The kinds of results that calls have.
const RESULT_TYPES: [&str; 3] = ["complete", "input_required", "task"];
/// What clients are told of a result of another kind.
pub(crate) const UNKNOWN_TYPE: &str = "the server answered with a result of unknown type";

/// What is to be done.
#[derive(Debug)]
pub enum Step {
    /// Send this to the client.
    ToClient(String),
    /// Send this to the server.
    ToServer(String),
    /// Judge this call, then [`Exchange::settle`] it.
    Judge(Box<Asked>),
    /// These are all tools of the server: review them, then [`Exchange::know`] the catalogue.
    Review(Vec<Definition>),
    /// A call that is being judged, or waits for an approval, is not wanted any more.
    Abandoned(RequestId),
    /// The client answered what [`Exchange::ask_client`] asked about a call.
    Replied(RequestId, Reply),
    /// The server tells what a model may read, as the result of a call or otherwise: remember it, record it if it is a
    /// result, and send it to the client.
    Finished {
        /// What [`Exchange::settle`] was told of the call; none where this is no result of one.
        ticket: Option<u64>,
        /// The message, as the server sent it.
        frame: String,
    },
    /// Something was held back that nobody waits for.
    Dropped(Dropped),
}

/// A call that wants to run.
#[derive(Debug)]
pub struct Asked {
    /// The request.
    pub id: RequestId,
    /// What it calls.
    pub wanted: Wanted,
    /// What the gateway itself objects to. A call with an objection must not run, whatever the policy says.
    pub objection: Option<Objection>,
    /// Where its arguments came from, as far as whoever drives the exchange knows; nothing to begin with.
    pub arg_provenance: Vec<ArgProvenance>,
    /// What the server offers.
    catalog: Arc<Catalog>,
    /// The message, as the client sent it.
    frame: String,
}

impl Asked {
    /// The call that the boundary judges.
    #[must_use]
    pub fn to_call(&self, server: &McpServer, caller: &Caller) -> ToolCall {
        let tool = self.catalog.get(&self.wanted.name);
        let arg_provenance = self.arg_provenance.clone();
        self.wanted.to_call(server, tool, caller, arg_provenance)
    }

    /// Whether the tool, by its reviewed definition, reaches into the open world.
    #[must_use]
    pub fn is_open_world(&self) -> bool {
        is_open_world(self.catalog.get(&self.wanted.name))
    }

    /// The message, as it would reach the server.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.frame
    }

    /// Sends another message to the server, if the call may run.
    pub fn restate(&mut self, message: String) {
        self.frame = message;
    }
}

/// What the gateway itself objects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The reason code.
    pub code: &'static str,
    /// What is wrong, for people.
    pub detail: String,
}

/// What was decided of a call.
#[derive(Debug)]
pub enum Decided {
    /// It may run. Its result comes back with this ticket.
    Run(u64),
    /// It may not.
    Refuse(Ruling),
    /// It may not yet: the client shall come back.
    ComeBack(Box<Invitation>),
}

/// Why a message was held back.
#[derive(Debug)]
pub enum Dropped {
    /// The server sent what is no message.
    Unreadable(FrameError),
    /// The server answered what nobody asked, or answered twice or too late.
    Unasked(Option<RequestId>),
    /// The client sent a call as a notification.
    CallWithoutId,
    /// The client answered what nobody asked.
    UnaskedByServer(Option<RequestId>),
    /// The server's tools cannot be listed.
    Listing(String),
}

/// Why a call that went to the server has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// The client wants it no more.
    Cancelled,
    /// The server is gone.
    ServerGone,
    /// Nobody waits for it any more.
    Abandoned,
}

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
    /// What the gateway itself asks the client, and about which calls. The server must not be able to guess these ids.
    asking: HashMap<RequestId, RequestId>,
    /// Whether the client said, when it opened its session, that it can show forms.
    elicits: bool,
    catalog: Option<Arc<Catalog>>,
    listing: Option<Listing>,
    /// The page of it that is on its way.
    page: Option<RequestId>,
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
            asking: HashMap::new(),
            elicits: false,
            catalog: None,
            listing: None,
            page: None,
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

    /// Keeps a request until the catalogue is known.
    fn park(&mut self, id: &RequestId, text: &str, steps: &mut Vec<Step>) {
        self.parked.push_back((id.clone(), text.to_owned()));
        self.list(steps);
    }

    /// Begins the gateway's own listing, unless one is on its way.
    fn list(&mut self, steps: &mut Vec<Step>) {
        if self.listing.is_none() {
            self.listing = Some(Listing::default());
            self.ask_for_page(None, steps);
        }
    }

    fn ask_for_page(&mut self, cursor: Option<&str>, steps: &mut Vec<Step>) {
        let id = self.own_ids.next();
        steps.push(Step::ToServer(Listing::request(
            &id,
            cursor,
            self.meta.as_deref(),
        )));
        self.page = Some(id.clone());
        self.by_server.insert(id, Owed::OwnPage);
    }

    fn is_in_flight(&self, id: &RequestId) -> bool {
        self.by_server.contains_key(id)
            || self.judging.contains(id)
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
            steps.push(Step::Abandoned(id));
            return true;
        }
        if !matches!(self.by_server.get(&id), Some(Owed::OwnPage))
            && let Some(Owed::Call(ticket)) = self.by_server.remove(&id)
        {
            self.unfinished.push((ticket, Unfinished::Cancelled));
        }
        false
    }

    /// Does what was decided of a call.
    pub fn settle(&mut self, asked: Asked, decided: Decided, steps: &mut Vec<Step>) {
        if !self.judging.remove(&asked.id) {
            // It was cancelled meanwhile.
            return;
        }
        self.stop_asking(&asked.id, steps);
        steps.push(match decided {
            Decided::ComeBack(invitation) => Step::ToClient(answer::come_back(&asked.id, &invitation)),
            Decided::Run(ticket) if asked.objection.is_none() => {
                self.by_server.insert(asked.id, Owed::Call(ticket));
                Step::ToServer(asked.frame)
            }
            Decided::Run(_) => {
                let message = "the call was not judged together with what speaks against it";
                Step::ToClient(answer::error(Some(&asked.id), answer::INTERNAL_ERROR, message))
            }
            Decided::Refuse(ruling) => {
                Step::ToClient(answer::refused(&asked.id, &ruling, self.meta.is_some()))
            }
        });
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
        let id = RequestId::Text(format!("gait-approval-{}", question.nonce));
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

    /// Takes note of what the server offers, and goes on with what waited for it.
    pub fn know(&mut self, catalog: Arc<Catalog>, steps: &mut Vec<Step>) {
        self.catalog = Some(catalog);
        steps.extend(self.held.drain(..).map(Step::ToClient));
        for (_, text) in std::mem::take(&mut self.parked) {
            self.from_client(text.as_bytes(), steps);
        }
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
                self.held.push(text());
                self.catalog = None;
                self.listing = None;
                self.list(steps);
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
            None => steps.push(Step::Dropped(Dropped::Unasked(Some(id)))),
            Some(Owed::Answer) => steps.push(Step::ToClient(text())),
            Some(Owed::Text) => steps.push(finished(None, text())),
            Some(Owed::Call(ticket)) => {
                steps.push(finished(Some(ticket), of_known_type(&id, result, text())))
            }
            Some(Owed::Page) => steps.push(Step::ToClient(match (result, &self.catalog) {
                (Some(result), Some(catalog)) => listing::visible(document, result, catalog),
                // The tools changed since the page was asked for.
                (Some(result), None) => listing::visible(document, result, &Catalog::default()),
                (None, _) => text(),
            })),
            // A page of a listing that was begun anew since is of no use.
            Some(Owed::OwnPage) if self.page.as_ref() != Some(&id) => {}
            Some(Owed::OwnPage) => {
                let error = document.root().get("error").map(Part::raw);
                self.own_page(result, error, steps);
            }
        }
    }

    fn own_page(&mut self, result: Option<Part<'_>>, error: Option<&str>, steps: &mut Vec<Step>) {
        let Some(mut listing) = self.listing.take() else {
            return;
        };
        let Some(result) = result else {
            return self.give_up(error.unwrap_or("null"), steps);
        };
        match listing.take(result) {
            Ok(Next::Done(definitions)) => steps.push(Step::Review(definitions)),
            Ok(Next::Page(cursor)) => {
                self.listing = Some(listing);
                self.ask_for_page(Some(&cursor), steps);
            }
            Err(error) => {
                steps.push(Step::Dropped(Dropped::Listing(error.to_string())));
                let text = Value::from(format!("the server's tools cannot be listed: {error}"));
                let code = answer::INTERNAL_ERROR;
                let text = gait_canon::json::compact(&text);
                self.give_up(&format!("{{\"code\":{code},\"message\":{text}}}"), steps);
            }
        }
    }

    /// Answers what waited for the catalogue with the error that there is instead. The next request tries again.
    fn give_up(&mut self, error: &str, steps: &mut Vec<Step>) {
        steps.extend(self.held.drain(..).map(Step::ToClient));
        for (id, _) in std::mem::take(&mut self.parked) {
            let id = id.to_json();
            steps.push(Step::ToClient(format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}"
            )));
        }
    }

    /// Whether something may still have to go to the server, although the client says no more.
    #[must_use]
    pub fn has_calls_to_settle(&self) -> bool {
        !self.judging.is_empty() || !self.parked.is_empty()
    }

    /// Tells the client what the server owes it and will never send.
    pub fn server_is_gone(&mut self, steps: &mut Vec<Step>) {
        let gone = |id: &RequestId| {
            let message = "the server ended before it answered";
            Step::ToClient(answer::error(Some(id), answer::INTERNAL_ERROR, message))
        };
        for (id, owed) in self.by_server.drain() {
            match owed {
                Owed::OwnPage => continue,
                Owed::Call(ticket) => self.unfinished.push((ticket, Unfinished::ServerGone)),
                Owed::Answer | Owed::Text | Owed::Page => {}
            }
            steps.push(gone(&id));
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

/// What the gateway itself has against a call.
pub(crate) fn objection(catalog: &Catalog, wanted: &Wanted) -> Option<Objection> {
    let object = |code, detail: String| Some(Objection { code, detail });
    let name = &wanted.name;
    let Some(tool) = catalog.get(name) else {
        return object("mcp_tool_unknown", format!("the server lists no tool {name}"));
    };
    match &tool.standing {
        Standing::Quarantined(quarantine) => object(
            quarantine.reason_code(),
            format!("{name} must be reviewed before it can be called"),
        ),
        // The policy says so itself when it is asked.
        Standing::OutOfReach | Standing::Offered => {
            let arguments = Value::from(wanted.arguments.clone());
            let invalid = tool.check(&arguments).err()?;
            object("mcp_arguments_invalid", invalid.to_string())
        }
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

/// Whether the result of a call is of a kind that clients know.
pub(crate) fn is_of_known_type(result: Part<'_>) -> bool {
    let kind = result.get("resultType").map(Part::as_str);
    kind.is_none_or(|named| named.is_some_and(|named| RESULT_TYPES.contains(&named)))
}

#[cfg(test)]
mod tests;
