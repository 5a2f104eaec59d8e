//! A server as a client's settings have it.

use std::ops::Range;

use crate::connection::Connection;

/// The flag of the gateway that says where it connects to.
pub(crate) const UPSTREAM: &str = "--upstream";

/// How a client reaches a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// It starts the server itself.
    Direct,
    /// It starts the gateway, and that starts the server or connects to it.
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
    /// Where the client or the gateway connects to, where one can take the place of the other.
    pub(crate) connection: Option<Connection>,
}

/// What runs or is asked in the end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Own<'a> {
    Command(Vec<&'a str>),
    Address(&'a str),
}

impl Server {
    /// Whether the gateway can come between the client and the server, or has.
    #[must_use]
    pub fn is_coverable(&self) -> bool {
        match self.route {
            Route::Direct | Route::Gateway => true,
            Route::Remote(_) => self.connection.is_some(),
        }
    }

    /// What runs or is asked in the end.
    pub(crate) fn own(&self) -> Option<Own<'_>> {
        match (&self.launch, &self.route) {
            (Some(launch), _) => Some(match launch.upstream() {
                Some(address) => Own::Address(address),
                None => Own::Command(launch.own_command()),
            }),
            (None, Route::Remote(address)) => Some(Own::Address(address)),
            (None, _) => None,
        }
    }
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

    fn is_gateway(&self) -> bool {
        const WORDS: [&str; 2] = ["mcp", "gateway"];
        let words = self.items().iter().map(|item| item.value.as_str());
        is_gait(&self.command.value) && words.take(WORDS.len()).eq(WORDS)
    }

    /// The address that the gateway connects to, when the command is the gateway and starts no server.
    pub(crate) fn upstream(&self) -> Option<&str> {
        let items = self.items();
        let [.., flag, address] = items else { return None };
        let starts_one = items.iter().any(|item| item.value == "--");
        (self.is_gateway() && flag.value == UPSTREAM && !starts_one).then_some(&address.value)
    }

    /// The place of the server's own command among the arguments, when the command is the gateway and starts one.
    pub(crate) fn behind_gateway(&self) -> Option<usize> {
        let items = self.items();
        if !self.is_gateway() {
            return None;
        }
        let end_of_flags = items.iter().position(|item| item.value == "--")?;
        (end_of_flags + 1 < items.len()).then_some(end_of_flags + 1)
    }

    pub(crate) fn route(&self) -> Route {
        if self.behind_gateway().is_some() || self.upstream().is_some() {
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
