//! Conversations through the hub, with scripted servers.

use std::fmt::Write as _;

use gait_canon::json::{self, Value};

use super::*;

mod abuse;
mod asking;
mod exchanges;
mod law;
mod lists;
mod opening;
mod passing;
mod subscriptions;

/// What requests of the stateless era carry in these tests.
const META: &str = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{},"roots":{}}"#;
/// What everything in these tests can do.
const ALL: &str = r#"{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true},"completions":{},"logging":{},"tasks":{"list":{}}}"#;

use era::Era::{self, Handshake, Stateless};

/// A hub, and what it said last.
struct Talk {
    hub: Hub,
    steps: Vec<HubStep>,
    client: Era,
}

impl Talk {
    /// A hub in front of servers called `a`, `b`, `c`, to which nobody spoke.
    fn closed(servers: usize, client: Era) -> Self {
        let names = ["a", "b", "c"][..servers]
            .iter()
            .map(|name| ServerName::new(name).unwrap());
        Self {
            hub: Hub::new(names.collect(), Settings::new("1.0"), "nonce").unwrap(),
            steps: Vec::new(),
            client,
        }
    }

    /// The same with servers of these eras that can do [`ALL`], and a client that can be asked for roots and forms.
    fn open(client: Era, servers: &[Era]) -> Self {
        Self::open_with(client, &servers.iter().map(|era| (*era, ALL)).collect::<Vec<_>>())
    }

    fn open_with(client: Era, servers: &[(Era, &str)]) -> Self {
        let mut talk = Self::closed(servers.len(), client);
        talk.begin();
        for (server, (era, capabilities)) in servers.iter().enumerate() {
            talk.answer_opening(server, *era, capabilities);
        }
        if client == Handshake {
            talk.client(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
        }
        talk.steps.clear();
        talk
    }

    /// The client's first request.
    fn begin(&mut self) -> Vec<String> {
        match self.client {
            Stateless => self.ask("\"first\"", "server/discover", ""),
            Handshake => self.client(
                r#"{"jsonrpc":"2.0","id":"first","method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{"elicitation":{},"roots":{}},"clientInfo":{"name":"c","version":"0"}}}"#,
            ),
        }
    }

    /// Opens a server of `era`, which was asked last.
    fn answer_opening(&mut self, server: usize, era: Era, capabilities: &str) -> Vec<String> {
        if era == Stateless {
            let result =
                format!(r#""result":{{"supportedVersions":["2026-07-28"],"capabilities":{capabilities}}}"#);
            return self.server(server, &self.reply("server/discover", server, &result));
        }
        let refusal = self.reply(
            "server/discover",
            server,
            r#""error":{"code":-32601,"message":"no"}"#,
        );
        self.server(server, &refusal);
        let result = format!(
            r#""result":{{"protocolVersion":"2025-11-25","capabilities":{capabilities},"serverInfo":{{"name":"x","version":"0"}}}}"#
        );
        self.server(server, &self.reply("initialize", server, &result))
    }

    /// An answer to what the hub last asked `server` for by this method.
    fn reply(&self, method: &str, server: usize, answer: &str) -> String {
        let id = self.owed(method, server);
        format!(r#"{{"jsonrpc":"2.0","id":{id},{answer}}}"#)
    }

    /// The id of what is owed by `server` since the request before last.
    fn owed(&self, method: &str, server: usize) -> i64 {
        let of_kind = |(_, debt): &(&i64, &Debt)| {
            let is_kind = match &debt.owed {
                owed::Owed::Probe => method == "server/discover",
                owed::Owed::Initialize => method == "initialize",
                owed::Owed::Relay(relay) => relay.method == method,
                owed::Owed::Page(_) => method.ends_with("/list"),
                owed::Owed::Stream(_) => method == "subscriptions/listen",
                owed::Owed::Subscription { .. } => method == "resources/subscribe",
                owed::Owed::Nothing => false,
            };
            debt.server == server && is_kind
        };
        let newest = self.hub.owed.iter().filter(of_kind).map(|(id, _)| *id).max();
        newest.unwrap_or_else(|| panic!("{server} owes no {method}"))
    }

    /// Asks something in the client's era; `members` are those of the params.
    fn ask(&mut self, id: &str, method: &str, members: &str) -> Vec<String> {
        let text = request(self.client, id, method, members);
        self.client(&text)
    }

    /// Answers what `server` was last asked by this method.
    fn answer(&mut self, method: &str, server: usize, answer: &str) -> Vec<String> {
        self.server(server, &self.reply(method, server, answer))
    }

    fn client(&mut self, text: &str) -> Vec<String> {
        self.steps.clear();
        self.hub.from_client(text.as_bytes(), &mut self.steps);
        self.said()
    }

    fn server(&mut self, server: usize, text: &str) -> Vec<String> {
        self.steps.clear();
        self.hub.from_server(server, text.as_bytes(), &mut self.steps);
        self.said()
    }

    fn wake(&mut self, server: usize) -> Vec<String> {
        self.steps.clear();
        self.hub.wake(server, &mut self.steps);
        self.said()
    }

    fn lose(&mut self, server: usize) -> Vec<String> {
        self.steps.clear();
        self.hub.server_is_gone(server, &mut self.steps);
        self.said()
    }

    fn said(&self) -> Vec<String> {
        let said = |step: &HubStep| match step {
            HubStep::ToClient(text) => Some(format!("client < {text}")),
            HubStep::ToServer(server, text) => Some(format!("{server} < {text}")),
            // Lists are not waited for in most of these tests.
            HubStep::WakeAfter(_, time) if *time == self.hub.settings.listing_patience => None,
            HubStep::WakeAfter(server, time) => Some(format!("wake {server} {}", time.as_secs())),
            HubStep::Dropped(dropped) => Some(format!("dropped {dropped}")),
        };
        self.steps.iter().filter_map(said).collect()
    }
}

/// A request of `era`.
fn request(era: Era, id: &str, method: &str, members: &str) -> String {
    let mut params = members.to_owned();
    if era == Stateless {
        let comma = if members.is_empty() { "" } else { "," };
        write!(params, "{comma}\"_meta\":{{{META}}}").unwrap();
    }
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{params}}}}}"#)
}

/// The only thing that was said, which must begin with `to`, as JSON.
fn only(said: &[String], to: &str) -> Value {
    let [said] = said else {
        panic!("not one message: {said:#?}")
    };
    let text = said
        .strip_prefix(to)
        .unwrap_or_else(|| panic!("{said} is not for {to}"));
    json::parse(text.trim_start_matches([' ', '<']).as_bytes()).unwrap()
}

/// What stands at a path of JSON, as compact text; empty where there is nothing.
fn at(value: &Value, path: &str) -> String {
    let found = path
        .split('.')
        .try_fold(value, |value, key| match key.parse::<usize>() {
            Ok(place) => value.as_array()?.get(place),
            Err(_) => value.get(key),
        });
    found.map(json::compact).unwrap_or_default()
}
