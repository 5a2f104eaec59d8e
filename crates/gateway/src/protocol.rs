//! The names in the protocol that the gateway goes by.

use gait_canon::json::Part;

/// The request that has to be judged.
pub(crate) const CALL: &str = "tools/call";
/// The notice that the tools of a server changed.
pub(crate) const TOOLS_CHANGED: &str = "notifications/tools/list_changed";
/// Requests whose answers are between programs: no model reads them.
pub(crate) const BETWEEN_PROGRAMS: [&str; 4] = ["initialize", "server/discover", "ping", "logging/setLevel"];
/// The kinds of results that calls have.
const RESULT_TYPES: [&str; 3] = ["complete", "input_required", "task"];
/// What clients are told of a result of another kind.
pub(crate) const UNKNOWN_TYPE: &str = "the server answered with a result of unknown type";

/// Whether the result of a call is of a kind that clients know.
pub(crate) fn is_of_known_type(result: Part<'_>) -> bool {
    let kind = result.get("resultType").map(Part::as_str);
    kind.is_none_or(|named| named.is_some_and(|named| RESULT_TYPES.contains(&named)))
}
