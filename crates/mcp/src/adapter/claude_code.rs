//! Hook payloads of Claude Code.

use gait_artifact::{
    intent::Target,
    mcp::McpServer,
    text::{is_blank, lower, trim},
};
use gait_canon::json::{Object, Value};
use serde::Deserialize;

use super::{Adapter, DecodeError, arguments, payload, target};
use crate::call::{CallContext, ToolCall};

/// The start of the names of tools that MCP servers offer: `mcp__<server>__<tool>`.
const MCP_PREFIX: &str = "mcp__";
/// What stands between the names of server and tool.
const MCP_SEPARATOR: &str = "__";
/// The permission mode that says nothing.
const DEFAULT_PERMISSIONS: &str = "default";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    tool_name: String,
    name: String,
    tool_input: Option<Value>,
    input: Option<Value>,
    session_id: String,
    hook_event_name: String,
    permission_mode: String,
}

pub(super) fn decode(bytes: &[u8]) -> Result<ToolCall, DecodeError> {
    let wire: Payload = payload(Adapter::ClaudeCode, bytes)?;
    let raw = [&wire.tool_name, &wire.name]
        .into_iter()
        .map(|name| trim(name))
        .find(|name| !name.is_empty())
        .ok_or(DecodeError::NameRequired {
            adapter: Adapter::ClaudeCode,
        })?;
    let kind = Kind::of(raw);
    let (name, server) = (kind.tool_name(raw), server(raw));
    let args = arguments(Adapter::ClaudeCode, "tool_input", wire.tool_input.or(wire.input))?;
    Ok(ToolCall {
        targets: kind.targets(&args),
        name,
        args,
        server,
        context: CallContext {
            auth_context: auth_context(&wire.hook_event_name, &wire.permission_mode),
            session_id: wire.session_id,
            ..CallContext::default()
        },
        ..ToolCall::default()
    })
}

/// What the known tools do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    Execute,
    Delegate,
    Other,
}

/// Names of the argument that is a path, the first that has text counts.
const PATHS: [&str; 4] = ["path", "file_path", "filepath", "file"];

impl Kind {
    /// How the name of a tool is spelt doesn't matter.
    fn of(raw: &str) -> Self {
        let key: String = lower(raw)
            .chars()
            .filter(|letter| !matches!(letter, ' ' | '_' | '-'))
            .collect();
        match key.as_str() {
            "read" | "grep" | "glob" | "webfetch" | "websearch" => Self::Read,
            "write" | "edit" | "multiedit" | "notebookedit" => Self::Write,
            "bash" => Self::Execute,
            "task" | "agent" => Self::Delegate,
            _ => Self::Other,
        }
    }

    /// The name by which policies know the tool.
    fn tool_name(self, raw: &str) -> String {
        match self {
            Self::Read => "tool.read".to_owned(),
            Self::Write => "tool.write".to_owned(),
            Self::Execute => "tool.exec".to_owned(),
            Self::Delegate => "tool.delegate".to_owned(),
            Self::Other if raw.contains('.') => lower(raw),
            Self::Other => format!("tool.{}", lower(raw).replace([' ', '-'], "_")),
        }
    }

    /// What the call acts on, as far as its arguments tell.
    fn targets(self, args: &Object) -> Vec<Target> {
        let one = |kind, operation, names: &[&str]| {
            first_text(args, names).map(|value| target::of(kind, value, operation))
        };
        let found = match self {
            Self::Read => [one("path", "read", &PATHS), one("url", "read", &["url", "uri"])],
            Self::Write => {
                let path = one("path", "write", &PATHS);
                [path.or_else(|| one("path", "write", &["notebook_path"])), None]
            }
            Self::Execute => [one("other", "execute", &["command", "cmd", "script"]), None],
            Self::Delegate => [one("other", "delegate", &["task", "prompt", "description"]), None],
            Self::Other => [None, None],
        };
        found.into_iter().flatten().collect()
    }
}

fn first_text<'a>(args: &'a Object, names: &[&str]) -> Option<&'a str> {
    names
        .iter()
        .filter_map(|name| args.get(name).and_then(Value::as_str))
        .map(trim)
        .find(|text| !text.is_empty())
}

/// The server of a tool that an MCP server offers, when its name can be split in one way only.
///
/// A server could call itself so that the name of its tool reads like one of another server; who is meant then stays
/// open, and an open identity is trusted by no policy.
fn server(raw: &str) -> Option<McpServer> {
    let name = raw.strip_prefix(MCP_PREFIX)?;
    let (server, tool) = name.split_once(MCP_SEPARATOR)?;
    let is_only_split = name.rfind(MCP_SEPARATOR) == Some(server.len());
    (is_only_split && !server.is_empty() && !tool.is_empty()).then(|| McpServer {
        server_id: server.to_owned(),
        ..McpServer::default()
    })
}

/// What the hook says of how it was called; the permission mode only where it is a special one.
fn auth_context(hook_event_name: &str, permission_mode: &str) -> Object {
    let mut claims = Object::new();
    let hook_event_name = trim(hook_event_name);
    if !hook_event_name.is_empty() {
        claims.insert("hook_event_name", hook_event_name);
    }
    let permission_mode = trim(permission_mode);
    if !is_blank(permission_mode) && permission_mode != DEFAULT_PERMISSIONS {
        claims.insert("permission_mode", permission_mode);
    }
    if !claims.is_empty() {
        claims.insert("adapter", Adapter::ClaudeCode.as_str());
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(payload: &str) -> ToolCall {
        decode(payload.as_bytes()).unwrap_or_else(|error| panic!("{payload}: {error}"))
    }

    #[test]
    fn known_tools_have_the_names_that_policies_know() {
        for (raw, name) in [
            ("Read", "tool.read"),
            ("Grep", "tool.read"),
            ("web search", "tool.read"),
            ("NOTEBOOK_EDIT", "tool.write"),
            ("Notebook-Edit", "tool.write"),
            ("MultiEdit", "tool.write"),
            (" Bash ", "tool.exec"),
            ("Task", "tool.delegate"),
            ("Agent", "tool.delegate"),
            ("TodoWrite", "tool.todowrite"),
            ("Custom Action", "tool.custom_action"),
            ("custom-action", "tool.custom_action"),
            ("Tool.Custom.ACTION", "tool.custom.action"),
            ("A.B-C d", "a.b-c d"),
            ("mcp__git__push", "tool.mcp__git__push"),
        ] {
            assert_eq!(call(&format!(r#"{{"tool_name": "{raw}"}}"#)).name, name, "{raw}");
        }
    }

    #[test]
    fn targets_come_from_the_arguments() {
        for (tool, input, expected) in [
            (
                "Read",
                r#"{"path": " /a ", "file_path": "/b", "url": "https://c.test"}"#,
                &[("path", "/a", "read"), ("url", "https://c.test", "read")][..],
            ),
            (
                "Read",
                r#"{"path": " ", "file": "/f"}"#,
                &[("path", "/f", "read")],
            ),
            ("Read", r#"{"path": 5}"#, &[]),
            ("Grep", r#"{"pattern": "x"}"#, &[]),
            (
                "WebFetch",
                r#"{"uri": "https://c.test"}"#,
                &[("url", "https://c.test", "read")],
            ),
            (
                "Edit",
                r#"{"file_path": "/w", "url": "https://c.test"}"#,
                &[("path", "/w", "write")],
            ),
            ("MultiEdit", r#"{"file_path": "/w"}"#, &[("path", "/w", "write")]),
            (
                "NotebookEdit",
                r#"{"notebook_path": "/n.ipynb"}"#,
                &[("path", "/n.ipynb", "write")],
            ),
            (
                "Bash",
                r#"{"command": "rm -rf /"}"#,
                &[("other", "rm -rf /", "execute")],
            ),
            (
                "Task",
                r#"{"description": "d", "prompt": "p"}"#,
                &[("other", "p", "delegate")],
            ),
            ("Other", r#"{"path": "/a"}"#, &[]),
        ] {
            let call = call(&format!(r#"{{"tool_name": "{tool}", "tool_input": {input}}}"#));
            let found: Vec<_> = call
                .targets
                .iter()
                .map(|target| {
                    (
                        target.kind.as_str(),
                        target.value.as_str(),
                        target.operation.as_str(),
                    )
                })
                .collect();
            assert_eq!(found, expected, "{tool} {input}");
        }
    }

    #[test]
    fn a_name_that_can_be_split_in_two_ways_names_no_server() {
        for (tool, server) in [
            ("mcp__github__create_issue", Some("github")),
            ("mcp__my_server__t", Some("my_server")),
            ("mcp__github__evil__t", None),
            ("mcp__github___t", None),
            ("mcp__github", None),
            ("mcp____t", None),
            ("mcp__github__", None),
            ("Bash", None),
        ] {
            let call = call(&format!(r#"{{"tool_name": "{tool}"}}"#));
            let found = call.server.map(|server| server.server_id);
            assert_eq!(found.as_deref(), server, "{tool}");
        }
    }

    #[test]
    fn the_hook_says_how_it_was_called() {
        for (members, claims) in [
            (r#""hook_event_name": " ", "permission_mode": "default""#, "{}"),
            (
                r#""hook_event_name": " PreToolUse ", "cwd": "/x", "permission_mode": "default""#,
                r#"{"hook_event_name": "PreToolUse", "adapter": "claude_code"}"#,
            ),
            (
                r#""permission_mode": "bypassPermissions""#,
                r#"{"permission_mode": "bypassPermissions", "adapter": "claude_code"}"#,
            ),
        ] {
            let call = call(&format!(r#"{{"tool_name": "Bash", {members}}}"#));
            let claims: Object = gait_canon::json::read(claims.as_bytes()).unwrap();
            assert_eq!(call.context.auth_context, claims, "{members}");
        }
    }

    #[test]
    fn older_names_stand_in() {
        let new = call(r#"{"tool_name": "Bash", "tool_input": {"command": "ls"}}"#);
        for same in [
            r#"{"name": "Bash", "input": {"command": "ls"}}"#,
            r#"{"tool_name": "Bash", "name": "Read", "tool_input": "{\"command\":\"ls\"}", "input": {"path": "/srv"}}"#,
            r#"{"tool_name": " ", "name": "Bash", "tool_input": null, "input": {"command": "ls"}}"#,
        ] {
            assert_eq!(call(same), new, "{same}");
        }
        for payload in [r#"{"tool_name": " "}"#, "null", "{}"] {
            let error = decode(payload.as_bytes()).unwrap_err().to_string();
            assert_eq!(error, "claude code tool call name is required");
        }
    }
}
