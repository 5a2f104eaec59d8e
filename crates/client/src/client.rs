//! The clients whose settings are known.

use std::fmt;
use std::str::FromStr;

/// A program that starts MCP servers for its agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Client {
    /// Claude Code.
    ClaudeCode,
    /// Claude Desktop.
    ClaudeDesktop,
    /// Cursor.
    Cursor,
    /// Visual Studio Code.
    VsCode,
    /// Codex, the command line and what shares its settings.
    Codex,
}

/// How a client writes its settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// JSON (RFC 8259).
    Json,
    /// JSON with comments and commas behind last items.
    CommentedJson,
    /// TOML 1.0.
    Toml,
}

/// A word that names no client.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown client {0:?}; known are {known}", known = Client::NAMES.join(", "))]
pub struct UnknownClient(String);

impl Client {
    /// Every client.
    pub const ALL: [Self; 5] = [
        Self::ClaudeCode,
        Self::ClaudeDesktop,
        Self::Cursor,
        Self::VsCode,
        Self::Codex,
    ];

    /// The names of [`Client::ALL`], in the same order.
    pub const NAMES: [&'static str; 5] = ["claude-code", "claude-desktop", "cursor", "vscode", "codex"];

    /// The name on command lines.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// Whether its JSON may hold comments, and commas behind last items.
    #[must_use]
    pub fn allows_comments(self) -> bool {
        self.format() == Format::CommentedJson
    }

    pub(crate) const fn format(self) -> Format {
        match self {
            Self::ClaudeCode | Self::ClaudeDesktop => Format::Json,
            Self::Cursor | Self::VsCode => Format::CommentedJson,
            Self::Codex => Format::Toml,
        }
    }

    /// The member that holds the servers.
    pub(crate) const fn servers_member(self) -> &'static str {
        match self {
            Self::ClaudeCode | Self::ClaudeDesktop | Self::Cursor => "mcpServers",
            Self::VsCode => "servers",
            Self::Codex => "mcp_servers",
        }
    }
}

impl fmt::Display for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Client {
    type Err = UnknownClient;

    fn from_str(name: &str) -> Result<Self, UnknownClient> {
        Self::ALL
            .into_iter()
            .find(|client| client.as_str() == name)
            .ok_or_else(|| UnknownClient(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_to_their_clients() {
        for client in Client::ALL {
            assert_eq!(client.to_string().parse(), Ok(client));
        }
        let unknown = "emacs".parse::<Client>().unwrap_err();
        assert!(unknown.to_string().ends_with("vscode, codex"), "{unknown}");
    }
}
