//! Which servers stand behind the gateway, as the command line and files name them.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use gait_artifact::mcp::McpServer;
use gait_client::Reach;
use gait_disk::read::read_bounded;
use gait_gateway::fleet::{Fleet, Member};
use gait_gateway::http::{Authorization, Upstream};
use gait_gateway::hub::{Hub, ServerName, Settings};
use gait_gateway::link::{Launch, Network, Remote, Target};
use serde::Serialize;

use super::super::clients::about;
use crate::{
    arguments::Parsed,
    context::Context,
    error::{ErrorKind, Failure},
    spec::Flag,
};

/// Bytes of a file that names servers.
const MAX_FILE_BYTES: usize = 4 << 20;

/// Flags that name servers.
pub(super) const FLAGS: [Flag; 3] = [
    Flag::path(
        "servers",
        "file with several servers, as clients have it: {\"mcpServers\": {...}}",
    ),
    Flag::list(
        "upstream",
        "address of an MCP server over HTTP, instead of a command; several as name=address",
    ),
    Flag::switch(
        "translate-eras",
        "let a client and a single server understand each other that speak different eras of MCP",
    ),
];

/// The servers, and how they are shown.
pub(super) struct Servers {
    pub(super) servers: Vec<Named>,
    /// Whether their client sees one server in place of them. Where it does not, there is only one.
    pub(super) are_merged: bool,
}

/// A server by its name.
pub(super) struct Named {
    pub(super) name: String,
    pub(super) place: Place,
}

/// Where a server is.
pub(super) enum Place {
    /// It is started.
    Child(Launch),
    /// It is asked over HTTP.
    Address {
        /// Where.
        address: String,
        /// What every request says besides.
        headers: Vec<(String, String)>,
    },
}

/// A server as it is told of. What it is sent besides may be secret and is not.
#[derive(Serialize)]
pub(super) struct Described {
    name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    command: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    upstream: String,
}

/// What servers over HTTP are asked with.
pub(super) struct Asking {
    pub(super) authorization: Authorization,
    pub(super) allow_plain: bool,
    pub(super) answer_time: Duration,
}

impl Servers {
    pub(super) fn of(parsed: &Parsed, context: &Context<'_>) -> Result<Self, Failure> {
        let file = parsed.text("servers").trim();
        let given = parsed.text("server");
        let (upstreams, are_named) = upstreams(parsed, given)?;
        let (mut servers, from_file) = match (parsed.positionals(), file) {
            ([], "") => (Vec::new(), false),
            ([], file) => (declared(file, context)?, true),
            ([program, arguments @ ..], "") if upstreams.is_empty() => {
                (vec![child(program, arguments, given)], false)
            }
            _ => {
                return Err(Failure::invalid_input(
                    "expected either a command that starts an MCP server, or --upstream and --servers",
                ));
            }
        };
        servers.extend(upstreams);
        if servers.is_empty() {
            return Err(Failure::invalid_input(
                "expected a command that starts an MCP server, --upstream or --servers",
            ));
        }
        if !given.is_empty() && servers.len() > 1 {
            return Err(Failure::invalid_input(
                "--server names one server, and there are several with names of their own",
            ));
        }
        Ok(Self {
            are_merged: from_file
                || are_named
                || parsed.flag("translate-eras")
                // Sessions over HTTP and a child process have nothing in common but what they mean.
                || (!parsed.text("listen").is_empty() && !parsed.positionals().is_empty()),
            servers,
        })
    }

    /// What stands for all of them where only one name can be told.
    pub(super) fn name(&self) -> &str {
        match self.servers.as_slice() {
            [server] => &server.name,
            _ => "gateway",
        }
    }

    /// The address of the only server, when it is asked over HTTP and its messages pass as they are.
    pub(super) fn sole_address(&self) -> Option<&str> {
        match self.servers.as_slice() {
            [
                Named {
                    place: Place::Address { address, .. },
                    ..
                },
            ] if !self.are_merged => Some(address),
            _ => None,
        }
    }

    pub(super) fn described(&self) -> Vec<Described> {
        self.servers.iter().map(Named::describe).collect()
    }

    /// The servers as the gateway reaches them.
    pub(super) fn members(&self, network: &Network, asking: &Asking) -> Result<Vec<Member>, Failure> {
        let member = |server: &Named| {
            Ok(Member {
                identity: identity(&server.name),
                target: server.target(network, asking)?,
            })
        };
        self.servers.iter().map(member).collect()
    }

    /// The names by which a client tells the servers apart.
    pub(super) fn hub_names(&self) -> Result<Vec<ServerName>, Failure> {
        let name = |server: &Named| {
            ServerName::new(&server.name).map_err(|error| {
                let failure = Failure::invalid_input(error);
                if self.servers.len() == 1 {
                    failure.hint("use --server to name it")
                } else {
                    failure
                }
            })
        };
        self.servers.iter().map(name).collect()
    }

    /// The servers in front of one client.
    pub(super) fn fleet(
        &self,
        mut members: Vec<Member>,
        nonce: &str,
        version: &str,
    ) -> Result<Fleet, Failure> {
        if !self.are_merged
            && members.len() == 1
            && let Some(member) = members.pop()
        {
            return Ok(Fleet::alone(member, nonce));
        }
        let settings = Settings::new(version);
        let hub = Hub::new(self.hub_names()?, settings, nonce).map_err(Failure::invalid_input)?;
        Ok(Fleet::behind(hub, members, nonce))
    }
}

impl Named {
    fn describe(&self) -> Described {
        let mut described = Described {
            name: self.name.clone(),
            command: Vec::new(),
            upstream: String::new(),
        };
        match &self.place {
            Place::Child(launch) => {
                let words = std::iter::once(&launch.program).chain(&launch.arguments);
                described.command = words.map(|word| word.to_string_lossy().into_owned()).collect();
            }
            Place::Address { address, .. } => described.upstream.clone_from(address),
        }
        described
    }

    fn target(&self, network: &Network, asking: &Asking) -> Result<Target, Failure> {
        let (address, headers) = match &self.place {
            Place::Child(launch) => return Ok(Target::Child(launch.clone())),
            Place::Address { address, headers } => (address, headers),
        };
        let about = |failure: Failure| failure.context(&self.name);
        let upstream = Upstream::new(address, &asking.authorization, asking.allow_plain)
            .map_err(|error| about(Failure::from(error)))?;
        let remote = Remote::new(network, upstream, headers, asking.answer_time)
            .map_err(|error| about(Failure::invalid_input(error)))?;
        Ok(Target::Remote(Arc::new(remote)))
    }
}

impl Described {
    pub(super) fn line(&self) -> String {
        format!(
            "server: {} ({}{})",
            self.name,
            self.command.join(" "),
            self.upstream
        )
    }
}

/// What policies, pins and traces know a server as.
pub(super) fn identity(server: &str) -> McpServer {
    McpServer {
        server_id: server.to_owned(),
        server_name: server.to_owned(),
        source: "gateway".to_owned(),
        ..McpServer::default()
    }
}

/// The servers of `--upstream`, and whether they have names there.
fn upstreams(parsed: &Parsed, given: &str) -> Result<(Vec<Named>, bool), Failure> {
    let text = parsed.text("upstream").trim();
    let server = |name: String, address: &str| Named {
        name,
        place: Place::Address {
            address: address.to_owned(),
            headers: Vec::new(),
        },
    };
    if text.is_empty() {
        return Ok((Vec::new(), false));
    }
    if named(text).is_none() {
        let name = if given.is_empty() { host(text) } else { given };
        return Ok((vec![server(name.to_owned(), text)], false));
    }
    let named = |entry: &String| {
        let (name, address) = named(entry)
            .ok_or_else(|| Failure::invalid_input(format!("--upstream: {entry:?} is not name=address")))?;
        Ok(server(name.to_owned(), address))
    };
    let servers = parsed
        .list("upstream")
        .iter()
        .map(named)
        .collect::<Result<_, Failure>>();
    Ok((servers?, true))
}

/// A name and the address behind it.
fn named(entry: &str) -> Option<(&str, &str)> {
    let (name, address) = entry.split_once('=')?;
    (!name.contains([':', '/'])).then_some((name.trim(), address.trim()))
}

/// The machine and port of an address.
fn host(address: &str) -> &str {
    let (_, rest) = address.split_once("://").unwrap_or(("", address));
    rest.split(['/', '?']).next().unwrap_or_default()
}

fn child(program: &str, arguments: &[String], given: &str) -> Named {
    let name = if given.is_empty() {
        let stem = Path::new(program).file_stem();
        stem.map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    } else {
        given.to_owned()
    };
    Named {
        name,
        place: Place::Child(Launch {
            program: program.into(),
            arguments: arguments.iter().map(Into::into).collect(),
            ..Launch::default()
        }),
    }
}

/// The servers in the file at `path`.
fn declared(path: &str, context: &Context<'_>) -> Result<Vec<Named>, Failure> {
    let path = Path::new(path);
    let bytes = read_bounded(path, MAX_FILE_BYTES)
        .map_err(|error| Failure::new(ErrorKind::Io, error).context("read --servers"))?;
    let text = String::from_utf8(bytes)
        .map_err(|_| Failure::invalid_input(format!("{} is not UTF-8", path.display())))?;
    let servers = gait_client::declared(&text, context.environment()).map_err(|error| about(path, error))?;
    if servers.is_empty() {
        let text = format!("{}: mcpServers names no server", path.display());
        return Err(Failure::invalid_input(text));
    }
    let pairs = |pairs: Vec<(String, String)>| {
        pairs
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect()
    };
    let named = servers.into_iter().map(|server| Named {
        name: server.name,
        place: match server.reach {
            Reach::Command {
                program,
                arguments,
                environment,
                directory,
            } => Place::Child(Launch {
                program: program.into(),
                arguments: arguments.into_iter().map(Into::into).collect(),
                environment: pairs(environment),
                directory: directory.map(Into::into),
            }),
            Reach::Address { url, headers } => Place::Address {
                address: url,
                headers,
            },
        },
    });
    Ok(named.collect())
}
