//! Servers in TOML.

use std::ops::Range;

use toml_edit::{Document, Item, TableLike};

use crate::client::Client;
use crate::connection::{Beside, Connection, Notation, Value};
use crate::error::{ConfigurationError, below, line_of};
use crate::server::{Arguments, Launch, Route, Server, Text};
use crate::splice::{indentation, line_break};

/// The servers that the TOML text `text` names for `client`.
pub(crate) fn servers(text: &str, client: Client) -> Result<Vec<Server>, ConfigurationError> {
    let document = Document::parse(text).map_err(|error| ConfigurationError::Toml {
        line: line_of(text, error.span().map_or(0, |span| span.start)),
        message: error.message().to_owned(),
    })?;
    let member = client.servers_member();
    let Some(servers) = document.get(member) else {
        return Ok(Vec::new());
    };
    let look = Look { text };
    let place = below("", member);
    look.table(servers, &place)?
        .iter()
        .map(|(name, server)| look.server(name, server, below(&place, name)))
        .collect()
}

struct Look<'t> {
    text: &'t str,
}

impl Look<'_> {
    fn form(&self, span: Option<Range<usize>>, place: &str, problem: &'static str) -> ConfigurationError {
        ConfigurationError::Form {
            place: place.to_owned(),
            line: line_of(self.text, span.map_or(0, |span| span.start)),
            problem,
        }
    }

    fn table<'d>(&self, item: &'d Item, place: &str) -> Result<&'d dyn TableLike, ConfigurationError> {
        item.as_table_like()
            .ok_or_else(|| self.form(item.span(), place, "is no table"))
    }

    fn text(
        &self,
        value: Option<&str>,
        span: Option<Range<usize>>,
        place: &str,
    ) -> Result<Text, ConfigurationError> {
        match (value, span) {
            (Some(value), Some(span)) => Ok(Text {
                value: value.to_owned(),
                span,
            }),
            (_, span) => Err(self.form(span, place, "is no string")),
        }
    }

    fn server(&self, name: &str, item: &Item, place: String) -> Result<Server, ConfigurationError> {
        let table = self.table(item, &place)?;
        let text = |member: &str| {
            let value = table.get(member);
            value
                .map(|value| self.text(value.as_str(), value.span(), &below(&place, member)))
                .transpose()
        };
        let (launch, route, connection) = match (text("command")?, text("url")?) {
            (Some(command), None) => {
                let arguments = self.arguments(item, table, &command, &below(&place, "args"))?;
                let launch = Launch { command, arguments };
                let connection = match (&launch.arguments, launch.upstream()) {
                    (Arguments::Given { span, .. }, Some(_)) => {
                        let command = &launch.command.span;
                        let beside = self.beside(item, table, command.start);
                        beside.and_then(|beside| {
                            Connection::gated(self.text, Notation::Toml, command, span, beside)
                        })
                    }
                    _ => None,
                };
                let route = launch.route();
                (Some(launch), route, connection)
            }
            (None, Some(url)) => {
                let address = Value {
                    text: &url.value,
                    span: url.span.clone(),
                };
                let beside = self.beside(item, table, url.span.start);
                let connection =
                    beside.and_then(|beside| Connection::direct(self.text, Notation::Toml, &address, beside));
                (None, Route::Remote(url.value), connection)
            }
            (Some(_), Some(_)) => return Err(self.form(item.span(), &place, "has a command and an address")),
            (None, None) => {
                return Err(self.form(item.span(), &place, "has neither a command nor an address"));
            }
        };
        let start = item
            .span()
            .or_else(|| launch.as_ref().map(|launch| launch.command.span.clone()));
        Ok(Server {
            name: name.to_owned(),
            line: line_of(self.text, start.map_or(0, |span| span.start)),
            place,
            route,
            launch,
            connection,
        })
    }

    /// What a server's settings say besides the member whose value begins at `start`; none where each member has the key of
    /// the table in front.
    fn beside<'d>(&self, item: &Item, table: &'d dyn TableLike, start: usize) -> Option<Beside<'d>> {
        (!table.is_dotted()).then(|| Beside {
            members: table.iter().map(|(name, _)| name).collect(),
            transport: None,
            between: self.between(item, start),
        })
    }

    /// What stands between the member whose value begins at `start` and the next.
    fn between(&self, item: &Item, start: usize) -> String {
        if item.is_inline_table() {
            ", ".to_owned()
        } else {
            format!("{}{}", line_break(self.text), indentation(self.text, start))
        }
    }

    fn arguments(
        &self,
        item: &Item,
        table: &dyn TableLike,
        command: &Text,
        place: &str,
    ) -> Result<Arguments, ConfigurationError> {
        let Some(given) = table.get("args") else {
            return Ok(self.absent(item, table, command));
        };
        let (Some(array), Some(span)) = (given.as_array(), given.span()) else {
            return Err(self.form(given.span(), place, "is no array"));
        };
        let items = array
            .iter()
            .enumerate()
            .map(|(index, item)| self.text(item.as_str(), item.span(), &below(place, &index.to_string())))
            .collect::<Result<_, _>>()?;
        Ok(Arguments::Given { span, items })
    }

    fn absent(&self, item: &Item, table: &dyn TableLike, command: &Text) -> Arguments {
        // The key of a dotted table is written in front of each of its members.
        if table.is_dotted() {
            return Arguments::Fixed;
        }
        let between = self.between(item, command.span.start);
        Arguments::Absent {
            key: format!("{between}args = "),
        }
    }
}
