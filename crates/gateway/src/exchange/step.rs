//! What an exchange says is to be done, and what it is told of a call.

use std::sync::Arc;

use gait_artifact::{intent::ArgProvenance, mcp::McpServer};
use gait_canon::json::Value;
use gait_mcp::ToolCall;

use crate::answer::Ruling;
use crate::approvals::{Invitation, Reply};
use crate::call::{Caller, Wanted, declared, is_open_world};
use crate::catalog::{Catalog, Definition, Quarantine, Standing};
use crate::frame::{FrameError, RequestId};

/// The reason code of a call of a tool that the server does not list.
pub(super) const UNKNOWN: &str = "mcp_tool_unknown";

/// What is to be done.
#[derive(Debug)]
pub enum Step {
    /// Send this to the client.
    ToClient(String),
    /// Send this to the server.
    ToServer(String),
    /// Judge this call, then [`Exchange::settle`](super::Exchange::settle) it.
    Judge(Box<Asked>),
    /// These are all tools of the server: review them, then [`Exchange::know`](super::Exchange::know) the catalogue.
    Review(Vec<Definition>),
    /// A call that is being judged, or waits for an approval, is not wanted any more.
    Abandoned(RequestId),
    /// The client answered what [`Exchange::ask_client`](super::Exchange::ask_client) asked about a call.
    Replied(RequestId, Reply),
    /// The server tells what a model may read, as the result of a call or otherwise: remember it, record it if it is a
    /// result, and send it to the client.
    Finished {
        /// What [`Exchange::settle`](super::Exchange::settle) was told of the call; none where this is no result of one.
        ticket: Option<u64>,
        /// The message, as the server sent it.
        frame: String,
    },
    /// Something was held back that nobody waits for.
    Dropped(Dropped),
}

/// A call that wants to run.
#[derive(Debug)]
pub struct Asked {
    /// The request.
    pub id: RequestId,
    /// What it calls.
    pub wanted: Wanted,
    /// What the gateway itself objects to. A call with an objection must not run, whatever the policy says.
    pub objection: Option<Objection>,
    /// Where its arguments came from, as far as whoever drives the exchange knows; nothing to begin with.
    pub arg_provenance: Vec<ArgProvenance>,
    /// What the server offers.
    pub(super) catalog: Arc<Catalog>,
    /// The message, as the client sent it.
    pub(super) frame: String,
}

impl Asked {
    /// The call that the boundary judges.
    #[must_use]
    pub fn to_call(&self, server: &McpServer, caller: &Caller) -> ToolCall {
        let tool = self.catalog.get(&self.wanted.name);
        let arg_provenance = self.arg_provenance.clone();
        self.wanted.to_call(server, tool, caller, arg_provenance)
    }

    /// Whether the tool, by its reviewed definition, reaches into the open world.
    #[must_use]
    pub fn is_open_world(&self) -> bool {
        is_open_world(self.catalog.get(&self.wanted.name))
    }

    /// The message, as it would reach the server.
    #[must_use]
    pub fn message(&self) -> &str {
        &self.frame
    }

    /// Sends another message to the server, if the call may run.
    pub fn restate(&mut self, message: String) {
        self.frame = message;
    }
}

/// What the gateway itself objects to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The reason code.
    pub code: &'static str,
    /// What is wrong, for people.
    pub detail: String,
}

/// What was decided of a call.
#[derive(Debug)]
pub enum Decided {
    /// It may run. Its result comes back with this ticket.
    Run(u64),
    /// It may not.
    Refuse(Ruling),
    /// It may not yet: the client shall come back.
    ComeBack(Box<Invitation>),
}

/// Why a message was held back.
#[derive(Debug)]
pub enum Dropped {
    /// The server sent what is no message.
    Unreadable(FrameError),
    /// The server answered what nobody asked, or answered twice or too late.
    Unasked(Option<RequestId>),
    /// The client sent a call as a notification.
    CallWithoutId,
    /// The client answered what nobody asked.
    UnaskedByServer(Option<RequestId>),
    /// The server's tools cannot be listed.
    Listing(String),
}

/// Why a call that went to the server has no result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unfinished {
    /// The client wants it no more.
    Cancelled,
    /// The server is gone.
    ServerGone,
    /// Nobody waits for it any more.
    Abandoned,
}

/// What the gateway itself has against a call.
pub(crate) fn objection(catalog: &Catalog, wanted: &Wanted) -> Option<Objection> {
    let object = |code, detail: String| Some(Objection { code, detail });
    let name = &wanted.name;
    let Some(tool) = catalog.get(name) else {
        return object(UNKNOWN, format!("the server lists no tool {name}"));
    };
    match &tool.standing {
        Standing::Quarantined(quarantine) => object(
            quarantine.reason_code(),
            format!("{name} must be reviewed before it can be called"),
        ),
        // The policy says so itself when it is asked.
        Standing::OutOfReach | Standing::Offered => {
            let arguments = Value::from(wanted.arguments.clone());
            let invalid = tool
                .check(&arguments)
                .and_then(|()| declared::check(&tool.definition.value, &wanted.arguments))
                .err()?;
            object("mcp_arguments_invalid", invalid.to_string())
        }
    }
}

/// What there is against a call that was judged by the catalogue `then`, when it is `now`. Nobody agreed to a tool that says
/// something else of itself since, even if somebody approved that as well.
pub(crate) fn later_objection(then: &Catalog, now: &Catalog, wanted: &Wanted) -> Option<&'static str> {
    let digest = |catalog: &Catalog| catalog.get(&wanted.name).map(|tool| tool.definition.digest);
    let objection = objection(now, wanted).map(|objection| objection.code);
    objection.or_else(|| (digest(then) != digest(now)).then(|| Quarantine::Changed.reason_code()))
}
