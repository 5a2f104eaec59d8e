//! Servers as the usual JSON file declares them, with all that it takes to reach them.
//!
//! [`Configuration`](crate::Configuration) looks at what a client does with its servers; this is for a program that stands
//! in the client's place and starts or asks the servers itself. Texts may name variables as `${NAME}` or
//! `${NAME:-instead}`, so that secrets need not stand in the file.

use gait_canon::json::{Kind, Part, Reader};

use crate::error::{ConfigurationError, below, line_of};
use crate::json::{form, without_comments};

/// The member that holds the servers.
const SERVERS: &str = "mcpServers";

/// Gives the value of a variable.
pub type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

/// One server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Declared {
    /// Its name.
    pub name: String,
    /// How it is reached.
    pub reach: Reach,
}

/// How a server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// It is started.
    Command {
        /// The program.
        program: String,
        /// Its arguments.
        arguments: Vec<String>,
        /// Variables that it has besides the usual ones.
        environment: Vec<(String, String)>,
        /// The directory that it begins in.
        directory: Option<String>,
    },
    /// It is asked over streamable HTTP.
    Address {
        /// Where.
        url: String,
        /// Headers that every request has.
        headers: Vec<(String, String)>,
    },
}

/// Reads `text`: JSON with comments or without, `{"mcpServers": {name: server}}`. What nobody here knows of a server is passed
/// over; what is known and has another form is an error.
pub fn declared(text: &str, variables: Variables<'_>) -> Result<Vec<Declared>, ConfigurationError> {
    let strict = without_comments(text);
    let document = Reader::new().document(strict.as_bytes())?;
    let look = Look { text, variables };
    let root = document.root();
    let place = below("", SERVERS);
    let servers = root
        .get(SERVERS)
        .ok_or_else(|| form(text, root, "", "has no mcpServers"))?;
    look.require(servers, Kind::Object, &place, "is no object")?;
    servers
        .members()
        .map(|(name, server)| look.server(name, server, &below(&place, name)))
        .collect()
}

struct Look<'t> {
    text: &'t str,
    variables: Variables<'t>,
}

impl Look<'_> {
    fn require(
        &self,
        part: Part<'_>,
        kind: Kind,
        place: &str,
        problem: &'static str,
    ) -> Result<(), ConfigurationError> {
        if part.kind() == kind {
            Ok(())
        } else {
            Err(form(self.text, part, place, problem))
        }
    }

    fn server(&self, name: &str, server: Part<'_>, place: &str) -> Result<Declared, ConfigurationError> {
        self.require(server, Kind::Object, place, "is no object")?;
        let member = |member: &str| server.get(member).map(|part| (part, below(place, member)));
        let string = |part: Option<(Part<'_>, String)>| {
            part.map(|(part, place)| self.string(part, &place)).transpose()
        };
        if let Some((kind, place)) = member("type") {
            let is_known = matches!(
                kind.as_str(),
                Some("stdio" | "http" | "streamable-http" | "streamableHttp")
            );
            if !is_known {
                let problem = "is neither \"stdio\" nor \"http\"";
                return Err(form(self.text, kind, &place, problem));
            }
        }
        let reach = match (string(member("command"))?, string(member("url"))?) {
            (Some(program), None) => Reach::Command {
                program,
                arguments: self.strings(member("args"))?,
                environment: self.pairs(member("env"))?,
                directory: string(member("cwd"))?,
            },
            (None, Some(url)) => Reach::Address {
                url,
                headers: self.pairs(member("headers"))?,
            },
            (Some(_), Some(_)) => return Err(form(self.text, server, place, "has a command and an address")),
            (None, None) => {
                let problem = "has neither a command nor an address";
                return Err(form(self.text, server, place, problem));
            }
        };
        Ok(Declared {
            name: name.to_owned(),
            reach,
        })
    }

    fn strings(&self, part: Option<(Part<'_>, String)>) -> Result<Vec<String>, ConfigurationError> {
        let Some((part, place)) = part else {
            return Ok(Vec::new());
        };
        self.require(part, Kind::Array, &place, "is no array")?;
        part.items()
            .enumerate()
            .map(|(index, item)| self.string(item, &below(&place, &index.to_string())))
            .collect()
    }

    fn pairs(&self, part: Option<(Part<'_>, String)>) -> Result<Vec<(String, String)>, ConfigurationError> {
        let Some((part, place)) = part else {
            return Ok(Vec::new());
        };
        self.require(part, Kind::Object, &place, "is no object")?;
        part.members()
            .map(|(name, value)| Ok((name.to_owned(), self.string(value, &below(&place, name))?)))
            .collect()
    }

    fn string(&self, part: Part<'_>, place: &str) -> Result<String, ConfigurationError> {
        let text = part
            .as_str()
            .ok_or_else(|| form(self.text, part, place, "is no string"))?;
        self.expanded(text)
            .map_err(|variable| ConfigurationError::Variable {
                place: place.to_owned(),
                line: line_of(self.text, part.span().start),
                variable,
            })
    }

    /// The text with the values of its variables, or the name of one that has none.
    fn expanded(&self, text: &str) -> Result<String, String> {
        let mut expanded = String::with_capacity(text.len());
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            expanded.push_str(before);
            let Some((variable, after)) = after.split_once('}') else {
                expanded.push_str("${");
                rest = after;
                continue;
            };
            let (name, instead) = match variable.split_once(":-") {
                Some((name, instead)) => (name, Some(instead)),
                None => (variable, None),
            };
            match (self.variables)(name).filter(|value| !value.is_empty()) {
                Some(value) => expanded.push_str(&value),
                None => expanded.push_str(instead.ok_or_else(|| name.to_owned())?),
            }
            rest = after;
        }
        expanded.push_str(rest);
        Ok(expanded)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<Declared>, String> {
        let variables = |name: &str| (name == "KEY").then(|| "secret".to_owned());
        declared(text, &variables).map_err(|error| error.to_string())
    }

    #[test]
    fn servers_are_read_with_all_it_takes_to_reach_them() {
        let text = r#"{
          // both kinds
          "mcpServers": {
            "files": {"command": "npx", "args": ["-y", "x"], "env": {"K": "${KEY}-${NONE:-no}"}, "cwd": "/w", "disabled": false},
            "tickets": {"type": "http", "url": "https://t.example/mcp", "headers": {"Authorization": "Bearer ${KEY}"}},
          },
        }"#;
        let pair = |name: &str, value: &str| vec![(name.to_owned(), value.to_owned())];
        let servers = read(text).unwrap();
        assert_eq!(
            servers[0].reach,
            Reach::Command {
                program: "npx".to_owned(),
                arguments: vec!["-y".to_owned(), "x".to_owned()],
                environment: pair("K", "secret-no"),
                directory: Some("/w".to_owned()),
            }
        );
        assert_eq!(
            servers[1].reach,
            Reach::Address {
                url: "https://t.example/mcp".to_owned(),
                headers: pair("Authorization", "Bearer secret"),
            }
        );
    }

    #[test]
    fn what_cannot_be_meant_is_told_with_its_place() {
        for (text, expected) in [
            ("[]", "the whole at line 1 has no mcpServers"),
            (r#"{"mcpServers": []}"#, "/mcpServers at line 1 is no object"),
            (
                "{\"mcpServers\": {\n\"a\": 1}}",
                "/mcpServers/a at line 2 is no object",
            ),
            (
                r#"{"mcpServers": {"a": {}}}"#,
                "/mcpServers/a at line 1 has neither a command nor an address",
            ),
            (
                r#"{"mcpServers": {"a": {"type": "sse", "url": "x"}}}"#,
                "/mcpServers/a/type at line 1 is neither \"stdio\" nor \"http\"",
            ),
            (
                r#"{"mcpServers": {"a": {"command": "x", "args": [1]}}}"#,
                "/mcpServers/a/args/0 at line 1 is no string",
            ),
            (
                r#"{"mcpServers": {"a": {"url": "x", "headers": {"H": "${NONE}"}}}}"#,
                "/mcpServers/a/headers/H at line 1 needs the variable NONE",
            ),
        ] {
            assert_eq!(read(text).unwrap_err(), expected);
        }
    }
}
