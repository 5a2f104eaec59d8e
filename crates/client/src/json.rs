//! Servers in JSON, with comments or without.

use gait_canon::json::{Document, Kind, Part, Reader};

use crate::client::Client;
use crate::connection::{Beside, Connection, Notation, Value};
use crate::error::{ConfigurationError, below, line_of};
use crate::server::{Arguments, Launch, Route, Server, Text};
use crate::splice::{indentation, line_break};

/// Where Claude Code keeps servers for one directory.
const PROJECTS: &str = "projects";

/// The servers that the JSON text `text` names for `client`.
pub(crate) fn servers(text: &str, client: Client) -> Result<Vec<Server>, ConfigurationError> {
    let document = Reader::new().document(text.as_bytes())?;
    let look = Look { text, client };
    let root = look.object(document.root(), "")?;
    let mut servers = Vec::new();
    look.add_servers(root, "", &mut servers)?;
    if client == Client::ClaudeCode
        && let Some(projects) = root.get(PROJECTS)
    {
        let place = below("", PROJECTS);
        for (directory, project) in look.object(projects, &place)?.members() {
            let place = below(&place, directory);
            look.add_servers(look.object(project, &place)?, &place, &mut servers)?;
        }
    }
    Ok(servers)
}

struct Look<'t> {
    text: &'t str,
    client: Client,
}

impl Look<'_> {
    fn form(&self, part: Part<'_>, place: &str, problem: &'static str) -> ConfigurationError {
        form(self.text, part, place, problem)
    }

    fn object<'d>(&self, part: Part<'d>, place: &str) -> Result<Part<'d>, ConfigurationError> {
        match part.kind() {
            Kind::Object => Ok(part),
            _ => Err(self.form(part, place, "is no object")),
        }
    }

    fn text(&self, part: Part<'_>, place: &str) -> Result<Text, ConfigurationError> {
        let value = part
            .as_str()
            .ok_or_else(|| self.form(part, place, "is no string"))?;
        Ok(Text {
            value: value.to_owned(),
            span: part.span(),
        })
    }

    /// Adds the servers of an object that may have the member for them.
    fn add_servers(
        &self,
        holder: Part<'_>,
        place: &str,
        found: &mut Vec<Server>,
    ) -> Result<(), ConfigurationError> {
        let member = self.client.servers_member();
        let Some(servers) = holder.get(member) else {
            return Ok(());
        };
        let place = below(place, member);
        for (name, server) in self.object(servers, &place)?.members() {
            found.push(self.server(name, server, below(&place, name))?);
        }
        Ok(())
    }

    fn server(&self, name: &str, server: Part<'_>, place: String) -> Result<Server, ConfigurationError> {
        let members = self.object(server, &place)?;
        let text = |member: &str| {
            let value = members.get(member);
            value
                .map(|value| self.text(value, &below(&place, member)))
                .transpose()
        };
        let (launch, route, connection) = match (text("command")?, text("url")?) {
            (Some(command), None) => {
                let arguments = self.arguments(members, &command, &below(&place, "args"))?;
                let launch = Launch { command, arguments };
                let connection = match (&launch.arguments, launch.upstream()) {
                    (Arguments::Given { span, .. }, Some(_)) => {
                        let command = &launch.command.span;
                        let beside = self.beside(members, command.start);
                        Connection::gated(self.text, Notation::Json, command, span, beside)
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
                let beside = self.beside(members, url.span.start);
                let connection = Connection::direct(self.text, Notation::Json, &address, beside);
                (None, Route::Remote(url.value), connection)
            }
            (Some(_), Some(_)) => return Err(self.form(server, &place, "has a command and an address")),
            (None, None) => return Err(self.form(server, &place, "has neither a command nor an address")),
        };
        Ok(Server {
            name: name.to_owned(),
            line: line_of(self.text, server.span().start),
            place,
            route,
            launch,
            connection,
        })
    }

    /// What a server's settings say besides the member whose value begins at `start`.
    fn beside<'d>(&self, server: Part<'d>, start: usize) -> Beside<'d> {
        let transport = server.get("type").map(|part| Value {
            text: part.as_str().unwrap_or_default(),
            span: part.span(),
        });
        Beside {
            members: server.members().map(|(name, _)| name).collect(),
            transport,
            between: format!(",{}", self.blank(server, start)),
        }
    }

    /// What stands in front of a member beside the one whose value begins at `start`.
    fn blank(&self, server: Part<'_>, start: usize) -> String {
        let before = &self.text[server.span().start..start];
        if before.contains('\n') {
            format!("{}{}", line_break(self.text), indentation(self.text, start))
        } else {
            " ".to_owned()
        }
    }

    fn arguments(
        &self,
        server: Part<'_>,
        command: &Text,
        place: &str,
    ) -> Result<Arguments, ConfigurationError> {
        let Some(given) = server.get("args") else {
            let blank = self.blank(server, command.span.start);
            return Ok(Arguments::Absent {
                key: format!(",{blank}\"args\": "),
            });
        };
        if given.kind() != Kind::Array {
            return Err(self.form(given, place, "is no array"));
        }
        let items = given
            .items()
            .enumerate()
            .map(|(index, item)| self.text(item, &below(place, &index.to_string())))
            .collect::<Result<_, _>>()?;
        Ok(Arguments::Given {
            span: given.span(),
            items,
        })
    }
}

pub(crate) fn form(text: &str, part: Part<'_>, place: &str, problem: &'static str) -> ConfigurationError {
    ConfigurationError::Form {
        place: if place.is_empty() {
            "the whole".to_owned()
        } else {
            place.to_owned()
        },
        line: line_of(text, part.span().start),
        problem,
    }
}

/// A strict text in which every value stands where it stands in `text`: comments, and commas behind last items, are spaces.
#[must_use]
pub fn without_comments(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut at = 0;
    // A comma behind a value, that a bracket would make superfluous.
    let mut comma = None;
    let mut last = b'[';
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'/' if matches!(bytes.get(at + 1), Some(b'/' | b'*')) => {
                at = blank_comment(&mut bytes, at);
                continue;
            }
            b'"' => {
                at = end_of_string(&bytes, at);
                (comma, last) = (None, byte);
                continue;
            }
            b',' => comma = (!matches!(last, b'[' | b'{' | b',' | b':')).then_some(at),
            b']' | b'}' => {
                if let Some(comma) = comma.take() {
                    bytes[comma] = b' ';
                }
            }
            _ if byte.is_ascii_whitespace() => {}
            _ => comma = None,
        }
        if !byte.is_ascii_whitespace() {
            last = byte;
        }
        at += 1;
    }
    // Whole characters were replaced, and only by spaces.
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

/// Blanks the comment at `start`, line breaks excepted, and gives the place behind it. One that does not end stays.
fn blank_comment(bytes: &mut [u8], start: usize) -> usize {
    let rest = &bytes[start + 2..];
    let length = if bytes[start + 1] == b'/' {
        rest.iter().position(|byte| *byte == b'\n').unwrap_or(rest.len())
    } else {
        match rest.windows(2).position(|pair| pair == b"*/") {
            Some(at) => at + 2,
            None => return bytes.len(),
        }
    };
    let end = start + 2 + length;
    for byte in &mut bytes[start..end] {
        if !matches!(byte, b'\n' | b'\r') {
            *byte = b' ';
        }
    }
    end
}

fn end_of_string(bytes: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Reads `text` as a strict document.
pub(crate) fn document(text: &str) -> Result<Document<'_>, ConfigurationError> {
    Ok(Reader::new().document(text.as_bytes())?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn comments_become_spaces() {
        for (text, want) in [
            ("{} // é\n", "{}      \n"),
            ("{/* a\n */\"b\": 1}", "{    \n   \"b\": 1}"),
            ("[1, /* x */ ]", "[1          ]"),
            ("{\"a\": \"// \\\" /* ,]\",}", "{\"a\": \"// \\\" /* ,]\" }"),
            ("[,]", "[,]"),
            ("[1,,]", "[1,,]"),
            ("{} /* no end", "{} /* no end"),
            ("{} /", "{} /"),
        ] {
            assert_eq!(without_comments(text), want);
        }
    }

    proptest! {
        #[test]
        fn places_stay(text in "[\\[\\]{}:,\"/*\\\\ \n1é]{0,40}") {
            prop_assert_eq!(without_comments(&text).len(), text.len());
        }
    }
}
