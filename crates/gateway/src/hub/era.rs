//! The two eras of the protocol, and what a message of one becomes in the other.

use gait_canon::json::{Kind, Part};

use super::wire::{Change, object, patched, string};
use crate::answer::{INTERNAL_ERROR, INVALID_PARAMS, INVALID_REQUEST};

/// The revision without sessions that the hub speaks.
pub(super) const STATELESS: &str = "2026-07-28";
/// The revisions with `initialize` that it speaks, oldest first.
pub(super) const HANDSHAKE: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

/// Members of `_meta` that stand for what `initialize` agreed on.
pub(super) const META_VERSION: &str = crate::era::PROTOCOL_VERSION;
pub(super) const META_CLIENT: &str = "io.modelcontextprotocol/clientInfo";
pub(super) const META_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
pub(super) const META_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// The member of `_meta` that says which subscription a notification belongs to.
pub(super) const META_SUBSCRIPTION: &str = "io.modelcontextprotocol/subscriptionId";
/// The member of `_meta` that says who answers.
pub(super) const META_SERVER: &str = "io.modelcontextprotocol/serverInfo";

/// The server needs something that the client did not say it has.
const MISSING_CAPABILITY: i32 = -32021;
/// The server does not speak the revision of a request.
pub(super) const UNSUPPORTED_VERSION: i32 = -32022;
/// Headers and body of a request differ.
const HEADER_MISMATCH: i32 = -32020;
/// There is no such resource, before 2026-07-28.
pub(super) const NO_RESOURCE: i32 = -32002;

/// How a side opens what it has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Era {
    /// Each request says all that there is to know (2026-07-28).
    Stateless,
    /// `initialize` comes first (2024-11-05 to 2025-11-25).
    Handshake,
}

/// A list that is served page by page.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct List {
    /// What asks for it.
    pub(super) method: &'static str,
    /// Where a page has its items.
    pub(super) member: &'static str,
    /// What a server must say it can do to be asked.
    pub(super) capability: &'static str,
}

/// The lists that there are.
pub(super) const LISTS: [List; 5] = [
    List::new("tools/list", "tools", "tools"),
    List::new("prompts/list", "prompts", "prompts"),
    List::new("resources/list", "resources", "resources"),
    List::new("resources/templates/list", "resourceTemplates", "resources"),
    List::new("tasks/list", "tasks", "tasks"),
];

impl List {
    const fn new(method: &'static str, member: &'static str, capability: &'static str) -> Self {
        Self {
            method,
            member,
            capability,
        }
    }

    /// The list that `method` asks for.
    pub(super) fn of(method: &str) -> Option<&'static Self> {
        LISTS.iter().find(|list| list.method == method)
    }
}

/// Whether results of `method` say how long they may be kept.
pub(super) fn is_cacheable(method: &str) -> bool {
    method == "resources/read" || List::of(method).is_some_and(|list| list.capability != "tasks")
}

/// Whether a server may ask something back before it answers `method`.
pub(super) fn may_ask_back(method: &str) -> bool {
    matches!(method, "tools/call" | "prompts/get" | "resources/read")
}

/// The way that params take.
pub(super) struct Way<'a> {
    pub(super) from: Era,
    pub(super) to: Era,
    /// What progress is told under; nothing where it cannot be told.
    pub(super) token: Option<i64>,
    /// What requests of a client that said `initialize` have in their `_meta` on the way to a stateless server.
    pub(super) meta: &'a [Change<'static>],
}

impl Way<'_> {
    /// The params as the server is to see them.
    pub(super) fn params(&self, params: Option<Part<'_>>, mut changes: Vec<Change<'_>>) -> Option<String> {
        let meta = params.and_then(|params| params.get("_meta"));
        changes.extend(self.meta_change(meta));
        match params {
            Some(params) => Some(patched(params, &changes)),
            None if changes.iter().any(|(_, json)| json.is_some()) => Some(object(&changes)),
            None => None,
        }
    }

    /// What becomes of `_meta`, unless it stays as it is.
    fn meta_change(&self, meta: Option<Part<'_>>) -> Option<Change<'static>> {
        let meta = meta.filter(|meta| meta.kind() == Kind::Object);
        let mut changes: Vec<Change<'_>> = match (self.from, self.to) {
            (Era::Handshake, Era::Stateless) => {
                let known = self.meta.iter().filter(|(_, json)| json.is_some());
                known.cloned().collect()
            }
            (Era::Stateless, Era::Handshake) => {
                vec![
                    (META_VERSION, None),
                    (META_CLIENT, None),
                    (META_CAPABILITIES, None),
                    (META_LEVEL, None),
                ]
            }
            _ => Vec::new(),
        };
        let Some(meta) = meta else {
            let is_needed = changes.iter().any(|(_, json)| json.is_some());
            return is_needed.then(|| ("_meta", Some(object(&changes))));
        };
        if meta.get("progressToken").is_some() {
            changes.push(("progressToken", self.token.map(|token| token.to_string())));
        }
        let is_touched = |(key, json): &Change<'_>| json.is_some() || meta.get(key).is_some();
        changes.retain(is_touched);
        if changes.is_empty() {
            return None;
        }
        let meta = patched(meta, &changes);
        Some(("_meta", Some(meta).filter(|meta| meta != "{}")))
    }
}

/// What must change in the result of `method` for a client of `era`.
pub(super) fn result_changes(era: Era, method: &str, result: Part<'_>) -> Vec<Change<'static>> {
    let mut changes = Vec::new();
    if era == Era::Stateless {
        let kind = result.get("resultType");
        if kind.is_none() {
            changes.push(("resultType", Some(string("complete"))));
        }
        let is_complete = kind.and_then(Part::as_str).is_none_or(|kind| kind == "complete");
        if is_cacheable(method) && is_complete {
            for (key, json) in [("ttlMs", "0"), ("cacheScope", "\"private\"")] {
                if result.get(key).is_none() {
                    changes.push((key, Some(json.to_owned())));
                }
            }
        }
        return changes;
    }
    let mut unknown = vec!["resultType"];
    if is_cacheable(method) {
        unknown.extend(["ttlMs", "cacheScope"]);
    }
    if method == "tools/call"
        && result
            .get("structuredContent")
            .is_some_and(|part| part.kind() != Kind::Object)
    {
        unknown.push("structuredContent");
    }
    if let Some(meta) = result.get("_meta").filter(|meta| meta.get(META_SERVER).is_some()) {
        let meta = patched(meta, &[(META_SERVER, None)]);
        changes.push(("_meta", Some(meta).filter(|meta| meta != "{}")));
    }
    unknown.retain(|key| result.get(key).is_some());
    changes.extend(unknown.into_iter().map(|key| (key, None)));
    if method == "tools/list"
        && let Some(tools) = result.get("tools").filter(|tools| tools.kind() == Kind::Array)
        && tools.items().any(|tool| !tool_changes(era, tool).is_empty())
    {
        let tools: Vec<String> = tools
            .items()
            .map(|tool| patched(tool, &tool_changes(era, tool)))
            .collect();
        changes.push(("tools", Some(format!("[{}]", tools.join(",")))));
    }
    changes
}

/// What must change in the description of a tool for a client of `era`.
pub(super) fn tool_changes(era: Era, tool: Part<'_>) -> Vec<Change<'static>> {
    let output = tool.get("outputSchema");
    let is_of_object = |schema: Part<'_>| {
        schema
            .get("type")
            .and_then(Part::as_str)
            .is_some_and(|kind| kind == "object")
    };
    // Before 2026-07-28 what a tool puts out is an object or not described.
    match output {
        Some(schema) if era == Era::Handshake && !is_of_object(schema) => vec![("outputSchema", None)],
        _ => Vec::new(),
    }
}

/// The code that a client of `era` knows for what a server of the other era calls `code`.
pub(super) fn renumbered(era: Era, method: &str, code: i32) -> i32 {
    match (era, code) {
        // What is between the gateway and the server is nothing that the client could mend.
        (_, HEADER_MISMATCH) | (Era::Stateless, UNSUPPORTED_VERSION | MISSING_CAPABILITY) => INTERNAL_ERROR,
        (Era::Handshake, UNSUPPORTED_VERSION) => INVALID_PARAMS,
        (Era::Handshake, MISSING_CAPABILITY) => INVALID_REQUEST,
        (Era::Handshake, INVALID_PARAMS) if method == "resources/read" => NO_RESOURCE,
        (Era::Stateless, NO_RESOURCE) if method.starts_with("resources/") => INVALID_PARAMS,
        _ => code,
    }
}
