//! Putting the gateway between a client and its server, and taking it away.

use crate::connection::Connection;
use crate::server::{Arguments, Launch, UPSTREAM};
use crate::splice::{Change, quoted};

/// How the gateway is started. Clients start programs in directories of their own choice, so all paths are absolute.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// This program.
    pub program: String,
    /// The flags of `mcp gateway`, the name of the server aside.
    pub flags: Vec<String>,
}

impl Gateway {
    /// The arguments that say how the gateway stands in front of a server.
    fn arguments(&self, server: &str) -> Vec<String> {
        let fixed = |word: &str| word.to_owned();
        let mut arguments = vec![
            fixed("mcp"),
            fixed("gateway"),
            fixed("--server"),
            server.to_owned(),
        ];
        arguments.extend(self.flags.iter().cloned());
        arguments
    }
}

/// The changes that let the gateway connect to `address` in the client's place.
pub(crate) fn wrap_connection(
    connection: &Connection,
    address: &str,
    server: &str,
    gateway: &Gateway,
) -> Vec<Change> {
    let mut words = gateway.arguments(server);
    words.extend([UPSTREAM.to_owned(), address.to_owned()]);
    let words: Vec<String> = words.iter().map(|word| quoted(word)).collect();
    let arguments = format!("[{}]", words.join(", "));
    let members = connection.command(&quoted(&gateway.program), &arguments);
    let transport = connection.transport.clone();
    let transport = transport.map(|span| (span, quoted("stdio")));
    transport
        .into_iter()
        .chain([(connection.span.clone(), members)])
        .collect()
}

/// The changes that let the client connect to `address` itself again.
pub(crate) fn unwrap_connection(connection: &Connection, address: &str) -> Vec<Change> {
    let transport = connection.transport.clone();
    let transport = transport.map(|span| (span, quoted("http")));
    let members = connection.address(&quoted(address));
    transport
        .into_iter()
        .chain([(connection.span.clone(), members)])
        .collect()
}

/// The changes of `text` that start `launch` through the gateway; none when it has no room for them.
pub(crate) fn wrap(text: &str, launch: &Launch, server: &str, gateway: &Gateway) -> Option<Vec<Change>> {
    let command = launch.command.span.clone();
    let mut words: Vec<String> = gateway
        .arguments(server)
        .iter()
        .map(|word| quoted(word))
        .collect();
    words.push(quoted("--"));
    words.push(text[command.clone()].to_owned());
    let program = quoted(&gateway.program);
    Some(match &launch.arguments {
        Arguments::Fixed => return None,
        Arguments::Absent { key } => vec![(command, format!("{program}{key}[{}]", words.join(", ")))],
        Arguments::Given { span, items } => {
            let start = items.first().map_or(span.start + 1, |item| item.span.start);
            let separator = separator(&text[span.start + 1..start]);
            let mut inserted = words.join(&separator);
            if !items.is_empty() {
                inserted.push_str(&separator);
            }
            vec![(command, program), (start..start, inserted)]
        }
    })
}

/// What stands between the items of an array whose first item follows `lead`.
fn separator(lead: &str) -> String {
    let is_blank = lead.bytes().all(|byte| byte.is_ascii_whitespace());
    if is_blank && lead.contains('\n') {
        format!(",{lead}")
    } else {
        ", ".to_owned()
    }
}

/// The changes of `text` that start the server of `launch` as it was before [`wrap`]; none when the gateway is not there.
pub(crate) fn unwrap(text: &str, launch: &Launch) -> Option<Vec<Change>> {
    let own = launch.behind_gateway()?;
    let items = launch.items();
    let start = items.first()?.span.start;
    let command = items.get(own)?.span.clone();
    let end = match items.get(own + 1) {
        Some(next) => next.span.start,
        None => behind_comma(text, command.end),
    };
    Some(vec![
        (launch.command.span.clone(), text[command].to_owned()),
        (start..end, String::new()),
    ])
}

/// The place behind the comma that follows at `at`, if one does.
fn behind_comma(text: &str, at: usize) -> usize {
    let rest = text[at..].trim_start();
    if rest.starts_with(',') {
        text.len() - rest.len() + 1
    } else {
        at
    }
}
