//! A server as a client's settings have it.

use std::ops::Range;

/// How a client reaches a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// It starts the server itself.
    Direct,
    /// It starts the gateway, and that the server.
    Gateway,
    /// It connects to this address.
    Remote(String),
}

/// One server of a configuration.
#[derive(Debug, Clone)]
pub struct Server {
    /// Its name there.
    pub name: String,
    /// Where it stands, as a JSON pointer (RFC 6901).
    pub place: String,
    /// The line it begins in, from 1.
    pub line: usize,
    /// How it is reached.
    pub route: Route,
    /// How it is started; none for a server that is not.
    pub(crate) launch: Option<Launch>,
}

/// A string and the bytes that write it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) value: String,
    pub(crate) span: Range<usize>,
}

/// The command that starts a server.
#[derive(Debug, Clone)]
pub(crate) struct Launch {
    pub(crate) command: Text,
    pub(crate) arguments: Arguments,
}

/// The arguments of a command.
#[derive(Debug, Clone)]
pub(crate) enum Arguments {
    /// An array of strings, with its brackets.
    Given {
        /// The bytes of the array.
        span: Range<usize>,
        /// The strings.
        items: Vec<Text>,
    },
    /// No array; this stands between the command and one that is to be added.
    Absent {
        /// The separator and the key.
        key: String,
    },
    /// No array, and none can be added.
    Fixed,
}

impl Launch {
    pub(crate) fn items(&self) -> &[Text] {
        match &self.arguments {
            Arguments::Given { items, .. } => items,
            Arguments::Absent { .. } | Arguments::Fixed => &[],
        }
    }

    /// The place of the server's own command among the arguments, when the command is the gateway.
    pub(crate) fn behind_gateway(&self) -> Option<usize> {
        const WORDS: [&str; 2] = ["mcp", "gateway"];
        let items = self.items();
        let words = items.iter().map(|item| item.value.as_str());
        if !is_gait(&self.command.value) || !words.take(WORDS.len()).eq(WORDS) {
            return None;
        }
        let end_of_flags = items.iter().position(|item| item.value == "--")?;
        (end_of_flags + 1 < items.len()).then_some(end_of_flags + 1)
    }

    pub(crate) fn route(&self) -> Route {
        if self.behind_gateway().is_some() {
            Route::Gateway
        } else {
            Route::Direct
        }
    }

    /// What runs in the end: the server's own command line.
    pub(crate) fn own_command(&self) -> Vec<&str> {
        let items = self.items().iter().map(|item| item.value.as_str());
        match self.behind_gateway() {
            Some(own) => items.skip(own).collect(),
            None => std::iter::once(self.command.value.as_str())
                .chain(items)
                .collect(),
        }
    }
}

/// Whether `command` is this program by its name.
pub(crate) fn is_gait(command: &str) -> bool {
    let name = command.rsplit(['/', '\\']).next().unwrap_or_default();
    matches!(name, "gait" | "gait.exe")
}
