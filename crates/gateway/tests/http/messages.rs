//! Every message that the protocol knows, by era and by who sends it.
//!
//! Params and results carry members that no revision knows and numbers that readers like to rewrite: whoever passes a
//! message on without understanding all of it must not change a byte.

/// A request, and how it is answered.
pub(crate) struct Question {
    pub(crate) method: &'static str,
    /// The members of `params`.
    pub(crate) params: &'static str,
    /// The members of `result`.
    pub(crate) result: &'static str,
}

/// A notification.
pub(crate) struct Note {
    pub(crate) method: &'static str,
    /// The members of `params`.
    pub(crate) params: &'static str,
}

/// The messages of one era.
pub(crate) struct Era {
    /// The newest revision of it.
    pub(crate) revision: &'static str,
    /// Whether every request says which revision it follows.
    pub(crate) is_stateless: bool,
    /// What clients ask.
    pub(crate) asked_by_client: &'static [Question],
    /// What clients tell.
    pub(crate) told_by_client: &'static [Note],
    /// What servers ask.
    pub(crate) asked_by_server: &'static [Question],
    /// What servers tell.
    pub(crate) told_by_server: &'static [Note],
}

/// The tool that there is.
pub(crate) const TOOL: &str = r#"{"name":"read", "inputSchema":{"type":"object"},"x-new":1.50}"#;

const fn ask(method: &'static str, params: &'static str, result: &'static str) -> Question {
    Question {
        method,
        params,
        result,
    }
}

const fn tell(method: &'static str, params: &'static str) -> Note {
    Note { method, params }
}

const LIST: Question = ask(
    "tools/list",
    "",
    r#""tools":[{"name":"read", "inputSchema":{"type":"object"},"x-new":1.50}],"ttlMs":1E2"#,
);
const CALL: Question = ask(
    "tools/call",
    r#""name":"read","arguments":{ "path" : "/a","n":1.0 }"#,
    r#""content":[{"type":"text","text":"\u00e9"}],"structuredContent":{"b":1.0,"a":2e0},"isError":false"#,
);
const TASK_CALL: Question = ask(
    "tools/call",
    r#""name":"read","arguments":{},"task":{"ttl":60000}"#,
    r#""resultType":"task","task":{"taskId":"t","status":"working","ttl":6E4}"#,
);
const WAITING_CALL: Question = ask(
    "tools/call",
    r#""name":"read","arguments":{}"#,
    r#""resultType":"input_required","inputRequests":{"a":{"method":"elicitation/create","params":{"message":"?"}}},"requestState":"s""#,
);
const ANSWERING_CALL: Question = ask(
    "tools/call",
    r#""name":"read","arguments":{},"inputResponses":{"a":{"action":"accept"}},"requestState":"s""#,
    r#""resultType":"complete","content":[]"#,
);
const PROMPTS: Question = ask(
    "prompts/list",
    r#""cursor":"c""#,
    r#""prompts":[{"name":"p"}],"nextCursor":"d""#,
);
const PROMPT: Question = ask(
    "prompts/get",
    r#""name":"p","arguments":{"a":"b"}"#,
    r#""messages":[{"role":"user","content":{"type":"text","text":"t"}}]"#,
);
const RESOURCES: Question = ask(
    "resources/list",
    "",
    r#""resources":[{"uri":"a:b","name":"n","size":1E3}]"#,
);
const TEMPLATES: Question = ask(
    "resources/templates/list",
    "",
    r#""resourceTemplates":[{"uriTemplate":"a:{b}","name":"n"}]"#,
);
const RESOURCE: Question = ask(
    "resources/read",
    r#""uri":"a:b""#,
    r#""contents":[{"uri":"a:b","blob":"AA=="}]"#,
);
const COMPLETION: Question = ask(
    "completion/complete",
    r#""ref":{"type":"ref/prompt","name":"p"},"argument":{"name":"a","value":"b"}"#,
    r#""completion":{"values":["bc"],"total":1.0}"#,
);
const UNHEARD_OF: Question = ask("unheard/of", r#""a":[1e2]"#, r#""b":null"#);

const SAMPLING: Question = ask(
    "sampling/createMessage",
    r#""messages":[],"maxTokens":1E2"#,
    r#""role":"assistant","content":{"type":"text","text":"t"},"model":"m""#,
);
const ELICITATION: Question = ask(
    "elicitation/create",
    r#""message":"?","requestedSchema":{"type":"object","properties":{}}"#,
    r#""action":"accept","content":{"a":1.0}"#,
);
const ROOTS: Question = ask("roots/list", "", r#""roots":[{"uri":"file:///a"}]"#);

const PROGRESS: Note = tell("notifications/progress", r#""progressToken":7,"progress":0.50"#);
const LOGGED: Note = tell(
    "notifications/message",
    r#""level":"info","data":{"b":1.0,"a":0}"#,
);
const PROMPTS_CHANGED: Note = tell("notifications/prompts/list_changed", "");
const RESOURCES_CHANGED: Note = tell("notifications/resources/list_changed", "");
const RESOURCE_CHANGED: Note = tell("notifications/resources/updated", r#""uri":"a:b""#);
const TOOLS_CHANGED: Note = tell("notifications/tools/list_changed", "");
const UNHEARD_NOTE: Note = tell("notifications/unheard_of", r#""a":[1e2]"#);

/// The era that begins with `initialize`.
pub(crate) const SESSIONS: Era = Era {
    revision: "2025-11-25",
    is_stateless: false,
    asked_by_client: &[
        ask(
            "initialize",
            r#""protocolVersion":"2025-11-25","capabilities":{"roots":{}},"clientInfo":{"name":"c","version":"1"}"#,
            r#""protocolVersion":"2025-11-25","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}"#,
        ),
        ask("ping", "", ""),
        LIST,
        CALL,
        TASK_CALL,
        PROMPTS,
        PROMPT,
        RESOURCES,
        TEMPLATES,
        RESOURCE,
        ask("resources/subscribe", r#""uri":"a:b""#, ""),
        ask("resources/unsubscribe", r#""uri":"a:b""#, ""),
        COMPLETION,
        ask("logging/setLevel", r#""level":"debug""#, ""),
        ask("tasks/list", "", r#""tasks":[]"#),
        ask(
            "tasks/get",
            r#""taskId":"t""#,
            r#""taskId":"t","status":"working""#,
        ),
        ask("tasks/result", r#""taskId":"t""#, r#""content":[]"#),
        ask(
            "tasks/cancel",
            r#""taskId":"t""#,
            r#""taskId":"t","status":"cancelled""#,
        ),
        UNHEARD_OF,
    ],
    told_by_client: &[
        tell("notifications/initialized", ""),
        tell("notifications/cancelled", r#""requestId":99,"reason":"r""#),
        tell("notifications/progress", r#""progressToken":7,"progress":0.50"#),
        tell("notifications/roots/list_changed", ""),
        tell("notifications/tasks/status", r#""taskId":"t","status":"working""#),
        UNHEARD_NOTE,
    ],
    asked_by_server: &[
        ask("ping", "", ""),
        SAMPLING,
        ELICITATION,
        ROOTS,
        ask(
            "tasks/get",
            r#""taskId":"t""#,
            r#""taskId":"t","status":"working""#,
        ),
        ask("tasks/list", "", r#""tasks":[]"#),
        ask("tasks/result", r#""taskId":"t""#, r#""role":"user""#),
        ask(
            "tasks/cancel",
            r#""taskId":"t""#,
            r#""taskId":"t","status":"cancelled""#,
        ),
        UNHEARD_OF,
    ],
    told_by_server: &[
        PROGRESS,
        LOGGED,
        tell("notifications/cancelled", r#""requestId":98,"reason":"r""#),
        PROMPTS_CHANGED,
        RESOURCES_CHANGED,
        RESOURCE_CHANGED,
        TOOLS_CHANGED,
        tell("notifications/elicitation/complete", r#""elicitationId":"e""#),
        tell(
            "notifications/tasks/status",
            r#""taskId":"t","status":"completed""#,
        ),
        UNHEARD_NOTE,
    ],
};

/// The era without sessions.
pub(crate) const STATELESS: Era = Era {
    revision: "2026-07-28",
    is_stateless: true,
    asked_by_client: &[
        ask(
            "server/discover",
            "",
            r#""supportedVersions":["2026-07-28"],"capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"}"#,
        ),
        LIST,
        CALL,
        TASK_CALL,
        WAITING_CALL,
        ANSWERING_CALL,
        PROMPTS,
        PROMPT,
        RESOURCES,
        TEMPLATES,
        RESOURCE,
        COMPLETION,
        ask(
            "subscriptions/listen",
            r#""notifications":{"toolsListChanged":true}"#,
            "",
        ),
        ask(
            "tasks/get",
            r#""taskId":"t""#,
            r#""taskId":"t","status":"working""#,
        ),
        ask("tasks/update", r#""taskId":"t","inputResponses":{}"#, ""),
        ask("tasks/cancel", r#""taskId":"t""#, ""),
        UNHEARD_OF,
    ],
    told_by_client: &[
        tell("notifications/cancelled", r#""requestId":99,"reason":"r""#),
        UNHEARD_NOTE,
    ],
    asked_by_server: &[],
    told_by_server: &[
        PROGRESS,
        LOGGED,
        PROMPTS_CHANGED,
        RESOURCES_CHANGED,
        RESOURCE_CHANGED,
        TOOLS_CHANGED,
        tell(
            "notifications/subscriptions/acknowledged",
            r#""notifications":{"toolsListChanged":true}"#,
        ),
        tell("notifications/tasks", r#""taskId":"t","status":"completed""#),
        UNHEARD_NOTE,
    ],
};

impl Era {
    /// The text of a request by a client. Requests of the stateless era say so.
    pub(crate) fn request(&self, id: &str, question: &Question) -> String {
        let meta = format!(
            r#""_meta":{{"io.modelcontextprotocol/protocolVersion":"{}","io.modelcontextprotocol/clientCapabilities":{{}},"traceparent":"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}}"#,
            self.revision
        );
        let params = members(&[if self.is_stateless { &meta } else { "" }, question.params]);
        request(id, question.method, &params)
    }
}

/// The text of a request.
pub(crate) fn request(id: &str, method: &str, params: &str) -> String {
    format!(r#"{{ "method":"{method}","jsonrpc":"2.0" ,"id":{id},"params":{{{params}}},"x-new":[1.50,1E2]}}"#)
}

/// The text of a notification.
pub(crate) fn notification(note: &Note) -> String {
    let (method, params) = (note.method, members(&[note.params]));
    format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{{{params}}}, "x-new":0.10}}"#)
}

/// The text of an answer.
pub(crate) fn response(id: &str, result: &str) -> String {
    let result = members(&[result]);
    format!(r#"{{"result":{{{result}}},"id":{id} , "jsonrpc":"2.0","x-new":-0.0}}"#)
}

/// The text of an error that answers.
pub(crate) fn error(id: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32099,"message":"m","data":{{"a":1.0}}}}}}"#)
}

/// These members, and one that nobody knows.
fn members(all: &[&str]) -> String {
    let known = all.iter().filter(|text| !text.is_empty());
    let all: Vec<&str> = known
        .copied()
        .chain([r#""x-unknown":{"z":1.50,"a":1E2}"#])
        .collect();
    all.join(",")
}
