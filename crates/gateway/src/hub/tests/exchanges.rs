//! The hub in front of real exchanges: what it sends is judged, and what they list themselves is asked in the server's era.

use std::collections::VecDeque;
use std::sync::Arc;

use super::*;
use crate::catalog::{Catalog, Review};
use crate::exchange::{Decided, Exchange, Step};

/// A client that said something, and whatever is behind the hub.
struct House {
    hub: Hub,
    exchanges: Vec<Exchange>,
    eras: Vec<Era>,
    /// Calls that were judged, by server and its own name for the tool.
    judged: Vec<(usize, String)>,
    /// What servers were sent.
    told: Vec<(usize, String)>,
    answers: Vec<String>,
}

impl House {
    fn new(eras: &[Era]) -> Self {
        let names = ["a", "b"].map(|name| ServerName::new(name).unwrap());
        Self {
            hub: Hub::new(names.to_vec(), Settings::new("1"), "hub").unwrap(),
            exchanges: eras.iter().map(|_| Exchange::new("own")).collect(),
            eras: eras.to_vec(),
            judged: Vec::new(),
            told: Vec::new(),
            answers: Vec::new(),
        }
    }

    /// What the client is told after it said `text`.
    fn client(&mut self, text: &str) -> Vec<String> {
        self.answers.clear();
        let mut steps = Vec::new();
        self.hub.from_client(text.as_bytes(), &mut steps);
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            match step {
                HubStep::ToClient(text) => self.answers.push(text),
                HubStep::ToServer(server, text) => {
                    let mut own = Vec::new();
                    self.exchanges[server].from_client(text.as_bytes(), &mut own);
                    for message in self.exchange(server, own) {
                        let mut more = Vec::new();
                        self.hub.from_server(server, message.as_bytes(), &mut more);
                        steps.extend(more);
                    }
                }
                HubStep::WakeAfter(..) => {}
                HubStep::Dropped(dropped) => panic!("{dropped}"),
            }
        }
        self.answers.clone()
    }

    /// Does what an exchange wants done; gives what it lets through to the hub.
    fn exchange(&mut self, server: usize, steps: Vec<Step>) -> Vec<String> {
        let mut passed = Vec::new();
        let mut steps = VecDeque::from(steps);
        while let Some(step) = steps.pop_front() {
            let mut more = Vec::new();
            match step {
                Step::ToClient(text) | Step::Finished { frame: text, .. } => passed.push(text),
                Step::ToServer(text) => {
                    if let Some(reply) = self.serve(server, &text) {
                        self.exchanges[server].from_server(reply.as_bytes(), &mut more);
                    }
                    self.told.push((server, text));
                }
                Step::Judge(asked) => {
                    self.judged.push((server, asked.wanted.name.clone()));
                    self.exchanges[server].settle(*asked, Decided::Run(1), &mut more);
                }
                Step::Review(definitions) => {
                    let permits = |name: &str| name != "drop";
                    let review = Review {
                        pins: None,
                        permits: &permits,
                    };
                    let catalog = Catalog::of(definitions, review).unwrap();
                    self.exchanges[server].know(Arc::new(catalog), &mut more);
                }
                other => panic!("{other:?}"),
            }
            steps.extend(more);
        }
        passed
    }

    /// What a server answers.
    fn serve(&self, server: usize, text: &str) -> Option<String> {
        let message = json::parse(text.as_bytes()).unwrap();
        let id = message.get("id").map(json::compact)?;
        let method = message.get("method")?.as_str()?;
        let answer = match (method, self.eras[server]) {
            ("server/discover", Stateless) => {
                r#""result":{"supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}"#
            }
            ("initialize", Handshake) => {
                r#""result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}}}"#
            }
            ("tools/list", _) => {
                r#""result":{"tools":[{"name":"x","inputSchema":{"type":"object"}},{"name":"drop"}]}"#
            }
            ("tools/call", _) => r#""result":{"content":[{"type":"text","text":"done"}]}"#,
            _ => r#""error":{"code":-32601,"message":"?"}"#,
        };
        Some(format!(r#"{{"jsonrpc":"2.0","id":{id},{answer}}}"#))
    }
}

#[test]
fn calls_are_judged_under_the_servers_own_names() {
    for client in [Handshake, Stateless] {
        let mut house = House::new(&[Stateless, Handshake]);
        if client == Handshake {
            let said = house.client(
                r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"0"}}}"#,
            );
            assert!(said[0].contains(r#""protocolVersion":"2025-06-18""#), "{said:#?}");
        }
        let said = house.client(&request(client, "1", "tools/list", ""));
        let listed = only(&[format!("client < {}", said[0])], "client");
        let names = listed
            .get("result")
            .unwrap()
            .get("tools")
            .unwrap()
            .as_array()
            .unwrap();
        let names: Vec<_> = names
            .iter()
            .map(|tool| tool.get("name").unwrap().as_str().unwrap())
            .collect();
        assert_eq!(names, ["a__x", "b__x"]);
        for (id, server) in ["a", "b"].iter().enumerate() {
            let said = house.client(&request(
                client,
                &id.to_string(),
                "tools/call",
                &format!(r#""name":"{server}__x""#),
            ));
            assert!(said.len() == 1 && said[0].contains("done"), "{said:#?}");
        }
        assert_eq!(house.judged, [(0, "x".to_owned()), (1, "x".to_owned())]);
        // Each server was asked for its tools twice: by its exchange, and for the client.
        let lists = house.told.iter().filter(|(_, text)| text.contains("tools/list"));
        let lists: Vec<_> = lists
            .map(|(server, text)| (*server, text.contains(era::META_CAPABILITIES)))
            .collect();
        assert_eq!(lists.len(), 4);
        assert!(
            lists
                .iter()
                .all(|(server, is_stateless)| *server == 1 || *is_stateless),
            "{lists:?}"
        );
    }
}
