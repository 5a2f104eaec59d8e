//! What the operator says of a route: the context extensions that the proxy's configuration adds to each check.

use std::collections::HashMap;

use gait_artifact::mcp::McpServer;
use gait_mcp::adapter::{Adapter, UnsupportedAdapter};
use gait_mcp::call::CallContext;

/// What the names of Gait's extensions begin with; others belong to somebody else.
const PREFIX: &str = "gait.";

/// The header that names the adapter, on routes that say so.
pub(super) const ADAPTER_HEADER: &str = "x-gait-adapter";

/// What requests of a route are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Reading {
    /// Requests of MCP where they look like ones, else HTTP requests.
    #[default]
    ByLooks,
    /// What the proxy's own header says.
    ByHeader,
    /// HTTP requests, whatever their body.
    Http,
    /// Requests of MCP; those without a body are HTTP requests.
    Mcp,
    /// Tool calls of another shape.
    Calls(Adapter),
}

impl Reading {
    pub(super) fn named(name: &str) -> Result<Self, UnsupportedAdapter> {
        Ok(match name.trim().to_ascii_lowercase().as_str() {
            "header" => Self::ByHeader,
            "http" => Self::Http,
            "" => Self::ByLooks,
            name => match name.parse()? {
                Adapter::Mcp => Self::Mcp,
                adapter => Self::Calls(adapter),
            },
        })
    }
}

/// What the operator says of a route.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Extensions {
    pub(super) reading: Reading,
    pub(super) context: CallContext,
    /// The MCP server behind the route.
    pub(super) server: Option<McpServer>,
    /// The run that calls belong to.
    pub(super) run_id: String,
}

/// An extension that says nothing, so that a slip of the pen is not taken for silence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum ExtensionError {
    #[error("context extension {0:?} is unknown")]
    Unknown(String),
    #[error("context extension gait.adapter: {0}")]
    Adapter(#[from] UnsupportedAdapter),
}

impl Extensions {
    pub(super) fn read(given: HashMap<String, String>) -> Result<Self, ExtensionError> {
        let mut read = Self::default();
        for (key, value) in given {
            let Some(name) = key.strip_prefix(PREFIX) else {
                continue;
            };
            let context = &mut read.context;
            let text = match name {
                "adapter" => {
                    read.reading = Reading::named(&value)?;
                    continue;
                }
                "server_id" => &mut read.server.get_or_insert_default().server_id,
                "run_id" => &mut read.run_id,
                "identity" => &mut context.identity,
                "workspace" => &mut context.workspace,
                "risk_class" => &mut context.risk_class,
                "phase" => &mut context.phase,
                "job_id" => &mut context.job_id,
                "session_id" => &mut context.session_id,
                "agent_id" => &mut context.agent_id,
                "repo" => &mut context.repo,
                "environment" => &mut context.environment,
                _ => return Err(ExtensionError::Unknown(key)),
            };
            *text = value;
        }
        Ok(read)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(given: &[(&str, &str)]) -> Result<Extensions, ExtensionError> {
        let given = given
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        Extensions::read(given.collect())
    }

    #[test]
    fn a_route_says_who_calls_and_what() {
        let extensions = read(&[
            ("gait.adapter", " MCP "),
            ("gait.identity", "agent"),
            ("gait.environment", "production"),
            ("gait.server_id", "github"),
            ("virtual_host", "somebody else's"),
        ])
        .unwrap();
        assert_eq!(extensions.reading, Reading::Mcp);
        assert_eq!(extensions.context.identity, "agent");
        assert_eq!(extensions.context.environment, "production");
        assert_eq!(extensions.server.unwrap().server_id, "github");
    }

    #[test]
    fn names_of_readings() {
        for (name, reading) in [
            ("", Reading::ByLooks),
            ("header", Reading::ByHeader),
            ("HTTP", Reading::Http),
            ("claude-code", Reading::Calls(Adapter::ClaudeCode)),
        ] {
            assert_eq!(Reading::named(name), Ok(reading), "{name}");
        }
    }

    #[test]
    fn slips_of_the_pen_are_refused() {
        for (key, value) in [
            ("gait.risk-class", "high"),
            ("gait.", ""),
            ("gait.adapter", "soap"),
        ] {
            assert!(read(&[(key, value)]).is_err(), "{key}");
        }
    }
}
