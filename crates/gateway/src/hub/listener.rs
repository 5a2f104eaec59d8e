//! Streams that a stateless client opens. Each is made of one to each stateless server and of what servers with sessions tell
//! anyway.

use std::collections::BTreeMap;

use gait_canon::json::{self, Document, Kind, Object, Part, Value};

use super::era::{Era, META_SUBSCRIPTION, Way};
use super::owed::{Owed, Owner, State};
use super::subscription::{LISTS, MAX_RESOURCES, RESOURCES, TASKS};
use super::wire::{Answer, Change, notification, object, patched, request as written, string};
use super::{Hub, HubStep};
use crate::answer::{INVALID_PARAMS, INVALID_REQUEST};
use crate::frame::{Request, RequestId};

/// Streams that the client may have open.
const MAX_LISTENERS: usize = 64;
/// Notices that are held until a stream is acknowledged; what comes then is lost.
const MAX_HELD: usize = 256;

/// A stream of the client.
#[derive(Debug)]
pub(super) struct Listener {
    /// Its id as the client wrote it.
    pub(super) id: String,
    /// The hub's ids of what servers did not accept or refuse yet.
    pub(super) pending: Vec<i64>,
    /// The hub's ids of the streams that it is made of.
    pub(super) streams: Vec<i64>,
    /// What servers with sessions tell of changed lists, as members of the filter.
    pub(super) lists: Vec<(usize, &'static str)>,
    /// Resources that servers with sessions tell of.
    pub(super) resources: Vec<(usize, String)>,
    pub(super) accepted: Object,
    is_acknowledged: bool,
    held: Vec<String>,
}

/// The streams of the client.
pub(super) type Listeners = BTreeMap<RequestId, Listener>;

impl Listener {
    /// Tells the client something, once it may be told.
    pub(super) fn tell(&mut self, text: String, steps: &mut Vec<HubStep>) {
        if self.is_acknowledged {
            steps.push(HubStep::ToClient(text));
        } else if self.held.len() < MAX_HELD {
            self.held.push(text);
        }
    }

    /// `params` of a notification on this stream.
    pub(super) fn params(&self, params: Option<Part<'_>>) -> String {
        let id = (META_SUBSCRIPTION, Some(self.id.clone()));
        let meta = params.and_then(|params| params.get("_meta"));
        let meta = match meta.filter(|meta| meta.kind() == Kind::Object) {
            Some(meta) => patched(meta, &[id]),
            None => object(&[id]),
        };
        let meta = ("_meta", Some(meta));
        params.map_or_else(
            || object(std::slice::from_ref(&meta)),
            |params| patched(params, std::slice::from_ref(&meta)),
        )
    }

    /// Takes note of what a server will tell.
    pub(super) fn accept(&mut self, key: &str, value: Value) {
        match (self.accepted.get_mut(key), value) {
            (Some(Value::Array(known)), Value::Array(more)) => {
                let new: Vec<Value> = more.into_iter().filter(|item| !known.contains(item)).collect();
                known.extend(new);
            }
            (Some(known @ Value::Bool(false)), value) => *known = value,
            (Some(_), _) => {}
            (None, value) => {
                self.accepted.insert(key, value);
            }
        }
    }
}

impl Hub {
    /// Opens a stream of the client.
    pub(super) fn listen(
        &mut self,
        request: &Request<'_>,
        document: &Document<'_>,
        steps: &mut Vec<HubStep>,
    ) {
        let filter = request.params.and_then(|params| params.get("notifications"));
        let Some(filter) = filter.filter(|filter| filter.kind() == Kind::Object) else {
            let refusal = Answer::error(INVALID_PARAMS, "params.notifications must be an object");
            return self.answer(&request.id, &refusal, steps);
        };
        let named = |key: &str| {
            filter
                .get(key)
                .into_iter()
                .flat_map(Part::items)
                .filter_map(Part::as_str)
        };
        if self.listeners.len() >= MAX_LISTENERS
            || named(RESOURCES).count() + named(TASKS).count() > MAX_RESOURCES
        {
            let refusal = Answer::error(INVALID_REQUEST, "too much is listened for");
            return self.answer(&request.id, &refusal, steps);
        }
        let mut listener = Listener {
            id: document.root().get("id").map_or("null", Part::raw).to_owned(),
            pending: Vec::new(),
            streams: Vec::new(),
            lists: Vec::new(),
            resources: Vec::new(),
            accepted: Object::new(),
            is_acknowledged: false,
            held: Vec::new(),
        };
        for server in 0..self.servers.len() {
            let Some(offer) = self.servers[server].offer() else {
                continue;
            };
            if offer.era == Era::Stateless {
                self.listen_at(server, (request, document, filter), &mut listener, steps);
                continue;
            }
            for (key, capability, _) in LISTS {
                let is_wanted = filter.get(key).and_then(Part::as_bool) == Some(true);
                if is_wanted && offer.has_part(capability, "listChanged") {
                    listener.lists.push((server, key));
                    listener.accept(key, true.into());
                }
            }
            if offer.has_part("resources", "subscribe") {
                for uri in named(RESOURCES)
                    .filter(|uri| self.place_of(uri) == Some(server))
                    .collect::<Vec<_>>()
                {
                    let id = self.next_id();
                    let (listener_id, uri) = (request.id.clone(), uri.to_owned());
                    let params = object(&[("uri", Some(string(&uri)))]);
                    steps.push(HubStep::ToServer(
                        server,
                        written(id, "resources/subscribe", &params),
                    ));
                    self.owe(
                        id,
                        server,
                        Owed::Subscription {
                            listener: listener_id,
                            uri,
                        },
                    );
                    listener.pending.push(id);
                }
            }
        }
        self.listeners.insert(request.id.clone(), listener);
        self.now_waits(&request.id, State::Listening);
        self.acknowledge(&request.id, steps);
    }

    /// Opens the part of a stream that a stateless server tells.
    fn listen_at(
        &mut self,
        server: usize,
        (request, document, filter): (&Request<'_>, &Document<'_>, Part<'_>),
        listener: &mut Listener,
        steps: &mut Vec<HubStep>,
    ) {
        let mut changes: Vec<Change<'_>> = Vec::new();
        if !self.is_single() {
            let named = |key: &str| {
                let items = filter.get(key)?.items().filter_map(Part::as_str);
                Some(items.collect::<Vec<_>>())
            };
            let array = |own: Vec<String>| (!own.is_empty()).then(|| format!("[{}]", own.join(",")));
            if let Some(uris) = named(RESOURCES) {
                let own = uris.into_iter().filter(|uri| self.place_of(uri) == Some(server));
                changes.push((RESOURCES, array(own.map(string).collect())));
            }
            if let Some(tasks) = named(TASKS) {
                let own = tasks.into_iter().filter_map(|task| self.open_task(task));
                let own = own
                    .filter(|(place, _)| *place == server)
                    .map(|(_, task)| string(task));
                changes.push((TASKS, array(own.collect())));
            }
        }
        let filter = patched(filter, &changes);
        if filter == "{}" {
            return;
        }
        let id = self.next_id();
        let way = Way {
            from: Era::Stateless,
            to: Era::Stateless,
            token: None,
            meta: &[],
        };
        let params = way.params(request.params, vec![("notifications", Some(filter))]);
        let told = patched(
            document.root(),
            &[("id", Some(id.to_string())), ("params", params)],
        );
        steps.push(HubStep::ToServer(server, told));
        self.owe(id, server, Owed::Stream(Owner::Listener(request.id.clone())));
        listener.pending.push(id);
        listener.streams.push(id);
    }

    /// The server of a resource.
    pub(super) fn place_of(&self, uri: &str) -> Option<usize> {
        if self.is_single() {
            Some(0)
        } else {
            self.places.find(uri)
        }
    }

    /// Tells the client what was accepted, once every server said so.
    pub(super) fn acknowledge(&mut self, id: &RequestId, steps: &mut Vec<HubStep>) {
        let Some(listener) = self.listeners.get_mut(id) else {
            return;
        };
        if listener.is_acknowledged || !listener.pending.is_empty() {
            return;
        }
        listener.is_acknowledged = true;
        let accepted = json::compact_in_order(&Value::from(listener.accepted.clone()));
        let meta = object(&[(META_SUBSCRIPTION, Some(listener.id.clone()))]);
        let params = object(&[("_meta", Some(meta)), ("notifications", Some(accepted))]);
        let told = notification("notifications/subscriptions/acknowledged", &params);
        steps.push(HubStep::ToClient(told));
        steps.extend(listener.held.drain(..).map(HubStep::ToClient));
    }

    /// Ends a stream of the client on which nobody will tell anything any more.
    pub(super) fn end_if_silent(&mut self, id: &RequestId, steps: &mut Vec<HubStep>) {
        let is_silent = |listener: &Listener| {
            listener.is_acknowledged
                && listener.streams.is_empty()
                && listener.lists.is_empty()
                && listener.resources.is_empty()
        };
        if self.listeners.get(id).is_some_and(is_silent)
            && let Some(listener) = self.listeners.remove(id)
        {
            let meta = object(&[(META_SUBSCRIPTION, Some(listener.id))]);
            let members = [("resultType", Some(string("complete"))), ("_meta", Some(meta))];
            self.answer(id, &Answer::Result(object(&members)), steps);
        }
    }

    /// Takes in whether a server with sessions tells of a resource.
    pub(super) fn subscription_is(
        &mut self,
        id: i64,
        (asker, uri): (&RequestId, &str),
        accepted_by: Option<usize>,
        steps: &mut Vec<HubStep>,
    ) {
        match (self.listeners.get_mut(asker), accepted_by) {
            (Some(listener), accepted_by) => {
                listener.pending.retain(|pending| *pending != id);
                if let Some(server) = accepted_by {
                    listener.resources.push((server, uri.to_owned()));
                    listener.accept(RESOURCES, Value::Array(vec![uri.into()]));
                }
                self.acknowledge(asker, steps);
            }
            (None, Some(server)) => self.forget_resource(server, uri, steps),
            (None, None) => {}
        }
    }

    /// Ends a stream that the client does not want any more.
    pub(super) fn end_listening(&mut self, id: &RequestId, steps: &mut Vec<HubStep>) {
        let Some(listener) = self.listeners.remove(id) else {
            return;
        };
        for stream in listener.streams {
            self.end_stream(stream, steps);
        }
        for (server, uri) in listener.resources {
            self.forget_resource(server, &uri, steps);
        }
    }

    /// Tells a server with sessions that nobody wants to know of a resource, unless somebody does.
    pub(super) fn forget_resource(&mut self, server: usize, uri: &str, steps: &mut Vec<HubStep>) {
        let is_it = |(at, known): &(usize, String)| *at == server && known == uri;
        let is_wanted = self
            .listeners
            .values()
            .any(|listener| listener.resources.iter().any(is_it));
        if !is_wanted && self.servers[server].offer().is_some() {
            let id = self.owe_nothing(server);
            let params = object(&[("uri", Some(string(uri)))]);
            steps.push(HubStep::ToServer(
                server,
                written(id, "resources/unsubscribe", &params),
            ));
        }
    }
}
