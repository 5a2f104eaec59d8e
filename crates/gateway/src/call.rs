//! From a `tools/call` request to the call that the boundary judges.

use gait_artifact::{
    intent::{ArgProvenance, Target},
    mcp::McpServer,
};
use gait_canon::json::{self, Kind, Object, Part, Value};
use gait_mcp::{CallContext, ToolCall};

use crate::{approvals::Presented, catalog::Tool, fold};

pub(crate) mod declared;
mod exact;

/// Members of arguments that commonly name a file.
const PATH_KEYS: [&str; 8] = [
    "path",
    "file",
    "file_path",
    "filepath",
    "filename",
    "source",
    "destination",
    "directory",
];
/// Members of arguments that commonly name an address.
const URL_KEYS: [&str; 4] = ["url", "uri", "endpoint", "href"];

/// Who calls, as the gateway knows it: from its settings and its transport, never from the call.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// The calling identity.
    pub identity: String,
    /// Where the agent works.
    pub workspace: String,
    /// How risky calls are deemed.
    pub risk_class: String,
    /// The deployment environment.
    pub environment: String,
    /// The session that calls belong to.
    pub session_id: String,
}

/// The params of a `tools/call` request.
#[derive(Debug, Clone, PartialEq)]
pub struct Wanted {
    /// The tool.
    pub name: String,
    /// Its arguments.
    pub arguments: Object,
    /// What the request brings along beside them.
    pub presented: Presented,
}

/// Why the params call no tool.
#[derive(Debug, thiserror::Error)]
pub enum InvalidCall {
    /// There is no name.
    #[error("params.name must be a non-empty string")]
    Name,
    /// A member is one that counts, save for its case. Servers that disregard case would go by it.
    #[error("params must name its members in lower case")]
    Case,
    /// The arguments are no object.
    #[error("params.arguments must be an object")]
    Arguments,
    /// The arguments have no one meaning.
    #[error("params.arguments: {0}")]
    Json(#[from] json::Error),
}

impl Wanted {
    /// Reads the params of a `tools/call` request.
    pub fn read(params: Option<Part<'_>>) -> Result<Self, InvalidCall> {
        if params.is_some_and(|params| fold::has_variant_of(params, &["name", "arguments"])) {
            return Err(InvalidCall::Case);
        }
        let name = params
            .and_then(|params| params.get("name"))
            .and_then(Part::as_str);
        let name = name.filter(|name| !name.is_empty()).ok_or(InvalidCall::Name)?;
        let arguments = match params.and_then(|params| params.get("arguments")) {
            None => Object::new(),
            Some(part) if part.kind() == Kind::Object => part.read()?,
            Some(_) => return Err(InvalidCall::Arguments),
        };
        Ok(Self {
            name: name.to_owned(),
            arguments,
            presented: Presented::read(params),
        })
    }

    /// The call that the boundary judges. What its targets are said to be comes from the reviewed definition of `tool`.
    #[must_use]
    pub fn to_call(
        &self,
        server: &McpServer,
        tool: Option<&Tool>,
        caller: &Caller,
        arg_provenance: Vec<ArgProvenance>,
    ) -> ToolCall {
        let hints = Hints::of(tool);
        let mut auth_context = Object::new();
        if let Some(digest) = exact::digest(&self.arguments) {
            auth_context.insert(exact::ARGUMENTS_DIGEST, digest.to_string());
        }
        ToolCall {
            name: self.name.clone(),
            args: self.arguments.clone(),
            targets: self.targets(hints),
            arg_provenance,
            server: Some(server.clone()),
            context: CallContext {
                identity: caller.identity.clone(),
                workspace: caller.workspace.clone(),
                risk_class: caller.risk_class.clone(),
                environment: caller.environment.clone(),
                session_id: caller.session_id.clone(),
                auth_context,
                ..CallContext::default()
            },
            ..ToolCall::default()
        }
    }

    /// What the call acts on, as far as the names of its arguments tell.
    fn targets(&self, hints: Hints) -> Vec<Target> {
        let texts = self.arguments.iter().filter_map(|(key, value)| {
            let kind = target_kind(key)?;
            let text = value.as_str().filter(|text| !text.trim().is_empty())?;
            let kind = if text.contains("://") { "url" } else { kind };
            Some((kind, text))
        });
        texts
            .map(|(kind, value)| Target {
                kind: kind.to_owned(),
                value: value.to_owned(),
                operation: if hints.read_only { "read" } else { "" }.to_owned(),
                discovery_method: "mcp".to_owned(),
                read_only_hint: hints.read_only,
                destructive_hint: hints.destructive,
                idempotent_hint: hints.idempotent,
                open_world_hint: hints.open_world,
                ..Target::default()
            })
            .collect()
    }
}

/// What an argument of this name commonly holds, if that is something to act on.
fn target_kind(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase();
    if URL_KEYS.contains(&&*name) {
        Some("url")
    } else {
        PATH_KEYS.contains(&&*name).then_some("path")
    }
}

/// Whether an argument of this name is taken for something to act on.
fn names_target(name: &str) -> bool {
    target_kind(name).is_some()
}

/// Whether a tool, by its reviewed definition, reaches into the open world. One that is not known may.
pub(crate) fn is_open_world(tool: Option<&Tool>) -> bool {
    Hints::of(tool).open_world
}

/// What a reviewed definition claims of its tool.
#[derive(Debug, Clone, Copy)]
struct Hints {
    read_only: bool,
    destructive: bool,
    idempotent: bool,
    open_world: bool,
}

impl Hints {
    /// The hints in the annotations of a definition, with the defaults of the protocol.
    fn of(tool: Option<&Tool>) -> Self {
        let annotations = tool.and_then(|tool| tool.definition.value.get("annotations"));
        let hint = |name: &str| {
            annotations
                .and_then(|value| value.get(name))
                .and_then(Value::as_bool)
        };
        let read_only = hint("readOnlyHint").unwrap_or(false);
        Self {
            read_only,
            destructive: !read_only && hint("destructiveHint").unwrap_or(true),
            idempotent: hint("idempotentHint").unwrap_or(false),
            open_world: hint("openWorldHint").unwrap_or(true),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        catalog::{Catalog, Definition, Review},
        frame,
    };

    fn wanted(params: &str) -> Result<Wanted, String> {
        let document = frame::read(params.as_bytes()).unwrap();
        Wanted::read(Some(document.root())).map_err(|error| error.to_string())
    }

    #[test]
    fn params_name_a_tool_and_its_arguments() {
        assert_eq!(wanted(r#"{"name":"t"}"#).unwrap().arguments, Object::new());
        assert_eq!(
            wanted(r#"{"name":"t","arguments":{"a":1},"_meta":{}}"#)
                .unwrap()
                .arguments
                .len(),
            1
        );
        for (params, expected) in [
            ("{}", "params.name must be a non-empty string"),
            (r#"{"name":""}"#, "params.name must be a non-empty string"),
            (r#"{"name":7}"#, "params.name must be a non-empty string"),
            (
                r#"{"name":"t","arguments":[]}"#,
                "params.arguments must be an object",
            ),
            (
                r#"{"name":"t","arguments":null}"#,
                "params.arguments must be an object",
            ),
            (
                r#"{"name":"t","Name":"u"}"#,
                "params must name its members in lower case",
            ),
            (
                "{\"name\":\"t\",\"argument\u{17F}\":{}}",
                "params must name its members in lower case",
            ),
        ] {
            assert_eq!(wanted(params).unwrap_err(), expected, "{params}");
        }
    }

    #[test]
    fn targets_come_from_arguments_and_hints_from_the_reviewed_definition() {
        let listed = r#"{"name":"t","annotations":{"readOnlyHint":true,"destructiveHint":true}}"#;
        let document = frame::read(listed.as_bytes()).unwrap();
        let permits = |_: &str| true;
        let review = Review {
            pins: None,
            permits: &permits,
        };
        let catalog = Catalog::of(vec![Definition::read(document.root()).unwrap()], review).unwrap();
        let call = wanted(
            r#"{"name":"t","arguments":{"path":"/a","URL":"https://x","source":"s3://b","n":1,"file":" "}}"#,
        )
        .unwrap()
        .to_call(
            &McpServer::default(),
            catalog.get("t"),
            &Caller::default(),
            Vec::new(),
        );
        let targets: Vec<_> = call
            .targets
            .iter()
            .map(|target| {
                (
                    &*target.kind,
                    &*target.value,
                    target.read_only_hint,
                    target.destructive_hint,
                )
            })
            .collect();
        assert_eq!(
            targets,
            [
                ("path", "/a", true, false),
                ("url", "https://x", true, false),
                ("url", "s3://b", true, false)
            ]
        );
        let unknown = wanted(r#"{"name":"t","arguments":{"path":"/a"}}"#)
            .unwrap()
            .to_call(&McpServer::default(), None, &Caller::default(), Vec::new());
        assert!(unknown.targets[0].destructive_hint && !unknown.targets[0].read_only_hint);
    }
}
