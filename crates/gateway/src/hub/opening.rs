//! How servers are opened, and what the client is told that they can do.
//!
//! The client's first request opens them all: each is asked whether it speaks the stateless era, and gets `initialize` if it
//! does not say so in time. One that cannot be opened is left out, with all that it would offer.

use gait_canon::json::{self, Document, Kind, Object, Part, Value};

use super::era::{
    Era, HANDSHAKE, META_CAPABILITIES, META_CLIENT, META_LEVEL, META_SERVER, META_VERSION, STATELESS,
    UNSUPPORTED_VERSION,
};
use super::owed::Owed;
use super::wire::{Answer, Change, object, request, string};
use super::{Hub, HubDropped, HubStep, ServerName};
use crate::frame::RequestId;

/// The name of the program, towards both sides.
const PROGRAM: &str = "gait";
/// Characters of a server's instructions that are passed on when there are several servers.
const MAX_INSTRUCTIONS: usize = 16 << 10;
/// The extension whose ids of tasks only the stateless era has.
const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// How far the opening is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody asked for anything.
    Idle,
    /// Some server did not say yet what it can do.
    Opening,
    /// All servers are open or left out.
    Open,
}

/// A server behind the hub.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) name: ServerName,
    pub(super) state: ServerState,
    /// The least level of log messages that it was told to send, if it was.
    pub(super) level: Option<String>,
    /// Whether it was told that the client is ready, which servers with sessions wait for.
    is_told: bool,
}

/// What a server is ready for.
#[derive(Debug)]
pub(super) enum ServerState {
    /// It was not spoken to.
    Closed,
    /// It was asked for its era under this id.
    Probing(i64),
    /// It was sent `initialize` under this id.
    Initializing(i64),
    Open(Offer),
    LeftOut,
}

/// What an open server offers.
#[derive(Debug)]
pub(super) struct Offer {
    pub(super) era: Era,
    /// The revision that was agreed on.
    version: String,
    capabilities: Object,
    instructions: String,
}

impl Offer {
    fn of(result: Part<'_>, era: Era, version: &str) -> Self {
        let capabilities = result.get("capabilities").and_then(|part| part.to_value().ok());
        let instructions = result.get("instructions").and_then(Part::as_str);
        Self {
            era,
            version: version.to_owned(),
            capabilities: capabilities
                .and_then(|capabilities| capabilities.as_object().cloned())
                .unwrap_or_default(),
            instructions: instructions.unwrap_or_default().to_owned(),
        }
    }

    /// Whether the server says that it can do something.
    pub(super) fn has(&self, capability: &str) -> bool {
        self.capabilities.contains_key(capability)
    }

    /// Whether it says so of a part of that, such as `listChanged` of `tools`.
    pub(super) fn has_part(&self, capability: &str, part: &str) -> bool {
        let capability = self.capabilities.get(capability);
        capability
            .and_then(|capability| capability.get(part)?.as_bool())
            .unwrap_or(false)
    }

    /// What of it a client of `era` can use; what only one server understands is for hubs in front of one.
    fn usable(&self, era: Era, is_single: bool) -> Object {
        let mut usable = self.capabilities.clone();
        if self.era != era {
            usable.remove("tasks");
            if let Some(extensions) = usable.get_mut("extensions").and_then(Value::as_object_mut) {
                extensions.remove(TASKS_EXTENSION);
            }
        }
        if !is_single {
            usable.remove("experimental");
        }
        usable
    }
}

impl Server {
    pub(super) const fn new(name: ServerName) -> Self {
        Self {
            name,
            state: ServerState::Closed,
            level: None,
            is_told: false,
        }
    }

    /// What it offers, if it is open.
    pub(super) const fn offer(&self) -> Option<&Offer> {
        match &self.state {
            ServerState::Open(offer) => Some(offer),
            _ => None,
        }
    }

    const fn is_settled(&self) -> bool {
        matches!(self.state, ServerState::Open(_) | ServerState::LeftOut)
    }
}

/// What the client said of itself.
#[derive(Debug)]
pub(super) struct Session {
    /// Whether it sent `initialize`.
    pub(super) is_begun: bool,
    /// The revision that it asked for then, or the newest that there was with `initialize`.
    version: String,
    /// Who it is, as JSON.
    client: String,
    /// What it can do, as JSON.
    pub(super) capabilities: String,
    /// The least level of log messages that it wants, as JSON.
    pub(super) level: Option<String>,
    program: String,
}

impl Session {
    pub(super) fn new(version: &str) -> Self {
        let program = object(&[
            ("name", Some(string(PROGRAM))),
            ("version", Some(string(version))),
        ]);
        Self {
            is_begun: false,
            version: newest_handshake().to_owned(),
            client: program.clone(),
            capabilities: "{}".to_owned(),
            level: None,
            program,
        }
    }

    /// Takes note of what the client says in its first request.
    pub(super) fn introduce(&mut self, method: &str, params: Option<Part<'_>>) {
        let raw = |part: Option<Part<'_>>| {
            let part = part.filter(|part| part.kind() == Kind::Object);
            part.map(|part| part.raw().to_owned())
        };
        let (client, capabilities) = if method == "initialize" {
            self.is_begun = true;
            let version = params
                .and_then(|params| params.get("protocolVersion"))
                .and_then(Part::as_str);
            if let Some(version) = version.filter(|version| HANDSHAKE.contains(version)) {
                self.version = version.to_owned();
            }
            let get = |key: &str| raw(params.and_then(|params| params.get(key)));
            (get("clientInfo"), get("capabilities"))
        } else {
            let meta = params.and_then(|params| params.get("_meta"));
            let get = |key: &str| raw(meta.and_then(|meta| meta.get(key)));
            (get(META_CLIENT), get(META_CAPABILITIES))
        };
        self.client = client.unwrap_or_else(|| self.program.clone());
        self.capabilities = capabilities.unwrap_or_else(|| "{}".to_owned());
    }

    /// What requests of this client have in their `_meta` on the way to a stateless server.
    pub(super) fn meta(&self) -> [Change<'static>; 4] {
        [
            (META_VERSION, Some(string(STATELESS))),
            (META_CLIENT, Some(self.client.clone())),
            (META_CAPABILITIES, Some(self.capabilities.clone())),
            (META_LEVEL, self.level.clone()),
        ]
    }
}

impl Hub {
    /// Asks every server whether it speaks the stateless era.
    pub(super) fn open(&mut self, steps: &mut Vec<HubStep>) {
        self.phase = Phase::Opening;
        let params = object(&[("_meta", Some(object(&self.session.meta())))]);
        for server in 0..self.servers.len() {
            if self.servers[server].is_settled() {
                continue;
            }
            let id = self.next_id();
            self.servers[server].state = ServerState::Probing(id);
            self.owe(id, server, Owed::Probe);
            steps.push(HubStep::ToServer(server, request(id, "server/discover", &params)));
            steps.push(HubStep::WakeAfter(server, self.settings.probe_patience));
        }
        self.go_on_when_open(steps);
    }

    /// Takes in what a server answers to the question for its era.
    pub(super) fn probed(&mut self, server: usize, document: &Document<'_>, steps: &mut Vec<HubStep>) {
        let root = document.root();
        if let Some(result) = root.get("result") {
            let versions = result.get("supportedVersions").into_iter().flat_map(Part::items);
            if versions
                .filter_map(Part::as_str)
                .any(|version| version == STATELESS)
            {
                let offer = Offer::of(result, Era::Stateless, STATELESS);
                return self.opened(server, offer, steps);
            }
            return self.initialize(server, steps);
        }
        let error = root.get("error");
        let code = error.and_then(|error| error.get("code")?.read::<i32>().ok());
        if code != Some(UNSUPPORTED_VERSION) {
            return self.initialize(server, steps);
        }
        let data = error.and_then(|error| error.get("data")?.get("supported"));
        let mut supported = data.into_iter().flat_map(Part::items).filter_map(Part::as_str);
        if supported.any(|version| HANDSHAKE.contains(&version)) {
            self.initialize(server, steps);
        } else {
            self.leave_out(
                server,
                "it speaks no revision of the protocol that is known here",
                steps,
            );
        }
    }

    fn initialize(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        let id = self.next_id();
        self.servers[server].state = ServerState::Initializing(id);
        self.owe(id, server, Owed::Initialize);
        let params = object(&[
            ("protocolVersion", Some(string(&self.session.version))),
            ("capabilities", Some(self.session.capabilities.clone())),
            ("clientInfo", Some(self.session.client.clone())),
        ]);
        steps.push(HubStep::ToServer(server, request(id, "initialize", &params)));
        steps.push(HubStep::WakeAfter(server, self.settings.opening_patience));
    }

    /// Takes in what a server answers to `initialize`.
    pub(super) fn initialized(&mut self, server: usize, document: &Document<'_>, steps: &mut Vec<HubStep>) {
        let result = document.root().get("result");
        let version = result.and_then(|result| result.get("protocolVersion")?.as_str());
        match (result, version.filter(|version| HANDSHAKE.contains(version))) {
            (Some(result), Some(version)) => {
                self.opened(server, Offer::of(result, Era::Handshake, version), steps);
            }
            (Some(_), None) => {
                self.leave_out(
                    server,
                    "it speaks no revision of the protocol that is known here",
                    steps,
                );
            }
            (None, _) => {
                let error = document.root().get("error").map_or("no error", Part::raw);
                self.leave_out(server, &format!("it answered initialize with {error}"), steps);
            }
        }
    }

    /// Tells servers with sessions that the client is ready. They may speak to it from then on, so that they are not told
    /// before the client can listen.
    pub(super) fn client_is_ready(&mut self, steps: &mut Vec<HubStep>) {
        for (place, server) in self.servers.iter_mut().enumerate() {
            let has_sessions = server.offer().is_some_and(|offer| offer.era == Era::Handshake);
            if has_sessions && !server.is_told {
                server.is_told = true;
                let told = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
                steps.push(HubStep::ToServer(place, told.to_owned()));
            }
        }
    }

    /// Goes on with a server that did not answer in time.
    pub(super) fn opening_takes_too_long(&mut self, server: usize, steps: &mut Vec<HubStep>) {
        match self.servers.get(server).map(|server| &server.state) {
            Some(ServerState::Probing(id)) => {
                self.owed.remove(id);
                self.initialize(server, steps);
            }
            Some(ServerState::Initializing(id)) => {
                self.owed.remove(id);
                self.leave_out(server, "it did not answer in time", steps);
            }
            _ => {}
        }
    }

    fn opened(&mut self, server: usize, offer: Offer, steps: &mut Vec<HubStep>) {
        self.servers[server].state = ServerState::Open(offer);
        self.go_on_when_open(steps);
    }

    pub(super) fn leave_out(&mut self, server: usize, why: &str, steps: &mut Vec<HubStep>) {
        self.servers[server].state = ServerState::LeftOut;
        steps.push(HubStep::Dropped(HubDropped::ServerLeftOut {
            server: self.servers[server].name.clone(),
            why: why.to_owned(),
        }));
        self.go_on_when_open(steps);
    }

    /// Takes up what waited, once nothing is to be waited for any more.
    fn go_on_when_open(&mut self, steps: &mut Vec<HubStep>) {
        if self.phase != Phase::Opening || !self.servers.iter().all(Server::is_settled) {
            return;
        }
        self.phase = Phase::Open;
        for (id, text) in std::mem::take(&mut self.parked) {
            self.take_up(&id, &text, steps);
        }
    }

    /// The servers that are open.
    pub(super) fn offers(&self) -> impl Iterator<Item = (usize, &Offer)> {
        let servers = self.servers.iter().enumerate();
        servers.filter_map(|(place, server)| Some((place, server.offer()?)))
    }

    /// The answer to `initialize`.
    pub(super) fn welcome(&self) -> Answer {
        let versions = self.offers().filter(|(_, offer)| offer.era == Era::Handshake);
        // A later revision is one more thing that servers which agreed on an earlier one do not know.
        let version = versions
            .map(|(_, offer)| offer.version.as_str())
            .chain([self.session.version.as_str()])
            .min();
        Answer::Result(object(&[
            ("protocolVersion", version.map(string)),
            ("capabilities", Some(self.capabilities(Era::Handshake))),
            ("serverInfo", Some(self.session.program.clone())),
            ("instructions", self.instructions().as_deref().map(string)),
        ]))
    }

    /// The answer to `server/discover`.
    pub(super) fn discovery(&self) -> Answer {
        let meta = object(&[(META_SERVER, Some(self.session.program.clone()))]);
        Answer::Result(object(&[
            ("resultType", Some(string("complete"))),
            ("supportedVersions", Some(format!("[{}]", string(STATELESS)))),
            ("capabilities", Some(self.capabilities(Era::Stateless))),
            ("instructions", self.instructions().as_deref().map(string)),
            // Which servers are there can change with the next start.
            ("ttlMs", Some("0".to_owned())),
            ("cacheScope", Some(string("private"))),
            ("_meta", Some(meta)),
        ]))
    }

    /// Whatever one of the servers can do.
    fn capabilities(&self, era: Era) -> String {
        let mut union = Object::new();
        for (_, offer) in self.offers() {
            join(&mut union, offer.usable(era, self.is_single()), 0);
        }
        json::compact_in_order(&union.into())
    }

    fn instructions(&self) -> Option<String> {
        if self.is_single() {
            let mut offers = self.offers();
            let alone = offers.next().map(|(_, offer)| offer.instructions.clone());
            return alone.filter(|text| !text.is_empty());
        }
        let names: Vec<&str> = self
            .offers()
            .map(|(server, _)| self.servers[server].name.as_str())
            .collect();
        let mut text = format!(
            "Several servers stand behind this one: {}. The names of tools and prompts begin with their server's.",
            names.join(", ")
        );
        for (name, (_, offer)) in names.iter().zip(self.offers()) {
            if !offer.instructions.is_empty() {
                text.extend(["\n\n# ", name, "\n\n"]);
                text.extend(offer.instructions.chars().take(MAX_INSTRUCTIONS));
            }
        }
        Some(text)
    }

    /// Answers a request with what came of the opening, if there is nothing to be had.
    pub(super) fn nothing_is_open(&mut self, id: &RequestId, steps: &mut Vec<HubStep>) -> bool {
        let is_nothing = self.offers().next().is_none();
        if is_nothing {
            let message = "no server could be opened";
            self.answer(id, &Answer::error(crate::answer::INTERNAL_ERROR, message), steps);
        }
        is_nothing
    }
}

fn newest_handshake() -> &'static str {
    HANDSHAKE[HANDSHAKE.len() - 1]
}

/// Gives `union` what it lacks of `other`: what one server can do can be done.
fn join(union: &mut Object, other: Object, depth: usize) {
    /// Capabilities are nested a few levels deep; whoever goes further has the first one's word.
    const MAX_DEPTH: usize = 8;
    for (key, value) in other {
        match (union.get_mut(&key), value) {
            (None, value) => {
                union.insert(key, value);
            }
            (Some(Value::Object(known)), Value::Object(other)) if depth < MAX_DEPTH => {
                join(known, other, depth + 1);
            }
            (Some(known @ Value::Bool(_)), Value::Bool(true)) => *known = Value::Bool(true),
            _ => {}
        }
    }
}
