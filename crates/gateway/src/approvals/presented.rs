//! What a call brings along beside the tool and its arguments, and what of it is for the server.

use gait_approval::state::{self, Sealer};
use gait_canon::json::{Edits, Kind, Part};

use super::reply::Reply;
use crate::{era, frame};

/// The gateway's own entry in `inputRequests`, and so in `inputResponses`.
pub const INPUT_KEY: &str = "gait-approval";
/// The member with what clients answer to `inputRequests`.
const RESPONSES: &str = "inputResponses";
/// The member with the state that clients were sent away with.
const STATE: &str = "requestState";
/// What clients of the stateless era can do.
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";

/// What the params of a call say beside what is called.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Presented {
    /// The state that the client was sent away with.
    state: Option<String>,
    /// What it answers, as it is written.
    responses: Option<String>,
    /// What its progress is reported under, as it is written.
    pub progress_token: Option<String>,
    /// Whether the client can be asked to show a form and come back.
    pub can_come_back: bool,
}

impl Presented {
    /// Reads the params of a request.
    #[must_use]
    pub fn read(params: Option<Part<'_>>) -> Self {
        let Some(params) = params else {
            return Self::default();
        };
        let raw = |part: Part<'_>| part.raw().to_owned();
        let capabilities = era::stateless_meta(Some(params)).and_then(|meta| meta.get(CAPABILITIES));
        Self {
            state: params.get(STATE).and_then(Part::as_str).map(str::to_owned),
            responses: params.get(RESPONSES).map(raw),
            progress_token: params
                .get("_meta")
                .and_then(|meta| meta.get("progressToken"))
                .filter(|token| matches!(token.kind(), Kind::String | Kind::Number))
                .map(raw),
            can_come_back: capabilities.is_some_and(elicits),
        }
    }

    /// The state, if it has the form of one that a gateway sealed.
    pub(super) fn sealed_state(&self) -> Option<&str> {
        self.state.as_deref().filter(|state| state::is_state(state))
    }

    /// What the client answers to the gateway's own question; nothing when it is no answer.
    pub(super) fn reply(&self) -> Option<Reply> {
        let document = frame::read(self.responses.as_deref()?.as_bytes()).ok()?;
        Reply::read(document.root().get(INPUT_KEY)?)
    }

    /// What the client says to the server, for the gateway to keep while the client is sent away; empty when that is nothing.
    pub(super) fn carried(&self) -> String {
        let state = self.state.as_deref().map(|state| {
            let state = gait_canon::json::compact(&state.into());
            format!("\"{STATE}\":{state}")
        });
        let responses = self.responses.as_deref();
        let responses = responses.map(|responses| format!("\"{RESPONSES}\":{responses}"));
        let members: Vec<String> = responses.into_iter().chain(state).collect();
        if members.is_empty() {
            return String::new();
        }
        format!("{{{}}}", members.join(","))
    }

    /// The message without what it says to the gateway, and with what was kept for the server; nothing for a message that says
    /// nothing to the gateway. Every other byte stays as it is.
    #[must_use]
    pub fn restored(&self, message: &str, sealer: &Sealer) -> Option<String> {
        let carried = sealer.carried(self.sealed_state()?)?;
        let document = frame::read(message.as_bytes()).ok()?;
        let params = document.root().get("params")?;
        let kept = frame::read(carried.as_bytes()).ok();
        let kept = |key| Some(kept.as_ref()?.root().get(key)?.raw());
        let mut edits = Edits::new(&document);
        let mut foreign = Vec::new();
        for key in [RESPONSES, STATE] {
            match kept(key) {
                Some(raw) => edits.set(params, key, raw),
                None => foreign.push(key),
            }
        }
        edits.remove(params, &foreign);
        Some(edits.finish())
    }
}

/// Whether these capabilities of a client include forms. One that names no mode means forms.
pub(crate) fn elicits(capabilities: Part<'_>) -> bool {
    let elicitation = capabilities.get("elicitation");
    elicitation.is_some_and(|elicitation| {
        elicitation.kind() == Kind::Object
            && (elicitation.get("form").is_some() || elicitation.get("url").is_none())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presented(params: &str) -> Presented {
        Presented::read(Some(frame::read(params.as_bytes()).unwrap().root()))
    }

    #[test]
    fn clients_that_can_show_forms_say_so() {
        for (elicitation, expected) in [
            (r#""elicitation":{}"#, true),
            (r#""elicitation":{"form":{}}"#, true),
            (r#""elicitation":{"form":{},"url":{}}"#, true),
            (r#""elicitation":{"url":{}}"#, false),
            (r#""elicitation":true"#, false),
            (r#""sampling":{}"#, false),
        ] {
            let version = era::PROTOCOL_VERSION;
            let meta = format!(r#""_meta":{{"{version}":"2026-07-28","{CAPABILITIES}":{{{elicitation}}}}}"#);
            let said = presented(&format!(r#"{{"name":"t",{meta}}}"#));
            assert_eq!(said.can_come_back, expected, "{elicitation}");
            // Without the revision nobody knows what it means.
            let meta = meta.replace(version, "x");
            assert!(!presented(&format!(r#"{{"name":"t",{meta}}}"#)).can_come_back);
        }
    }

    #[test]
    fn what_is_for_the_server_comes_back_byte_for_byte() {
        for (params, expected) in [
            (r#"{"name":"t"}"#, ""),
            (
                r#"{"requestState":"a\u0022b","name":"t"}"#,
                r#"{"requestState":"a\"b"}"#,
            ),
            (
                r#"{"name":"t","inputResponses":{ "x":{"n":1.0}},"requestState":"s"}"#,
                r#"{"inputResponses":{ "x":{"n":1.0}},"requestState":"s"}"#,
            ),
        ] {
            assert_eq!(presented(params).carried(), expected, "{params}");
        }
    }

    #[test]
    fn answers_are_what_they_say() {
        for (response, expected) in [
            (r#"{"action":"decline"}"#, Some(Reply::Declined)),
            (r#"{"action":"cancel"}"#, Some(Reply::Declined)),
            (
                r#"{"action":"accept"}"#,
                Some(Reply::Accepted { consents: false }),
            ),
            (
                r#"{"action":"accept","content":{"approve":true}}"#,
                Some(Reply::Accepted { consents: true }),
            ),
            (
                r#"{"action":"accept","content":{"approve":false}}"#,
                Some(Reply::Declined),
            ),
            (
                r#"{"action":"accept","content":{"approve":"true"}}"#,
                Some(Reply::Accepted { consents: false }),
            ),
            (r#"{"action":"yes"}"#, None),
            ("7", None),
        ] {
            let said = presented(&format!(r#"{{"inputResponses":{{"{INPUT_KEY}":{response}}}}}"#));
            assert_eq!(said.reply(), expected, "{response}");
        }
        assert_eq!(
            presented(r#"{"inputResponses":{"other":{"action":"accept"}}}"#).reply(),
            None
        );
        assert_eq!(presented("{}").reply(), None);
    }
}
