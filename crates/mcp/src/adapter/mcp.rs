//! Gait's own shape, and the `tools/call` requests of the Model Context Protocol (JSON-RPC 2.0).

use gait_artifact::{
    Timestamp,
    intent::{ArgProvenance, Delegation, Script, ScriptStep, Target},
    mcp::McpServer,
    text::trim,
};
use gait_canon::json::{Object, Value};
use serde::Deserialize;

use super::{
    Adapter, DecodeError, only_one, payload,
    target::{self, WireTarget},
};
use crate::call::{CallContext, ToolCall};

/// The one JSON-RPC method that calls a tool.
const CALL_METHOD: &str = "tools/call";

#[derive(Default, Deserialize)]
#[serde(default)]
struct Payload {
    name: String,
    args: Option<Object>,
    arguments: Option<Object>,
    script: Option<WireScript>,
    target: String,
    targets: Vec<WireTarget>,
    arg_provenance: Vec<ArgProvenance>,
    server: Option<McpServer>,
    context: CallContext,
    delegation: Option<Delegation>,
    created_at: Option<Timestamp>,
    jsonrpc: Option<Value>,
    method: Option<String>,
    params: Option<Params>,
}

/// What a `tools/call` request asks for.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Params {
    name: String,
    arguments: Option<Object>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireScript {
    steps: Vec<WireStep>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct WireStep {
    name: String,
    args: Option<Object>,
    arguments: Option<Object>,
    targets: Vec<WireTarget>,
    arg_provenance: Vec<ArgProvenance>,
}

pub(super) fn decode(bytes: &[u8]) -> Result<ToolCall, DecodeError> {
    let mut wire: Payload = payload(Adapter::Mcp, bytes)?;
    let (name, args) = take_action(&mut wire)?;
    let script = wire.script.map(script).transpose()?;
    Ok(ToolCall {
        name,
        args,
        script: script.filter(|script| !script.steps.is_empty()),
        targets: targets(wire.targets, &wire.target),
        arg_provenance: wire.arg_provenance,
        server: wire.server,
        context: wire.context,
        delegation: wire.delegation,
        created_at: wire.created_at,
    })
}

/// The tool and its arguments, out of the request of the protocol or from beside the rest.
fn take_action(wire: &mut Payload) -> Result<(String, Object), DecodeError> {
    let name = std::mem::take(&mut wire.name);
    let args = arguments(wire.args.take(), wire.arguments.take())?;
    if wire.jsonrpc.is_none() && wire.method.is_none() && wire.params.is_none() {
        return Ok((name, args.unwrap_or_default()));
    }
    let method = wire.method.take().unwrap_or_default();
    if method != CALL_METHOD {
        return Err(DecodeError::NotAToolCall(method));
    }
    let beside = [
        ("name", !name.is_empty()),
        ("args", args.is_some()),
        ("script", wire.script.is_some()),
    ];
    for (member, is_given) in beside {
        only_one(Adapter::Mcp, ("params", true), (member, is_given))?;
    }
    let params = wire.params.take().unwrap_or_default();
    Ok((params.name, params.arguments.unwrap_or_default()))
}

/// Gait says `args`, the protocol says `arguments`.
fn arguments(args: Option<Object>, arguments: Option<Object>) -> Result<Option<Object>, DecodeError> {
    only_one(
        Adapter::Mcp,
        ("args", args.is_some()),
        ("arguments", arguments.is_some()),
    )?;
    Ok(args.or(arguments))
}

fn script(wire: WireScript) -> Result<Script, DecodeError> {
    let steps = wire.steps.into_iter().map(step).collect::<Result<_, _>>()?;
    Ok(Script { steps })
}

fn step(wire: WireStep) -> Result<ScriptStep, DecodeError> {
    Ok(ScriptStep {
        tool_name: wire.name,
        args: arguments(wire.args, wire.arguments)?.unwrap_or_default(),
        targets: wire.targets.into_iter().map(Target::from).collect(),
        arg_provenance: wire.arg_provenance,
    })
}

/// The targets; where there are none, the one that older callers give as text.
fn targets(targets: Vec<WireTarget>, legacy: &str) -> Vec<Target> {
    let legacy = trim(legacy);
    if targets.is_empty() && !legacy.is_empty() {
        let kind = match legacy {
            url if url.contains("://") => "url",
            path if path.contains('/') => "path",
            _ => "host",
        };
        return vec![target::of(kind, legacy, "")];
    }
    targets.into_iter().map(Target::from).collect()
}

#[cfg(test)]
mod tests {
    use gait_canon::json;

    use super::*;

    fn call(payload: &str) -> ToolCall {
        decode(payload.as_bytes()).unwrap_or_else(|error| panic!("{payload}: {error}"))
    }

    #[test]
    fn frames_of_the_protocol_are_the_call_they_hold() {
        let plain = call(r#"{"name": "t", "args": {"a": 1}}"#);
        for same in [
            r#"{"name": "t", "arguments": {"a": 1}}"#,
            r#"{"NAME": "t", "Args": {"a": 1}, "unknown": 7, "target": null}"#,
            r#"{"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": {"name": "t", "arguments": {"a": 1}}}"#,
            r#"{"method": "tools/call", "params": {"name": "t", "arguments": {"a": 1}, "_meta": {"progressToken": 1}}}"#,
        ] {
            assert_eq!(call(same), plain, "{same}");
        }
    }

    #[test]
    fn a_frame_may_stand_beside_what_the_boundary_adds() {
        let call = call(
            r#"{"jsonrpc": "2.0", "method": "tools/call", "params": {"name": "t"}, "context": {"identity": "a"},
                "server": {"server_id": "github"}}"#,
        );
        assert_eq!((call.name.as_str(), call.context.identity.as_str()), ("t", "a"));
        assert_eq!(call.server.unwrap().server_id, "github");
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_refused() {
        for (payload, refusal) in [
            (
                r#"{"name": "t", "args": {}, "arguments": {}}"#,
                "args and arguments",
            ),
            (
                r#"{"script": {"steps": [{"name": "t", "args": {}, "arguments": {}}]}}"#,
                "args and arguments",
            ),
            (
                r#"{"name": "u", "method": "tools/call", "params": {"name": "t"}}"#,
                "params and name",
            ),
            (
                r#"{"args": {}, "method": "tools/call", "params": {"name": "t"}}"#,
                "params and args",
            ),
            (
                r#"{"script": {"steps": []}, "method": "tools/call", "params": {"name": "t"}}"#,
                "params and script",
            ),
        ] {
            let error = decode(payload.as_bytes()).unwrap_err().to_string();
            assert_eq!(error, format!("mcp tool call has both {refusal}"), "{payload}");
        }
        for payload in [r#"{"name": "a", "name": "b"}"#, r#"{"name": "a", "Name": "b"}"#] {
            assert!(decode(payload.as_bytes()).is_err(), "{payload}");
        }
    }

    #[test]
    fn only_one_method_calls_a_tool() {
        for (payload, method) in [
            (r#"{"jsonrpc": "2.0", "method": "tools/list"}"#, "tools/list"),
            (r#"{"jsonrpc": "2.0", "id": 1, "result": {}}"#, ""),
            (r#"{"params": {"name": "t"}}"#, ""),
        ] {
            let error = decode(payload.as_bytes()).unwrap_err();
            assert_eq!(error, DecodeError::NotAToolCall(method.to_owned()), "{payload}");
        }
    }

    #[test]
    fn types_are_strict() {
        for payload in [
            r#"{"name": 7}"#,
            r#"{"name": "t", "args": []}"#,
            r#"{"name": "t", "args": "x"}"#,
            r#"{"name": "t", "targets": {}}"#,
            r#"{"name": "t", "context": []}"#,
            r#"{"name": "t", "created_at": "yesterday"}"#,
            r#"{"name": "t", "created_at": ""}"#,
            r#"{"name": "t", "script": []}"#,
            r#"{"name": "t", "script": {"steps": {}}}"#,
        ] {
            let error = decode(payload.as_bytes()).unwrap_err().to_string();
            assert!(error.starts_with("parse mcp tool call: "), "{payload}: {error}");
        }
    }

    #[test]
    fn older_callers_give_one_target_as_text() {
        for (members, expected) in [
            (
                r#""target": "https://a.test/x""#,
                Some(("url", "https://a.test/x")),
            ),
            (r#""target": " /srv/x ""#, Some(("path", "/srv/x"))),
            (r#""target": "a.test""#, Some(("host", "a.test"))),
            (r#""target": "  ""#, None),
            (
                r#""target": "a.test", "targets": [{"kind": "path", "value": "/x"}]"#,
                Some(("path", "/x")),
            ),
        ] {
            let call = call(&format!(r#"{{"name": "t", {members}}}"#));
            let found: Vec<_> = call
                .targets
                .iter()
                .map(|target| (target.kind.as_str(), target.value.as_str()))
                .collect();
            assert_eq!(found, expected.into_iter().collect::<Vec<_>>(), "{members}");
        }
    }

    #[test]
    fn everything_a_call_says_arrives() {
        let call = call(
            r#"{"name": "t", "script": {"steps": [{"name": "a", "args": {"x": 1}, "targets": [{"kind": "host", "value": "h"}],
                "arg_provenance": [{"arg_path": "$.x", "source": "user"}]}]}, "server": {"server_name": "s"},
                "context": {"identity": "i", "credential_scopes": ["a"], "oauth_evidence": {"issuer": "o"},
                "auth_context": {"k": [1]}, "environment": "production", "agent_id": "g"},
                "delegation": {"requester_identity": "r", "chain": [{"delegator_identity": "d", "unknown": 1}]},
                "created_at": "2026-03-01T02:00:00+02:00"}"#,
        );
        let script = call.script.unwrap();
        assert_eq!(script.steps[0].args, Object::from_iter([("x", 1_i64.into())]));
        assert_eq!(script.steps[0].targets[0].kind, "host");
        assert_eq!(script.steps[0].arg_provenance[0].arg_path, "$.x");
        assert_eq!(call.server.unwrap().server_name, "s");
        assert_eq!(call.context.oauth_evidence.unwrap().issuer, "o");
        assert_eq!(
            call.context.auth_context.get("k"),
            Some(&json::parse(b"[1]").unwrap())
        );
        assert_eq!(
            (call.context.environment.as_str(), call.context.agent_id.as_str()),
            ("production", "g")
        );
        assert_eq!(call.delegation.unwrap().chain[0].delegator_identity, "d");
        assert_eq!(
            call.created_at.unwrap().to_utc().to_string(),
            "2026-03-01T00:00:00Z"
        );
    }
}
