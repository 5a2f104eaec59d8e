//! What a conversation with a server has to remember.

use std::collections::HashMap;
use std::sync::Arc;

use axum::http::HeaderValue;
use bytes::Bytes;
use gait_canon::json::{Kind, Part, Value};
use tokio::task::AbortHandle;

use crate::catalog::Definition;
use crate::frame::RequestId;

/// Tools whose arguments are repeated.
const MAX_TOOLS: usize = 4096;
/// The member of a schema that asks for that.
const REPEATED: &str = "x-mcp-header";

/// A session that the server named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Session {
    pub(super) name: HeaderValue,
    /// The revision that both sides agreed on.
    pub(super) version: Option<String>,
}

/// What a conversation has to remember.
#[derive(Debug, Default)]
pub(super) struct Memory {
    /// The message that opened the session.
    opening: Option<Bytes>,
    session: Option<Session>,
    version: Option<String>,
    listening: Option<AbortHandle>,
    asked: HashMap<RequestId, Asking>,
    /// What the server says of tools whose arguments are repeated.
    tools: HashMap<String, Arc<Value>>,
}

#[derive(Debug)]
struct Asking {
    task: AbortHandle,
    is_stateless: bool,
    is_endless: bool,
}

impl Memory {
    /// A session is to be opened by the message `opening`.
    pub(super) fn open(&mut self, opening: Bytes) {
        self.opening = Some(opening);
        self.session = None;
        self.version = None;
    }

    /// The message that opens the session that was lost; none when there was none.
    pub(super) fn reopen(&mut self) -> Option<String> {
        let opening = self.opening.clone()?;
        self.open(opening.clone());
        String::from_utf8(opening.into()).ok()
    }

    pub(super) fn name_session(&mut self, name: Option<HeaderValue>) {
        let version = self.version.clone();
        self.session = name.map(|name| Session { name, version });
    }

    pub(super) fn agree_on(&mut self, version: Option<&str>) {
        self.version = version.map(ToOwned::to_owned);
        if let Some(session) = &mut self.session {
            session.version.clone_from(&self.version);
        }
    }

    pub(super) fn agrees_with(&self, other: &Session) -> bool {
        self.version == other.version
    }

    pub(super) const fn session(&self) -> Option<&Session> {
        self.session.as_ref()
    }

    pub(super) fn version(&self) -> Option<&str> {
        self.version.as_deref()
    }

    pub(super) fn listen(&mut self, task: AbortHandle) {
        if let Some(other) = self.listening.replace(task) {
            other.abort();
        }
    }

    /// Ends every stream that has no end of its own.
    pub(super) fn stop_listening(&mut self) {
        if let Some(task) = self.listening.take() {
            task.abort();
        }
        self.asked.retain(|_, asking| {
            if asking.is_endless {
                asking.task.abort();
            }
            !asking.is_endless
        });
    }

    pub(super) fn asked(&mut self, id: RequestId, task: AbortHandle, is_stateless: bool, is_endless: bool) {
        // It may be over before anybody noted that it began.
        if !task.is_finished() {
            let asking = Asking {
                task,
                is_stateless,
                is_endless,
            };
            self.asked.insert(id, asking);
        }
    }

    pub(super) fn answered(&mut self, id: &RequestId) {
        self.asked.remove(id);
    }

    /// Gives up a request of the stateless era; whether it was one.
    pub(super) fn give_up(&mut self, id: &RequestId) -> bool {
        if !self.asked.get(id).is_some_and(|asking| asking.is_stateless) {
            return false;
        }
        if let Some(asking) = self.asked.remove(id) {
            asking.task.abort();
        }
        true
    }

    /// Takes note of the tools in a page whose arguments are to be repeated.
    pub(super) fn learn_tools(&mut self, page: Part<'_>) {
        let tools = page.get("tools").filter(|tools| tools.kind() == Kind::Array);
        for tool in tools.into_iter().flat_map(Part::items) {
            let Ok(definition) = Definition::read(tool) else {
                continue;
            };
            if !tool.raw().contains(REPEATED) {
                self.tools.remove(&definition.name);
            } else if self.tools.len() < MAX_TOOLS || self.tools.contains_key(&definition.name) {
                self.tools.insert(definition.name, Arc::new(definition.value));
            }
        }
    }

    pub(super) fn tool(&self, name: &str) -> Option<Arc<Value>> {
        self.tools.get(name).cloned()
    }
}
