//! What clients say, and what they find in answers.

use serde_json::{Value, json};

use crate::http::{Asked, Listening, Said};

/// Opens a session with a client that can show nothing.
pub(crate) const OPENING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#;
pub(crate) const OPENED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
pub(crate) const LIST: &str = r#"{"jsonrpc":"2.0","id":2,"method":"tools/list"}"#;
/// What params of the stateless era have from a client that can show nothing, and from one that shows forms.
pub(crate) const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
pub(crate) const FORMS: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}"#;

/// A call of a tool.
pub(crate) fn call(id: u32, tool: &str, arguments: &str) -> String {
    call_with(id, tool, arguments, "")
}

/// A call of a tool, with whatever else its params have.
pub(crate) fn call_with(id: u32, tool: &str, arguments: &str, more: &str) -> String {
    let comma = if more.is_empty() { "" } else { "," };
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}{comma}{more}}}}}"#
    )
}

/// A request of the stateless era.
pub(crate) fn modern(id: u32, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{{params}{META}}}}}"#)
}

/// Asks in the stateless era.
pub(crate) fn ask_modern(gateway: &Listening, method: &str, name: &str, body: &str) -> Said {
    begin_modern(gateway, method, name, body).wait()
}

/// Asks in the stateless era, and does not wait for the answer.
pub(crate) fn begin_modern(gateway: &Listening, method: &str, name: &str, body: &str) -> Asked {
    let mut headers = vec![("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)];
    if !name.is_empty() {
        headers.push(("Mcp-Name", name));
    }
    gateway.begin("POST", &headers, body)
}

/// What opens a session with a client that shows forms.
pub(crate) fn opening_with_forms() -> String {
    OPENING.replace(r#""capabilities":{}"#, r#""capabilities":{"elicitation":{}}"#)
}

/// Opens a session and gives its name.
pub(crate) fn opened(gateway: &Listening, headers: &[(&str, &str)]) -> String {
    opened_with(gateway, headers, OPENING)
}

/// The same, opened with this.
pub(crate) fn opened_with(gateway: &Listening, headers: &[(&str, &str)], opening: &str) -> String {
    let answer = gateway.post(headers, opening);
    assert_eq!(answer.status, 200, "{answer:?}");
    let session = answer.header("mcp-session-id").to_owned();
    assert_eq!(session.len(), 32, "{answer:?}");
    let named = [headers, &[("Mcp-Session-Id", session.as_str())]].concat();
    assert_eq!(gateway.post(&named, OPENED).status, 202);
    session
}

/// The answer to the request with this id.
pub(crate) fn answer(answers: &[Value], id: u32) -> &Value {
    let found = answers.iter().find(|answer| answer["id"] == id);
    found.expect("every request is answered")
}

/// The names of the tools in an answer, in order.
pub(crate) fn names(listed: &Value) -> Vec<&str> {
    let tools = listed["result"]["tools"].as_array().unwrap().iter();
    let mut names: Vec<_> = tools.map(|tool| tool["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    names
}

/// The codes of a refusal, and the request for an approval that it names.
pub(crate) fn refused(answer: &Value) -> (Vec<&str>, &str) {
    let decision = &answer["result"]["_meta"]["gait/decision"];
    assert_eq!(decision["executed"], json!(false), "{answer}");
    let codes = decision["reason_codes"].as_array().unwrap().iter();
    let request = decision["approval_request_id"].as_str().unwrap_or_default();
    (codes.map(|code| code.as_str().unwrap()).collect(), request)
}

/// Asserts that a call was refused for this.
#[track_caller]
pub(crate) fn assert_refused(answer: &Value, code: &str) {
    assert!(refused(answer).0.contains(&code), "{code}: {answer}");
}

/// Asserts that the call with this id was answered by this server.
#[track_caller]
pub(crate) fn assert_ran(answer: &Value, id: u32, server: &str) {
    assert_eq!(
        (&answer["id"], &answer["result"]["from"]),
        (&json!(id), &json!(server)),
        "{answer}"
    );
}
