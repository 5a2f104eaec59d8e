//! Servers that a client connects to over HTTP, and the gateway in the client's place.

use std::ops::Range;

/// How members are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Notation {
    /// `"key": value`
    Json,
    /// `key = value`
    Toml,
}

/// Parts of the names of members by which a server knows who asks. The gateway would not show what they say.
const CREDENTIALS: [&str; 6] = ["header", "auth", "token", "cred", "secret", "key"];
/// The transport that the gateway speaks, as clients call it.
const TRANSPORT: &str = "http";
/// Addresses that the gateway asks without being told that it may.
const TRUSTED: [&str; 4] = ["https://", "http://localhost", "http://127.0.0.1", "http://[::1]"];

/// The members that say where a client connects to or, behind the gateway, where that does.
#[derive(Debug, Clone)]
pub(crate) struct Connection {
    /// The bytes of the members: the address, or the command and its arguments.
    pub(crate) span: Range<usize>,
    /// The bytes of the name of the transport.
    pub(crate) transport: Option<Range<usize>>,
    notation: Notation,
    /// What stands between a key and its value.
    separator: String,
    /// What stands between two members.
    between: String,
}

/// A member that was found, without its key.
#[derive(Debug, Clone)]
pub(crate) struct Value<'a> {
    pub(crate) text: &'a str,
    pub(crate) span: Range<usize>,
}

/// What a server's settings say besides how it is reached.
#[derive(Debug, Clone)]
pub(crate) struct Beside<'a> {
    /// The names of all members.
    pub(crate) members: Vec<&'a str>,
    /// The name of the transport.
    pub(crate) transport: Option<Value<'a>>,
    /// What stands between two members.
    pub(crate) between: String,
}

impl Connection {
    /// The members of a server that a client connects to at `address`; none where the gateway cannot take its place.
    pub(crate) fn direct(
        text: &str,
        notation: Notation,
        address: &Value<'_>,
        beside: Beside<'_>,
    ) -> Option<Self> {
        let shows_who_asks = beside.members.iter().any(|member| {
            let member = member.to_ascii_lowercase();
            CREDENTIALS.iter().any(|word| member.contains(word))
        });
        let is_spoken = beside
            .transport
            .as_ref()
            .is_none_or(|transport| transport.text == TRANSPORT);
        let is_trusted = TRUSTED.iter().any(|start| address.text.starts_with(start));
        let (start, separator) = key_before(text, notation, "url", address.span.start)?;
        (!shows_who_asks && is_spoken && is_trusted).then(|| Self {
            span: start..address.span.end,
            transport: beside.transport.map(|transport| transport.span),
            notation,
            separator: separator.to_owned(),
            between: beside.between,
        })
    }

    /// The members of a server that is reached through the gateway; none where they do not stand together.
    pub(crate) fn gated(
        text: &str,
        notation: Notation,
        command: &Range<usize>,
        arguments: &Range<usize>,
        beside: Beside<'_>,
    ) -> Option<Self> {
        let (start, separator) = key_before(text, notation, "command", command.start)?;
        let (args, _) = key_before(text, notation, "args", arguments.start)?;
        let lies_between = text.get(command.end..args)?.trim();
        matches!((notation, lies_between), (_, ",") | (Notation::Toml, "")).then(|| Self {
            span: start..arguments.end,
            transport: beside.transport.map(|transport| transport.span),
            notation,
            separator: separator.to_owned(),
            between: beside.between,
        })
    }

    /// The members that start `program` with `arguments`, which are written already.
    pub(crate) fn command(&self, program: &str, arguments: &str) -> String {
        let Self { between, .. } = self;
        let (command, args) = (self.member("command", program), self.member("args", arguments));
        format!("{command}{between}{args}")
    }

    /// The member that says where a client connects to.
    pub(crate) fn address(&self, url: &str) -> String {
        self.member("url", url)
    }

    fn member(&self, key: &str, value: &str) -> String {
        let Self { separator, .. } = self;
        format!("{}{separator}{value}", written(self.notation, key))
    }
}

fn written(notation: Notation, key: &str) -> String {
    match notation {
        Notation::Json => format!("\"{key}\""),
        Notation::Toml => key.to_owned(),
    }
}

/// The place of `key` in front of the value at `value`, and what stands between them; none where that is more than it must
/// be.
fn key_before<'t>(text: &'t str, notation: Notation, key: &str, value: usize) -> Option<(usize, &'t str)> {
    let before = text.get(..value)?;
    let sign = match notation {
        Notation::Json => ':',
        Notation::Toml => '=',
    };
    let bare = before.trim_end().strip_suffix(sign)?.trim_end();
    let start = bare.strip_suffix(&written(notation, key))?.len();
    Some((start, &before[bare.len()..]))
}
