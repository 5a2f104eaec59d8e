//! Whatever happens in whatever order, each request of the client is answered once.

use std::collections::HashMap;

use proptest::prelude::*;

use super::*;

const METHODS: [(&str, &str); 9] = [
    ("tools/call", r#""name":"a__x""#),
    ("tools/call", r#""name":"b__x""#),
    ("prompts/get", r#""name":"b__x""#),
    ("tools/list", ""),
    ("resources/list", ""),
    ("resources/read", r#""uri":"u:1""#),
    ("logging/setLevel", r#""level":"info""#),
    (
        "subscriptions/listen",
        r#""notifications":{"toolsListChanged":true}"#,
    ),
    ("unheard/of", ""),
];

/// Answers that servers give, good ones and others.
const ANSWERS: [&str; 6] = [
    r#""result":{}"#,
    r#""result":{"tools":[{"name":"x"}],"resources":[{"uri":"u:1"}],"content":[],"nextCursor":"c"}"#,
    r#""error":{"code":-32603,"message":"m"}"#,
    r#""result":{"resultType":"input_required","inputRequests":{"k":{"method":"roots/list"}},"requestState":"s"}"#,
    r#""result":{"resultType":"input_required","inputRequests":{"k":{"method":"sampling/createMessage"}}}"#,
    r#""result":{"resultType":"complete","supportedVersions":[],"tools":7}"#,
];

/// Everybody around the hub, who remember what they were asked.
struct World {
    talk: Talk,
    asked: Vec<(usize, String)>,
    questions: Vec<String>,
    answers: HashMap<String, u32>,
    requests: u32,
}

impl World {
    fn take(&mut self, said: &[String]) {
        for said in said {
            let Some((to, text)) = said.split_once(" < ") else {
                continue;
            };
            let message = json::parse(text.as_bytes()).unwrap();
            let id = at(&message, "id");
            if id.is_empty() {
                continue;
            }
            let is_request = message.get("method").is_some();
            match (to, is_request) {
                ("client", true) => self.questions.push(id),
                ("client", false) => *self.answers.entry(id).or_default() += 1,
                (server, true) => self.asked.push((server.parse().unwrap(), id)),
                (_, false) => {}
            }
        }
    }

    fn act(&mut self, kind: u8, choice: usize) {
        let said = match kind {
            0..=2 => {
                self.requests += 1;
                let (method, members) = METHODS[choice % METHODS.len()];
                self.talk.ask(&format!("\"r{}\"", self.requests), method, members)
            }
            3..=6 if !self.asked.is_empty() => {
                let (server, id) = self.asked.remove(choice % self.asked.len());
                let answer = ANSWERS[choice / 7 % ANSWERS.len()];
                let text = format!(r#"{{"jsonrpc":"2.0","id":{id},{answer}}}"#);
                let said = self.talk.server(server, &text);
                self.take(&said);
                // Twice told is once too often.
                self.talk.server(server, &text)
            }
            7 if !self.questions.is_empty() => {
                let id = self.questions.remove(choice % self.questions.len());
                self.talk
                    .client(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#))
            }
            8 => {
                let id = choice % 50;
                self.talk.server(
                    choice % 2,
                    &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"roots/list"}}"#),
                )
            }
            _ => self.talk.server(
                choice % 2,
                &format!(r#"{{"jsonrpc":"2.0","id":{choice},"result":{{}}}}"#),
            ),
        };
        self.take(&said);
    }

    /// Lets everybody answer whatever they were asked, and end.
    fn settle(&mut self) {
        while let Some((server, id)) = self.asked.pop() {
            let said = self
                .talk
                .server(server, &format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
            self.take(&said);
            while let Some(id) = self.questions.pop() {
                let said = self
                    .talk
                    .client(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
                self.take(&said);
            }
        }
        for server in 0..2 {
            let said = self.talk.lose(server);
            self.take(&said);
        }
    }
}

proptest! {
    #[test]
    fn each_request_is_answered_once(
        eras in prop::array::uniform3(prop::bool::ANY),
        acts in prop::collection::vec((0u8..10, 0usize..1000), 0..60),
    ) {
        let [client, first, second] = eras.map(|stateless| if stateless { Stateless } else { Handshake });
        let mut world = World {
            talk: Talk::open(client, &[first, second]),
            asked: Vec::new(),
            questions: Vec::new(),
            answers: HashMap::new(),
            requests: 0,
        };
        for (kind, choice) in acts {
            world.act(kind, choice);
        }
        world.settle();
        for request in 1..=world.requests {
            let answers = world.answers.remove(&format!("\"r{request}\""));
            prop_assert_eq!(answers, Some(1), "r{}", request);
        }
        prop_assert!(world.answers.is_empty(), "{:?}", world.answers);
        prop_assert!(world.talk.hub.asked.is_empty());
    }
}

/// Values that stand where something else is expected.
const ODD: [&str; 10] = [
    "null",
    "7",
    "1e400",
    "\"a__x\"",
    "[]",
    "[null,\"\"]",
    "{}",
    r#"{"taskId":"t","uri":"u:1","type":"resource_link","io.modelcontextprotocol/subscriptionId":3}"#,
    r#"{"progressToken":2,"io.modelcontextprotocol/serverInfo":1,"io.modelcontextprotocol/related-task":{"taskId":"t"}}"#,
    r#"[{"name":"x","uri":"u:{","uriTemplate":"u:{a}{","content":[{"type":"resource_link","uri":"v:1"}]}]"#,
];
/// Members that somebody looks at.
const MEMBERS: [&str; 22] = [
    "name",
    "uri",
    "ref",
    "taskId",
    "task",
    "cursor",
    "nextCursor",
    "_meta",
    "requestId",
    "progressToken",
    "notifications",
    "requestState",
    "inputRequests",
    "inputResponses",
    "resultType",
    "tools",
    "resources",
    "resourceTemplates",
    "content",
    "structuredContent",
    "level",
    "capabilities",
];
/// Methods of either side.
const SPOKEN: [&str; 19] = [
    "initialize",
    "server/discover",
    "tools/call",
    "tools/list",
    "resources/list",
    "resources/templates/list",
    "resources/read",
    "resources/subscribe",
    "resources/unsubscribe",
    "completion/complete",
    "subscriptions/listen",
    "tasks/get",
    "elicitation/create",
    "notifications/progress",
    "notifications/cancelled",
    "notifications/subscriptions/acknowledged",
    "notifications/resources/updated",
    "notifications/tools/list_changed",
    "notifications/tasks/status",
];

/// A message that follows the rules of JSON-RPC and hardly any others.
fn odd_message() -> impl Strategy<Value = String> {
    let members = prop::collection::btree_map(0..MEMBERS.len(), 0..ODD.len(), 0..5);
    (0u8..4, 0..SPOKEN.len(), members, 1i64..12).prop_map(|(kind, method, members, id)| {
        let written = members
            .iter()
            .map(|(key, value)| format!("\"{}\":{}", MEMBERS[*key], ODD[*value]));
        let body = format!("{{{}}}", written.collect::<Vec<_>>().join(","));
        let method = SPOKEN[method];
        match kind {
            0 => format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{body}}}"#),
            1 => format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{body}}}"#),
            2 => format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{body}}}"#),
            _ => format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{body}}}"#),
        }
    })
}

proptest! {
    #[test]
    fn whatever_is_said_what_goes_out_is_a_message(
        eras in prop::array::uniform3(prop::bool::ANY),
        is_open in prop::bool::ANY,
        said in prop::collection::vec((0usize..4, odd_message()), 0..40),
    ) {
        let [client, first, second] = eras.map(|stateless| if stateless { Stateless } else { Handshake });
        let mut talk = if is_open { Talk::open(client, &[first, second]) } else { Talk::closed(2, client) };
        for (from, text) in said {
            match from {
                0 => talk.client(&text),
                // What is said in the stateless era gets further.
                1 => talk.client(&text.replace("\"params\":{", &format!("\"params\":{{\"_meta\":{{{META}}},"))
                    .replace(",}", "}")),
                server => talk.server(server - 2, &text),
            };
            for step in &talk.steps {
                if let HubStep::ToClient(text) | HubStep::ToServer(_, text) = step {
                    let document = frame::read(text.as_bytes()).unwrap();
                    prop_assert!(Message::of(&document).is_ok(), "{}", text);
                }
            }
        }
    }
}
