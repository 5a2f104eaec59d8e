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
