//! What an answer to a call says of it.

use gait_canon::json::{Document, Part};

/// An answer.
pub(super) struct Answer<'d> {
    /// The word for it in [`CallResult`](gait_artifact::mcp::CallResult).
    pub(super) outcome: &'static str,
    /// The result, or the error.
    pub(super) content: Option<Part<'d>>,
}

impl<'d> Answer<'d> {
    pub(super) fn of(document: &'d Document<'_>) -> Self {
        let root = document.root();
        let Some(result) = root.get("result") else {
            return Self {
                outcome: "protocol_error",
                content: root.get("error"),
            };
        };
        let kind = result.get("resultType").and_then(Part::as_str);
        let is_error = result.get("isError").and_then(Part::as_bool);
        let outcome = match (kind, is_error) {
            (Some("input_required" | "task"), _) => "incomplete",
            (_, Some(true)) => "tool_error",
            // Before there were types of results, a task was known by itself.
            _ if result.get("task").is_some() && result.get("content").is_none() => "incomplete",
            _ => "completed",
        };
        Self {
            outcome,
            content: Some(result),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame;

    #[test]
    fn answers_say_what_came_of_calls() {
        for (message, outcome) in [
            (r#"{"result":{"content":[]}}"#, "completed"),
            (
                r#"{"result":{"resultType":"complete","content":[],"isError":false}}"#,
                "completed",
            ),
            (r#"{"result":{"content":[],"isError":true}}"#, "tool_error"),
            (r#"{"result":{"resultType":"input_required"}}"#, "incomplete"),
            (r#"{"result":{"task":{"taskId":"1"}}}"#, "incomplete"),
            (r#"{"error":{"code":-32602,"message":"no"}}"#, "protocol_error"),
        ] {
            let document = frame::read(message.as_bytes()).unwrap();
            assert_eq!(Answer::of(&document).outcome, outcome, "{message}");
        }
    }
}
