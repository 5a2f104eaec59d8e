//! Requests that go to one server, and its answers.

use gait_canon::json::{Document, Kind, Part};

use super::era::{Era, META_LEVEL, NO_RESOURCE, Way, may_ask_back, renumbered, result_changes};
use super::owed::{Owed, Relay, State};
use super::wire::{Answer, Change, patched, string};
use super::{Hub, HubStep};
use crate::answer::{INTERNAL_ERROR, INVALID_PARAMS, METHOD_NOT_FOUND};
use crate::frame::Request;

/// What ids of tasks are sealed for.
const TASK: &str = "task";
/// The member of `_meta` that names the task something belongs to.
const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";

/// Where a request goes, and what its params become on the way.
pub(super) struct Route {
    pub(super) server: usize,
    pub(super) changes: Vec<Change<'static>>,
}

/// A request on its way to a server.
pub(super) struct Passing {
    pub(super) route: Route,
    /// How often the server asked something back before.
    pub(super) rounds: u8,
}

impl Hub {
    /// The server that a request is for, or why there is none.
    pub(super) fn route(&self, request: &Request<'_>) -> Result<Route, Answer> {
        let route = |server, changes| Ok(Route { server, changes });
        if self.is_single() {
            return route(0, Vec::new());
        }
        let get = |key: &str| request.params.and_then(|params| params.get(key));
        let text = |key: &str| {
            let text = get(key).and_then(Part::as_str);
            text.ok_or_else(|| Answer::error(INVALID_PARAMS, &format!("params.{key} must be a string")))
        };
        let by_name = |shown: &str| {
            let found = self.offers().find_map(|(server, _)| {
                let name = self.servers[server].name.unqualify(shown)?;
                Some((server, string(name)))
            });
            found.ok_or_else(|| Answer::error(INVALID_PARAMS, &format!("nothing is called {shown}")))
        };
        let by_uri = |uri: &str| {
            let code = match self.era_of(&request.id) {
                Era::Stateless => INVALID_PARAMS,
                Era::Handshake => NO_RESOURCE,
            };
            let server = self
                .places
                .find(uri)
                .filter(|server| self.servers[*server].offer().is_some());
            server.ok_or_else(|| Answer::error(code, &format!("no server is known to have {uri}")))
        };
        match request.method {
            "tools/call" | "prompts/get" => {
                let (server, name) = by_name(text("name")?)?;
                route(server, vec![("name", Some(name))])
            }
            "resources/read" | "resources/subscribe" | "resources/unsubscribe" => {
                route(by_uri(text("uri")?)?, Vec::new())
            }
            "completion/complete" => {
                let reference = get("ref");
                let get = |key: &str| reference.and_then(|reference| reference.get(key)?.as_str());
                match (reference, get("name"), get("uri")) {
                    (Some(reference), Some(name), _) => {
                        let (server, name) = by_name(name)?;
                        route(
                            server,
                            vec![("ref", Some(patched(reference, &[("name", Some(name))])))],
                        )
                    }
                    (_, None, Some(uri)) => route(by_uri(uri)?, Vec::new()),
                    _ => Err(Answer::error(INVALID_PARAMS, "params.ref must name something")),
                }
            }
            "tasks/get" | "tasks/result" | "tasks/update" | "tasks/cancel" => {
                let known = self.open_task(text("taskId")?);
                let (server, task) =
                    known.ok_or_else(|| Answer::error(INVALID_PARAMS, "there is no such task"))?;
                route(server, vec![("taskId", Some(string(task)))])
            }
            method => Err(Answer::error(
                METHOD_NOT_FOUND,
                &format!("{method} is not served here"),
            )),
        }
    }

    /// Passes a request on under an id of the hub's own.
    pub(super) fn relay(
        &mut self,
        request: &Request<'_>,
        document: &Document<'_>,
        Passing { route, rounds }: Passing,
        steps: &mut Vec<HubStep>,
    ) {
        let server = route.server;
        let Some(to) = self.servers[server].offer().map(|offer| offer.era) else {
            let gone = format!("the server {} is not there", self.servers[server].name);
            return self.answer(&request.id, &Answer::error(INTERNAL_ERROR, &gone), steps);
        };
        let from = self.era_of(&request.id);
        let meta = request.params.and_then(|params| params.get("_meta"));
        let level = meta
            .and_then(|meta| meta.get(META_LEVEL)?.as_str())
            .filter(|_| from == Era::Stateless);
        if let Some(level) = level.filter(|_| to == Era::Handshake) {
            self.tell_level(server, level, steps);
        }
        let id = self.next_id();
        let way = Way {
            from,
            to,
            token: Some(id),
            meta: &self.session.meta(),
        };
        let mut changes = vec![("id", Some(id.to_string()))];
        if let Some(params) = way.params(request.params, route.changes) {
            changes.push(("params", Some(params)));
        }
        steps.push(HubStep::ToServer(server, patched(document.root(), &changes)));
        let is_translated = from == Era::Handshake || to == Era::Handshake;
        let origin = is_translated && may_ask_back(request.method);
        let relay = Relay {
            asker: Some(request.id.clone()),
            era: from,
            method: request.method.to_owned(),
            token: token_of(request),
            wants_log: level.is_some(),
            origin: origin.then(|| document.text().to_owned()),
            rounds,
        };
        self.owe(id, server, Owed::Relay(relay));
        self.now_waits(&request.id, State::Relayed(id));
    }

    /// Takes in what a server answers to a request that was passed on.
    pub(super) fn relayed(
        &mut self,
        (id, server): (i64, usize),
        relay: Relay,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let Some(asker) = relay.asker.clone() else {
            return self.keep_early(id, relay, document.text());
        };
        let root = document.root();
        let Some(result) = root.get("result") else {
            let changes = self.error_changes(server, &relay, root.get("error"));
            return self.answer_with(&asker, root, ("error", &changes), steps);
        };
        match (relay.era, result.get("resultType").and_then(Part::as_str)) {
            (Era::Handshake, Some("input_required")) => return self.ask_client(server, relay, result, steps),
            (Era::Handshake, Some("task")) => {
                let text = "The server began a task instead of answering, which this client cannot follow.";
                return self.fail(&asker, &relay.method, text, steps);
            }
            _ => {}
        }
        let mut changes = Vec::new();
        if !self.is_single() {
            changes = self.task_changes(server, result);
            self.learn(server, &relay.method, result);
        }
        // Of two changes of one member the first counts: ids of tasks are never shown as they are.
        changes.extend(result_changes(relay.era, &relay.method, result));
        self.answer_with(&asker, root, ("result", &changes), steps);
    }

    /// What must change in an error for the client.
    fn error_changes(&self, server: usize, relay: &Relay, error: Option<Part<'_>>) -> Vec<Change<'static>> {
        let code = error.and_then(|error| error.get("code")?.read::<i32>().ok());
        let is_same = self.servers[server]
            .offer()
            .is_some_and(|offer| offer.era == relay.era);
        match code {
            Some(code) if !is_same => {
                let known = renumbered(relay.era, &relay.method, code);
                (known != code)
                    .then(|| ("code", Some(known.to_string())))
                    .into_iter()
                    .collect()
            }
            _ => Vec::new(),
        }
    }

    /// Answers a request that cannot be served: a call in the way that a model can read.
    pub(super) fn fail(
        &mut self,
        asker: &crate::frame::RequestId,
        method: &str,
        text: &str,
        steps: &mut Vec<HubStep>,
    ) {
        let answer = if method == "tools/call" {
            Answer::failed_tool(text)
        } else {
            Answer::error(INTERNAL_ERROR, text)
        };
        self.answer(asker, &answer, steps);
    }

    /// Remembers the resources that a result refers to.
    fn learn(&mut self, server: usize, method: &str, result: Part<'_>) {
        let content = match method {
            "tools/call" => result.get("content").into_iter().flat_map(Part::items).collect(),
            "prompts/get" => {
                let messages = result.get("messages").into_iter().flat_map(Part::items);
                messages.filter_map(|message| message.get("content")).collect()
            }
            _ => Vec::new(),
        };
        let is_link = |part: &Part<'_>| part.get("type").and_then(Part::as_str) == Some("resource_link");
        for link in content.into_iter().filter(is_link) {
            if let Some(uri) = link.get("uri").and_then(Part::as_str) {
                self.places.mention(uri, server);
            }
        }
    }

    /// The id under which the client knows a task of `server`.
    pub(super) fn close_task(&self, server: usize, task: &str) -> String {
        self.seal.close(TASK, &format!("{server}.{task}"))
    }

    /// The server and the id of a task that the client was told of.
    pub(super) fn open_task<'t>(&self, known: &'t str) -> Option<(usize, &'t str)> {
        let (server, task) = self.seal.open(TASK, known)?.split_once('.')?;
        Some((server.parse().ok()?, task))
    }

    /// What must change in a result, or in params, that speaks of tasks of `server`.
    pub(super) fn task_changes(&self, server: usize, part: Part<'_>) -> Vec<Change<'static>> {
        let closed = |part: Part<'_>| {
            let task = part.get("taskId").and_then(Part::as_str)?;
            Some(("taskId", Some(string(&self.close_task(server, task)))))
        };
        let within = |part: Part<'_>| Some(patched(part, &[closed(part)?]));
        let mut changes: Vec<Change<'static>> = closed(part).into_iter().collect();
        if let Some(task) = part.get("task").and_then(within) {
            changes.push(("task", Some(task)));
        }
        if let Some(meta) = part.get("_meta")
            && let Some(related) = meta.get(RELATED_TASK).and_then(within)
        {
            changes.push(("_meta", Some(patched(meta, &[(RELATED_TASK, Some(related))]))));
        }
        changes
    }

    /// Passes progress on to whoever waits for the request that it is about.
    pub(super) fn progress(
        &self,
        server: usize,
        params: Option<Part<'_>>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let id = params.and_then(|params| params.get("progressToken")?.read::<i64>().ok());
        let debt = id
            .and_then(|id| self.owed.get(&id))
            .filter(|debt| debt.server == server);
        let token = match debt.map(|debt| &debt.owed) {
            // While the client has to ask anew, nobody is there to be told.
            Some(Owed::Relay(relay)) if relay.asker.is_some() => relay.token.clone(),
            _ => None,
        };
        match params.zip(token) {
            Some((params, token)) => {
                let params = patched(params, &[("progressToken", Some(token))]);
                let told = patched(document.root(), &[("params", Some(params))]);
                steps.push(HubStep::ToClient(told));
            }
            None => self.drop_unasked(server, "progress", steps),
        }
    }

    /// Whether a client of the stateless era asked for log messages of a server and still waits.
    pub(super) fn wants_log(&self, server: usize) -> bool {
        let mut debts = self.owed.values().filter(|debt| debt.server == server);
        debts.any(|debt| matches!(&debt.owed, Owed::Relay(relay) if relay.wants_log && relay.asker.is_some()))
    }
}

/// What a request wants to be told progress under, as it is written.
pub(super) fn token_of(request: &Request<'_>) -> Option<String> {
    let meta = request.params.and_then(|params| params.get("_meta"))?;
    let token = meta.get("progressToken")?;
    matches!(token.kind(), Kind::String | Kind::Number).then(|| token.raw().to_owned())
}
