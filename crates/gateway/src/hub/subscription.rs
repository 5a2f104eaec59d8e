//! What servers tell of changes, and to whom: to the streams of a stateless client, or to one with sessions, which hears of
//! changed lists unasked and subscribes to resources one by one.

use gait_canon::json::{Document, Part, Value};

use super::era::{Era, META_SUBSCRIPTION};
use super::owed::{Owed, Owner, State};
use super::wire::{Answer, Change, cancelled, notification, object, patched, request as written, string};
use super::{Hub, HubStep};
use crate::answer::{INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST};
use crate::frame::Request;

/// Resources that one stream may be about, and resources that a client with sessions may subscribe to.
pub(super) const MAX_RESOURCES: usize = 1024;
/// What can be listened for, by the capability that it belongs to and what tells of it.
pub(super) const LISTS: [(&str, &str, &str); 3] = [
    ("toolsListChanged", "tools", "notifications/tools/list_changed"),
    (
        "promptsListChanged",
        "prompts",
        "notifications/prompts/list_changed",
    ),
    (
        "resourcesListChanged",
        "resources",
        "notifications/resources/list_changed",
    ),
];
/// The member of a filter that names resources.
pub(super) const RESOURCES: &str = "resourceSubscriptions";
/// The member of a filter that names tasks.
pub(super) const TASKS: &str = "taskIds";

impl Hub {
    /// Takes in that a stateless server accepts a stream.
    pub(super) fn acknowledged(
        &mut self,
        server: usize,
        subscription: Option<Part<'_>>,
        params: Option<Part<'_>>,
        steps: &mut Vec<HubStep>,
    ) {
        let accepted = params.and_then(|params| params.get("notifications"));
        let Some((id, owner)) = self.stream(server, subscription) else {
            return self.drop_unasked(server, "an acknowledgement", steps);
        };
        match owner {
            Owner::Lists | Owner::Resource { asker: None, .. } => {}
            Owner::Listener(asker) => {
                let tasks = |task: &Value| {
                    let task = task.as_str().map(|task| self.close_task(server, task));
                    task.map_or(Value::Null, Value::from)
                };
                let mut members = Vec::new();
                for (key, part) in accepted.into_iter().flat_map(Part::members) {
                    match part.to_value() {
                        Ok(Value::Array(known)) if key == TASKS && !self.is_single() => {
                            members.push((key, Value::Array(known.iter().map(tasks).collect())));
                        }
                        Ok(value) => members.push((key, value)),
                        Err(_) => {}
                    }
                }
                // A stream is acknowledged once; what a server accepts after that, nobody asked for.
                if let Some(listener) = self.listeners.get_mut(&asker)
                    && listener.pending.contains(&id)
                {
                    for (key, value) in members {
                        listener.accept(key, value);
                    }
                    listener.pending.retain(|pending| *pending != id);
                }
                self.acknowledge(&asker, steps);
            }
            Owner::Resource {
                uri,
                asker: Some(asker),
            } => {
                let uris = accepted.and_then(|accepted| accepted.get(RESOURCES));
                let mut uris = uris.into_iter().flat_map(Part::items).filter_map(Part::as_str);
                if uris.any(|accepted| accepted == uri) {
                    self.owe(id, server, Owed::Stream(Owner::Resource { uri, asker: None }));
                    self.answer(&asker, &Answer::Result("{}".to_owned()), steps);
                } else {
                    self.end_stream(id, steps);
                    let refusal = Answer::error(INVALID_PARAMS, "the server does not tell of changes of it");
                    self.answer(&asker, &refusal, steps);
                }
            }
        }
    }

    /// The stream that a server means.
    fn stream(&self, server: usize, subscription: Option<Part<'_>>) -> Option<(i64, Owner)> {
        let id = subscription.and_then(|id| id.read::<i64>().ok())?;
        match self
            .owed
            .get(&id)
            .filter(|debt| debt.server == server)
            .map(|debt| &debt.owed)
        {
            Some(Owed::Stream(owner)) => Some((id, owner.clone())),
            _ => None,
        }
    }

    /// Passes on what a server tells on a stream.
    pub(super) fn stream_tells(
        &mut self,
        server: usize,
        subscription: Option<Part<'_>>,
        (params, document): (Option<Part<'_>>, &Document<'_>),
        steps: &mut Vec<HubStep>,
    ) {
        let (Some((_, owner)), Some(params)) = (self.stream(server, subscription), params) else {
            return self.drop_unasked(server, "a notice of a change", steps);
        };
        let mut changes = Vec::new();
        if !self.is_single() {
            changes = self.task_changes(server, params);
        }
        let meta = params.get("_meta");
        if let Owner::Listener(asker) = owner {
            let Some(listener) = self.listeners.get_mut(&asker) else {
                return;
            };
            let id = (META_SUBSCRIPTION, Some(listener.id.clone()));
            changes.retain(|(key, _)| *key != "_meta");
            changes.push(("_meta", meta.map(|meta| patched(meta, &[id]))));
            let params = patched(params, &changes);
            listener.tell(patched(document.root(), &[("params", Some(params))]), steps);
            return;
        }
        let meta = meta.map(|meta| patched(meta, &[(META_SUBSCRIPTION, None)]));
        changes.push(("_meta", meta.filter(|meta| meta != "{}")));
        let params = patched(params, &changes);
        let params = (params != "{}").then_some(params);
        steps.push(HubStep::ToClient(patched(document.root(), &[("params", params)])));
    }

    /// Takes in that a stream from a server is over; `root` is its answer, if it gave one.
    pub(super) fn stream_ended(
        &mut self,
        id: i64,
        owner: Owner,
        root: Option<Part<'_>>,
        steps: &mut Vec<HubStep>,
    ) {
        match owner {
            Owner::Listener(asker) => {
                if let Some(listener) = self.listeners.get_mut(&asker) {
                    listener.pending.retain(|pending| *pending != id);
                    listener.streams.retain(|stream| *stream != id);
                }
                self.acknowledge(&asker, steps);
                self.end_if_silent(&asker, steps);
            }
            Owner::Resource {
                asker: Some(asker), ..
            } => {
                let error = root
                    .and_then(|root| root.get("error"))
                    .map(|error| Answer::Error(error.raw().to_owned()));
                let refusal =
                    error.unwrap_or_else(|| Answer::error(INTERNAL_ERROR, "the server does not tell"));
                self.answer(&asker, &refusal, steps);
            }
            Owner::Lists | Owner::Resource { asker: None, .. } => {}
        }
    }

    pub(super) fn end_stream(&mut self, id: i64, steps: &mut Vec<HubStep>) {
        if let Some(debt) = self.owed.remove(&id) {
            steps.push(HubStep::ToServer(debt.server, cancelled(&id.to_string())));
        }
    }

    /// Passes on what a server tells without a stream.
    pub(super) fn server_changed(
        &mut self,
        server: usize,
        (method, params): (&str, Option<Part<'_>>),
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        if self.session.is_begun {
            let several = params.filter(|_| !self.is_single());
            let params = several.map(|params| patched(params, &self.task_changes(server, params)));
            let change = params.map(|params| ("params", Some(params)));
            steps.push(HubStep::ToClient(patched(document.root(), change.as_slice())));
        }
        let uri = params.and_then(|params| params.get("uri")?.as_str());
        for listener in self.listeners.values_mut() {
            let of_list = |(at, key): &(usize, &str)| {
                *at == server
                    && LISTS
                        .iter()
                        .any(|(known, _, tells)| known == key && *tells == method)
            };
            // What changed may be a part of what was subscribed to.
            let of_resource = |(at, known): &(usize, String)| {
                *at == server && uri.is_some_and(|uri| uri.starts_with(known.as_str()))
            };
            let is_wanted = match method {
                "notifications/resources/updated" => listener.resources.iter().any(of_resource),
                _ => listener.lists.iter().any(of_list),
            };
            if is_wanted {
                let params = listener.params(params);
                listener.tell(patched(document.root(), &[("params", Some(params))]), steps);
            }
        }
    }

    /// Tells that the lists of a server that is gone are shorter now, and ends the streams that only it told.
    pub(super) fn server_offers_nothing(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        if !self.is_single() {
            self.lists_are_shorter(server, steps);
        }
        for listener in self.listeners.values_mut() {
            listener.lists.retain(|(at, _)| *at != server);
            listener.resources.retain(|(at, _)| *at != server);
        }
        for id in self.listeners.keys().cloned().collect::<Vec<_>>() {
            self.end_if_silent(&id, steps);
        }
    }

    fn lists_are_shorter(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        for (key, capability, method) in LISTS {
            if !self.servers[server]
                .offer()
                .is_some_and(|offer| offer.has(capability))
            {
                continue;
            }
            if self.session.is_begun {
                let method = string(method);
                steps.push(HubStep::ToClient(format!(
                    "{{\"jsonrpc\":\"2.0\",\"method\":{method}}}"
                )));
            }
            for listener in self.listeners.values_mut() {
                if listener.accepted.get(key).and_then(Value::as_bool) == Some(true) {
                    let params = listener.params(None);
                    listener.tell(notification(method, &params), steps);
                }
            }
        }
    }

    /// Listens at the stateless servers for what a client with sessions is told unasked.
    pub(super) fn listen_for_lists(&mut self, steps: &mut Vec<HubStep>) {
        let filters: Vec<(usize, String)> = self
            .offers()
            .filter(|(_, offer)| offer.era == Era::Stateless)
            .map(|(server, offer)| {
                let told = LISTS
                    .iter()
                    .filter(|(_, capability, _)| offer.has_part(capability, "listChanged"));
                let members: Vec<Change<'_>> =
                    told.map(|(key, ..)| (*key, Some("true".to_owned()))).collect();
                (server, object(&members))
            })
            .collect();
        for (server, filter) in filters.into_iter().filter(|(_, filter)| filter != "{}") {
            self.open_stream(server, filter, Owner::Lists, steps);
        }
    }

    /// Opens a stream of the hub's own at a stateless server.
    fn open_stream(&mut self, server: usize, filter: String, owner: Owner, steps: &mut Vec<HubStep>) -> i64 {
        let id = self.next_id();
        let meta = object(&self.session.meta());
        let params = object(&[("notifications", Some(filter)), ("_meta", Some(meta))]);
        steps.push(HubStep::ToServer(
            server,
            written(id, "subscriptions/listen", &params),
        ));
        self.owe(id, server, Owed::Stream(owner));
        id
    }

    /// Subscribes a client with sessions to a resource.
    pub(super) fn subscribe(
        &mut self,
        request: &Request<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let Some((server, uri)) = self.stateless_place(request) else {
            return self.pass_on(request, document, steps);
        };
        let streams = self
            .owed
            .values()
            .filter(|debt| matches!(debt.owed, Owed::Stream(_)))
            .count();
        if self.subscription(server, &uri).is_some() {
            return self.answer(&request.id, &Answer::Result("{}".to_owned()), steps);
        }
        if streams >= MAX_RESOURCES {
            let refusal = Answer::error(INVALID_REQUEST, "too much is subscribed to");
            return self.answer(&request.id, &refusal, steps);
        }
        let filter = object(&[(RESOURCES, Some(format!("[{}]", string(&uri))))]);
        let asker = Some(request.id.clone());
        let id = self.open_stream(server, filter, Owner::Resource { uri, asker }, steps);
        self.now_waits(&request.id, State::Relayed(id));
    }

    /// Takes that back.
    pub(super) fn unsubscribe(
        &mut self,
        request: &Request<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let Some((server, uri)) = self.stateless_place(request) else {
            return self.pass_on(request, document, steps);
        };
        if let Some(id) = self.subscription(server, &uri) {
            self.end_stream(id, steps);
        }
        self.answer(&request.id, &Answer::Result("{}".to_owned()), steps);
    }

    /// The stateless server that has the resource a request is about.
    fn stateless_place(&self, request: &Request<'_>) -> Option<(usize, String)> {
        let uri = request.params.and_then(|params| params.get("uri")?.as_str())?;
        let server = self.place_of(uri)?;
        let offer = self.servers[server].offer()?;
        (offer.era == Era::Stateless).then(|| (server, uri.to_owned()))
    }

    /// The stream by which a client with sessions is subscribed to a resource.
    fn subscription(&self, server: usize, uri: &str) -> Option<i64> {
        self.owed.iter().find_map(|(id, debt)| match &debt.owed {
            Owed::Stream(Owner::Resource {
                uri: known,
                asker: None,
            }) if debt.server == server && known == uri => Some(*id),
            _ => None,
        })
    }
}
